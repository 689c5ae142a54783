//! One-time codes: a keyed digest each, few tries, a short life. Where there is nobody to send one to, a row stands all the same.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// A code that was asked for.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// Its id.
    pub id: Uuid,
    /// The request, or the visitor, that it is for.
    pub about: Uuid,
    /// Keyed digest; `None` where there was nobody to send it to.
    pub digest: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From then on it is of no use.
    pub expires_at: DateTime<Utc>,
}

/// Keeps a code; those before it about the same are of no use any more.
pub async fn insert_code(work: &Work, row: &CodeRow) -> Result<(), DbError> {
    let CodeRow { id, about, digest, created_at, expires_at } = row;
    let organization = work.organization().uuid();
    let sql = "UPDATE privacy_codes SET expires_at = least(expires_at, $3) WHERE organization_id = $1 AND about = $2";
    work.execute(sql, &[&organization, about, created_at]).await?;
    let sql = "INSERT INTO privacy_codes (organization_id, id, about, digest, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    work.execute(sql, &[&organization, id, about, digest, created_at, expires_at]).await?;
    Ok(())
}

/// Says what the code is, once it is known that there is somebody to send it to.
pub async fn set_digest(work: &Work, id: Uuid, digest: &[u8]) -> Result<(), DbError> {
    let sql = "UPDATE privacy_codes SET digest = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &digest]).await?;
    Ok(())
}

/// How many codes were made about this since then.
pub async fn made_since(work: &Work, about: Uuid, since: DateTime<Utc>) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM privacy_codes WHERE organization_id = $1 AND about = $2 AND created_at > $3";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &about, &since]).await?.get(0))
}

/// Counts a try, and answers what the newest living code about this is, if any try is left. Commit it whatever comes of the try.
pub async fn try_code(work: &Work, about: Uuid, most: i32) -> Result<Option<(Uuid, Option<Vec<u8>>)>, DbError> {
    const SQL: &str = "UPDATE privacy_codes SET attempts = attempts + 1 WHERE organization_id = $1 AND id = (SELECT id FROM privacy_codes \
         WHERE organization_id = $1 AND about = $2 ORDER BY created_at DESC, id DESC LIMIT 1) AND attempts < $3 AND expires_at > clock_timestamp() RETURNING id, digest";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &about, &most]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

/// Spends a code. False when somebody was faster.
pub async fn spend_code(work: &Work, id: Uuid) -> Result<bool, DbError> {
    let sql = "DELETE FROM privacy_codes WHERE organization_id = $1 AND id = $2";
    Ok(work.execute(sql, &[&work.organization().uuid(), &id]).await? == 1)
}

/// Drops codes that were made before this moment.
pub async fn purge_codes(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM privacy_codes WHERE organization_id = $1 AND created_at < $2";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}
