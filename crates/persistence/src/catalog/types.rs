//! Record types of an organisation's own, and the names that it gives to built-in ones.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One record type of an organisation's own, or a built-in one that it named anew.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// Its code.
    pub code: String,
    /// Its place among the others.
    pub place: i32,
    /// Counts changes.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// English name.
    pub label_en: String,
    /// Chinese name.
    pub label_zh: String,
    /// When it was made, or first changed.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
}

impl From<&Row> for TypeRow {
    fn from(row: &Row) -> Self {
        Self {
            code: row.get(0),
            place: row.get(1),
            version: row.get(2),
            state: row.get(3),
            label_en: row.get(4),
            label_zh: row.get(5),
            created_at: row.get(6),
            created_by: row.get(7),
            updated_at: row.get(8),
            updated_by: row.get(9),
        }
    }
}

const COLUMNS: &str = "code, place, version, state, label_en, label_zh, created_at, created_by, updated_at, updated_by";

/// Every record type that the organisation keeps, in order.
pub async fn types(work: &Work) -> Result<Vec<TypeRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM catalog_record_types WHERE organization_id = $1 ORDER BY place, code");
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(TypeRow::from).collect())
}

/// One version of a record type.
#[derive(Clone, Debug)]
pub struct TypeVersionRow {
    /// The version.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// Its English name.
    pub label_en: String,
    /// Its Chinese name.
    pub label_zh: String,
    /// Members that changed.
    pub changed: Vec<String>,
    /// When it came into force.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub by: Uuid,
}

/// Adds a version of a record type as it stands, unless it is there.
pub async fn store_type_version(work: &Work, row: &TypeRow, changed: &[String]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO catalog_record_type_versions (organization_id, code, version, state, label_en, label_zh, changed, at, by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let TypeRow { code, version, state, label_en, label_zh, updated_at, updated_by, .. } = row;
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, code, version, state, label_en, label_zh, &changed, updated_at, updated_by])
        .await?;
    Ok(())
}

/// The versions of a record type since the organisation made or first changed it, newest first.
pub async fn type_versions(work: &Work, code: &str) -> Result<Vec<TypeVersionRow>, DbError> {
    let sql = "SELECT version, state, label_en, label_zh, changed, at, by_id FROM catalog_record_type_versions \
         WHERE organization_id = $1 AND code = $2 ORDER BY version DESC";
    let read = |row: &Row| TypeVersionRow {
        version: row.get(0),
        state: row.get(1),
        label_en: row.get(2),
        label_zh: row.get(3),
        changed: row.get(4),
        at: row.get(5),
        by: row.get(6),
    };
    Ok(work.query(sql, &[&work.organization().uuid(), &code]).await?.iter().map(read).collect())
}

/// Stores what a record type has become, new or not.
pub async fn store_type(work: &Work, row: &TypeRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO catalog_record_types (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (organization_id, code) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state, label_en = EXCLUDED.label_en, \
         label_zh = EXCLUDED.label_zh, updated_at = EXCLUDED.updated_at, updated_by = EXCLUDED.updated_by"
    );
    let TypeRow { code, place, version, state, label_en, label_zh, created_at, created_by, updated_at, updated_by } =
        row;
    let organization = work.organization().uuid();
    work.execute(
        &sql,
        &[
            &organization,
            code,
            place,
            version,
            state,
            label_en,
            label_zh,
            created_at,
            created_by,
            updated_at,
            updated_by,
        ],
    )
    .await?;
    Ok(())
}
