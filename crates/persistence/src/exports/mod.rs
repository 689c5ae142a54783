//! Exports: what was asked for, and where each file stands.

mod members;
mod pieces;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, SessionId, UserId};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use members::{Told, count_matching, drop_members, insert_matching, members, note_shown, outdated};
pub use pieces::{any_decoy, by_decoy, chunk, insert_chunk, insert_decoys};

use crate::{DbError, Work};

/// One file.
#[derive(Clone, Debug)]
pub struct ExportRow {
    /// Its id, and that of the request that it hangs on.
    pub id: Uuid,
    /// The job that prepares it.
    pub job: Uuid,
    /// Who asked for it, and alone may have it.
    pub requester: UserId,
    /// In which session.
    pub session: SessionId,
    /// `csv`, `xlsx` or `ndjson`.
    pub format: String,
    /// The most rows.
    pub row_limit: i32,
    /// What was looked for.
    pub filter: Value,
    /// How many it matched when it was asked for.
    pub members: i32,
    /// How many of them were looked at.
    pub done: i32,
    /// `waiting`, `preparing`, `ready`, `downloaded`, `expired` or `failed`, by the database's clock.
    pub stage: String,
    /// Version of the file's key.
    pub key_version: Option<i32>,
    /// The file's key, wrapped.
    pub wrapped_key: Option<Vec<u8>>,
    /// Rows about people, the decoy left out.
    pub row_count: Option<i32>,
    /// How many were left out, by reason.
    pub left_out: Option<Value>,
    /// SHA-256 of the file.
    pub sha256: Option<Vec<u8>>,
    /// Its bytes.
    pub size: Option<i64>,
    /// Its sealed pieces.
    pub chunks: Option<i32>,
    /// Keyed digest of the link's token.
    pub token_digest: Option<Vec<u8>>,
    /// When it was ready.
    pub ready_at: Option<DateTime<Utc>>,
    /// From then on it is gone.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken away.
    pub downloaded_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// What is done to each field of a de-identified copy; `None` for a plain file.
    pub recipe: Option<Value>,
    /// What came of that.
    pub report: Option<Value>,
}

/// A file that is ready past its time is not, whether anybody has looked at it yet or not.
const COLUMNS: &str = "id, job_id, requester_id, session_id, format, row_limit, filter, members, done, \
     CASE WHEN stage = 'ready' AND expires_at <= clock_timestamp() THEN 'expired' ELSE stage END, key_version, wrapped_key, row_count, left_out, sha256, \
     size, chunks, token_digest, ready_at, expires_at, downloaded_at, created_at, recipe, report";

impl From<&Row> for ExportRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            job: row.get(1),
            requester: UserId::from(row.get::<_, Uuid>(2)),
            session: SessionId::from(row.get::<_, Uuid>(3)),
            format: row.get(4),
            row_limit: row.get(5),
            filter: row.get(6),
            members: row.get(7),
            done: row.get(8),
            stage: row.get(9),
            key_version: row.get(10),
            wrapped_key: row.get(11),
            row_count: row.get(12),
            left_out: row.get(13),
            sha256: row.get(14),
            size: row.get(15),
            chunks: row.get(16),
            token_digest: row.get(17),
            ready_at: row.get(18),
            expires_at: row.get(19),
            downloaded_at: row.get(20),
            created_at: row.get(21),
            recipe: row.get(22),
            report: row.get(23),
        }
    }
}

/// A file to be asked for.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Its id, and that of the request.
    pub id: Uuid,
    /// The job that is to prepare it.
    pub job: Uuid,
    /// Who asks.
    pub requester: UserId,
    /// In which session.
    pub session: SessionId,
    /// `csv`, `xlsx` or `ndjson`.
    pub format: &'static str,
    /// The most rows.
    pub row_limit: i32,
    /// What was looked for.
    pub filter: Value,
    /// How many it matched.
    pub members: i32,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What is done to each field of a de-identified copy.
    pub recipe: Option<Value>,
}

/// Adds a file that waits.
pub async fn insert(work: &Work, new: &NewExport) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO exports (organization_id, id, job_id, requester_id, session_id, format, row_limit, filter, members, stage, created_at, recipe) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11)";
    let NewExport { id, job, requester, session, format, row_limit, filter, members, created_at, recipe } = new;
    let (organization, requester, session) = (work.organization().uuid(), requester.uuid(), session.uuid());
    let params: [&(dyn ToSql + Sync); 11] =
        [&organization, id, job, &requester, &session, format, row_limit, filter, members, created_at, recipe];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One file.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<ExportRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ExportRow::from))
}

/// One file, held until the transaction ends: of two downloads at once one finds it there.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<ExportRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ExportRow::from))
}

/// The file that a job works on, held until the transaction ends.
pub async fn lock_by_job(work: &Work, job: Uuid) -> Result<Option<ExportRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND job_id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &job]).await?.as_ref().map(ExportRow::from))
}

