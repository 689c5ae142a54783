//! Webhooks, and the lanes that senders of every instance take them from.

mod deliveries;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{OrganizationId, ThirdPartyId};
use tokio_postgres::Row;
use uuid::Uuid;

pub use deliveries::{
    DeliveryRow, DueDelivery, NewDelivery, Settled, drop_pending, due, find_delivery, list_deliveries, purge, queue,
    replay, replay_since, settle,
};

use crate::{Database, DbError, Work};

/// One webhook.
#[derive(Clone, Debug)]
pub struct WebhookRow {
    /// Its id.
    pub id: Uuid,
    /// Counts changes by people.
    pub version: i32,
    /// What it is for.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Codes of the types it takes; empty for all that it may be told.
    pub event_types: Vec<String>,
    /// The third party that it belongs to.
    pub third_party: Option<ThirdPartyId>,
    /// That one's name.
    pub third_party_name: Option<String>,
    /// The purposes that a third party hears of people for.
    pub purposes: Vec<String>,
    /// `hmac` or `ed25519`.
    pub scheme: String,
    /// The bytes that sign, sealed.
    pub sealed_secret: Vec<u8>,
    /// Those before, sealed.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when those sign too.
    pub previous_until: Option<DateTime<Utc>>,
    /// Why it is told nothing, if so.
    pub disabled: Option<String>,
    /// Since when nothing has reached it.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it last took something.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
}

impl From<&Row> for WebhookRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            version: row.get(1),
            name: row.get(2),
            url: row.get(3),
            event_types: row.get(4),
            third_party: row.get::<_, Option<Uuid>>(5).map(ThirdPartyId::from),
            third_party_name: row.get(6),
            purposes: row.get(7),
            scheme: row.get(8),
            sealed_secret: row.get(9),
            previous_secret: row.get(10),
            previous_until: row.get(11),
            disabled: row.get(12),
            failing_since: row.get(13),
            delivered_at: row.get(14),
            created_at: row.get(15),
            created_by: row.get(16),
        }
    }
}

const SELECT: &str = "SELECT w.id, w.version, w.name, w.url, w.event_types, w.third_party_id, t.name, w.purposes, w.scheme, w.sealed_secret, w.previous_secret, \
     w.previous_until, w.disabled, w.failing_since, w.delivered_at, w.created_at, w.created_by FROM webhooks w \
     LEFT JOIN third_parties t ON t.organization_id = w.organization_id AND t.id = w.third_party_id WHERE w.organization_id = $1";

/// One webhook.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<WebhookRow>, DbError> {
    let sql = format!("{SELECT} AND w.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(WebhookRow::from))
}

/// The same, held until the transaction ends.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<WebhookRow>, DbError> {
    let sql = format!("{SELECT} AND w.id = $2 FOR UPDATE OF w");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(WebhookRow::from))
}

/// A page in order of id.
pub async fn list(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<WebhookRow>, DbError> {
    let sql = format!("{SELECT} AND ($2::uuid IS NULL OR w.id > $2) ORDER BY w.id LIMIT $3");
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(WebhookRow::from).collect())
}

/// Every one that is told something.
pub async fn enabled(work: &Work) -> Result<Vec<WebhookRow>, DbError> {
    let sql = format!("{SELECT} AND w.disabled IS NULL ORDER BY w.id");
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(WebhookRow::from).collect())
}

/// Those of a third party, whether they are told anything or not.
pub async fn of_third_party(work: &Work, id: ThirdPartyId) -> Result<Vec<WebhookRow>, DbError> {
    let sql = format!("{SELECT} AND w.third_party_id = $2 ORDER BY w.id");
    Ok(work.query(&sql, &[&work.organization().uuid(), &id.uuid()]).await?.iter().map(WebhookRow::from).collect())
}

/// How many there are. Makers of webhooks wait for one another here, so that two do not both take the last place.
pub async fn count(work: &Work) -> Result<i64, DbError> {
    const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.webhooks:' || $1, 0))";
    work.query(LOCK, &[&work.organization().to_string()]).await?;
    let sql = "SELECT count(*) FROM webhooks WHERE organization_id = $1";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// The third party of this name.
pub async fn third_party(work: &Work, name: &str) -> Result<Option<ThirdPartyId>, DbError> {
    let sql = "SELECT id FROM third_parties WHERE organization_id = $1 AND name = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &name]).await?;
    Ok(row.map(|row| ThirdPartyId::from(row.get::<_, Uuid>(0))))
}

/// Adds a webhook and its lane.
pub async fn insert(work: &Work, row: &WebhookRow) -> Result<(), DbError> {
    const SQL: &str = "WITH made AS (INSERT INTO webhooks (organization_id, id, version, name, url, event_types, third_party_id, purposes, scheme, sealed_secret, \
           created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)) \
         INSERT INTO webhook_lanes (webhook_id, organization_id, due_at) VALUES ($2, $1, 'infinity')";
    let third_party = row.third_party.map(ThirdPartyId::uuid);
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &row.id,
            &row.version,
            &row.name,
            &row.url,
            &row.event_types,
            &third_party,
            &row.purposes,
            &row.scheme,
            &row.sealed_secret,
            &row.created_at,
            &row.created_by,
        ],
    )
    .await?;
    Ok(())
}

