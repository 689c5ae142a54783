//! Writes of records, their tags and their versions.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::RecordRow;
use crate::customers::SealedFields;
use crate::{DbError, Work};

/// What a version replaced.
#[derive(Clone, Debug)]
pub struct RecordVersionRow {
    /// The version that the change made.
    pub version: i32,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// By whom.
    pub changed_by: Uuid,
    /// `staff`, `partner` or `system`.
    pub actor_kind: String,
    /// Keys of fields that changed, and `owner_id`.
    pub changed: Vec<String>,
    /// Who saw to it before.
    pub previous_owner: Option<Uuid>,
    /// Sealed values before the change.
    pub previous_fields: SealedFields,
}

/// Adds a record and its tags. [`DbError::Conflict`] on `record_indexes_unique` when a unique value is taken.
pub async fn insert(work: &Work, row: &RecordRow, tags: &[([u8; 16], bool)]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO records (organization_id, customer_id, id, record_type, version, owner_id, at, due_at, state, amount, currency, \
         ended, created_at, created_by, updated_at, updated_by, fields, tags) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::numeric, $11, $12, $13, $14, $15, $16, $17, $18)";
    let organization = work.organization().uuid();
    let (customer, owner) = (row.customer.uuid(), row.owner.map(|owner| owner.uuid()));
    let (amount, currency) = (row.amount.as_ref().map(|(sum, _)| sum), row.amount.as_ref().map(|(_, code)| code));
    let packed = row.fields.packed();
    let params: [&(dyn ToSql + Sync); 18] = [
        &organization,
        &customer,
        &row.id,
        &row.record_type,
        &row.version,
        &owner,
        &row.at,
        &row.due_at,
        &row.state,
        &amount,
        &currency,
        &row.ended,
        &row.created_at,
        &row.created_by,
        &row.updated_at,
        &row.updated_by,
        &packed,
        &row.tags,
    ];
    work.execute(SQL, &params).await?;
    add_tags(work, row, tags).await
}

pub(super) async fn add_tags(work: &Work, row: &RecordRow, tags: &[([u8; 16], bool)]) -> Result<(), DbError> {
    if tags.is_empty() {
        return Ok(());
    }
    const SQL: &str = "INSERT INTO record_indexes (organization_id, customer_id, record_id, tag, is_unique) \
         SELECT $1, $2, $3, * FROM unnest($4::bytea[], $5::bool[])";
    let values: Vec<&[u8]> = tags.iter().map(|(tag, _)| tag.as_slice()).collect();
    let unique: Vec<bool> = tags.iter().map(|(_, unique)| *unique).collect();
    work.execute(SQL, &[&work.organization().uuid(), &row.customer.uuid(), &row.id, &values, &unique]).await?;
    Ok(())
}

/// Stores a change: the row, what the version replaced, and all tags of the record anew.
pub async fn store_change(
    work: &Work,
    row: &RecordRow,
    version: &RecordVersionRow,
    tags: &[([u8; 16], bool)],
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE records SET version = $4, owner_id = $5, at = $6, due_at = $7, state = $8, amount = $9::text::numeric, currency = $10, \
         ended = $11, updated_at = $12, updated_by = $13, fields = $14, tags = $15 WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let organization = work.organization().uuid();
    let (customer, owner) = (row.customer.uuid(), row.owner.map(|owner| owner.uuid()));
    let (amount, currency) = (row.amount.as_ref().map(|(sum, _)| sum), row.amount.as_ref().map(|(_, code)| code));
    let packed = row.fields.packed();
    let params: [&(dyn ToSql + Sync); 15] = [
        &organization,
        &customer,
        &row.id,
        &row.version,
        &owner,
        &row.at,
        &row.due_at,
        &row.state,
        &amount,
        &currency,
        &row.ended,
        &row.updated_at,
        &row.updated_by,
        &packed,
        &row.tags,
    ];
    work.execute(SQL, &params).await?;
    keep(work, row, version).await?;
    remove_tags(work, row.customer, row.id).await?;
    add_tags(work, row, tags).await
}

/// Gives a record to another owner: its values stay, closed under its new version.
pub async fn change_owner(work: &Work, row: &RecordRow, version: &RecordVersionRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE records SET version = $4, owner_id = $5, updated_at = $6, updated_by = $7, fields = $8 \
         WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let owner = row.owner.map(|owner| owner.uuid());
    let params: [&(dyn ToSql + Sync); 8] = [
        &work.organization().uuid(),
        &row.customer.uuid(),
        &row.id,
        &row.version,
        &owner,
        &row.updated_at,
        &row.updated_by,
        &row.fields.packed(),
    ];
    work.execute(SQL, &params).await?;
    keep(work, row, version).await
}

async fn keep(work: &Work, row: &RecordRow, version: &RecordVersionRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO record_versions (organization_id, customer_id, record_id, version, changed_at, changed_by, actor_kind, changed_fields, \
         previous_owner, previous_fields) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let RecordVersionRow { version, changed_at, changed_by, actor_kind, changed, previous_owner, previous_fields } =
        version;
    let packed = previous_fields.packed();
    let (organization, customer) = (work.organization().uuid(), row.customer.uuid());
    let params: [&(dyn ToSql + Sync); 10] = [
        &organization,
        &customer,
        &row.id,
        version,
        changed_at,
        changed_by,
        actor_kind,
        changed,
        previous_owner,
        &packed,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

pub(super) async fn remove_tags(work: &Work, customer: CustomerId, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM record_indexes WHERE organization_id = $1 AND customer_id = $2 AND record_id = $3";
    work.execute(sql, &[&work.organization().uuid(), &customer.uuid(), &id]).await?;
    Ok(())
}

/// Takes a record out of use: it is found and read no more. Its values stay sealed until the customer is erased, closed under the version that this makes.
pub async fn archive(
    work: &Work,
    row: &RecordRow,
    fields: &SealedFields,
    at: DateTime<Utc>,
    by: Uuid,
) -> Result<(), DbError> {
    remove_tags(work, row.customer, row.id).await?;
    let sql = "UPDATE records SET archived_at = $4, updated_at = $4, updated_by = $5, version = version + 1, fields = $6, tags = '' \
         WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let organization = work.organization().uuid();
    work.execute(sql, &[&organization, &row.customer.uuid(), &row.id, &at, &by, &fields.packed()]).await?;
    Ok(())
}

/// The versions of a record, newest first.
pub async fn versions(
    work: &Work,
    customer: CustomerId,
    id: Uuid,
    limit: i64,
) -> Result<Vec<RecordVersionRow>, DbError> {
    let sql = "SELECT version, changed_at, changed_by, actor_kind, changed_fields, previous_owner, previous_fields FROM record_versions \
         WHERE organization_id = $1 AND customer_id = $2 AND record_id = $3 ORDER BY version DESC LIMIT $4";
    let rows = work.query(sql, &[&work.organization().uuid(), &customer.uuid(), &id, &limit]).await?;
    let read = |row: &Row| RecordVersionRow {
        version: row.get(0),
        changed_at: row.get(1),
        changed_by: row.get(2),
        actor_kind: row.get(3),
        changed: row.get(4),
        previous_owner: row.get(5),
        previous_fields: SealedFields::from_packed(row.get(6)),
    };
    Ok(rows.iter().map(read).collect())
}
