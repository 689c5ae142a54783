//! Pairs of duties that may not meet in one person.

use chrono::{DateTime, Utc};
use custodian_domain::roles::{Duty, DutyPair};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One pair.
#[derive(Clone, Debug)]
pub struct DutyRow {
    /// Its id.
    pub id: Uuid,
    /// The two duties.
    pub pair: DutyPair,
    /// Why they are kept apart.
    pub reason: String,
    /// When that was decided.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
}

fn read(row: &Row) -> Result<DutyRow, DbError> {
    // A rule that nobody can read any more must be noticed, not forgotten.
    let duty = |at: usize| {
        Duty::from_text(row.get(at)).ok_or_else(|| DbError::Internal("a stored duty cannot be read".into()))
    };
    let pair = DutyPair { first: duty(1)?, second: duty(2)? };
    Ok(DutyRow { id: row.get(0), pair, reason: row.get(3), created_at: row.get(4), created_by: row.get(5) })
}

const SELECT: &str =
    "SELECT id, first, second, reason, created_at, created_by FROM role_duties WHERE organization_id = $1";

/// Every pair that this organisation keeps apart, oldest first.
pub async fn duties(work: &Work) -> Result<Vec<DutyRow>, DbError> {
    let sql = format!("{SELECT} ORDER BY id");
    work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(read).collect()
}

/// One pair.
pub async fn find_duty(work: &Work, id: Uuid) -> Result<Option<DutyRow>, DbError> {
    let sql = format!("{SELECT} AND id = $2");
    work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(read).transpose()
}

/// Adds a pair. [`DbError::Conflict`] when it is kept apart already; the order of the two does not matter.
pub async fn insert_duty(work: &Work, row: &DutyRow) -> Result<(), DbError> {
    let DutyRow { id, pair, reason, created_at, created_by } = row;
    let (mut first, mut second) = (pair.first.to_string(), pair.second.to_string());
    if second < first {
        std::mem::swap(&mut first, &mut second);
    }
    let sql = "INSERT INTO role_duties (organization_id, id, first, second, reason, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&work.organization().uuid(), id, &first, &second, reason, created_at, created_by];
    work.execute(sql, &params).await?;
    Ok(())
}

/// Lets the two meet again.
pub async fn delete_duty(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM role_duties WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}
