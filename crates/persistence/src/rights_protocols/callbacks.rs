//! What partners are to be told: queued in the transaction of what it tells, one job each.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One callback.
#[derive(Clone, Debug)]
pub struct CallbackRow {
    /// Its id, and that of its job.
    pub id: Uuid,
    /// The request.
    pub exchange: Uuid,
    /// Where it goes.
    pub url: String,
    /// What it says.
    pub body: String,
    /// Where it stands.
    pub state: String,
    /// How often it was tried in vain.
    pub failed_tries: i32,
    /// What came of each try.
    pub tries: Value,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub settled_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, exchange_id, url, body, state, failed_tries, tries, created_at, settled_at";

impl From<&Row> for CallbackRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            exchange: row.get(1),
            url: row.get(2),
            body: row.get(3),
            state: row.get(4),
            failed_tries: row.get(5),
            tries: row.get(6),
            created_at: row.get(7),
            settled_at: row.get(8),
        }
    }
}

/// Queues one.
pub async fn insert_callback(work: &Work, row: &CallbackRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO rights_callbacks (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let CallbackRow { id, exchange, url, body, state, failed_tries, tries, created_at, settled_at } = row;
    let organization = work.organization().uuid();
    work.execute(&sql, &[&organization, id, exchange, url, body, state, failed_tries, tries, created_at, settled_at])
        .await?;
    Ok(())
}

/// Everything that was to be told of a request, oldest first.
pub async fn callbacks_of(work: &Work, exchange: Uuid) -> Result<Vec<CallbackRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rights_callbacks WHERE organization_id = $1 AND exchange_id = $2 ORDER BY created_at, id"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &exchange]).await?;
    Ok(rows.iter().map(CallbackRow::from).collect())
}

/// One that still waits, held until the transaction ends.
pub async fn lock_callback(work: &Work, id: Uuid) -> Result<Option<CallbackRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rights_callbacks WHERE organization_id = $1 AND id = $2 AND state = 'pending' FOR UPDATE"
    );
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(CallbackRow::from))
}

/// Whether a later word about the same request has arrived at the same address.
pub async fn has_newer(work: &Work, row: &CallbackRow) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM rights_callbacks WHERE organization_id = $1 AND exchange_id = $2 AND url = $3 AND state = 'delivered' \
         AND (created_at, id) > ($4, $5))";
    let organization = work.organization().uuid();
    let found = work.query_one(SQL, &[&organization, &row.exchange, &row.url, &row.created_at, &row.id]).await?;
    Ok(found.get(0))
}

/// Notes what came of a try.
pub async fn settle_callback(work: &Work, row: &CallbackRow) -> Result<(), DbError> {
    let sql = "UPDATE rights_callbacks SET state = $3, failed_tries = $4, tries = $5, settled_at = $6 WHERE organization_id = $1 AND id = $2";
    let CallbackRow { id, state, failed_tries, tries, settled_at, .. } = row;
    work.execute(sql, &[&work.organization().uuid(), id, state, failed_tries, tries, settled_at]).await?;
    Ok(())
}

/// Drops those that ended before a moment; how many that were.
pub async fn purge_callbacks(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM rights_callbacks WHERE organization_id = $1 AND settled_at < $2";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}
