//! Proofs over an organisation's tree: its checkpoint, that an entry stands in it, that it only grew, and the tree itself.
//!
//! Nothing stored is believed unless one of our keys has signed it. Each read leaves an entry, which the next checkpoint holds too.

use custodian_crypto::merkle::{self, Hash, Node, TileError, TileId, TileSet, tile_width};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit::tiles::{self, Tree};
use custodian_persistence::audit::{StoredEntry, bundles, heads, queue};
use uuid::Uuid;

use super::edge::{self, Stored};
use super::{Detail, Draft};
use crate::{App, Call};

/// A checkpoint that one of our keys has signed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Number of leaves.
    pub size: u64,
    /// Root hash over them.
    pub root: Hash,
    /// The C2SP signed note.
    pub note: String,
}

/// That an entry stands at a place of the tree (RFC 9162, 2.1.3).
#[derive(Debug)]
pub struct Inclusion {
    /// The entry.
    pub entry: Uuid,
    /// Its place, from 0.
    pub place: u64,
    /// Number of leaves of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The entry's leaf hash, as the tree has it.
    pub leaf_hash: Hash,
    /// The proof, from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// The checkpoint of that size.
    pub checkpoint: String,
}

/// That a tree begins with an earlier one (RFC 9162, 2.1.4).
#[derive(Debug)]
pub struct Consistency {
    /// Name of the log.
    pub origin: String,
    /// Size of the earlier tree.
    pub from: u64,
    /// Size of the later one.
    pub to: u64,
    /// The proof.
    pub hashes: Vec<Hash>,
}

/// What the log has not come to yet: `409`.
pub(super) fn not_yet() -> DomainError {
    DomainError::refused(RefusedAs::Conflict, "not_yet_placed")
}

/// Places or sizes beyond the tree, or not in order: `400`.
pub(super) fn out_of_range() -> DomainError {
    DomainError::refused(RefusedAs::BadRequest, "place_out_of_range")
}

/// What is stored contradicts what was signed: nothing is answered from it, and somebody is woken.
pub(super) fn unsound(work: &Work, says: impl std::fmt::Display) -> DomainError {
    tracing::error!(alert = "critical", organization = %work.organization(), %says, "the stored log does not hold together");
    DomainError::Integrity
}

/// The newest checkpoint of the transaction's organisation.
pub(super) async fn head(app: &App, work: &Work) -> Result<Signed, DomainError> {
    let head = heads::find(work).await?.filter(|head| head.size > 0).ok_or_else(not_yet)?;
    let origin = app.log().origin_of(work.organization());
    believed(app, work, Stored { origin: &origin, size: head.size, root: &head.root, note: &head.note }).await
}

/// A head whose note one of our keys has signed. Another instance may have begun a new key: they are read once more.
pub(super) async fn believed(app: &App, work: &Work, head: Stored<'_>) -> Result<Signed, DomainError> {
    let mut signed = edge::signed(head, &app.log().keys());
    if signed.is_err() && app.reload_log_keys().await.is_ok() {
        signed = edge::signed(head, &app.log().keys());
    }
    let (size, root) = signed.map_err(|says| unsound(work, says))?;
    Ok(Signed { size, root, note: head.note.to_owned() })
}

/// The hashes of these nodes.
pub(super) fn of_nodes(work: &Work, set: &TileSet, nodes: &[Node]) -> Result<Vec<Hash>, DomainError> {
    let hashes: Result<Vec<Hash>, TileError> = nodes.iter().map(|node| set.node(node.level, node.index)).collect();
    hashes.map_err(|error| unsound(work, error))
}

/// The proof that the tree of `to` begins with that of `from`.
pub(super) async fn consistent(work: &Work, tree: Tree, from: u64, to: u64) -> Result<Vec<Hash>, DomainError> {
    let nodes = merkle::consistency_nodes(from, to).map_err(|_| out_of_range())?;
    let set = edge::tile_set(work, tree, &nodes).await?;
    merkle::consistency(from, to, |level, index| set.node(level, index))
        .map_err(|error: TileError| unsound(work, error))
}

