//! Tags of an organisation, and which of them each customer carries.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// Its id.
    pub id: Uuid,
    /// What customers carry; never changes.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Counts changes.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// Since when no further customer is given it.
    pub retired_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, code, name, version, created_at, created_by, retired_at";

impl From<&Row> for TagRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            code: row.get(1),
            name: row.get(2),
            version: row.get(3),
            created_at: row.get(4),
            created_by: row.get(5),
            retired_at: row.get(6),
        }
    }
}

/// Every tag, in order of code.
pub async fn list_tags(work: &Work) -> Result<Vec<TagRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM tags WHERE organization_id = $1 ORDER BY code");
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(TagRow::from).collect())
}

/// One tag.
pub async fn find_tag(work: &Work, id: Uuid) -> Result<Option<TagRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM tags WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(TagRow::from))
}

/// One tag, held until the transaction ends.
pub async fn lock_tag(work: &Work, id: Uuid) -> Result<Option<TagRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM tags WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(TagRow::from))
}

/// Adds a tag. [`DbError::Conflict`] on `tags_code` when the code is taken.
pub async fn insert_tag(work: &Work, row: &TagRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO tags (organization_id, id, code, name, version, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let TagRow { id, code, name, version, created_at, created_by, retired_at: _ } = row;
    work.execute(SQL, &[&work.organization().uuid(), id, code, name, version, created_at, created_by]).await?;
    Ok(())
}

/// Stores what may change of a tag.
pub async fn update_tag(work: &Work, row: &TagRow) -> Result<(), DbError> {
    let sql = "UPDATE tags SET name = $3, version = $4, retired_at = $5 WHERE organization_id = $1 AND id = $2";
    let TagRow { id, name, version, retired_at, .. } = row;
    work.execute(sql, &[&work.organization().uuid(), id, name, version, retired_at]).await?;
    Ok(())
}

/// Those of these codes that may be put on customers.
pub async fn usable_tags(work: &Work, codes: &[String]) -> Result<Vec<String>, DbError> {
    let sql = "SELECT code FROM tags WHERE organization_id = $1 AND code = ANY($2) AND retired_at IS NULL";
    Ok(work.query(sql, &[&work.organization().uuid(), &codes]).await?.iter().map(|row| row.get(0)).collect())
}

/// Gives locked customers these tags beside those that they carry.
pub async fn add_codes(work: &Work, codes: &[(CustomerId, &str)]) -> Result<(), DbError> {
    if codes.is_empty() {
        return Ok(());
    }
    const SQL: &str = "INSERT INTO customer_tags (organization_id, customer_id, code) SELECT $1, * FROM unnest($2::uuid[], $3::text[]) ON CONFLICT DO NOTHING";
    let customers: Vec<Uuid> = codes.iter().map(|(customer, _)| customer.uuid()).collect();
    let codes: Vec<&str> = codes.iter().map(|(_, code)| *code).collect();
    work.execute(SQL, &[&work.organization().uuid(), &customers, &codes]).await?;
    Ok(())
}

/// Gives a locked customer these tags and no others.
pub async fn put_codes(work: &Work, customer: CustomerId, codes: &[String]) -> Result<(), DbError> {
    let sql = "DELETE FROM customer_tags WHERE organization_id = $1 AND customer_id = $2 AND code <> ALL($3)";
    work.execute(sql, &[&work.organization().uuid(), &customer.uuid(), &codes]).await?;
    let pairs: Vec<_> = codes.iter().map(|code| (customer, code.as_str())).collect();
    add_codes(work, &pairs).await
}
