//! What the log of all logs shows an organisation: its own newest leaf there, under a checkpoint with the signatures of the witnesses.

use custodian_crypto::merkle::Hash;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit::log as stored;
use custodian_persistence::audit::tiles::Tree;

use super::edge::Stored;
use super::proofs::{Signed, believed, included, not_yet, read_of, unsound};
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

/// The newest checkpoint of the log of all logs.
pub async fn log_checkpoint(app: &App, call: &Call) -> Result<String, DomainError> {
    call.needs(Permission::AuditRead)?;
    let work = app.begin(call.organization()).await?;
    let head = log_head(app, &work).await;
    work.abandon().await;
    let head = head?.ok_or_else(not_yet)?;
    app.record_read(call, read_of("log_checkpoint")).await?;
    Ok(head.note)
}

/// The caller's organisation's newest leaf in the log of all logs.
pub async fn log_proof(app: &App, call: &Call) -> Result<Published, DomainError> {
    call.needs(Permission::AuditRead)?;
    let work = app.begin(call.organization()).await?;
    let found = published(app, &work).await;
    work.abandon().await;
    let found = found?.ok_or_else(not_yet)?;
    app.record_read(call, read_of("log_proof")).await?;
    Ok(found)
}

/// None before the first head was published.
async fn log_head(app: &App, work: &Work) -> Result<Option<Signed>, DomainError> {
    let head = stored::head(work).await?;
    if head.size == 0 {
        return Ok(None);
    }
    let lines = stored::cosignatures(work, head.size).await?;
    let origin = app.log().origin();
    let seen = Stored { origin, size: head.size, root: &head.root, note: &head.note };
    let mut signed = believed(app, work, seen).await?;
    for line in lines {
        signed.note.push_str(line.trim_end());
        signed.note.push('\n');
    }
    Ok(Some(signed))
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
