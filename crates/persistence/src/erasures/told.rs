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

/// Has the ledger tell of it, in the transaction that makes it happen.
pub async fn queue_told(work: &Work, id: Uuid, kind: &str, object: Uuid, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql =
        "INSERT INTO security_ledger_queue (organization_id, id, kind, object_id, at) VALUES ($1, $2, $3, $4, $5)";
    work.execute(sql, &[&work.organization().uuid(), &id, &kind, &object, &at]).await?;
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
