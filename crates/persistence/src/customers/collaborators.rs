//! Who works on a customer beside its owner.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// That a collaboration is in force, in words of SQL over `customer_collaborators k`. Scope and decision both rest on it.
pub(crate) const IN_FORCE: &str = "(k.ends_at IS NULL OR k.ends_at > clock_timestamp())";

/// One collaborator of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollaboratorRow {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub added_at: DateTime<Utc>,
    /// Who named them.
    pub added_by: Uuid,
    /// In force before this moment; `None` for good.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The collaborators of a customer now, in order of id.
pub async fn collaborators(work: &Work, customer: CustomerId) -> Result<Vec<CollaboratorRow>, DbError> {
    let sql = format!(
        "SELECT k.user_id, k.added_at, k.added_by, k.ends_at FROM customer_collaborators k \
         WHERE k.organization_id = $1 AND k.customer_id = $2 AND {IN_FORCE} ORDER BY k.user_id"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    let of = |row: &Row| CollaboratorRow {
        user: UserId::from(row.get::<_, Uuid>(0)),
        added_at: row.get(1),
        added_by: row.get(2),
        ends_at: row.get(3),
    };
    Ok(rows.iter().map(of).collect())
}

/// Gives a locked customer these collaborators and no others; who was one before keeps the day of it.
pub async fn put_collaborators(work: &Work, customer: CustomerId, rows: &[CollaboratorRow]) -> Result<(), DbError> {
    const GONE: &str =
        "DELETE FROM customer_collaborators WHERE organization_id = $1 AND customer_id = $2 AND user_id <> ALL($3)";
    const PUT: &str = "INSERT INTO customer_collaborators AS k (organization_id, customer_id, user_id, added_at, added_by, ends_at) \
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::timestamptz[], $5::uuid[], $6::timestamptz[]) \
         ON CONFLICT (organization_id, customer_id, user_id) DO UPDATE SET added_at = EXCLUDED.added_at, added_by = EXCLUDED.added_by, ends_at = EXCLUDED.ends_at";
    let (organization, customer) = (work.organization().uuid(), customer.uuid());
    let users: Vec<Uuid> = rows.iter().map(|row| row.user.uuid()).collect();
    let since: Vec<DateTime<Utc>> = rows.iter().map(|row| row.added_at).collect();
    let by: Vec<Uuid> = rows.iter().map(|row| row.added_by).collect();
    let ends: Vec<Option<DateTime<Utc>>> = rows.iter().map(|row| row.ends_at).collect();
    work.execute(GONE, &[&organization, &customer, &users]).await?;
    work.execute(PUT, &[&organization, &customer, &users, &since, &by, &ends]).await?;
    Ok(())
}

/// Ends everything that somebody works on beside others; how many customers there were.
pub async fn end_collaborations(work: &Work, user: UserId) -> Result<u64, DbError> {
    let sql = "DELETE FROM customer_collaborators WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await
}
