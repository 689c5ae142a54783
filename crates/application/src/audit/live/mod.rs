//! A live database as the exports it would give, for a check that trusts neither the server nor whoever administers it.
//!
//! Nothing here holds a key or believes a head: rows are read as any role sees them that may read, what the tree cannot be is said at its place,
//! and the signatures are left to whoever reads the exports. What is placed never changes, so that blocks read one after the other fit together.

mod items;
mod stream;
mod tiles;

use custodian_crypto::merkle::left_nodes;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::audit::tiles::Tree;
use custodian_persistence::audit::{bundles, heads, log, walk};
use custodian_persistence::{Database, DbError, Work};
use serde::Deserialize;
use uuid::Uuid;

use super::export::{Header, line, texts};
use super::{LEAST_RETENTION, edge};

/// What is wrong with a log apart from its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amiss {
    /// What kind.
    pub what: What,
    /// The first bad place.
    pub place: u64,
    /// The entry there, where it is one.
    pub entry: Option<Uuid>,
    /// A sentence; ids and numbers, never values.
    pub says: &'static str,
}

/// Kinds of [`Amiss`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Something that has a place is not there.
    Gap,
    /// An entry is no text.
    Form,
    /// Entry and stored hash, or stored hashes among themselves, do not agree.
    Hash,
}

/// Why a log was not read to its end.
#[derive(Debug)]
pub enum Broken {
    /// Something is wrong with it.
    Amiss(Amiss),
    /// It could not be read.
    Db(DbError),
    /// Nobody takes what is read.
    Stopped,
}

impl From<DbError> for Broken {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// A log as it stood when it was looked at.
pub struct Log {
    organization: Option<OrganizationId>,
    from: u64,
    size: u64,
    root: Vec<u8>,
    header: Vec<u8>,
    /// The entry that says that what stands before `from` was let go.
    retired: Option<(Uuid, Vec<u8>)>,
}

/// What the row of a head says, and of which log.
struct Head {
    organization: Option<OrganizationId>,
    size: i64,
    root: Vec<u8>,
    note: String,
}

/// Every log of a database, or that of one organisation, the log of all logs first. Logs without entries are left out.
///
/// The log of all logs is looked at before the others: what it names is then never more than they had.
pub async fn logs(db: &Database, only: Option<OrganizationId>) -> Result<Vec<Log>, DomainError> {
    let work = Work::begin_global(db).await?;
    let global = global(&work).await;
    work.abandon().await;
    let mut found = vec![global?];
    let all = heads::all(db).await?.into_iter().filter(|head| only.is_none_or(|only| only == head.organization));
    found.extend(all.map(|row| Head {
        organization: Some(row.organization),
        size: row.size,
        root: row.root,
        note: row.note,
    }));
    let mut logs = Vec::new();
    for head in found.into_iter().filter(|head| head.size != 0 || !head.note.is_empty()) {
        logs.push(look(db, head).await?);
    }
    Ok(logs)
}

async fn global(work: &Work) -> Result<Head, DbError> {
    let head = log::head(work).await?;
    let mut note = head.note;
    for line in log::cosignatures(work, head.size).await? {
        note.push_str(line.trim_end());
        note.push('\n');
    }
    Ok(Head { organization: None, size: head.size, root: head.root, note })
}

async fn look(db: &Database, head: Head) -> Result<Log, DomainError> {
    let work = begin(db, head.organization).await?;
    let log = open(&work, head).await;
    work.abandon().await;
    log
}

async fn begin(db: &Database, organization: Option<OrganizationId>) -> Result<Work, DbError> {
    match organization {
        Some(id) => Work::begin(db, id).await,
        None => Work::begin_global(db).await,
    }
}

fn tree(organization: Option<OrganizationId>) -> Tree {
    if organization.is_some() { Tree::Entries } else { Tree::Heads }
}

async fn open(work: &Work, head: Head) -> Result<Log, DomainError> {
    let Head { organization, size, root, note } = head;
    let size = u64::try_from(size).unwrap_or(0);
    let let_go = if organization.is_some() { let_go(work, size).await? } else { None };
    let (from, retired) = let_go.map_or((0, None), |(from, id, entry)| (from, Some((id, entry))));
    let nodes = left_nodes(from);
    let set = edge::tile_set(work, tree(organization), &nodes).await?;
    // A hash that is missing makes a header that nothing fits, which is what it should be.
    let left: Vec<_> = nodes.iter().filter_map(|node| set.node(node.level, node.index).ok()).collect();
    let header = Header {
        v: 1,
        organization,
        from,
        to: size,
        tree_size: size,
        checkpoint: note,
        left: texts(&left),
        right: Vec::new(),
        global_checkpoint: None,
        global_proof: None,
    };
    Ok(Log { organization, from, size, root, header: line(&header)?, retired })
}

#[derive(Deserialize)]
struct Retired {
    details: Until,
}

#[derive(Deserialize)]
struct Until {
    until: Uuid,
}

/// The first place behind what an operator let go, and the entry that says so. It is believed only once that entry was met at its place.
async fn let_go(work: &Work, size: u64) -> Result<Option<(u64, Uuid, Vec<u8>)>, DbError> {
    let told = walk::of_action(work, Action::AuditRetire.code(), 100).await?;
    let until = told.into_iter().filter_map(|(id, entry, _)| {
        let until = serde_json::from_slice::<Retired>(&entry).ok()?.details.until;
        // Nothing younger than the law allows can have been let go, whatever is said.
        let border = super::sequencer::time_of(id)? - LEAST_RETENTION;
        (super::sequencer::time_of(until)? <= border).then_some((until, id, entry))
    });
    let Some((until, id, entry)) = until.max_by_key(|(until, ..)| *until) else {
        return Ok(None);
    };
    let Some(bundle) = bundles::last_below(work, until).await? else {
        return Ok(None);
    };
    let first = u64::try_from(bundle.number).unwrap_or(0).saturating_mul(bundles::WIDTH as u64);
    let behind = bundle.entries.iter().rposition(|id| *id < until).map_or(0, |at| at as u64 + 1);
    Ok(Some((first.saturating_add(behind).min(size), id, entry)))
}

impl Log {
    /// Whose it is; none for the log of all logs.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }

    /// The first line of its export.
    pub fn header(&self) -> &[u8] {
        &self.header
    }
}
