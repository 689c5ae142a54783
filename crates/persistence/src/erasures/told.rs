//! What the security ledger is to tell of beside erasures, until it does.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// One end that a backup which is put back must not undo.
#[derive(Clone, Debug)]
pub struct Told {
    /// The entry of the log.
    pub id: Uuid,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub object: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// Has the ledger tell of these, in the transaction that makes them happen.
pub async fn queue_told(work: &Work, told: &[Told]) -> Result<(), DbError> {
    if told.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO security_ledger_queue (organization_id, id, kind, object_id, at) \
         SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])";
    let ids: Vec<Uuid> = told.iter().map(|one| one.id).collect();
    let kinds: Vec<&str> = told.iter().map(|one| one.kind.as_str()).collect();
    let objects: Vec<Uuid> = told.iter().map(|one| one.object).collect();
    let at: Vec<DateTime<Utc>> = told.iter().map(|one| one.at).collect();
    work.execute(sql, &[&work.organization().uuid(), &ids, &kinds, &objects, &at]).await?;
    Ok(())
}

/// Some of those that wait, oldest first.
pub async fn queued_told(work: &Work, limit: i64) -> Result<Vec<Told>, DbError> {
    let sql =
        "SELECT id, kind, object_id, at FROM security_ledger_queue WHERE organization_id = $1 ORDER BY id LIMIT $2";
    let rows = work.query(sql, &[&work.organization().uuid(), &limit]).await?;
    let told =
        |row: &tokio_postgres::Row| Told { id: row.get(0), kind: row.get(1), object: row.get(2), at: row.get(3) };
    Ok(rows.iter().map(told).collect())
}

/// The ledger tells of these.
pub async fn drop_told(work: &Work, ids: &[Uuid]) -> Result<(), DbError> {
    let sql = "DELETE FROM security_ledger_queue WHERE organization_id = $1 AND id = ANY($2)";
    work.execute(sql, &[&work.organization().uuid(), &ids]).await?;
    Ok(())
}
