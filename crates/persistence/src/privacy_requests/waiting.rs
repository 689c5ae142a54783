//! Requests that wait for a colleague, or for an erasure.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use uuid::Uuid;

use crate::{DbError, Work};

/// An open request: its id, the right's code, when it came, and when it is due.
pub type Waiting = (Uuid, String, DateTime<Utc>, DateTime<Utc>);

/// The open requests that this person has taken on, and those that nobody has, newest first.
pub async fn waiting_for(work: &Work, user: UserId, limit: i64) -> Result<Vec<Waiting>, DbError> {
    const SQL: &str = "SELECT id, right_code, received_at, due_at FROM privacy_requests WHERE organization_id = $1 AND closed_at IS NULL \
         AND (assignee_id = $2 OR assignee_id IS NULL) ORDER BY id DESC LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &user.uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect())
}

/// The open requests that this person has taken on, oldest first.
pub async fn open_of(work: &Work, user: UserId) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT id FROM privacy_requests WHERE organization_id = $1 AND closed_at IS NULL AND assignee_id = $2 ORDER BY id";
    let rows = work.query(sql, &[&work.organization().uuid(), &user.uuid()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The proved requests of a person, who asked in person, that their erasure answers: those to be erased that stand open, and the one that it is carried out
/// for, unless it was taken back.
pub async fn asked_to_be_erased(work: &Work, customer: Uuid, by: Option<Uuid>) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT id FROM privacy_requests WHERE organization_id = $1 AND customer_id = $2 AND right_code = 'erasure' AND requester = 'subject' \
         AND verified_at IS NOT NULL AND duplicate_of IS NULL AND state <> 'cancelled' AND (closed_at IS NULL OR id = $3) ORDER BY id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer, &by]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