/// Stores what people may change, and what rotation changes; counts a version.
pub async fn update(work: &Work, row: &WebhookRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE webhooks SET version = version + 1, name = $3, url = $4, event_types = $5, purposes = $6, sealed_secret = $7, previous_secret = $8, \
         previous_until = $9, disabled = $10, failing_since = $11 WHERE organization_id = $1 AND id = $2";
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &row.id,
            &row.name,
            &row.url,
            &row.event_types,
            &row.purposes,
            &row.sealed_secret,
            &row.previous_secret,
            &row.previous_until,
            &row.disabled,
            &row.failing_since,
        ],
    )
    .await?;
    Ok(())
}

/// Takes a webhook away with all it was to be told.
pub async fn delete(work: &Work, id: Uuid) -> Result<(), DbError> {
    work.execute("DELETE FROM webhook_lanes WHERE webhook_id = $1", &[&id]).await?;
    let sql = "DELETE FROM webhooks WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// Notes how a webhook does, without counting a version: when it took something, since when nothing reached it, and why it is told nothing more.
pub async fn note_health(
    work: &Work,
    id: Uuid,
    delivered_at: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    disabled: Option<&str>,
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE webhooks SET delivered_at = coalesce($3, delivered_at), failing_since = $4, disabled = coalesce(disabled, $5) \
         WHERE organization_id = $1 AND id = $2";
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &id, &delivered_at, &failing_since, &disabled]).await?;
    Ok(())
}

/// A lane taken by this sender until the lease ends.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// The webhook.
    pub webhook: Uuid,
    /// Its organisation.
    pub organization: OrganizationId,
    /// Fences writes: a sender whose lease was taken over cannot go on.
    pub token: Uuid,
}

/// Wakes lanes: they have something to be told at this time, if not before.
pub async fn wake(work: &Work, webhooks: &[Uuid]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE webhook_lanes l SET due_at = least(l.due_at, clock_timestamp()) FROM (SELECT webhook_id FROM webhook_lanes \
         WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE) AS held WHERE l.webhook_id = held.webhook_id";
    work.execute(SQL, &[&webhooks]).await?;
    Ok(())
}

/// Takes the lane that is due longest, by the database's clock, but none of these organisations'.
pub async fn claim_lane(db: &Database, token: Uuid, but: &[Uuid], seconds: f64) -> Result<Option<Lane>, DbError> {
    const SQL: &str = "WITH due AS (SELECT webhook_id FROM webhook_lanes WHERE due_at <= clock_timestamp() \
           AND (lease_until IS NULL OR lease_until < clock_timestamp()) AND organization_id <> ALL($3) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
         UPDATE webhook_lanes l SET lease_token = $1, lease_until = clock_timestamp() + make_interval(secs => $2) \
         FROM due WHERE l.webhook_id = due.webhook_id RETURNING l.webhook_id, l.organization_id";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let rows = client.query(&statement, &[&token, &seconds, &but]).await?;
    let lane =
        |row: &Row| Lane { webhook: row.get(0), organization: OrganizationId::from(row.get::<_, Uuid>(1)), token };
    Ok(rows.first().map(lane))
}

/// Prolongs a lease. False when another sender has taken the lane.
pub async fn prolong(db: &Database, lane: &Lane, seconds: f64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE webhook_lanes SET lease_until = clock_timestamp() + make_interval(secs => $3) WHERE webhook_id = $1 AND lease_token = $2";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    Ok(client.execute(&statement, &[&lane.webhook, &lane.token, &seconds]).await? == 1)
}

/// Gives a lane back, due when its next delivery is. False when another sender has taken it: then nothing of the transaction may stay.
pub async fn release(work: &Work, lane: &Lane) -> Result<bool, DbError> {
    // Held first: whoever wakes the lane meanwhile has committed, and is seen by the next statement, or waits.
    const HOLD: &str = "SELECT FROM webhook_lanes WHERE webhook_id = $1 AND lease_token = $2 FOR UPDATE";
    if work.query_opt(HOLD, &[&lane.webhook, &lane.token]).await?.is_none() {
        return Ok(false);
    }
    const SQL: &str = "UPDATE webhook_lanes SET lease_token = NULL, lease_until = NULL, due_at = coalesce((SELECT min(due_at) FROM webhook_deliveries \
           WHERE organization_id = $3 AND webhook_id = $1 AND state = 'pending'), 'infinity') WHERE webhook_id = $1 AND lease_token = $2";
    Ok(work.execute(SQL, &[&lane.webhook, &lane.token, &work.organization().uuid()]).await? == 1)
}

/// Takes every lease back: for a start that knows it is the only instance.
pub async fn forget_leases(db: &Database) -> Result<(), DbError> {
    let client = db.client().await?;
    client.batch_execute("UPDATE webhook_lanes SET lease_token = NULL, lease_until = NULL").await?;
    Ok(())
}
