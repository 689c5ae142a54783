//! What each version of a customer replaced.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use serde_json::Value;
use uuid::Uuid;

use super::{SealedFields, mark_of};
use crate::{DbError, Work};

/// One version: who made it, which fields it changed, and what they were before.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The customer.
    pub customer: CustomerId,
    /// The version that this change made.
    pub version: i32,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// By whom.
    pub changed_by: Uuid,
    /// `staff`, `partner` or `system`.
    pub actor_kind: String,
    /// Keys of fields and names of attributes that changed.
    pub changed: Vec<String>,
    /// Attributes before the change: no personal values.
    pub previous: Value,
    /// Sealed values before the change; a field that was not set is missing.
    pub previous_fields: SealedFields,
}

/// Keeps what was replaced.
pub async fn insert_versions(work: &Work, rows: &[VersionRow]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO customer_versions (organization_id, customer_id, version, changed_at, changed_by, actor_kind, changed_fields, \
         previous, previous_fields) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let organization = work.organization().uuid();
    for row in rows {
        let VersionRow { customer, version, changed_at, changed_by, actor_kind, changed, previous, previous_fields } =
            row;
        work.execute(
            SQL,
            &[
                &organization,
                &customer.uuid(),
                version,
                changed_at,
                changed_by,
                actor_kind,
                changed,
                previous,
                &previous_fields.packed(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Versions of one customer, newest first, below `before` if given.
pub async fn list_versions(
    work: &Work,
    customer: CustomerId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<VersionRow>, DbError> {
    const SQL: &str = "SELECT version, changed_at, changed_by, actor_kind, changed_fields, previous, previous_fields FROM customer_versions \
         WHERE organization_id = $1 AND customer_id = $2 AND ($3::int IS NULL OR version < $3) ORDER BY version DESC LIMIT $4";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer.uuid(), &before, &limit]).await?;
    Ok(rows
        .iter()
        .map(|row| VersionRow {
            customer,
            version: row.get(0),
            changed_at: row.get(1),
            changed_by: row.get(2),
            actor_kind: row.get(3),
            changed: row.get(4),
            previous: row.get(5),
            previous_fields: SealedFields::from_packed(row.get(6)),
        })
        .collect())
}

/// Takes what a field was before away from the past of a locked customer, from the one version alone if one is named. How many versions held something of
/// it; an error for a broken pack.
pub async fn scrub_versions(work: &Work, customer: CustomerId, key: &str, only: Option<i32>) -> Result<usize, DbError> {
    const FIND: &str = "SELECT version, previous_fields FROM customer_versions WHERE organization_id = $1 AND customer_id = $2 \
         AND position($3::bytea IN previous_fields) > 0 AND ($4::integer IS NULL OR version = $4)";
    const PUT: &str = "UPDATE customer_versions SET previous_fields = $4 WHERE organization_id = $1 AND customer_id = $2 AND version = $3";
    let (organization, customer) = (work.organization().uuid(), customer.uuid());
    let mut held = 0;
    for row in work.query(FIND, &[&organization, &customer, &mark_of(key), &only]).await? {
        let past = SealedFields::from_packed(row.get(1));
        if past.get(key).is_none() {
            continue;
        }
        let left = past.without(key).ok_or_else(|| DbError::Internal("a broken pack".to_owned()))?;
        work.execute(PUT, &[&organization, &customer, &row.get::<_, i32>(0), &left.packed()]).await?;
        held += 1;
    }
    Ok(held)
}
