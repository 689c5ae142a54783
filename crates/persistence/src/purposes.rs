//! Purposes: as they are, as they were, and since when consents to them count.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One purpose.
#[derive(Clone, Debug)]
pub struct PurposeRow {
    /// Its id.
    pub id: Uuid,
    /// Its code, for good.
    pub code: String,
    /// Counts changes.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// The purpose itself, as the use cases serialise it.
    pub content: Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
}

impl From<&Row> for PurposeRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            code: row.get(1),
            version: row.get(2),
            state: row.get(3),
            content: row.get(4),
            created_at: row.get(5),
            created_by: row.get(6),
            updated_at: row.get(7),
            updated_by: row.get(8),
        }
    }
}

/// One version of a purpose.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The version.
    pub version: i32,
    /// `active` or `retired`.
    pub state: String,
    /// The purpose as it was.
    pub content: Value,
    /// Members that changed; empty for the first version.
    pub changed: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
}

const COLUMNS: &str = "id, code, version, state, content, created_at, created_by, updated_at, updated_by";

/// Adds a purpose. [`DbError::Conflict`] when the code is taken.
pub async fn insert(work: &Work, row: &PurposeRow) -> Result<(), DbError> {
    let sql =
        format!("INSERT INTO purposes (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    let PurposeRow { id, code, version, state, content, created_at, created_by, updated_at, updated_by } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 10] =
        [&organization, id, code, version, state, content, created_at, created_by, updated_at, updated_by];
    work.execute(&sql, &params).await?;
    keep(work, row, &[]).await
}

/// Stores what a purpose has become and keeps the version.
pub async fn update(work: &Work, row: &PurposeRow, changed: &[&str]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE purposes SET version = $3, state = $4, content = $5, updated_at = $6, updated_by = $7 \
         WHERE organization_id = $1 AND id = $2";
    let PurposeRow { id, version, state, content, updated_at, updated_by, .. } = row;
    work.execute(SQL, &[&work.organization().uuid(), id, version, state, content, updated_at, updated_by]).await?;
    keep(work, row, changed).await
}

async fn keep(work: &Work, row: &PurposeRow, changed: &[&str]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO purpose_versions (organization_id, purpose_id, version, code, state, content, changed, at, by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let PurposeRow { id, code, version, state, content, updated_at, updated_by, .. } = row;
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, id, version, code, state, content, &changed, updated_at, updated_by]).await?;
    Ok(())
}

/// From this moment on consents of the purpose count; those given before must be renewed.
pub async fn renew_from(
    work: &Work,
    code: &str,
    at: DateTime<Utc>,
    cause: &str,
    reference: Uuid,
) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "UPDATE purposes SET consents_from = $3 WHERE organization_id = $1 AND code = $2";
    work.execute(sql, &[&organization, &code, &at]).await?;
    let sql = "INSERT INTO purpose_renewals (organization_id, code, at, cause, reference) VALUES ($1, $2, $3, $4, $5)";
    work.execute(sql, &[&organization, &code, &at, &cause, &reference]).await?;
    Ok(())
}

/// The purpose of an id or a code.
pub async fn find(work: &Work, name: &str) -> Result<Option<PurposeRow>, DbError> {
    one(work, name, "").await
}

/// The same, held against every other change of it until the transaction ends.
pub async fn lock(work: &Work, name: &str) -> Result<Option<PurposeRow>, DbError> {
    one(work, name, " FOR UPDATE").await
}

async fn one(work: &Work, name: &str, mode: &str) -> Result<Option<PurposeRow>, DbError> {
    let by = if Uuid::try_parse(name).is_ok() { "id::text" } else { "code" };
    let sql = format!("SELECT {COLUMNS} FROM purposes WHERE organization_id = $1 AND {by} = lower($2){mode}");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &name]).await?.as_ref().map(PurposeRow::from))
}

/// Every purpose in order of code; of one state if given.
pub async fn list(work: &Work, state: Option<&str>) -> Result<Vec<PurposeRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM purposes WHERE organization_id = $1 AND ($2::text IS NULL OR state = $2) ORDER BY code"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &state]).await?.iter().map(PurposeRow::from).collect())
}

/// Those in force of these codes.
pub async fn in_force(work: &Work, codes: &[&str]) -> Result<Vec<PurposeRow>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM purposes WHERE organization_id = $1 AND code = ANY($2) AND state = 'active'");
    Ok(work.query(&sql, &[&work.organization().uuid(), &codes]).await?.iter().map(PurposeRow::from).collect())
}

/// A purpose in force, with the moment from which on consents to it count.
#[derive(Clone, Debug)]
pub struct InUse {
    /// Its code.
    pub code: String,
    /// The purpose itself, as the use cases serialise it.
    pub content: Value,
    /// Consents from before need renewal.
    pub consents_from: DateTime<Utc>,
}

/// Every purpose in force, in order of its code.
pub async fn in_use(work: &Work) -> Result<Vec<InUse>, DbError> {
    let sql = "SELECT code, content, consents_from FROM purposes WHERE organization_id = $1 AND state = 'active' ORDER BY code";
    let rows = work.query(sql, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| InUse { code: row.get(0), content: row.get(1), consents_from: row.get(2) }).collect())
}

/// Which of these codes are no purpose in force.
pub async fn unknown(work: &Work, codes: &[String]) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT named.code FROM unnest($2::text[]) named(code) WHERE NOT EXISTS \
         (SELECT FROM purposes p WHERE p.organization_id = $1 AND p.code = named.code AND p.state = 'active')";
    Ok(work.query(SQL, &[&work.organization().uuid(), &codes]).await?.iter().map(|row| row.get(0)).collect())
}

/// What one version of a purpose said.
pub async fn version_of(work: &Work, code: &str, version: i32) -> Result<Option<Value>, DbError> {
    const SQL: &str = "SELECT content FROM purpose_versions WHERE organization_id = $1 AND code = $2 AND version = $3";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &code, &version]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Every version of a purpose, newest first.
pub async fn versions(work: &Work, id: Uuid) -> Result<Vec<VersionRow>, DbError> {
    const SQL: &str = "SELECT version, state, content, changed, at, by_id FROM purpose_versions \
         WHERE organization_id = $1 AND purpose_id = $2 ORDER BY version DESC";
    let read = |row: &Row| VersionRow {
        version: row.get(0),
        state: row.get(1),
        content: row.get(2),
        changed: row.get(3),
        at: row.get(4),
        by: row.get(5),
    };
    Ok(work.query(SQL, &[&work.organization().uuid(), &id]).await?.iter().map(read).collect())
}
