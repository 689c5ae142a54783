//! Staff.

pub mod offboard;
mod write;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DepartmentId, Language, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

pub use write::{
    activate, close_by_directory, end_sessions, is_closed_by_directory, lock, other_administrators, remove_lookup,
    reports_to, set_password, set_roles, set_state, update,
};

/// One member of staff with roles; name and address sealed.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// `invited`, `active`, `suspended` or `offboarded`.
    pub state: String,
    /// The department.
    pub department: Option<DepartmentId>,
    /// The supervisor.
    pub supervisor: Option<UserId>,
    /// ISO 3166-2 regions that region-scoped roles cover.
    pub regions: Vec<String>,
    /// Sealed under the organisation's data key.
    pub sealed_email: Vec<u8>,
    /// Sealed under the organisation's data key.
    pub sealed_name: Vec<u8>,
    /// PHC string; `None` until a password was set.
    pub password_hash: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Role codes.
    pub roles: Vec<String>,
    /// Counts changes.
    pub version: i32,
    /// What the person reads; `None` until they have said so.
    pub language: Option<Language>,
    /// Whether the person is written to about what is due.
    pub follow_up_letters: bool,
}

impl From<&Row> for UserRow {
    fn from(row: &Row) -> Self {
        Self {
            id: UserId::from(row.get::<_, Uuid>(0)),
            state: row.get(1),
            department: row.get::<_, Option<Uuid>>(2).map(DepartmentId::from),
            supervisor: row.get::<_, Option<Uuid>>(3).map(UserId::from),
            regions: row.get(4),
            sealed_email: row.get(5),
            sealed_name: row.get(6),
            password_hash: row.get(7),
            created_at: row.get(8),
            roles: row.get(9),
            version: row.get(10),
            language: row.get::<_, Option<&str>>(11).and_then(Language::from_tag),
            follow_up_letters: row.get(12),
        }
    }
}

pub(crate) const COLUMNS: &str = "u.id, u.state, u.department_id, u.supervisor_id, u.regions, u.sealed_email, u.sealed_name, u.password_hash, u.created_at, \
     ARRAY(SELECT r.role_code FROM user_roles r WHERE r.organization_id = u.organization_id AND r.user_id = u.id ORDER BY 1), u.version, u.language, u.follow_up_letters";

/// Adds a member of staff with roles, and the tag that log-in finds the address by.
pub async fn insert(work: &Work, user: &UserRow, email_lookup: &[u8]) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let UserRow {
        id,
        state,
        department,
        supervisor,
        regions,
        sealed_email,
        sealed_name,
        password_hash,
        created_at,
        roles,
        version: _,
        language: _,
        follow_up_letters: _,
    } = user;
    work.execute(
        "INSERT INTO users (organization_id, id, state, department_id, supervisor_id, regions, sealed_email, sealed_name, password_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &organization, &id.uuid(), state, &department.map(|d| d.uuid()), &supervisor.map(|s| s.uuid()), regions, sealed_email, sealed_name,
            password_hash, created_at,
        ],
    )
    .await?;
    work.execute(
        "INSERT INTO user_roles (organization_id, user_id, role_code) SELECT $1, $2, * FROM unnest($3::text[])",
        &[&organization, &id.uuid(), roles],
    )
    .await?;
    add_lookup(work, email_lookup, id.uuid()).await
}

/// Makes an address or API key findable before its organisation is known. [`DbError::Conflict`] when this organisation has it already.
pub async fn add_lookup(work: &Work, lookup: &[u8], subject: Uuid) -> Result<(), DbError> {
    let sql = "INSERT INTO credential_lookups (lookup, organization_id, subject_id) VALUES ($1, $2, $3)";
    work.execute(sql, &[&lookup, &work.organization().uuid(), &subject]).await?;
    Ok(())
}

/// Whom a lookup tag stands for: an address may belong to people of several organisations, an API key id to one.
pub async fn find_lookup(db: &Database, lookup: &[u8]) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let client = db.client().await?;
    let statement = client
        .prepare_cached("SELECT organization_id, subject_id FROM credential_lookups WHERE lookup = $1 ORDER BY organization_id LIMIT 5")
        .await?;
    Ok(client.query(&statement, &[&lookup]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// One member of staff.
pub async fn find(work: &Work, id: UserId) -> Result<Option<UserRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.organization_id = $1 AND u.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?.as_ref().map(UserRow::from))
}

/// Which people a list is about; every member that is set narrows it.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// In this state.
    pub state: Option<String>,
    /// In exactly this department.
    pub department: Option<DepartmentId>,
    /// Who report to this colleague.
    pub supervisor: Option<UserId>,
    /// Who have this role.
    pub role: Option<String>,
    /// Who has this address, by its tag.
    pub email_lookup: Option<Vec<u8>>,
}

/// A page of staff in order of id, after `after` if given.
pub async fn list(work: &Work, filter: &UserFilter, after: Option<Uuid>, limit: i64) -> Result<Vec<UserRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM users u WHERE u.organization_id = $1 AND ($2::uuid IS NULL OR u.id > $2) AND ($4::text IS NULL OR u.state = $4) \
         AND ($5::uuid IS NULL OR u.department_id = $5) AND ($6::uuid IS NULL OR u.supervisor_id = $6) \
         AND ($7::text IS NULL OR EXISTS (SELECT FROM user_roles r WHERE r.organization_id = u.organization_id AND r.user_id = u.id AND r.role_code = $7)) \
         AND ($8::bytea IS NULL OR EXISTS (SELECT FROM credential_lookups l WHERE l.lookup = $8 AND l.organization_id = u.organization_id AND l.subject_id = u.id)) \
         ORDER BY u.id LIMIT $3"
    );
    let UserFilter { state, department, supervisor, role, email_lookup } = filter;
    let (department, supervisor) = (department.map(|d| d.uuid()), supervisor.map(|s| s.uuid()));
    let organization = work.organization().uuid();
    let rows =
        work.query(&sql, &[&organization, &after, &limit, state, &department, &supervisor, role, email_lookup]).await?;
    Ok(rows.iter().map(UserRow::from).collect())
}

/// State and department of these people, for checking an owner before it is stored. Nobody of them is offboarded before the transaction ends. Missing ids are missing from the answer.
pub async fn departments_of(
    work: &Work,
    ids: &[UserId],
) -> Result<Vec<(UserId, String, Option<DepartmentId>)>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let sql = "SELECT id, state, department_id FROM users WHERE organization_id = $1 AND id = ANY($2) FOR KEY SHARE";
    let rows = work.query(sql, &[&work.organization().uuid(), &ids]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            (UserId::from(row.get::<_, Uuid>(0)), row.get(1), row.get::<_, Option<Uuid>>(2).map(DepartmentId::from))
        })
        .collect())
}

/// The people of this organisation whom these lookup tags stand for.
pub async fn by_lookups(work: &Work, lookups: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, UserId)>, DbError> {
    let sql = "SELECT lookup, subject_id FROM credential_lookups WHERE organization_id = $1 AND lookup = ANY($2)";
    let rows = work.query(sql, &[&work.organization().uuid(), &lookups]).await?;
    Ok(rows.iter().map(|row| (row.get(0), UserId::from(row.get::<_, Uuid>(1)))).collect())
}
