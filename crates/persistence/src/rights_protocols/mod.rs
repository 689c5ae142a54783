//! Partners that pass on what people ask about their data, what came in through them, and what they are to be told.

mod callbacks;
mod exchanges;

pub use callbacks::{
    CallbackRow, callbacks_of, has_newer, insert_callback, lock_callback, purge_callbacks, settle_callback,
};
pub use exchanges::{ExchangeRow, exchange_by_external, find_exchange, insert_exchange, note_told};

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One partner.
#[derive(Clone, Debug)]
pub struct PartnerRow {
    /// Its id.
    pub id: Uuid,
    /// Counts changes.
    pub version: i32,
    /// What it speaks.
    pub protocol: String,
    /// What people call it.
    pub name: String,
    /// Its domain, or its agent id.
    pub identifier: String,
    /// What a DRP agent calls the organisation.
    pub business: Option<String>,
    /// `certificate` or `ed25519`.
    pub key_kind: Option<String>,
    /// The certificate (DER) or the key.
    pub key: Option<Vec<u8>>,
    /// Where it may be called back.
    pub callback_urls: Vec<String>,
    /// Whether its word is proof of who asks.
    pub vouches: bool,
    /// The law of what names none.
    pub jurisdiction: String,
    /// Keyed digest of its token.
    pub token_digest: Option<Vec<u8>>,
    /// Since when it has that token.
    pub token_since: Option<DateTime<Utc>>,
    /// When it was switched off.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
}

const COLUMNS: &str = "id, version, protocol, name, identifier, business_id, key_kind, key_bytes, callback_urls, vouches, jurisdiction, token_digest, \
     token_since, disabled_at, created_at, created_by";

impl From<&Row> for PartnerRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            version: row.get(1),
            protocol: row.get(2),
            name: row.get(3),
            identifier: row.get(4),
            business: row.get(5),
            key_kind: row.get(6),
            key: row.get(7),
            callback_urls: row.get(8),
            vouches: row.get(9),
            jurisdiction: row.get(10),
            token_digest: row.get(11),
            token_since: row.get(12),
            disabled_at: row.get(13),
            created_at: row.get(14),
            created_by: row.get(15),
        }
    }
}

/// Adds a partner; false when the organisation has one of this protocol and identifier.
pub async fn insert(work: &Work, row: &PartnerRow) -> Result<bool, DbError> {
    let sql = format!(
        "INSERT INTO rights_partners (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT (organization_id, protocol, identifier) DO NOTHING"
    );
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 17] = [
        &organization,
        &row.id,
        &row.version,
        &row.protocol,
        &row.name,
        &row.identifier,
        &row.business,
        &row.key_kind,
        &row.key,
        &row.callback_urls,
        &row.vouches,
        &row.jurisdiction,
        &row.token_digest,
        &row.token_since,
        &row.disabled_at,
        &row.created_at,
        &row.created_by,
    ];
    Ok(work.execute(&sql, &params).await? == 1)
}

/// Stores what people may change, and the token; counts a version.
pub async fn update(work: &Work, row: &PartnerRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE rights_partners SET version = version + 1, name = $3, key_kind = $4, key_bytes = $5, callback_urls = $6, vouches = $7, \
         jurisdiction = $8, token_digest = $9, token_since = $10, disabled_at = $11 WHERE organization_id = $1 AND id = $2";
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 11] = [
        &organization,
        &row.id,
        &row.name,
        &row.key_kind,
        &row.key,
        &row.callback_urls,
        &row.vouches,
        &row.jurisdiction,
        &row.token_digest,
        &row.token_since,
        &row.disabled_at,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One partner.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<PartnerRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM rights_partners WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PartnerRow::from))
}

/// The same, held until the transaction ends.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<PartnerRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM rights_partners WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PartnerRow::from))
}

/// A page in order of id.
pub async fn list(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<PartnerRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rights_partners WHERE organization_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(PartnerRow::from).collect())
}

/// How many there are.
pub async fn count(work: &Work) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM rights_partners WHERE organization_id = $1";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// Keeps the digest of a signed message until its end; false when it was taken before. Those that have ended by themselves go.
pub async fn take_message(
    work: &Work,
    partner: Uuid,
    digest: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization = work.organization().uuid();
    let old = "DELETE FROM rights_messages WHERE organization_id = $1 AND partner_id = $2 AND expires_at < clock_timestamp() - interval '1 hour'";
    work.execute(old, &[&organization, &partner]).await?;
    let sql = "INSERT INTO rights_messages (organization_id, partner_id, digest, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    Ok(work.execute(sql, &[&organization, &partner, &digest, &expires_at]).await? == 1)
}
