//! What a person who leaves held, and where it goes.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use serde_json::Value;
use uuid::Uuid;

use crate::{DbError, Work};

/// What was ended and handed over when a person left, or when the directory called their account inactive.
#[derive(Clone, Debug)]
pub struct OffboardingRow {
    /// Who left.
    pub user: UserId,
    /// Whether the directory alone closed the account: it may open it again.
    pub by_directory: bool,
    /// Who took over; `None` where the directory closed it and nobody was there.
    pub successor: Option<UserId>,
    /// Who did it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Step code to count.
    pub steps: Value,
}

/// Keeps the record.
pub async fn insert(work: &Work, row: &OffboardingRow) -> Result<(), DbError> {
    const LEFT: &str = "INSERT INTO offboardings (organization_id, user_id, successor_id, offboarded_by, offboarded_at, steps) VALUES ($1, $2, $3, $4, $5, $6)";
    const INACTIVE: &str = "INSERT INTO deactivations (organization_id, user_id, successor_id, deactivated_by, deactivated_at, steps) VALUES ($1, $2, $3, $4, $5, $6)";
    let OffboardingRow { user, by_directory, successor, by, at, steps } = row;
    let (sql, successor) = (if *by_directory { INACTIVE } else { LEFT }, successor.map(|successor| successor.uuid()));
    work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &successor, by, at, steps]).await?;
    Ok(())
}

/// The newest record of a person.
pub async fn find(work: &Work, user: UserId) -> Result<Option<OffboardingRow>, DbError> {
    const SQL: &str = "SELECT user_id, false, successor_id, offboarded_by, offboarded_at, steps FROM offboardings WHERE organization_id = $1 AND user_id = $2 \
         UNION ALL SELECT user_id, true, successor_id, deactivated_by, deactivated_at, steps FROM deactivations WHERE organization_id = $1 AND user_id = $2 \
         ORDER BY 5 DESC LIMIT 1";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &user.uuid()]).await?;
    Ok(row.map(|row| OffboardingRow {
        user: UserId::from(row.get::<_, Uuid>(0)),
        by_directory: row.get(1),
        successor: row.get::<_, Option<Uuid>>(2).map(UserId::from),
        by: row.get(3),
        at: row.get(4),
        steps: row.get(5),
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
