//! Customers of one person for another, many at a time.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, DepartmentId, UserId};
use uuid::Uuid;

use super::{COLUMNS, CustomerRow, SealedFields};
use crate::{DbError, Work};

/// Who hands what to whom.
#[derive(Clone, Copy, Debug)]
pub struct HandOver {
    /// Whose the customers become.
    pub to: UserId,
    /// That person's department, which they go to.
    pub department: Option<DepartmentId>,
    /// Who does it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// The next customers of a person, at most so many, held until the transaction ends.
pub async fn lock_owned(work: &Work, owner: UserId, limit: i64) -> Result<Vec<CustomerRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.archived_at IS NULL ORDER BY c.id LIMIT $3 FOR UPDATE"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &owner.uuid(), &limit]).await?;
    Ok(rows.iter().map(CustomerRow::from).collect())
}

/// Hands held customers over, each with its values packed for its next version, and keeps what that version replaces.
pub async fn hand_over(work: &Work, packs: &[(CustomerId, SealedFields)], hand: &HandOver) -> Result<(), DbError> {
    const SQL: &str = "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::bytea[]) AS g(id, fields)), \
         kept AS (INSERT INTO customer_versions (organization_id, customer_id, version, changed_at, changed_by, actor_kind, changed_fields, previous, previous_fields) \
         SELECT c.organization_id, c.id, c.version + 1, $6::timestamptz, $7::uuid, 'staff', \
         CASE WHEN c.department_id IS DISTINCT FROM $5::uuid THEN ARRAY['owner_id', 'department_id'] ELSE ARRAY['owner_id'] END, \
         jsonb_build_object('stage', c.stage, 'source', c.source, 'region', c.region, 'owner_id', c.owner_id, 'department_id', c.department_id), ''::bytea \
         FROM customers c JOIN given g ON g.id = c.id WHERE c.organization_id = $1) \
         UPDATE customers c SET owner_id = $4::uuid, department_id = $5::uuid, version = c.version + 1, updated_at = $6::timestamptz, \
         updated_by = $7::uuid, fields = g.fields FROM given g WHERE c.organization_id = $1 AND c.id = g.id";
    let ids: Vec<Uuid> = packs.iter().map(|(id, _)| id.uuid()).collect();
    let fields: Vec<&[u8]> = packs.iter().map(|(_, fields)| fields.packed()).collect();
    let HandOver { to, department, by, at } = hand;
    let department = department.map(|d| d.uuid());
    work.execute(SQL, &[&work.organization().uuid(), &ids, &fields, &to.uuid(), &department, at, by]).await?;
    Ok(())
}
