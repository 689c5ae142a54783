//! Answers kept for retried requests, written in the transaction of their effect.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{DbError, Work};

/// A kept answer.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// Digest of method, path, purpose and body.
    pub request_digest: Vec<u8>,
    /// Digest of the rights that the caller had.
    pub rights_digest: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// Headers worth repeating: name to value.
    pub headers: Value,
    /// The body: its own key, wrapped, and the answer sealed by it. Empty once it may not be given again.
    pub sealed_body: Vec<u8>,
}

/// Claims the key until the transaction ends. False when another request holds it right now.
pub async fn claim(work: &Work, caller: Uuid, key: &str) -> Result<bool, DbError> {
    let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7))";
    Ok(work.query_one(sql, &[&format!("{}/{caller}/{key}", work.organization())]).await?.get(0))
}

/// The answer kept for this key, if it is younger than `since`.
pub async fn find(work: &Work, caller: Uuid, key: &str, since: DateTime<Utc>) -> Result<Option<KeptAnswer>, DbError> {
    let sql = "SELECT request_digest, rights_digest, status, headers, sealed_body FROM idempotency_keys \
         WHERE organization_id = $1 AND caller_id = $2 AND key = $3 AND created_at > $4";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &caller, &key, &since]).await?.map(|row| KeptAnswer {
        request_digest: row.get(0),
        rights_digest: row.get(1),
        status: row.get(2),
        headers: row.get(3),
        sealed_body: row.get(4),
    }))
}

/// Keeps an answer, replacing an expired one.
pub async fn keep(work: &Work, caller: Uuid, key: &str, answer: &KeptAnswer, at: DateTime<Utc>) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let KeptAnswer { request_digest, rights_digest, status, headers, sealed_body } = answer;
    work.execute(
        "DELETE FROM idempotency_keys WHERE organization_id = $1 AND caller_id = $2 AND key = $3",
        &[&organization, &caller, &key],
    )
    .await?;
    work.execute(
        "INSERT INTO idempotency_keys (organization_id, caller_id, key, request_digest, rights_digest, status, headers, sealed_body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[&organization, &caller, &key, request_digest, rights_digest, status, headers, sealed_body, &at],
    )
    .await?;
    Ok(())
}

/// Drops answers older than `before`; how many went.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    work.execute(
        "DELETE FROM idempotency_keys WHERE organization_id = $1 AND created_at < $2",
        &[&work.organization().uuid(), &before],
    )
    .await
}
