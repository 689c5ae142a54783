//! What the log of all logs shows an organisation: its own newest leaf there, under a checkpoint with the signatures of the witnesses.

use custodian_crypto::merkle::{Hash, verify_consistency};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit::log as stored;
use custodian_persistence::audit::tiles::Tree;

use super::edge::{self, Stored};
use super::proofs::{Consistency, Signed, believed, consistent, included, not_yet, out_of_range, read_of, unsound};
use crate::{App, Call};

/// That an organisation's head stands in the log of all logs.
#[derive(Debug)]
pub struct Published {
    /// The leaf's place there, from 0.
    pub position: u64,
    /// The leaf: the canonical text that is hashed.
    pub leaf: String,
    /// Size of the organisation's log that the leaf tells of.
    pub leaf_size: u64,
    /// The inclusion proof, from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// Size of the log of all logs.
    pub size: u64,
    /// Its checkpoint of that size, with the signatures of witnesses that have come so far.
    pub checkpoint: String,
}

/// The newest checkpoint of the log of all logs; or, of those that a witness has signed, the newest.
///
/// Witnesses answer after a checkpoint was made. In a busy log the newest has no lines of theirs yet.
pub async fn log_checkpoint(app: &App, call: &Call, witnessed: bool) -> Result<String, DomainError> {
    call.needs(Permission::AuditRead)?;
    let note = app.reading(call.organization(), async |work| find_checkpoint(app, work, witnessed).await).await?;
    app.record_read(call, read_of("log_checkpoint")).await?;
    Ok(note)
}

async fn find_checkpoint(app: &App, work: &Work, witnessed: bool) -> Result<String, DomainError> {
    // Asked before the head is read: the lines that the head is read with are then at least those that this answer goes by.
    let newest = if witnessed { Some(stored::newest_witnessed(work).await?.ok_or_else(not_yet)?) } else { None };
    let head = log_head(app, work).await?.ok_or_else(not_yet)?;
    let Some(newest) = newest else { return Ok(head.note) };
    let size = u64::try_from(newest).ok().filter(|size| *size <= head.size).ok_or_else(not_yet)?;
    if size == head.size {
        return Ok(head.note);
    }
    let root = edge::root_at(work, Tree::Heads, size).await?.ok_or_else(|| unsound(work, "tiles are missing"))?;
    let proof = consistent(work, Tree::Heads, size, head.size).await?;
    // Signed again only because the newest head, which we did sign, is shown to begin with it.
    verify_consistency(size, &root, head.size, &head.root, &proof).map_err(|error| unsound(work, error))?;
    let note = app.log().keys().sign(app.log().origin(), size, root)?;
    with_lines(work, note, size).await
}

/// The proof that the log of all logs of `to` leaves, as of now if not given, begins with that of `from`.
pub async fn log_consistency(app: &App, call: &Call, from: u64, to: Option<u64>) -> Result<Consistency, DomainError> {
    call.needs(Permission::AuditRead)?;
    let found = app.reading(call.organization(), async |work| find_consistency(app, work, from, to).await).await?;
    app.record_read(call, read_of("log_consistency")).await?;
    Ok(found)
}

async fn find_consistency(app: &App, work: &Work, from: u64, to: Option<u64>) -> Result<Consistency, DomainError> {
    let head = log_head(app, work).await?.ok_or_else(not_yet)?;
    let to = to.unwrap_or(head.size);
    if from > to || to > head.size {
        return Err(out_of_range());
    }
    let hashes = consistent(work, Tree::Heads, from, to).await?;
    Ok(Consistency { origin: app.log().origin().to_owned(), from, to, hashes })
}

/// The caller's organisation's newest leaf in the log of all logs.
pub async fn log_proof(app: &App, call: &Call) -> Result<Published, DomainError> {
    call.needs(Permission::AuditRead)?;
    let found = app.reading(call.organization(), async |work| published(app, work).await).await?.ok_or_else(not_yet)?;
    app.record_read(call, read_of("log_proof")).await?;
    Ok(found)
}

/// None before the first head was published.
async fn log_head(app: &App, work: &Work) -> Result<Option<Signed>, DomainError> {
    let head = stored::head(work).await?;
    if head.size == 0 {
        return Ok(None);
    }
    let origin = app.log().origin();
    let seen = Stored { origin, size: head.size, root: &head.root, note: &head.note };
    let mut signed = believed(app, work, seen).await?;
    signed.note = with_lines(work, signed.note, signed.size).await?;
    Ok(Some(signed))
}

/// A note with the lines of the witnesses that have signed this size.
async fn with_lines(work: &Work, mut note: String, size: u64) -> Result<String, DomainError> {
    for line in stored::cosignatures(work, i64::try_from(size).unwrap_or(i64::MAX)).await? {
        note.push_str(line.trim_end());
        note.push('\n');
    }
    Ok(note)
}

/// None before the organisation's first head was published.
pub(super) async fn published(app: &App, work: &Work) -> Result<Option<Published>, DomainError> {
    let Some(head) = log_head(app, work).await? else {
        return Ok(None);
    };
    let Some(row) = stored::newest_of(work, i64::try_from(head.size).unwrap_or(i64::MAX)).await? else {
        return Ok(None);
    };
    let number = |value: i64| u64::try_from(value).map_err(|_| unsound(work, "a leaf has a number below zero"));
    let (position, leaf_size) = (number(row.position)?, number(row.size)?);
    let leaf = String::from_utf8(row.leaf).map_err(|_| unsound(work, "a leaf of the log of all logs is no text"))?;
    let (_, hashes) = included(work, Tree::Heads, position, head.size).await?;
    Ok(Some(Published { position, leaf, leaf_size, hashes, size: head.size, checkpoint: head.note }))
}