/// Leaf hash and proof of a place.
pub(super) async fn included(work: &Work, tree: Tree, place: u64, size: u64) -> Result<(Hash, Vec<Hash>), DomainError> {
    let mut nodes = merkle::inclusion_nodes(place, size).map_err(|error| unsound(work, error))?;
    nodes.push(Node { level: 0, index: place });
    let set = edge::tile_set(work, tree, &nodes).await?;
    let hashes = merkle::inclusion(place, size, |level, index| set.node(level, index));
    let leaf = set.node(0, place).map_err(|error| unsound(work, error))?;
    Ok((leaf, hashes.map_err(|error: TileError| unsound(work, error))?))
}

/// The entry of a read of the log.
pub(super) fn read_of(what: &str) -> Draft {
    Draft::of(Action::AuditRead).with("read", Detail::Code(what.to_owned()))
}

/// The newest checkpoint of the caller's organisation, a C2SP signed note.
pub async fn checkpoint(app: &App, call: &Call) -> Result<String, DomainError> {
    call.needs(Permission::AuditRead)?;
    let head = app.reading(call.organization(), async |work| head(app, work).await).await?;
    app.record_read(call, read_of("checkpoint").with("size", Detail::Code(head.size.to_string()))).await?;
    Ok(head.note)
}

/// The proof that an entry stands in the log.
///
/// For whom may read the log; for the entry's own actor, and for whom may read access logs where the entry concerns customers; and for a person whom the entry
/// concerns: they can see the entry, so they can have it proven. `409 not_yet_placed` within the first second of its life.
pub async fn inclusion(app: &App, call: &Call, entry: Uuid) -> Result<Inclusion, DomainError> {
    let found = app.reading(call.organization(), async |work| find_inclusion(app, call, work, entry).await).await?;
    app.record_read(call, read_of("inclusion").with("entry", Detail::Code(entry.to_string()))).await?;
    Ok(found)
}

async fn find_inclusion(app: &App, call: &Call, work: &Work, entry: Uuid) -> Result<Inclusion, DomainError> {
    let stored = queue::entries(work, &[entry]).await?.remove(&entry);
    if !stored.as_ref().is_some_and(|stored| sees(call, stored)) {
        call.needs(Permission::AuditRead)?;
    }
    let Some(place) = bundles::place_of(work, entry).await? else {
        if queue::aside(work).await?.iter().any(|(id, _)| *id == entry) {
            return Err(unsound(work, "a proof was asked for an entry that was set aside"));
        }
        return Err(if stored.is_some() { not_yet() } else { DomainError::NotFound });
    };
    let head = head(app, work).await?;
    let (leaf_hash, hashes) = included(work, Tree::Entries, place, head.size).await?;
    Ok(Inclusion { entry, place, size: head.size, root: head.root, leaf_hash, hashes, checkpoint: head.note })
}

/// Whether somebody who may not read the log has this entry before them all the same: a member of staff, or the person whom it concerns.
fn sees(call: &Call, stored: &StoredEntry) -> bool {
    let members: serde_json::Value = serde_json::from_slice(&stored.canonical).unwrap_or_default();
    if let Some(person) = call.identity.subject() {
        let person = serde_json::Value::String(person.uuid().to_string());
        let among = members.get("customers").and_then(|all| all.as_array()).is_some_and(|all| all.contains(&person));
        return among || members.get("customer") == Some(&person);
    }
    let own = members.pointer("/actor/id").and_then(|id| id.as_str()) == Some(&call.identity.actor_id().to_string());
    let concerns = members.get("customer").is_some() || members.get("customers").is_some();
    call.identity.user().is_some() && (own || concerns && call.needs(Permission::AccessLogRead).is_ok())
}

