//! The catalog: record types and fields that organisations made or changed, with their versions.

mod rebuild;
mod types;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

pub use rebuild::{RebuildRow, checkpoint, insert_rebuild, rebuild};
pub use types::{TypeRow, TypeVersionRow, store_type, store_type_version, type_versions, types};

use crate::{DbError, Work};

/// One field of an organisation's own, or one that it changed.
#[derive(Clone, Debug)]
pub struct FieldRow {
    /// Code of the record type.
    pub record_type: String,
    /// Its key.
    pub key: String,
    /// Its place among the others.
    pub place: i32,
    /// Counts changes.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// The field, as the use cases serialise it.
    pub content: Value,
    /// Classified below the legal floor, by a recorded exception.
    pub below_floor: bool,
    /// When it was made, or first changed.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
}

impl From<&Row> for FieldRow {
    fn from(row: &Row) -> Self {
        Self {
            record_type: row.get(0),
            key: row.get(1),
            place: row.get(2),
            version: row.get(3),
            state: row.get(4),
            content: row.get(5),
            below_floor: row.get(6),
            created_at: row.get(7),
            created_by: row.get(8),
            updated_at: row.get(9),
            updated_by: row.get(10),
        }
    }
}

/// One version of a field.
#[derive(Clone, Debug)]
pub struct FieldVersionRow {
    /// The version.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// The field as it was.
    pub content: Value,
    /// Members that changed; empty for a new field.
    pub changed: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
}

const COLUMNS: &str =
    "record_type, key, place, version, state, content, below_floor, created_at, created_by, updated_at, updated_by";

/// How many changes there were; 0 before the first.
pub async fn version(work: &Work) -> Result<i64, DbError> {
    let sql = "SELECT version FROM catalogs WHERE organization_id = $1";
    Ok(work.query_opt(sql, &[&work.organization().uuid()]).await?.map_or(0, |row| row.get(0)))
}

/// Counts a change and holds off every other one until this transaction ends.
pub async fn begin_change(work: &Work) -> Result<i64, DbError> {
    let sql = "INSERT INTO catalogs (organization_id, version) VALUES ($1, 1) \
         ON CONFLICT (organization_id) DO UPDATE SET version = catalogs.version + 1 RETURNING version";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// Keeps the catalog as it is until this transaction ends. Any number may do so at once; a change waits for them.
pub async fn hold_still(work: &Work) -> Result<(), DbError> {
    let sql = "SELECT FROM catalogs WHERE organization_id = $1 FOR SHARE";
    work.query_opt(sql, &[&work.organization().uuid()]).await?;
    Ok(())
}

/// Every field that the organisation keeps, in order.
pub async fn fields(work: &Work) -> Result<Vec<FieldRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM catalog_fields WHERE organization_id = $1 ORDER BY place, key");
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(FieldRow::from).collect())
}

/// One field, if the organisation made or changed it.
pub async fn field(work: &Work, record_type: &str, key: &str) -> Result<Option<FieldRow>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM catalog_fields WHERE organization_id = $1 AND record_type = $2 AND key = $3");
    let found = work.query_opt(&sql, &[&work.organization().uuid(), &record_type, &key]).await?;
    Ok(found.as_ref().map(FieldRow::from))
}

/// Stores what a field has become, new or not, and keeps the version.
pub async fn store(work: &Work, row: &FieldRow, changed: &[&str]) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO catalog_fields (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (organization_id, record_type, key) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state, \
         content = EXCLUDED.content, below_floor = EXCLUDED.below_floor, updated_at = EXCLUDED.updated_at, updated_by = EXCLUDED.updated_by"
    );
    let FieldRow {
        record_type,
        key,
        place,
        version,
        state,
        content,
        below_floor,
        created_at,
        created_by,
        updated_at,
        updated_by,
    } = row;
    let organization = work.organization().uuid();
    work.execute(
        &sql,
        &[
            &organization,
            record_type,
            key,
            place,
            version,
            state,
            content,
            below_floor,
            created_at,
            created_by,
            updated_at,
            updated_by,
        ],
    )
    .await?;
    let sql = "INSERT INTO catalog_field_versions (organization_id, record_type, key, version, state, content, changed, at, by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    work.execute(sql, &[&organization, record_type, key, version, state, content, &changed, updated_at, updated_by])
        .await?;
    Ok(())
}

/// The versions of a field since the organisation made or first changed it, newest first.
pub async fn versions(work: &Work, record_type: &str, key: &str) -> Result<Vec<FieldVersionRow>, DbError> {
    let sql = "SELECT version, state, content, changed, at, by_id FROM catalog_field_versions \
         WHERE organization_id = $1 AND record_type = $2 AND key = $3 ORDER BY version DESC";
    let rows = work.query(sql, &[&work.organization().uuid(), &record_type, &key]).await?;
    let read = |row: &Row| FieldVersionRow {
        version: row.get(0),
        state: row.get(1),
        content: row.get(2),
        changed: row.get(3),
        at: row.get(4),
        by: row.get(5),
    };
    Ok(rows.iter().map(read).collect())
}

/// What every version of every field changed, in the order of record types, keys and versions.
pub async fn all_versions(work: &Work) -> Result<Vec<VersionMark>, DbError> {
    let sql = "SELECT record_type, key, version, state, changed, at, by_id FROM catalog_field_versions WHERE organization_id = $1 \
         ORDER BY record_type, key, version";
    let rows = work.query(sql, &[&work.organization().uuid()]).await?;
    let read = |row: &Row| VersionMark {
        record_type: row.get(0),
        key: row.get(1),
        version: row.get(2),
        state: row.get(3),
        changed: row.get(4),
        at: row.get(5),
        by: row.get(6),
    };
    Ok(rows.iter().map(read).collect())
}

/// A version of a field without what it said.
#[derive(Clone, Debug)]
pub struct VersionMark {
    /// Code of the record type.
    pub record_type: String,
    /// The field's key.
    pub key: String,
    /// The version.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// Members that changed; empty for a new field.
    pub changed: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
}
