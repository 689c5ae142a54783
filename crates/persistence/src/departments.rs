//! The tree of departments.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::DepartmentId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One department with its path from the root, itself included.
#[derive(Clone, Debug)]
pub struct DepartmentRow {
    /// Its id.
    pub id: DepartmentId,
    /// The department above.
    pub parent: Option<DepartmentId>,
    /// Its name.
    pub name: String,
    /// Root first, itself last.
    pub path: Vec<DepartmentId>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl From<&Row> for DepartmentRow {
    fn from(row: &Row) -> Self {
        Self {
            id: DepartmentId::from(row.get::<_, Uuid>(0)),
            parent: row.get::<_, Option<Uuid>>(1).map(DepartmentId::from),
            name: row.get(2),
            path: row.get::<_, Vec<Uuid>>(3).into_iter().map(DepartmentId::from).collect(),
            created_at: row.get(4),
        }
    }
}

/// Adds a department.
pub async fn insert(
    work: &Work,
    id: DepartmentId,
    parent: Option<DepartmentId>,
    name: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let sql = "INSERT INTO departments (organization_id, id, parent_id, name, created_at) VALUES ($1, $2, $3, $4, $5)";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &parent.map(|p| p.uuid()), &name, &at]).await?;
    Ok(())
}

/// Every department, parents before children.
pub async fn list(work: &Work) -> Result<Vec<DepartmentRow>, DbError> {
    const SQL: &str = "WITH RECURSIVE tree AS ( \
         SELECT id, parent_id, name, ARRAY[id] AS path, created_at FROM departments WHERE organization_id = $1 AND parent_id IS NULL \
         UNION ALL SELECT d.id, d.parent_id, d.name, t.path || d.id, d.created_at FROM departments d JOIN tree t ON d.parent_id = t.id \
         WHERE d.organization_id = $1) CYCLE id SET is_cycle USING seen \
         SELECT id, parent_id, name, path, created_at FROM tree WHERE NOT is_cycle ORDER BY cardinality(path), id";
    Ok(work.query(SQL, &[&work.organization().uuid()]).await?.iter().map(DepartmentRow::from).collect())
}