/// The proof that the log of `to` entries, as of now if not given, begins with that of `from`.
pub async fn consistency(app: &App, call: &Call, from: u64, to: Option<u64>) -> Result<Consistency, DomainError> {
    call.needs(Permission::AuditRead)?;
    let found = app.reading(call.organization(), async |work| find_consistency(app, work, from, to).await).await?;
    let draft = read_of("consistency").with("from", Detail::Code(from.to_string()));
    app.record_read(call, draft.with("to", Detail::Code(found.to.to_string()))).await?;
    Ok(found)
}

async fn find_consistency(app: &App, work: &Work, from: u64, to: Option<u64>) -> Result<Consistency, DomainError> {
    let head = head(app, work).await?;
    let to = to.unwrap_or(head.size);
    if from > to || to > head.size {
        return Err(out_of_range());
    }
    let hashes = consistent(work, Tree::Entries, from, to).await?;
    Ok(Consistency { origin: app.log().origin_of(work.organization()), from, to, hashes })
}

/// The first `width` hashes of a tile (C2SP tlog-tiles); not found unless the signed tree has that many.
pub async fn tile(app: &App, call: &Call, id: TileId, width: u16) -> Result<Vec<u8>, DomainError> {
    call.needs(Permission::AuditRead)?;
    let found = app.reading(call.organization(), async |work| find_tile(app, work, id, width).await).await?;
    let draft = read_of("tile").with("level", Detail::Count(id.level.into()));
    app.record_read(call, draft.with("number", Detail::Code(id.number.to_string()))).await?;
    Ok(found)
}

async fn find_tile(app: &App, work: &Work, id: TileId, width: u16) -> Result<Vec<u8>, DomainError> {
    let head = head(app, work).await?;
    if width == 0 || width > tile_width(id, head.size) {
        return Err(DomainError::NotFound);
    }
    let stored = tiles::find(work, Tree::Entries, &[edge::address(id)]).await?.pop();
    let bytes = stored.and_then(|row| row.hashes.get(..usize::from(width) * 32).map(<[u8]>::to_vec));
    bytes.ok_or_else(|| unsound(work, "a tile that the signed tree has is missing or too narrow"))
}

/// The first `width` entries of a bundle (C2SP tlog-tiles): for each, its length in two bytes, the greater first, and its canonical bytes.
///
/// `410 gone` where old detail was let go; the hashes stay.
pub async fn bundle(app: &App, call: &Call, number: u64, width: u16) -> Result<Vec<u8>, DomainError> {
    call.needs(Permission::AuditRead)?;
    let found = app.reading(call.organization(), async |work| find_bundle(app, work, number, width).await).await?;
    app.record_read(call, read_of("entries").with("number", Detail::Code(number.to_string()))).await?;
    Ok(found)
}

async fn find_bundle(app: &App, work: &Work, number: u64, width: u16) -> Result<Vec<u8>, DomainError> {
    let head = head(app, work).await?;
    let id = TileId { level: 0, number };
    if width == 0 || width > tile_width(id, head.size) {
        return Err(DomainError::NotFound);
    }
    let (_, number) = edge::address(id);
    let stored = bundles::range(work, number, 1).await?.pop().map(|bundle| bundle.entries).unwrap_or_default();
    let ids = stored.get(..usize::from(width));
    let ids = ids.ok_or_else(|| unsound(work, "a bundle that the signed tree has is missing or too narrow"))?;
    let entries = queue::entries(work, ids).await?;
    let mut bytes = Vec::new();
    for id in ids {
        let entry = entries.get(id).ok_or_else(gone)?;
        let length = u16::try_from(entry.canonical.len()).map_err(|_| DomainError::internal("a long audit entry"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&entry.canonical);
    }
    Ok(bytes)
}

/// Old detail that was let go.
pub(super) fn gone() -> DomainError {
    DomainError::refused(RefusedAs::Gone, "gone")
}
