//! Collection forms, their versions, and what people sent by them.

mod submissions;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use submissions::{
    SubmissionRow, count, decide, find_submission, insert_submission, list_submissions, lock_submission, serialise,
    waiting, waiting_of,
};

use crate::{DbError, Work};

type Param<'a> = &'a (dyn ToSql + Sync);

/// One form.
#[derive(Clone, Debug)]
pub struct FormRow {
    /// Its id, for good.
    pub id: Uuid,
    /// `draft`, `published` or `retired`.
    pub state: String,
    /// Counts changes.
    pub revision: i32,
    /// The newest published version; 0 for none.
    pub version: i32,
    /// As it would be published next, as the use cases serialise it.
    pub content: Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
    /// When its newest version was published.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was retired.
    pub retired_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "id, state, revision, version, content, created_at, created_by, updated_at, updated_by, published_at, retired_at";

impl From<&Row> for FormRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            state: row.get(1),
            revision: row.get(2),
            version: row.get(3),
            content: row.get(4),
            created_at: row.get(5),
            created_by: row.get(6),
            updated_at: row.get(7),
            updated_by: row.get(8),
            published_at: row.get(9),
            retired_at: row.get(10),
        }
    }
}

/// A page of the forms, oldest first.
pub async fn list(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<FormRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM forms WHERE organization_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(FormRow::from).collect())
}

/// One form.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<FormRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM forms WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(FormRow::from))
}

/// One form, held until the transaction ends.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<FormRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM forms WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(FormRow::from))
}

/// Stores a form, new or changed.
pub async fn put(work: &Work, row: &FormRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO forms (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (organization_id, id) DO UPDATE SET state = $3, revision = $4, version = $5, content = $6, updated_at = $9, updated_by = $10, published_at = $11, retired_at = $12"
    );
    let FormRow { id, state, revision, version, content, created_at, created_by, .. } = row;
    let FormRow { updated_at, updated_by, published_at, retired_at, .. } = row;
    let organization = work.organization().uuid();
    let params: [Param<'_>; 12] = [
        &organization,
        id,
        state,
        revision,
        version,
        content,
        created_at,
        created_by,
        updated_at,
        updated_by,
        published_at,
        retired_at,
    ];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Keeps what a form has become as its newest version, for good.
pub async fn insert_version(work: &Work, row: &FormRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO form_versions (organization_id, form_id, version, content, published_at, published_by) VALUES ($1, $2, $3, $4, $5, $6)";
    let FormRow { id, version, content, updated_at, updated_by, .. } = row;
    work.execute(SQL, &[&work.organization().uuid(), id, version, content, updated_at, updated_by]).await?;
    Ok(())
}

/// What one version of a form says.
pub async fn version(work: &Work, id: Uuid, version: i32) -> Result<Option<Value>, DbError> {
    let sql = "SELECT content FROM form_versions WHERE organization_id = $1 AND form_id = $2 AND version = $3";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &id, &version]).await?.map(|row| row.get(0)))
}
