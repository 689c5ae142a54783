//! Imports: the sealed file, how far it got, what it refused, and what it did.

mod changes;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{JobId, SessionId, UserId};
use serde_json::Value;
use uuid::Uuid;

pub use changes::{
    ChangeRow, Undo, begin_undo, changes, done_with, forget_changes, keep, kept, note_changes, touched, undo_of,
};

use crate::{DbError, Work};

/// One import; its id is its job's.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// The job.
    pub id: JobId,
    /// `create` or `upsert`.
    pub mode: String,
    /// Nothing is stored, only checked.
    pub dry_run: bool,
    /// Code of the record type.
    pub record_type: String,
    /// `overwrite`, `fill` or `refuse`.
    pub on_conflict: String,
    /// Name of a workbook's sheet, if one was named.
    pub sheet: Option<String>,
    /// Where times without a zone are meant.
    pub utc_offset: String,
    /// `csv`, `ndjson` or `xlsx`.
    pub format: String,
    /// `utf-8` or `gb18030`.
    pub encoding: String,
    /// Column name to field key.
    pub mapping: Value,
    /// Who imports.
    pub owner: UserId,
    /// The session that asked.
    pub session: SessionId,
    /// Version of the file's key.
    pub key_version: i32,
    /// The file's key, wrapped by bucket 0; `None` once the file is gone.
    pub wrapped_key: Option<Vec<u8>>,
    /// How many chunks the file has.
    pub chunks: i32,
    /// Records worked off, committed together with their rows.
    pub rows_done: i64,
    /// Customers created.
    pub created: i64,
    /// Customers changed.
    pub updated: i64,
    /// Records refused.
    pub rejected: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// Adds an import beside its job.
pub async fn insert(work: &Work, row: &ImportRow) -> Result<(), DbError> {
    let ImportRow {
        id,
        mode,
        dry_run,
        record_type,
        on_conflict,
        sheet,
        utc_offset,
        format,
        encoding,
        mapping,
        owner,
        session,
        key_version,
        wrapped_key,
        chunks,
        created_at,
        ..
    } = row;
    work.execute(
        "INSERT INTO imports (organization_id, id, mode, dry_run, format, encoding, mapping, owner_id, session_id, key_version, wrapped_key, chunks, \
         created_at, record_type, on_conflict, sheet, utc_offset) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        &[
            &work.organization().uuid(), &id.uuid(), mode, dry_run, format, encoding, mapping, &owner.uuid(), &session.uuid(), key_version,
            wrapped_key, chunks, created_at, record_type, on_conflict, sheet, utc_offset,
        ],
    )
    .await?;
    Ok(())
}

/// One import.
pub async fn find(work: &Work, id: JobId) -> Result<Option<ImportRow>, DbError> {
    const SQL: &str = "SELECT mode, dry_run, format, encoding, mapping, owner_id, session_id, key_version, wrapped_key, chunks, rows_done, created_count, \
         updated_count, rejected_count, created_at, record_type, on_conflict, sheet, utc_offset FROM imports WHERE organization_id = $1 AND id = $2";
    Ok(work.query_opt(SQL, &[&work.organization().uuid(), &id.uuid()]).await?.map(|row| ImportRow {
        id,
        mode: row.get(0),
        dry_run: row.get(1),
        format: row.get(2),
        encoding: row.get(3),
        mapping: row.get(4),
        owner: UserId::from(row.get::<_, Uuid>(5)),
        session: SessionId::from(row.get::<_, Uuid>(6)),
        key_version: row.get(7),
        wrapped_key: row.get(8),
        chunks: row.get(9),
        rows_done: row.get(10),
        created: row.get(11),
        updated: row.get(12),
        rejected: row.get(13),
        created_at: row.get(14),
        record_type: row.get(15),
        on_conflict: row.get(16),
        sheet: row.get(17),
        utc_offset: row.get(18),
    }))
}

/// Adds sealed pieces of the file that follow one another; `first` is the place of the first.
pub async fn insert_chunks(work: &Work, id: JobId, first: i32, sealed: &[Vec<u8>]) -> Result<(), DbError> {
    let sql = "INSERT INTO import_chunks (organization_id, import_id, sequence, sealed) \
         SELECT $1, $2, $3 + (u.place - 1)::int, u.sealed FROM unnest($4::bytea[]) WITH ORDINALITY AS u(sealed, place)";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &first, &sealed]).await?;
    Ok(())
}

