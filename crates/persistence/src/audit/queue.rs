//! Entries that wait for their place in their organisation's tree.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::OrganizationId;
use uuid::Uuid;

use super::StoredEntry;
use crate::{Database, DbError, Work};

/// What one transaction wrote.
#[derive(Debug)]
pub struct Queued {
    /// The row's id: that of its first entry.
    pub id: Uuid,
    /// Its entries, in the order they were written.
    pub entries: Vec<Uuid>,
}

/// Why an entry gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not in the log.
    Missing,
    /// Its MAC is not ours.
    Mac,
}

impl Why {
    /// The code that is stored.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Mac => "mac",
        }
    }
}

/// Organisations that have entries waiting. One index probe for each, however long the queue is.
pub async fn organizations(db: &Database) -> Result<Vec<OrganizationId>, DbError> {
    const SQL: &str = "WITH RECURSIVE waiting AS ( \
         (SELECT organization_id FROM audit_queue ORDER BY organization_id LIMIT 1) \
         UNION ALL SELECT (SELECT q.organization_id FROM audit_queue q WHERE q.organization_id > w.organization_id ORDER BY q.organization_id LIMIT 1) \
         FROM waiting w WHERE w.organization_id IS NOT NULL) \
         SELECT organization_id FROM waiting WHERE organization_id IS NOT NULL";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let rows = client.query(&statement, &[]).await?;
    Ok(rows.iter().map(|row| OrganizationId::from(row.get::<_, Uuid>(0))).collect())
}

/// How many entries wait in all, and the oldest of them.
pub async fn length(db: &Database) -> Result<(i64, Option<Uuid>), DbError> {
    const SQL: &str = "SELECT coalesce(sum(cardinality(entry_ids)), 0)::bigint, (SELECT id FROM audit_queue ORDER BY id LIMIT 1) FROM audit_queue";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok((row.get(0), row.get(1)))
}

/// The rows that wait longest: as many as hold `most` entries together, and at least one if there is any.
pub async fn oldest(work: &Work, most: i64) -> Result<Vec<Queued>, DbError> {
    const SQL: &str = "SELECT id, entry_ids FROM (SELECT id, entry_ids, sum(cardinality(entry_ids)) OVER (ORDER BY id) - cardinality(entry_ids) AS before \
         FROM (SELECT id, entry_ids FROM audit_queue WHERE organization_id = $1 ORDER BY id LIMIT $2) AS first) AS counted \
         WHERE before < $2 ORDER BY id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &most]).await?;
    Ok(rows.iter().map(|row| Queued { id: row.get(0), entries: row.get(1) }).collect())
}

/// Those of these entries that are in the queue.
pub async fn waiting(work: &Work, entries: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT e FROM audit_queue, unnest(entry_ids) AS e WHERE organization_id = $1 AND e = ANY($2)";
    let rows = work.query(sql, &[&work.organization().uuid(), &entries]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Entries by their ids, as far as they exist.
pub async fn entries(work: &Work, ids: &[Uuid]) -> Result<HashMap<Uuid, StoredEntry>, DbError> {
    // The bounds let Postgres leave out the other months; a list of ids alone does not.
    const SQL: &str =
        "SELECT id, entry, mac FROM audit_entries WHERE organization_id = $1 AND id = ANY($2) AND id BETWEEN $3 AND $4";
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(HashMap::new());
    };
    let rows = work.query(SQL, &[&work.organization().uuid(), &ids, first, last]).await?;
    Ok(rows.iter().map(|row| (row.get(0), StoredEntry::from(row))).collect())
}

/// Takes rows out of the queue; their entries have their place, or never get one.
pub async fn remove(work: &Work, rows: &[Uuid]) -> Result<u64, DbError> {
    let sql = "DELETE FROM audit_queue WHERE organization_id = $1 AND id = ANY($2)";
    work.execute(sql, &[&work.organization().uuid(), &rows]).await
}

/// Remembers entries that get no place.
pub async fn set_aside(work: &Work, entries: &[(Uuid, Why)], at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "INSERT INTO audit_set_aside (organization_id, entry_id, why, found_at) SELECT $1, e, w, $4 FROM unnest($2::uuid[], $3::text[]) AS u(e, w) \
         ON CONFLICT DO NOTHING";
    let ids: Vec<Uuid> = entries.iter().map(|(id, _)| *id).collect();
    let why: Vec<&str> = entries.iter().map(|(_, why)| why.code()).collect();
    work.execute(sql, &[&work.organization().uuid(), &ids, &why, &at]).await?;
    Ok(())
}

/// Entries of the organisation that got no place, with the code of why.
pub async fn aside(work: &Work) -> Result<Vec<(Uuid, String)>, DbError> {
    let sql = "SELECT entry_id, why FROM audit_set_aside WHERE organization_id = $1 ORDER BY entry_id";
    let rows = work.query(sql, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
