//! Deliveries: what each webhook is to be told, was told, and how each try went.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// Something that a webhook is to be told.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery<'a> {
    /// Its id.
    pub id: Uuid,
    /// The webhook.
    pub webhook: Uuid,
    /// The event.
    pub event: Uuid,
    /// Code of its type.
    pub kind: &'a str,
}

/// A delivery as it is read.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// Its id.
    pub id: Uuid,
    /// The webhook.
    pub webhook: Uuid,
    /// The event.
    pub event: Uuid,
    /// Code of its type.
    pub kind: String,
    /// `pending`, `delivered`, `failed` or `dropped`.
    pub state: String,
    /// When it is tried next, if it is.
    pub due_at: DateTime<Utc>,
    /// Since when it is to be told.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Each try: `at`, `outcome`, `status`, `milliseconds`.
    pub tries: Value,
}

impl From<&Row> for DeliveryRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            webhook: row.get(1),
            event: row.get(2),
            kind: row.get(3),
            state: row.get(4),
            due_at: row.get(5),
            created_at: row.get(6),
            ended_at: row.get(7),
            tries: row.get(8),
        }
    }
}

const SELECT: &str = "SELECT id, webhook_id, event_id, event_type, state, due_at, created_at, ended_at, tries FROM webhook_deliveries WHERE organization_id = $1";

/// Adds deliveries, due at once; one that a webhook has already stays as it is.
pub async fn queue(work: &Work, all: &[NewDelivery<'_>], at: DateTime<Utc>) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO webhook_deliveries (organization_id, id, webhook_id, event_id, event_type, state, due_at, created_at) \
         SELECT $1, u.id, u.webhook, u.event, u.type, 'pending', clock_timestamp(), $6 \
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) AS u(id, webhook, event, type) ON CONFLICT DO NOTHING";
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let webhooks: Vec<Uuid> = all.iter().map(|one| one.webhook).collect();
    let events: Vec<Uuid> = all.iter().map(|one| one.event).collect();
    let kinds: Vec<&str> = all.iter().map(|one| one.kind).collect();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &webhooks, &events, &kinds, &at]).await?;
    Ok(())
}

/// A delivery whose turn it is.
#[derive(Clone, Copy, Debug)]
pub struct DueDelivery {
    /// Its id.
    pub id: Uuid,
    /// The event.
    pub event: Uuid,
    /// Tries that failed since it was last begun.
    pub failed_tries: i32,
}

/// Those of a webhook that are due, longest first, by the database's clock.
pub async fn due(work: &Work, webhook: Uuid, limit: i64) -> Result<Vec<DueDelivery>, DbError> {
    const SQL: &str = "SELECT id, event_id, failed_tries FROM webhook_deliveries WHERE organization_id = $1 AND webhook_id = $2 AND state = 'pending' \
         AND due_at <= clock_timestamp() ORDER BY due_at, id LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &webhook, &limit]).await?;
    let due = |row: &Row| DueDelivery { id: row.get(0), event: row.get(1), failed_tries: row.get(2) };
    Ok(rows.iter().map(due).collect())
}

/// What came of a delivery's turn.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The delivery.
    pub id: Uuid,
    /// Where it stands now.
    pub state: &'static str,
    /// Tries that failed since it was last begun.
    pub failed_tries: i32,
    /// When it is tried next, in seconds from now.
    pub wait: f64,
    /// The try; null where there was none.
    pub tried: Value,
}

/// Notes what came of several turns, in one statement.
pub async fn settle(work: &Work, all: &[Settled], at: DateTime<Utc>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE webhook_deliveries d SET state = u.state, failed_tries = u.failed, due_at = clock_timestamp() + make_interval(secs => u.wait), \
           ended_at = CASE WHEN u.state = 'pending' THEN NULL ELSE $7::timestamptz END, tries = CASE WHEN u.tried = 'null' THEN d.tries ELSE d.tries || u.tried END \
         FROM unnest($2::uuid[], $3::text[], $4::int[], $5::float8[], $6::jsonb[]) AS u(id, state, failed, wait, tried) \
         WHERE d.organization_id = $1 AND d.id = u.id AND d.state = 'pending'";
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let states: Vec<&str> = all.iter().map(|one| one.state).collect();
    let failed: Vec<i32> = all.iter().map(|one| one.failed_tries).collect();
    let waits: Vec<f64> = all.iter().map(|one| one.wait).collect();
    let tried: Vec<&Value> = all.iter().map(|one| &one.tried).collect();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &states, &failed, &waits, &tried, &at]).await?;
    Ok(())
}

/// A page of a webhook's deliveries, newest first; of one state if given.
pub async fn list_deliveries(
    work: &Work,
    webhook: Uuid,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DeliveryRow>, DbError> {
    let sql = format!(
        "{SELECT} AND webhook_id = $2 AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &webhook, &state, &before, &limit]).await?;
    Ok(rows.iter().map(DeliveryRow::from).collect())
}

/// One delivery of a webhook.
pub async fn find_delivery(work: &Work, webhook: Uuid, id: Uuid) -> Result<Option<DeliveryRow>, DbError> {
    let sql = format!("{SELECT} AND webhook_id = $2 AND id = $3");
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &webhook, &id]).await?;
    Ok(row.as_ref().map(DeliveryRow::from))
}

const AGAIN: &str = "UPDATE webhook_deliveries SET state = 'pending', failed_tries = 0, due_at = clock_timestamp(), ended_at = NULL \
     WHERE organization_id = $1 AND webhook_id = $2";

/// Begins one anew. False when there is none.
pub async fn replay(work: &Work, webhook: Uuid, id: Uuid) -> Result<bool, DbError> {
    let sql = format!("{AGAIN} AND id = $3");
    Ok(work.execute(&sql, &[&work.organization().uuid(), &webhook, &id]).await? == 1)
}

/// Begins anew those that ended since then: all of them, or those that did not arrive. How many.
pub async fn replay_since(
    work: &Work,
    webhook: Uuid,
    since: DateTime<Utc>,
    delivered_too: bool,
) -> Result<u64, DbError> {
    let sql = format!("{AGAIN} AND created_at >= $3 AND state <> 'pending' AND ($4 OR state <> 'delivered')");
    work.execute(&sql, &[&work.organization().uuid(), &webhook, &since, &delivered_too]).await
}

/// Ends everything that a webhook was still to be told.
pub async fn drop_pending(work: &Work, webhook: Uuid, at: DateTime<Utc>) -> Result<u64, DbError> {
    const SQL: &str = "UPDATE webhook_deliveries SET state = 'dropped', ended_at = $3 WHERE organization_id = $1 AND webhook_id = $2 AND state = 'pending'";
    work.execute(SQL, &[&work.organization().uuid(), &webhook, &at]).await
}

/// Drops deliveries older than `before`; how many went.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM webhook_deliveries WHERE organization_id = $1 AND created_at < $2";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}
