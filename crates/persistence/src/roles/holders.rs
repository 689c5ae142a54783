//! Who holds which roles, and where they stand.

use custodian_domain::kernel::{DepartmentId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// A member of staff as far as roles are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The account.
    pub user: UserId,
    /// Its state.
    pub state: String,
    /// The department.
    pub department: Option<DepartmentId>,
    /// ISO 3166-2 regions.
    pub regions: Vec<String>,
    /// Codes of the roles held.
    pub roles: Vec<String>,
}

impl From<&Row> for Standing {
    fn from(row: &Row) -> Self {
        Self {
            user: UserId::from(row.get::<_, Uuid>(0)),
            state: row.get(1),
            department: row.get::<_, Option<Uuid>>(2).map(DepartmentId::from),
            regions: row.get(3),
            roles: row.get(4),
        }
    }
}

const SELECT: &str = "SELECT u.id, u.state, u.department_id, u.regions, \
     ARRAY(SELECT r.role_code FROM user_roles r WHERE r.organization_id = u.organization_id AND r.user_id = u.id ORDER BY 1) \
     FROM users u WHERE u.organization_id = $1 AND u.state <> 'offboarded'";

/// Everybody who is not offboarded and holds this role; with `None`, everybody who is not offboarded. In order of id.
pub async fn holders(work: &Work, role: Option<&str>) -> Result<Vec<Standing>, DbError> {
    let sql = format!(
        "{SELECT} AND ($2::text IS NULL OR EXISTS (SELECT FROM user_roles h WHERE h.organization_id = $1 AND h.user_id = u.id AND h.role_code = $2)) \
         ORDER BY u.id"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &role]).await?.iter().map(Standing::from).collect())
}

/// These people, as far as they exist and are not offboarded.
pub async fn roles_of_users(work: &Work, users: &[Uuid]) -> Result<Vec<Standing>, DbError> {
    let sql = format!("{SELECT} AND u.id = ANY($2) ORDER BY u.id");
    Ok(work.query(&sql, &[&work.organization().uuid(), &users]).await?.iter().map(Standing::from).collect())
}

/// Whether any account that is not offboarded holds this role.
pub async fn is_held(work: &Work, role: &str) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM user_roles r JOIN users u ON u.organization_id = r.organization_id AND u.id = r.user_id \
         WHERE r.organization_id = $1 AND r.role_code = $2 AND u.state <> 'offboarded')";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &role]).await?.get(0))
}
