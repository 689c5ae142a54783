//! Partner credentials.

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::kernel::{ApiKeyId, ThirdPartyId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One key; the secret is not here.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// Who holds it.
    pub third_party: ThirdPartyId,
    /// The holder's name.
    pub third_party_name: String,
    /// What it is for.
    pub name: String,
    /// Keyed digest of the secret.
    pub secret_digest: Vec<u8>,
    /// Permission codes.
    pub permissions: Vec<String>,
    /// Field keys.
    pub fields: Vec<String>,
    /// Purpose codes; empty means that it is bound to none.
    pub purposes: Vec<String>,
    /// CIDR ranges that it may be used from; empty means anywhere.
    pub ip_ranges: Vec<String>,
    /// Who created it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Keyed digest of the secret before.
    pub previous_digest: Option<Vec<u8>>,
    /// Until when that one works.
    pub previous_until: Option<DateTime<Utc>>,
    /// When the secret was last changed.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Calls that it may make in a day (UTC); `None` for any number.
    pub daily_quota: Option<i32>,
}

impl From<&Row> for ApiKeyRow {
    fn from(row: &Row) -> Self {
        Self {
            id: ApiKeyId::from(row.get::<_, Uuid>(0)),
            third_party: ThirdPartyId::from(row.get::<_, Uuid>(1)),
            third_party_name: row.get(2),
            name: row.get(3),
            secret_digest: row.get(4),
            permissions: row.get(5),
            fields: row.get(6),
            purposes: row.get(7),
            ip_ranges: row.get(8),
            created_by: row.get(9),
            created_at: row.get(10),
            expires_at: row.get(11),
            revoked_at: row.get(12),
            previous_digest: row.get(13),
            previous_until: row.get(14),
            rotated_at: row.get(15),
            last_used_at: row.get(16),
            daily_quota: row.get(17),
        }
    }
}

const SELECT: &str = "SELECT k.id, k.third_party_id, t.name, k.name, k.secret_digest, k.permissions, k.fields, k.purposes, k.ip_ranges, k.created_by, \
     k.created_at, k.expires_at, k.revoked_at, k.previous_digest, k.previous_until, k.rotated_at, k.last_used_at, k.daily_quota, k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) \
     FROM api_keys k JOIN third_parties t ON t.organization_id = k.organization_id AND t.id = k.third_party_id WHERE k.organization_id = $1";

/// The third party of this name, created if there is none.
pub async fn third_party(
    work: &Work,
    id: ThirdPartyId,
    name: &str,
    at: DateTime<Utc>,
) -> Result<ThirdPartyId, DbError> {
    let organization = work.organization().uuid();
    let sql = "INSERT INTO third_parties (organization_id, id, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (organization_id, name) DO NOTHING";
    work.execute(sql, &[&organization, &id.uuid(), &name, &at]).await?;
    let row = work
        .query_one("SELECT id FROM third_parties WHERE organization_id = $1 AND name = $2", &[&organization, &name])
        .await?;
    Ok(ThirdPartyId::from(row.get::<_, Uuid>(0)))
}

/// Adds a key.
pub async fn insert(work: &Work, key: &ApiKeyRow) -> Result<(), DbError> {
    let ApiKeyRow {
        id,
        third_party,
        name,
        secret_digest,
        permissions,
        fields,
        purposes,
        ip_ranges,
        created_by,
        created_at,
        expires_at,
        daily_quota,
        ..
    } = key;
    work.execute(
        "INSERT INTO api_keys (organization_id, id, third_party_id, name, secret_digest, permissions, fields, purposes, ip_ranges, created_by, \
         created_at, expires_at, daily_quota) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &work.organization().uuid(), &id.uuid(), &third_party.uuid(), name, secret_digest, permissions, fields, purposes, ip_ranges, created_by,
            created_at, expires_at, daily_quota,
        ],
    )
    .await?;
    Ok(())
}

/// The key, and whether it is in force by the database's own clock.
pub async fn find(work: &Work, id: ApiKeyId) -> Result<Option<(ApiKeyRow, bool)>, DbError> {
    let sql = format!("{SELECT} AND k.id = $2");
    Ok(work
        .query_opt(&sql, &[&work.organization().uuid(), &id.uuid()])
        .await?
        .map(|row| (ApiKeyRow::from(&row), row.get(18))))
}

/// A page of keys in order of id, after `after` if given, each with whether it is in force.
pub async fn list(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<(ApiKeyRow, bool)>, DbError> {
    let sql = format!("{SELECT} AND ($2::uuid IS NULL OR k.id > $2) ORDER BY k.id LIMIT $3");
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(|row| (ApiKeyRow::from(row), row.get(18))).collect())
}

/// Revokes the key; false when it was revoked before.
pub async fn revoke(work: &Work, id: ApiKeyId, at: DateTime<Utc>) -> Result<bool, DbError> {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &at]).await? == 1)
}

/// Puts another secret in force. The one until now works until `until`; whatever came before it ends at once.
pub async fn rotate(
    work: &Work,
    id: ApiKeyId,
    digest: &[u8],
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let sql = "UPDATE api_keys SET previous_digest = secret_digest, previous_until = $4, secret_digest = $3, rotated_at = $5 \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &digest, &until, &at]).await?;
    Ok(())
}

/// Revokes every key that somebody made; which ones were in force until now.
pub async fn revoke_all(work: &Work, by: Uuid, at: DateTime<Utc>) -> Result<Vec<Uuid>, DbError> {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE organization_id = $1 AND created_by = $2 AND revoked_at IS NULL RETURNING id";
    let rows = work.query(sql, &[&work.organization().uuid(), &by, &at]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Notes that the key was used; at most once a minute, so that a busy key costs no write per call.
pub async fn note_use(work: &Work, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE api_keys SET last_used_at = $3 WHERE organization_id = $1 AND id = $2 \
         AND (last_used_at IS NULL OR last_used_at < $3::timestamptz - interval '1 minute')";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &at]).await?;
    Ok(())
}

/// Takes up to `block` calls out of a key's day; how many it got. All instances draw from the same day.
pub async fn draw_calls(work: &Work, id: ApiKeyId, day: NaiveDate, block: i32, quota: i32) -> Result<i32, DbError> {
    const DRAW: &str = "UPDATE api_key_usage u SET used = least(o.used + $4, $5) FROM (SELECT used FROM api_key_usage \
         WHERE organization_id = $1 AND key_id = $2 AND day = $3 FOR UPDATE) o \
         WHERE u.organization_id = $1 AND u.key_id = $2 AND u.day = $3 RETURNING greatest(u.used - o.used, 0)";
    let (organization, id) = (work.organization().uuid(), id.uuid());
    let sql =
        "INSERT INTO api_key_usage (organization_id, key_id, day, used) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&organization, &id, &day]).await?;
    Ok(work.query_one(DRAW, &[&organization, &id, &day, &block, &quota]).await?.get(0))
}
