//! The log as a file that proves itself: a header with every proof, the entries as they are stored, and the digest of it all.
//!
//! The form is written down in `crates/crypto/FORMATS.md`. It is made block by block, each read in a transaction of its own: what is placed
//! never changes, so that the blocks fit together however much is written meanwhile.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::merkle::{Hash, Node, left_nodes, right_nodes};
use custodian_crypto::{Sha256Stream, sha256_stream};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit::tiles::Tree;
use custodian_persistence::audit::{bundles, queue};
use serde::Serialize;
use uuid::Uuid;

use super::proofs::{consistent, gone, head, of_nodes, out_of_range, read_of, unsound};
use super::published::{Published, published};
use super::sequencer::hex;
use super::{Detail, edge};
use crate::{App, Call};

/// Bundles read at once: bounds the memory of an export to about a megabyte.
const BLOCK: u64 = 4;

#[derive(Serialize)]
pub(super) struct Header {
    pub(super) v: u8,
    /// None for the log of all logs.
    pub(super) organization: Option<OrganizationId>,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) tree_size: u64,
    pub(super) checkpoint: String,
    pub(super) left: Vec<String>,
    pub(super) right: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_checkpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_proof: Option<GlobalProof>,
}

#[derive(Serialize)]
pub(super) struct GlobalProof {
    position: u64,
    leaf: String,
    hashes: Vec<String>,
    consistency: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) place: u64,
    pub(super) id: Uuid,
    pub(super) entry: &'a str,
    pub(super) mac: String,
}

#[derive(Serialize)]
pub(super) struct Trailer {
    pub(super) count: u64,
    pub(super) sha256: String,
}

/// An export on its way: [`Export::next`] until there is nothing more.
pub struct Export {
    app: App,
    organization: OrganizationId,
    from: u64,
    next: u64,
    to: u64,
    /// Made and not yet handed out.
    ready: Option<Vec<u8>>,
    digest: Option<Sha256Stream>,
}

/// Begins an export of the entries at the places `from` (0 if not given) to `to` (the size if not given), `to` not included.
///
/// The entry that tells of it is durable when this returns; the header and the first block are made. `410 gone` where old detail in the first
/// block was let go.
pub async fn export(app: &App, call: &Call, from: Option<u64>, to: Option<u64>) -> Result<Export, DomainError> {
    call.needs(Permission::AuditRead)?;
    let organization = call.organization();
    let header = app.reading(organization, async |work| header(app, work, from.unwrap_or(0), to).await).await?;
    let (from, to) = (header.from, header.to);
    let mut export =
        Export { app: app.clone(), organization, from, next: from, to, ready: None, digest: Some(sha256_stream()) };
    let mut bytes = line(&header)?;
    bytes.extend(export.block().await?);
    export.put(bytes);
    let draft = read_of("export").with("from", Detail::Code(from.to_string()));
    app.record_read(call, draft.with("to", Detail::Code(to.to_string()))).await?;
    Ok(export)
}

impl Export {
    /// The next bytes, none behind the last. An error in between means that what was handed out is not whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        if let Some(ready) = self.ready.take() {
            return Ok(Some(ready));
        }
        if self.next < self.to {
            let bytes = self.block().await?;
            self.put(bytes);
            return Ok(self.ready.take());
        }
        match self.digest.take() {
            Some(digest) => Ok(Some(line(&Trailer { count: self.to - self.from, sha256: hex(&digest.finish()) })?)),
            None => Ok(None),
        }
    }

    fn put(&mut self, bytes: Vec<u8>) {
        if let Some(digest) = &mut self.digest {
            digest.update(&bytes);
        }
        self.ready = Some(bytes);
    }

    /// The lines of the next bundles.
    async fn block(&mut self) -> Result<Vec<u8>, DomainError> {
        if self.next >= self.to {
            return Ok(Vec::new());
        }
        let work = self.app.begin(self.organization).await?;
        let lines = self.lines(&work).await;
        work.abandon().await;
        let (lines, next) = lines?;
        self.next = next;
        Ok(lines)
    }

    async fn lines(&self, work: &Work) -> Result<(Vec<u8>, u64), DomainError> {
        let wide = bundles::WIDTH as u64;
        let first = self.next / wide;
        let end = self.to.min((first + BLOCK) * wide);
        let stored = bundles::range(work, i64::try_from(first).unwrap_or(i64::MAX), BLOCK.cast_signed()).await?;
        let ids = stored.into_iter().flat_map(|bundle| bundle.entries).zip(first * wide..);
        let ids: Vec<(Uuid, u64)> = ids.filter(|(_, at)| (self.next..end).contains(at)).collect();
        if ids.len() as u64 != end - self.next {
            return Err(unsound(work, "bundles that the signed tree has are missing or too narrow"));
        }
        let entries = queue::entries(work, &ids.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
        let mut bytes = Vec::new();
        for (id, place) in ids {
            let stored = entries.get(&id).ok_or_else(gone)?;
            let entry = std::str::from_utf8(&stored.canonical).map_err(|_| unsound(work, "an entry is no text"))?;
            bytes.extend(line(&Line { place, id, entry, mac: STANDARD.encode(&stored.mac) })?);
        }
        Ok((bytes, end))
    }
}

/// A line of an export.
pub(super) fn line(value: &impl Serialize) -> Result<Vec<u8>, DomainError> {
    let mut bytes = serde_json::to_vec(value).map_err(|error| DomainError::internal(format!("export: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Hashes as an export writes them.
pub(super) fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

async fn header(app: &App, work: &Work, from: u64, to: Option<u64>) -> Result<Header, DomainError> {
    // The leaf first: what it tells of is then never more than the head that is read after it.
    let published = published(app, work).await?;
    let head = head(app, work).await?;
    let to = to.unwrap_or(head.size);
    if from > to || to > head.size {
        return Err(out_of_range());
    }
    let (left, right): (Vec<Node>, Vec<Node>) = (left_nodes(from), right_nodes(to, head.size));
    let all: Vec<Node> = left.iter().chain(&right).copied().collect();
    let set = edge::tile_set(work, Tree::Entries, &all).await?;
    let (left, right) = (of_nodes(work, &set, &left)?, of_nodes(work, &set, &right)?);
    let global = match published {
        Some(published) => Some(global(work, published, head.size).await?),
        None => None,
    };
    let (global_checkpoint, global_proof) = global.unzip();
    Ok(Header {
        v: 1,
        organization: Some(work.organization()),
        from,
        to,
        tree_size: head.size,
        checkpoint: head.note,
        left: texts(&left),
        right: texts(&right),
        global_checkpoint,
        global_proof,
    })
}

async fn global(work: &Work, published: Published, size: u64) -> Result<(String, GlobalProof), DomainError> {
    let Published { position, leaf, leaf_size, hashes, checkpoint, .. } = published;
    if leaf_size > size {
        return Err(unsound(work, "a published head is larger than the newest"));
    }
    let consistency = texts(&consistent(work, Tree::Entries, leaf_size, size).await?);
    Ok((checkpoint, GlobalProof { position, leaf, hashes: texts(&hashes), consistency }))
}
