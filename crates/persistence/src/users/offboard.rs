//! What a person who leaves held, and where it goes.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use serde_json::Value;
use uuid::Uuid;

use crate::{DbError, Work};

/// The record of an offboarding.
#[derive(Clone, Debug)]
pub struct OffboardingRow {
    /// Who left.
    pub user: UserId,
    /// Who took over.
    pub successor: UserId,
    /// Who did it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Step code to count.
    pub steps: Value,
}

/// Keeps the record.
pub async fn insert(work: &Work, row: &OffboardingRow) -> Result<(), DbError> {
    let OffboardingRow { user, successor, by, at, steps } = row;
    let sql = "INSERT INTO offboardings (organization_id, user_id, successor_id, offboarded_by, offboarded_at, steps) VALUES ($1, $2, $3, $4, $5, $6)";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &successor.uuid(), by, at, steps]).await?;
    Ok(())
}

/// The record of a person who left.
pub async fn find(work: &Work, user: UserId) -> Result<Option<OffboardingRow>, DbError> {
    let sql = "SELECT user_id, successor_id, offboarded_by, offboarded_at, steps FROM offboardings WHERE organization_id = $1 AND user_id = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &user.uuid()]).await?;
    Ok(row.map(|row| OffboardingRow {
        user: UserId::from(row.get::<_, Uuid>(0)),
        successor: UserId::from(row.get::<_, Uuid>(1)),
        by: row.get(2),
        at: row.get(3),
        steps: row.get(4),
    }))
}

/// Closes the account: no password, no roles, no place.
pub async fn close_account(work: &Work, user: UserId) -> Result<u64, DbError> {
    const SQL: &str = "UPDATE users SET state = 'offboarded', password_hash = NULL, supervisor_id = NULL, department_id = NULL, regions = '{}', \
         version = version + 1 WHERE organization_id = $1 AND id = $2";
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &user.uuid()]).await?;
    let sql = "DELETE FROM user_roles WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&organization, &user.uuid()]).await
}

/// Whoever reported to the one reports to the other. The successor, if it is one of them or beneath them, takes the place in the chain.
pub async fn hand_over_reports(work: &Work, from: UserId, to: UserId) -> Result<u64, DbError> {
    const LIFT: &str = "UPDATE users SET supervisor_id = (SELECT supervisor_id FROM users WHERE organization_id = $1 AND id = $2), version = version + 1 \
         WHERE organization_id = $1 AND id = $3";
    let organization = work.organization().uuid();
    if super::reports_to(work, to, from).await? {
        work.execute(LIFT, &[&organization, &from.uuid(), &to.uuid()]).await?;
    }
    let sql = "UPDATE users SET supervisor_id = $3, version = version + 1 WHERE organization_id = $1 AND supervisor_id = $2 AND id <> $3";
    work.execute(sql, &[&organization, &from.uuid(), &to.uuid()]).await
}

/// Departments that the one headed are headed by the other.
pub async fn hand_over_departments(work: &Work, from: UserId, to: UserId) -> Result<u64, DbError> {
    let sql = "UPDATE departments SET head_id = $3, version = version + 1 WHERE organization_id = $1 AND head_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &from.uuid(), &to.uuid()]).await
}
