//! Backups that were taken, and the trials in which one was put back.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// A backup, with its last trial.
#[derive(Clone, Debug)]
pub struct BackupRow {
    /// Its id.
    pub id: Uuid,
    /// When it was begun.
    pub taken_at: DateTime<Utc>,
    /// Length of the dump in bytes.
    pub bytes: i64,
    /// SHA-256 of the dump, in hexadecimal.
    pub sha256: String,
    /// How far the security ledger was.
    pub ledger_sequence: i64,
    /// The newest migration of its schema.
    pub schema: String,
    /// The last time that it was put back to try it.
    pub drill: Option<DrillRow>,
}

/// A trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillRow {
    /// Its id.
    pub id: Uuid,
    /// The backup.
    pub backup: Uuid,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How long it took.
    pub seconds: i64,
    /// `passed`, or why not.
    pub outcome: String,
    /// People erased again in it.
    pub erased: i64,
    /// People who stay and were opened.
    pub people: i64,
    /// Their values.
    pub values: i64,
    /// What was planted was noticed.
    pub controlled: bool,
}

/// Notes a backup.
pub async fn insert(work: &Work, row: &BackupRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO backups (id, taken_at, bytes, sha256, ledger_sequence, schema_name) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let BackupRow { id, taken_at, bytes, sha256, ledger_sequence, schema, drill: _ } = row;
    let params: [&(dyn ToSql + Sync); 6] = [id, taken_at, bytes, sha256, ledger_sequence, schema];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Notes a trial.
pub async fn insert_drill(work: &Work, row: &DrillRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO backup_drills (id, backup_id, ended_at, seconds, outcome, erased, people, sealed_values, controlled) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let DrillRow { id, backup, ended_at, seconds, outcome, erased, people, values, controlled } = row;
    let params: [&(dyn ToSql + Sync); 9] = [id, backup, ended_at, seconds, outcome, erased, people, values, controlled];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// A page of backups, newest first.
pub async fn list(work: &Work, before: Option<Uuid>, limit: i64) -> Result<Vec<BackupRow>, DbError> {
    const SQL: &str = "SELECT b.id, b.taken_at, b.bytes, b.sha256, b.ledger_sequence, b.schema_name, d.id, d.ended_at, d.seconds, d.outcome, d.erased, d.people, \
         d.sealed_values, d.controlled FROM backups b LEFT JOIN LATERAL (SELECT * FROM backup_drills d WHERE d.backup_id = b.id ORDER BY d.ended_at DESC, d.id DESC LIMIT 1) d ON true \
         WHERE $1::uuid IS NULL OR b.id < $1 ORDER BY b.id DESC LIMIT $2";
    Ok(work.query(SQL, &[&before, &limit]).await?.iter().map(backup).collect())
}

fn backup(row: &tokio_postgres::Row) -> BackupRow {
    let id: Uuid = row.get(0);
    let drill = row.get::<_, Option<Uuid>>(6).map(|drill| DrillRow {
        id: drill,
        backup: id,
        ended_at: row.get(7),
        seconds: row.get(8),
        outcome: row.get(9),
        erased: row.get(10),
        people: row.get(11),
        values: row.get(12),
        controlled: row.get(13),
    });
    BackupRow {
        id,
        taken_at: row.get(1),
        bytes: row.get(2),
        sha256: row.get(3),
        ledger_sequence: row.get(4),
        schema: row.get(5),
        drill,
    }
}

/// When the newest backup was taken, and the last trial of any: when, and whether it passed.
pub type Newest = (Option<DateTime<Utc>>, Option<(DateTime<Utc>, bool)>);

/// What is known of all of them.
pub async fn newest(work: &Work) -> Result<Newest, DbError> {
    const SQL: &str = "SELECT (SELECT max(taken_at) FROM backups), d.ended_at, d.outcome = 'passed' FROM (VALUES (1)) v \
         LEFT JOIN LATERAL (SELECT ended_at, outcome FROM backup_drills ORDER BY ended_at DESC, id DESC LIMIT 1) d ON true";
    let row = work.query_one(SQL, &[]).await?;
    Ok((row.get(0), row.get::<_, Option<DateTime<Utc>>>(1).zip(row.get::<_, Option<bool>>(2))))
}

/// How long ago something good of backups lies back, by the database's clock.
#[derive(Clone, Copy, Debug)]
pub struct LastGood {
    /// The time now.
    pub now: DateTime<Utc>,
    /// When the organisation came to be.
    pub founded: DateTime<Utc>,
    /// When the newest backup was taken that did not fail its last trial.
    pub taken: Option<DateTime<Utc>>,
    /// When a trial last ended well.
    pub drilled: Option<DateTime<Utc>>,
}

/// What is known of the good ones, and of an organisation that they hold.
pub async fn last_good(work: &Work) -> Result<LastGood, DbError> {
    const SQL: &str = "SELECT clock_timestamp(), o.created_at, (SELECT max(b.taken_at) FROM backups b WHERE coalesce((SELECT d.outcome = 'passed' \
         FROM backup_drills d WHERE d.backup_id = b.id ORDER BY d.ended_at DESC, d.id DESC LIMIT 1), true)), \
         (SELECT max(ended_at) FROM backup_drills WHERE outcome = 'passed') FROM organizations o WHERE o.organization_id = $1";
    let row = work.query_one(SQL, &[&work.organization().uuid()]).await?;
    Ok(LastGood { now: row.get(0), founded: row.get(1), taken: row.get(2), drilled: row.get(3) })
}
