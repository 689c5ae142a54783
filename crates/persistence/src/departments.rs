//! The tree of departments.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DepartmentId, UserId};
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
    /// Who heads it.
    pub head: Option<UserId>,
    /// Counts changes of it and moves of what is above it.
    pub version: i32,
}

impl From<&Row> for DepartmentRow {
    fn from(row: &Row) -> Self {
        Self {
            id: DepartmentId::from(row.get::<_, Uuid>(0)),
            parent: row.get::<_, Option<Uuid>>(1).map(DepartmentId::from),
            name: row.get(2),
            path: row.get::<_, Vec<Uuid>>(3).into_iter().map(DepartmentId::from).collect(),
            created_at: row.get(4),
            head: row.get::<_, Option<Uuid>>(5).map(UserId::from),
            version: row.get(6),
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
         SELECT id, parent_id, name, ARRAY[id] AS path, created_at, head_id, version FROM departments WHERE organization_id = $1 AND parent_id IS NULL \
         UNION ALL SELECT d.id, d.parent_id, d.name, t.path || d.id, d.created_at, d.head_id, d.version FROM departments d \
         JOIN tree t ON d.parent_id = t.id WHERE d.organization_id = $1) CYCLE id SET is_cycle USING seen \
         SELECT id, parent_id, name, path, created_at, head_id, version FROM tree WHERE NOT is_cycle ORDER BY cardinality(path), id";
    Ok(work.query(SQL, &[&work.organization().uuid()]).await?.iter().map(DepartmentRow::from).collect())
}

/// One department with its path.
pub async fn find(work: &Work, id: DepartmentId) -> Result<Option<DepartmentRow>, DbError> {
    Ok(list(work).await?.into_iter().find(|row| row.id == id))
}

/// Holds the shape of the tree and the chains of supervisors still until the transaction ends: of two changes at once, each
/// of which is sound alone, the second sees the first.
pub async fn fence(work: &Work) -> Result<(), DbError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 11))";
    work.query(sql, &[&work.organization().to_string()]).await?;
    Ok(())
}

/// Stores name, place and head. Everything beneath a department that moved gets a new version, because its path is another.
pub async fn update(work: &Work, row: &DepartmentRow) -> Result<(), DbError> {
    const SQL: &str = "WITH RECURSIVE beneath AS ( \
         SELECT id FROM departments WHERE organization_id = $1 AND parent_id = $2 AND EXISTS (SELECT FROM departments \
             WHERE organization_id = $1 AND id = $2 AND parent_id IS DISTINCT FROM $3) \
         UNION SELECT d.id FROM departments d JOIN beneath b ON d.parent_id = b.id WHERE d.organization_id = $1), \
         moved AS (UPDATE departments SET version = version + 1 WHERE organization_id = $1 AND id IN (SELECT id FROM beneath)) \
         UPDATE departments SET parent_id = $3, name = $4, head_id = $5, version = version + 1 WHERE organization_id = $1 AND id = $2";
    let DepartmentRow { id, parent, name, head, .. } = row;
    let (parent, head) = (parent.map(|p| p.uuid()), head.map(|h| h.uuid()));
    work.execute(SQL, &[&work.organization().uuid(), &id.uuid(), &parent, name, &head]).await?;
    Ok(())
}

/// Whether no department is beneath it, nobody belongs to it and no customer stands in it.
pub async fn is_empty(work: &Work, id: DepartmentId) -> Result<bool, DbError> {
    const SQL: &str = "SELECT NOT EXISTS (SELECT FROM departments WHERE organization_id = $1 AND parent_id = $2) \
         AND NOT EXISTS (SELECT FROM users WHERE organization_id = $1 AND department_id = $2) \
         AND NOT EXISTS (SELECT FROM customers WHERE organization_id = $1 AND department_id = $2 AND archived_at IS NULL)";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &id.uuid()]).await?.get(0))
}

/// Takes an empty department away.
pub async fn delete(work: &Work, id: DepartmentId) -> Result<(), DbError> {
    let sql = "DELETE FROM departments WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(())
}