/// Sealed pieces of the file from the place `first`, at most `count`, in order, up to the first that is missing.
pub async fn chunks(work: &Work, id: JobId, first: i32, count: i32) -> Result<Vec<Vec<u8>>, DbError> {
    let sql = "SELECT sequence, sealed FROM import_chunks WHERE organization_id = $1 AND import_id = $2 AND sequence >= $3 AND sequence < $4 \
         ORDER BY sequence";
    let end = first.saturating_add(count);
    let rows = work.query(sql, &[&work.organization().uuid(), &id.uuid(), &first, &end]).await?;
    let in_turn = rows.iter().zip(first..).take_while(|(row, place)| row.get::<_, i32>(0) == *place);
    Ok(in_turn.map(|(row, _)| row.get(1)).collect())
}

/// Forgets the pieces of one upload.
pub async fn forget_pieces(work: &Work, id: JobId) -> Result<(), DbError> {
    let sql = "DELETE FROM import_chunks WHERE organization_id = $1 AND import_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(())
}

/// Forgets pieces whose upload began before `oldest` (ids carry the time) and never became an import; how many went.
pub async fn forget_orphans(work: &Work, oldest: Uuid) -> Result<u64, DbError> {
    let sql = "DELETE FROM import_chunks c WHERE c.organization_id = $1 AND c.import_id < $2 \
         AND NOT EXISTS (SELECT FROM imports i WHERE i.organization_id = $1 AND i.id = c.import_id)";
    work.execute(sql, &[&work.organization().uuid(), &oldest]).await
}

/// Forgets the file and its key.
pub async fn forget_file(work: &Work, id: JobId) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    work.execute(
        "DELETE FROM import_chunks WHERE organization_id = $1 AND import_id = $2",
        &[&organization, &id.uuid()],
    )
    .await?;
    work.execute(
        "UPDATE imports SET wrapped_key = NULL WHERE organization_id = $1 AND id = $2",
        &[&organization, &id.uuid()],
    )
    .await?;
    Ok(())
}

/// Where the import stands, in the transaction of the rows that it stands for.
pub async fn checkpoint(
    work: &Work,
    id: JobId,
    done: i64,
    created: i64,
    updated: i64,
    rejected: i64,
) -> Result<(), DbError> {
    let sql = "UPDATE imports SET rows_done = $3, created_count = $4, updated_count = $5, rejected_count = $6 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &done, &created, &updated, &rejected]).await?;
    Ok(())
}

/// One fault: never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// Record number with the header counted as 1 (NDJSON: line number).
    pub line: i64,
    /// Field key, or the empty string for the record as a whole.
    pub field: String,
    /// Stable code.
    pub code: String,
}

/// Keeps faults.
pub async fn insert_errors(work: &Work, id: JobId, errors: &[ImportError]) -> Result<(), DbError> {
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<i64> = errors.iter().map(|e| e.line).collect();
    let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
    let codes: Vec<&str> = errors.iter().map(|e| e.code.as_str()).collect();
    let sql = "INSERT INTO import_errors (organization_id, import_id, line, field, code) SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[], $5::text[]) \
         ON CONFLICT DO NOTHING";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &lines, &fields, &codes]).await?;
    Ok(())
}

/// A page of faults in line order, after the one given.
pub async fn errors(
    work: &Work,
    id: JobId,
    after: Option<&ImportError>,
    limit: i64,
) -> Result<Vec<ImportError>, DbError> {
    let start = ImportError { line: -1, field: String::new(), code: String::new() };
    let ImportError { line, field, code } = after.unwrap_or(&start);
    let sql = "SELECT line, field, code FROM import_errors WHERE organization_id = $1 AND import_id = $2 AND (line, field, code) > ($3, $4, $5) \
         ORDER BY line, field, code LIMIT $6";
    let rows = work.query(sql, &[&work.organization().uuid(), &id.uuid(), line, field, code, &limit]).await?;
    Ok(rows.iter().map(|row| ImportError { line: row.get(0), field: row.get(1), code: row.get(2) }).collect())
}
