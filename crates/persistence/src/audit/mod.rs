//! The append-only log: entries written beside a change, entries of reads committed together, the queries over both, and the trees over them.

mod list;
mod writer;

pub mod bundles;
pub mod checks;
pub mod heads;
pub mod log;
pub mod partitions;
pub mod queue;
pub mod tiles;
pub mod walk;

use custodian_domain::kernel::{CustomerId, EntryId, OrganizationId};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::erasures::{Told, queue_told};
use crate::{DbError, Work};

pub use list::{EntryFilter, StoredEntry, by_customer, latest_time, list};
pub use writer::{AuditWriter, Recorded, WriterStatus};

/// An entry ready to be stored: its canonical bytes, their MAC, and the columns that it is found by.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The log that it belongs to.
    pub organization: OrganizationId,
    /// UUIDv7: its time is the entry's time.
    pub id: EntryId,
    /// The one customer that it concerns, if it is one.
    pub customer: Option<CustomerId>,
    /// The customers that it concerns when they are several.
    pub subjects: Vec<CustomerId>,
    /// Who acted; the nil id for a stranger.
    pub actor: Uuid,
    /// The action's code.
    pub action: &'static str,
    /// The verdict's code.
    pub verdict: &'static str,
    /// RFC 8785 bytes.
    pub canonical: Vec<u8>,
    /// HMAC-SHA-256 over the canonical bytes.
    pub mac: [u8; 32],
    /// What the security ledger is to tell of it: the kind, what it happened to, and when.
    pub told: Option<(&'static str, Uuid, chrono::DateTime<chrono::Utc>)>,
}

/// One statement, so that nothing can be stored without being queued for its place in the tree.
pub(crate) const INSERT: &str = "WITH queued AS (INSERT INTO audit_queue (organization_id, id, entry_ids) VALUES ($1, ($2::uuid[])[1], $2)) \
     INSERT INTO audit_entries (organization_id, id, customer_id, actor_id, action, verdict, entry, mac) \
     SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])";
pub(crate) const INSERT_SUBJECTS: &str = "INSERT INTO audit_subjects (organization_id, customer_id, entry_id) \
     SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])";

/// The columns of a batch, as the two statements take them.
pub(crate) struct Columns<'a> {
    organization: Uuid,
    ids: Vec<Uuid>,
    customers: Vec<Option<Uuid>>,
    actors: Vec<Uuid>,
    actions: Vec<&'static str>,
    verdicts: Vec<&'static str>,
    entries: Vec<&'a [u8]>,
    macs: Vec<&'a [u8]>,
    subjects: Vec<Uuid>,
    subject_entries: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(organization: OrganizationId) -> Self {
        Self {
            organization: organization.uuid(),
            ids: Vec::new(),
            customers: Vec::new(),
            actors: Vec::new(),
            actions: Vec::new(),
            verdicts: Vec::new(),
            entries: Vec::new(),
            macs: Vec::new(),
            subjects: Vec::new(),
            subject_entries: Vec::new(),
        }
    }

    pub(crate) fn entry_params(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.organization,
            &self.ids,
            &self.customers,
            &self.actors,
            &self.actions,
            &self.verdicts,
            &self.entries,
            &self.macs,
        ]
    }

    pub(crate) fn subject_params(&self) -> [&(dyn ToSql + Sync); 3] {
        [&self.organization, &self.subjects, &self.subject_entries]
    }

    pub(crate) fn push(&mut self, entry: &'a NewEntry) {
        self.ids.push(entry.id.uuid());
        self.customers.push(entry.customer.map(|c| c.uuid()));
        self.actors.push(entry.actor);
        self.actions.push(entry.action);
        self.verdicts.push(entry.verdict);
        self.entries.push(&entry.canonical);
        self.macs.push(&entry.mac);
        // Each once, and in the order of the index. Left to the database, finding who is named twice costs more than half as much again.
        let mut subjects: Vec<Uuid> = entry.subjects.iter().map(|subject| subject.uuid()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        self.subjects.append(&mut subjects);
        self.subject_entries.resize(self.subjects.len(), entry.id.uuid());
    }

    pub(crate) fn has_subjects(&self) -> bool {
        !self.subjects.is_empty()
    }
}

/// Writes entries in the transaction of the change that they tell of.
///
/// They are queued for their place in the same statement; the sequencer gives it later, and nothing here waits for it.
/// An error other than an unreachable database means that the log refused: the caller answers `audit_unavailable`.
pub async fn record(work: &Work, entries: &[&NewEntry]) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::of(work.organization());
    entries.iter().for_each(|entry| columns.push(entry));
    let (entry_params, subject_params) = (columns.entry_params(), columns.subject_params());
    let subjects =
        async { if columns.has_subjects() { work.execute(INSERT_SUBJECTS, &subject_params).await } else { Ok(0) } };
    let told = |entry: &&NewEntry| {
        let (kind, object, at) = entry.told?;
        Some(Told { id: entry.id.uuid(), kind: kind.to_owned(), object, at })
    };
    let told: Vec<Told> = entries.iter().filter_map(told).collect();
    tokio::try_join!(biased; work.execute(INSERT, &entry_params), subjects, queue_told(work, &told))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_an_entry_names_twice_is_its_subject_once() {
        let customer = |number| CustomerId::from(Uuid::from_u128(number));
        let entry = |id, subjects| NewEntry {
            organization: OrganizationId::from(Uuid::nil()),
            id: EntryId::from(Uuid::from_u128(id)),
            customer: None,
            subjects,
            actor: Uuid::nil(),
            action: "customers.list",
            verdict: "allowed",
            canonical: Vec::new(),
            mac: [0; 32],
            told: None,
        };
        let (one, other) = (entry(7, vec![customer(2), customer(1), customer(2)]), entry(8, vec![customer(2)]));
        let mut columns = Columns::of(one.organization);
        columns.push(&one);
        columns.push(&other);
        let pairs = columns.subjects.iter().zip(&columns.subject_entries).map(|(a, b)| (a.as_u128(), b.as_u128()));
        assert_eq!(pairs.collect::<Vec<_>>(), [(1, 7), (2, 7), (2, 8)]);
    }
}
