//! Who reports to whom, who heads what, and who stands in for whom, at one moment.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DepartmentId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// A member of staff.
#[derive(Clone, Debug)]
pub struct StaffRow {
    /// The account.
    pub user: UserId,
    /// Whether it is active.
    pub active: bool,
    /// Whom this person reports to.
    pub supervisor: Option<UserId>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// Codes of the roles held.
    pub roles: Vec<String>,
    /// Who stands in now, by the database's clock.
    pub stand_in: Option<UserId>,
}

/// Everybody who has not left.
pub async fn staff(work: &Work) -> Result<Vec<StaffRow>, DbError> {
    const SQL: &str = "SELECT u.id, u.state = 'active', u.supervisor_id, u.department_id, \
         ARRAY(SELECT r.role_code FROM user_roles r WHERE r.organization_id = u.organization_id AND r.user_id = u.id ORDER BY 1), \
         (SELECT d.delegate_id FROM approval_delegations d WHERE d.organization_id = u.organization_id AND d.user_id = u.id AND d.ended_at IS NULL \
             AND d.from_at <= clock_timestamp() AND d.until_at > clock_timestamp() ORDER BY d.id DESC LIMIT 1) \
         FROM users u WHERE u.organization_id = $1 AND u.state <> 'offboarded'";
    let user = |row: &Row, at: usize| row.get::<_, Option<Uuid>>(at).map(UserId::from);
    let of = |row: &Row| StaffRow {
        user: UserId::from(row.get::<_, Uuid>(0)),
        active: row.get(1),
        supervisor: user(row, 2),
        department: row.get::<_, Option<Uuid>>(3).map(DepartmentId::from),
        roles: row.get(4),
        stand_in: user(row, 5),
    };
    Ok(work.query(SQL, &[&work.organization().uuid()]).await?.iter().map(of).collect())
}

/// Somebody stands in for somebody for a while.
#[derive(Clone, Debug)]
pub struct DelegationRow {
    /// Its id.
    pub id: Uuid,
    /// Who is away.
    pub user: Uuid,
    /// Who stands in.
    pub delegate: Uuid,
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// When it was ended before its time.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, user_id, delegate_id, from_at, until_at, ended_at, created_at";

impl From<&Row> for DelegationRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            user: row.get(1),
            delegate: row.get(2),
            from: row.get(3),
            until: row.get(4),
            ended_at: row.get(5),
            created_at: row.get(6),
        }
    }
}

/// Adds one.
pub async fn insert_delegation(work: &Work, row: &DelegationRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO approval_delegations (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    let DelegationRow { id, user, delegate, from, until, ended_at, created_at } = row;
    work.execute(&sql, &[&work.organization().uuid(), id, user, delegate, from, until, ended_at, created_at]).await?;
    Ok(())
}

/// Those of a person that have not ended, or that name this person.
pub async fn list_delegations(work: &Work, user: Uuid) -> Result<Vec<DelegationRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval_delegations WHERE organization_id = $1 AND (user_id = $2 OR delegate_id = $2) AND ended_at IS NULL \
         AND until_at > clock_timestamp() ORDER BY id"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &user]).await?.iter().map(DelegationRow::from).collect())
}

/// Those of a person that overlap a time.
pub async fn delegations(
    work: &Work,
    user: Uuid,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<DelegationRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval_delegations WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL AND from_at < $4 AND until_at > $3"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &user, &from, &until]).await?;
    Ok(rows.iter().map(DelegationRow::from).collect())
}

/// Ends one of a person's own. `None` when there is none of this id that has not ended.
pub async fn end_delegation(work: &Work, user: Uuid, id: Uuid) -> Result<Option<DelegationRow>, DbError> {
    let sql = format!(
        "UPDATE approval_delegations SET ended_at = clock_timestamp() WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND ended_at IS NULL \
         RETURNING {COLUMNS}"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &user, &id]).await?;
    Ok(row.as_ref().map(DelegationRow::from))
}

/// Ends all that a person gave or was given.
pub async fn end_delegations_of(work: &Work, user: Uuid) -> Result<u64, DbError> {
    let sql = "UPDATE approval_delegations SET ended_at = clock_timestamp() WHERE organization_id = $1 AND (user_id = $2 OR delegate_id = $2) AND ended_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &user]).await
}
