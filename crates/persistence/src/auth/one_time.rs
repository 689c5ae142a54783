//! One-time tokens, and passwords that somebody says to have forgotten.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// A token that was given out and not used yet.
#[derive(Clone, Debug)]
pub struct OneTimeRow {
    /// Its id.
    pub id: Uuid,
    /// Whom it was given to.
    pub user: UserId,
    /// `invitation` or `password_reset`.
    pub kind: String,
    /// Keyed digest of the token.
    pub digest: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends unused.
    pub expires_at: DateTime<Utc>,
}

impl From<&Row> for OneTimeRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            user: UserId::from(row.get::<_, Uuid>(1)),
            kind: row.get(2),
            digest: row.get(3),
            created_at: row.get(4),
            expires_at: row.get(5),
        }
    }
}

/// Keeps a token.
pub async fn insert(work: &Work, token: &OneTimeRow) -> Result<(), DbError> {
    let OneTimeRow { id, user, kind, digest, created_at, expires_at } = token;
    let sql = "INSERT INTO one_time_tokens (organization_id, id, user_id, kind, digest, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    work.execute(sql, &[&work.organization().uuid(), id, &user.uuid(), kind, digest, created_at, expires_at]).await?;
    Ok(())
}

/// The token, held until the transaction ends, and whether it lives by the database's own clock.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<(OneTimeRow, bool)>, DbError> {
    let sql = "SELECT id, user_id, kind, digest, created_at, expires_at, expires_at > clock_timestamp() FROM one_time_tokens \
         WHERE organization_id = $1 AND id = $2 FOR UPDATE";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| (OneTimeRow::from(&row), row.get(6))))
}

/// Takes every token of a person away: they were used, or are no longer to be.
pub async fn remove_all(work: &Work, user: UserId) -> Result<u64, DbError> {
    let sql = "DELETE FROM one_time_tokens WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await
}

/// How many tokens of a kind a person was given since then.
pub async fn given_since(work: &Work, user: UserId, kind: &str, since: DateTime<Utc>) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM one_time_tokens WHERE organization_id = $1 AND user_id = $2 AND kind = $3 AND created_at > $4";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &user.uuid(), &kind, &since]).await?.get(0))
}

/// Drops tokens that ended before this moment.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM one_time_tokens WHERE organization_id = $1 AND expires_at < $2";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}

/// Notes that somebody forgot the password of an address. One note per address is enough until it was seen to.
pub async fn note_forgotten(db: &Database, lookup: &[u8], id: Uuid, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "INSERT INTO password_reset_requests (lookup, id, requested_at) VALUES ($1, $2, $3) ON CONFLICT (lookup) DO NOTHING";
    let client = db.client().await?;
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&lookup, &id, &at]).await?;
    Ok(())
}

/// The oldest notes.
pub async fn forgotten(db: &Database) -> Result<Vec<(Uuid, Vec<u8>)>, DbError> {
    let sql = "SELECT id, lookup FROM password_reset_requests ORDER BY requested_at LIMIT 20";
    let client = db.client().await?;
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Takes a note away together with what was done about it. False when another instance was faster: do nothing.
pub async fn settle_forgotten(work: &Work, id: Uuid) -> Result<bool, DbError> {
    Ok(work.execute("DELETE FROM password_reset_requests WHERE id = $1", &[&id]).await? == 1)
}

/// Takes a note away that nothing is to be done about.
pub async fn drop_forgotten(db: &Database, id: Uuid) -> Result<(), DbError> {
    let client = db.client().await?;
    let statement = client.prepare_cached("DELETE FROM password_reset_requests WHERE id = $1").await?;
    client.execute(&statement, &[&id]).await?;
    Ok(())
}