/// A page of files, newest first; of one requester if given.
pub async fn list(
    work: &Work,
    requester: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ExportRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND ($2::uuid IS NULL OR requester_id = $2) AND ($3::uuid IS NULL OR id < $3) \
         ORDER BY id DESC LIMIT $4"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &requester, &before, &limit]).await?;
    Ok(rows.iter().map(ExportRow::from).collect())
}

/// The files of a person that are there to be taken away, newest first.
pub async fn ready_of(work: &Work, requester: UserId) -> Result<Vec<ExportRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND requester_id = $2 AND stage = 'ready' AND expires_at > clock_timestamp() ORDER BY id DESC"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &requester.uuid()]).await?;
    Ok(rows.iter().map(ExportRow::from).collect())
}

/// Every file of a person that is not gone.
pub async fn live_of(work: &Work, requester: UserId) -> Result<Vec<ExportRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND requester_id = $2 AND stage IN ('waiting', 'preparing', 'ready') ORDER BY id"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &requester.uuid()]).await?;
    Ok(rows.iter().map(ExportRow::from).collect())
}

/// Every file that is written or there, and that this customer may be in.
pub async fn live_with(work: &Work, customer: CustomerId) -> Result<Vec<ExportRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM exports WHERE organization_id = $1 AND stage IN ('preparing', 'ready') AND id IN (SELECT export_id FROM export_members \
         WHERE organization_id = $1 AND customer_ids @> ARRAY[$2::uuid]) ORDER BY id"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok(rows.iter().map(ExportRow::from).collect())
}

/// Begins to prepare a file, from nothing: what an attempt before this one left is gone.
pub async fn begin(work: &Work, id: Uuid, key_version: i32, wrapped_key: &[u8]) -> Result<(), DbError> {
    pieces::forget(work, id).await?;
    let sql = "DELETE FROM export_decoys WHERE organization_id = $1 AND export_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    let sql = "UPDATE exports SET stage = 'preparing', done = 0, key_version = $3, wrapped_key = $4, token_digest = NULL \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &key_version, &wrapped_key]).await?;
    Ok(())
}

/// The file is to be prepared by this job; what there was of it goes, and no link leads to it any more.
pub async fn begin_anew(work: &Work, id: Uuid, job: Uuid) -> Result<(), DbError> {
    pieces::forget(work, id).await?;
    let sql = "UPDATE exports SET stage = 'preparing', done = 0, job_id = $3, wrapped_key = NULL, token_digest = NULL, ready_at = NULL \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &job]).await?;
    Ok(())
}

/// Says how many members were looked at.
pub async fn note_done(work: &Work, id: Uuid, done: i32) -> Result<(), DbError> {
    let sql = "UPDATE exports SET done = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &done]).await?;
    Ok(())
}

/// What a file has come to.
#[derive(Clone, Debug)]
pub struct Made {
    /// Rows about people.
    pub rows: i32,
    /// How many were left out, by reason.
    pub left_out: Value,
    /// SHA-256 of the file.
    pub sha256: Vec<u8>,
    /// Its bytes.
    pub size: i64,
    /// Its pieces.
    pub chunks: i32,
    /// What came of a de-identified copy.
    pub report: Option<Value>,
}

/// The file is ready, for so many hours by the database's clock since it first was; when they end.
pub async fn finish(work: &Work, id: Uuid, made: &Made, hours: i32) -> Result<DateTime<Utc>, DbError> {
    const SQL: &str = "UPDATE exports SET stage = 'ready', row_count = $3, left_out = $4, sha256 = $5, size = $6, chunks = $7, report = $9, ready_at = t.now, \
         expires_at = coalesce(expires_at, t.now + make_interval(hours => $8)) FROM (SELECT clock_timestamp() AS now) t \
         WHERE organization_id = $1 AND id = $2 RETURNING expires_at";
    let Made { rows, left_out, sha256, size, chunks, report } = made;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 9] = [&organization, &id, rows, left_out, sha256, size, chunks, &hours, report];
    Ok(work.query_one(SQL, &params).await?.get(0))
}

/// Keeps the digest of the link's token; an earlier one counts no more.
pub async fn set_token(work: &Work, id: Uuid, digest: &[u8]) -> Result<(), DbError> {
    let sql = "UPDATE exports SET token_digest = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &digest]).await?;
    Ok(())
}

/// The file was taken away and cannot be again: its key is gone from here.
pub async fn take(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "UPDATE exports SET stage = 'downloaded', downloaded_at = clock_timestamp(), wrapped_key = NULL, token_digest = NULL \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// Takes all that is left of a file away, and notes what it is now.
pub async fn end(work: &Work, id: Uuid, stage: &str) -> Result<(), DbError> {
    pieces::forget(work, id).await?;
    drop_members(work, id).await?;
    let sql =
        "UPDATE exports SET stage = $3, wrapped_key = NULL, token_digest = NULL WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &stage]).await?;
    Ok(())
}
