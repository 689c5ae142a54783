//! Restrictions of processing: since when, whether their end was announced, and when it came.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// One restriction.
#[derive(Clone, Copy, Debug)]
pub struct RestrictionRow {
    /// The request that it came from.
    pub request: Uuid,
    /// Whose data.
    pub customer: Uuid,
    /// From then on.
    pub since: DateTime<Utc>,
    /// When the person was told that it will be lifted.
    pub announced_at: Option<DateTime<Utc>>,
    /// When it was.
    pub lifted_at: Option<DateTime<Utc>>,
}

/// Restricts the use of a person's data. The customer must be locked.
pub async fn insert_restriction(
    work: &Work,
    request: Uuid,
    customer: Uuid,
    since: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql =
        "INSERT INTO privacy_restrictions (organization_id, request_id, customer_id, since) VALUES ($1, $2, $3, $4)";
    work.execute(sql, &[&organization, &request, &customer, &since]).await?;
    let sql = "UPDATE customers SET restricted = true WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&organization, &customer]).await?;
    Ok(())
}

/// The restriction that a request made, held until the transaction ends.
pub async fn lock_restriction(work: &Work, request: Uuid) -> Result<Option<RestrictionRow>, DbError> {
    let sql = "SELECT request_id, customer_id, since, announced_at, lifted_at FROM privacy_restrictions WHERE organization_id = $1 AND request_id = $2 FOR UPDATE";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &request]).await?;
    Ok(row.map(|row| RestrictionRow {
        request: row.get(0),
        customer: row.get(1),
        since: row.get(2),
        announced_at: row.get(3),
        lifted_at: row.get(4),
    }))
}

/// Notes that the person was told; the first time counts.
pub async fn announce_lifting(work: &Work, request: Uuid, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE privacy_restrictions SET announced_at = coalesce(announced_at, $3) WHERE organization_id = $1 AND request_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &request, &at]).await?;
    Ok(())
}

/// Lifts a restriction. The person's data is in use again unless another one is in force, or an erasure waits for a duty to keep.
pub async fn lift_restriction(work: &Work, row: RestrictionRow, at: DateTime<Utc>) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "UPDATE privacy_restrictions SET lifted_at = $3 WHERE organization_id = $1 AND request_id = $2";
    work.execute(sql, &[&organization, &row.request, &at]).await?;
    let sql = "UPDATE customers c SET restricted = EXISTS (SELECT FROM privacy_restrictions r WHERE r.organization_id = $1 AND r.customer_id = $2 AND r.lifted_at IS NULL) \
         OR EXISTS (SELECT FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = $2 AND e.state = 'blocked') WHERE c.organization_id = $1 AND c.id = $2";
    work.execute(sql, &[&organization, &row.customer]).await?;
    Ok(())
}

/// Those of these people whose data was restricted at a moment.
pub async fn restricted_at(work: &Work, customers: &[Uuid], at: DateTime<Utc>) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT DISTINCT customer_id FROM privacy_restrictions WHERE organization_id = $1 AND customer_id = ANY($2) AND since <= $3 \
         AND (lifted_at IS NULL OR lifted_at > $3)";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customers, &at]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
