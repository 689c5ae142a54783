//! What imports made and changed, for as long as they can be undone, and how far an undoing has come.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{JobId, SessionId};
use uuid::Uuid;

use crate::{DbError, Work};

/// One customer or record that an import made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its id.
    pub thing: Uuid,
    /// The version that the import left it at.
    pub version: i32,
    /// It was made, and not only changed.
    pub made: bool,
    /// Why an undoing left it as it is.
    pub kept: Option<String>,
}

/// Notes what a batch made and changed, in its transaction.
pub async fn note_changes(work: &Work, import: JobId, rows: &[ChangeRow]) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO import_changes (organization_id, import_id, thing_id, version, made, kept) \
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::int[], $5::bool[], $6::text[])";
    let things: Vec<Uuid> = rows.iter().map(|row| row.thing).collect();
    let versions: Vec<i32> = rows.iter().map(|row| row.version).collect();
    let made: Vec<bool> = rows.iter().map(|row| row.made).collect();
    let kept: Vec<Option<&str>> = rows.iter().map(|row| row.kept.as_deref()).collect();
    work.execute(sql, &[&work.organization().uuid(), &import.uuid(), &things, &versions, &made, &kept]).await?;
    Ok(())
}

/// Which of these an import has touched.
pub async fn touched(work: &Work, import: JobId, things: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    if things.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        "SELECT thing_id FROM import_changes WHERE organization_id = $1 AND import_id = $2 AND thing_id = ANY($3)";
    let rows = work.query(sql, &[&work.organization().uuid(), &import.uuid(), &things]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What is still to be undone, in order of id.
pub async fn changes(work: &Work, import: JobId, limit: i64) -> Result<Vec<ChangeRow>, DbError> {
    let sql = "SELECT thing_id, version, made, kept FROM import_changes WHERE organization_id = $1 AND import_id = $2 AND kept IS NULL \
         ORDER BY thing_id LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &import.uuid(), &limit]).await?;
    Ok(rows.iter().map(change).collect())
}

/// What an undoing left as it is, in order of id, after this one.
pub async fn kept(work: &Work, import: JobId, after: Uuid, limit: i64) -> Result<Vec<ChangeRow>, DbError> {
    let sql = "SELECT thing_id, version, made, kept FROM import_changes WHERE organization_id = $1 AND import_id = $2 AND kept <> 'unchanged' \
         AND thing_id > $3 ORDER BY thing_id LIMIT $4";
    let rows = work.query(sql, &[&work.organization().uuid(), &import.uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(change).collect())
}

fn change(row: &tokio_postgres::Row) -> ChangeRow {
    ChangeRow { thing: row.get(0), version: row.get(1), made: row.get(2), kept: row.get(3) }
}

/// Forgets what is undone.
pub async fn done_with(work: &Work, import: JobId, things: &[Uuid]) -> Result<(), DbError> {
    let sql = "DELETE FROM import_changes WHERE organization_id = $1 AND import_id = $2 AND thing_id = ANY($3)";
    work.execute(sql, &[&work.organization().uuid(), &import.uuid(), &things]).await?;
    Ok(())
}

/// Says why these stay as they are.
pub async fn keep(work: &Work, import: JobId, things: &[(Uuid, &str)]) -> Result<(), DbError> {
    let sql = "UPDATE import_changes c SET kept = u.kept FROM unnest($3::uuid[], $4::text[]) AS u(id, kept) \
         WHERE c.organization_id = $1 AND c.import_id = $2 AND c.thing_id = u.id";
    let ids: Vec<Uuid> = things.iter().map(|(id, _)| *id).collect();
    let why: Vec<&str> = things.iter().map(|(_, why)| *why).collect();
    work.execute(sql, &[&work.organization().uuid(), &import.uuid(), &ids, &why]).await?;
    Ok(())
}

/// Forgets what imports did that were asked for before this; how much went.
pub async fn forget_changes(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM import_changes c USING imports i WHERE c.organization_id = $1 AND i.organization_id = $1 AND i.id = c.import_id \
         AND i.created_at < $2";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}

/// An undoing that was asked for.
#[derive(Clone, Debug)]
pub struct Undo {
    /// The import.
    pub import: JobId,
    /// The session that asked.
    pub session: SessionId,
}

/// Notes that an import is to be undone by this job. False when it was before.
pub async fn begin_undo(work: &Work, import: JobId, job: JobId, session: SessionId) -> Result<bool, DbError> {
    let sql = "UPDATE imports SET undo_job_id = $3, undo_session_id = $4 WHERE organization_id = $1 AND id = $2 AND undo_job_id IS NULL";
    let organization = work.organization().uuid();
    Ok(work.execute(sql, &[&organization, &import.uuid(), &job.uuid(), &session.uuid()]).await? == 1)
}

/// The undoing that a job works on.
pub async fn undo_of(work: &Work, job: JobId) -> Result<Option<Undo>, DbError> {
    let sql = "SELECT id, undo_session_id FROM imports WHERE organization_id = $1 AND undo_job_id = $2";
    let found = work.query_opt(sql, &[&work.organization().uuid(), &job.uuid()]).await?;
    Ok(found.map(|row| Undo {
        import: JobId::from(row.get::<_, Uuid>(0)),
        session: SessionId::from(row.get::<_, Uuid>(1)),
    }))
}
