//! Duties to keep: as they were laid, whom they bind, and when they ended. Beside them the policies.

mod policies;
mod records;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

pub use policies::{
    Due, PolicyRow, RunRow, count_due, find_policy, find_run, insert_policy, insert_run, is_due, list_due,
    list_policies, list_runs, lock_clock, lock_policy, note_warned, put_clock, update_policy,
};

pub use records::{
    DueRecords, archive_records, count_due_records, list_due_records, lock_due_records, note_records_warned,
    remove_files, remove_records,
};

/// One duty to keep.
#[derive(Clone, Debug)]
pub struct HoldRow {
    /// Its id.
    pub id: Uuid,
    /// `litigation`, `investigation` or `statutory`.
    pub kind: String,
    /// The article or the file number.
    pub basis: String,
    /// Why, sealed.
    pub sealed_reason: Vec<u8>,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
    /// When it was laid.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When somebody ended it.
    pub released_at: Option<DateTime<Utc>>,
    /// Who did.
    pub released_by: Option<Uuid>,
    /// How many customers it binds.
    pub customers: i64,
}

const COLUMNS: &str = "h.id, h.kind, h.basis, h.sealed_reason, h.until_at, h.created_at, h.created_by, h.released_at, h.released_by, \
     (SELECT count(*) FROM legal_hold_customers c WHERE c.organization_id = h.organization_id AND c.hold_id = h.id)";

impl From<&Row> for HoldRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            kind: row.get(1),
            basis: row.get(2),
            sealed_reason: row.get(3),
            until: row.get(4),
            created_at: row.get(5),
            created_by: row.get(6),
            released_at: row.get(7),
            released_by: row.get(8),
            customers: row.get(9),
        }
    }
}

/// Adds a duty that binds these customers.
pub async fn insert_hold(work: &Work, row: &HoldRow, customers: &[Uuid]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO legal_holds (organization_id, id, kind, basis, sealed_reason, until_at, created_at, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const BINDS: &str = "INSERT INTO legal_hold_customers (organization_id, hold_id, customer_id) SELECT $1, $2, * FROM unnest($3::uuid[])";
    let organization = work.organization().uuid();
    let HoldRow { id, kind, basis, sealed_reason, until, created_at, created_by, .. } = row;
    work.execute(SQL, &[&organization, id, kind, basis, sealed_reason, until, created_at, created_by]).await?;
    work.execute(BINDS, &[&organization, id, &customers]).await?;
    Ok(())
}

/// One duty.
pub async fn find_hold(work: &Work, id: Uuid) -> Result<Option<HoldRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM legal_holds h WHERE h.organization_id = $1 AND h.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(HoldRow::from))
}

/// One duty, held until the transaction ends.
pub async fn lock_hold(work: &Work, id: Uuid) -> Result<Option<HoldRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM legal_holds h WHERE h.organization_id = $1 AND h.id = $2 FOR UPDATE OF h");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(HoldRow::from))
}

/// Which duties are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct HoldFilter {
    /// That bind this customer.
    pub customer: Option<Uuid>,
    /// In force now, or not any more.
    pub in_force: Option<bool>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of duties, newest first.
pub async fn list_holds(work: &Work, filter: &HoldFilter, limit: i64) -> Result<Vec<HoldRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM legal_holds h WHERE h.organization_id = $1 AND ($2::uuid IS NULL OR EXISTS (SELECT FROM legal_hold_customers c \
         WHERE c.organization_id = $1 AND c.hold_id = h.id AND c.customer_id = $2)) \
         AND ($3::bool IS NULL OR (h.released_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp())) = $3) \
         AND ($4::uuid IS NULL OR h.id < $4) ORDER BY h.id DESC LIMIT $5"
    );
    let HoldFilter { customer, in_force, before } = filter;
    let params: [&(dyn ToSql + Sync); 5] = [&work.organization().uuid(), customer, in_force, before, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(HoldRow::from).collect())
}

/// Every duty that was ever laid on a customer.
pub async fn holds_on(work: &Work, customer: Uuid) -> Result<Vec<HoldRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM legal_hold_customers b JOIN legal_holds h ON h.organization_id = b.organization_id AND h.id = b.hold_id \
         WHERE b.organization_id = $1 AND b.customer_id = $2 ORDER BY h.id"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &customer]).await?.iter().map(HoldRow::from).collect())
}

/// The customers that a duty binds.
pub async fn bound_by(work: &Work, hold: Uuid, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let sql =
        "SELECT customer_id FROM legal_hold_customers WHERE organization_id = $1 AND hold_id = $2 ORDER BY 1 LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &hold, &limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Ends a duty.
pub async fn release_hold(work: &Work, id: Uuid, at: DateTime<Utc>, by: Uuid) -> Result<(), DbError> {
    let sql = "UPDATE legal_holds SET released_at = $3, released_by = $4 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &at, &by]).await?;
    Ok(())
}
