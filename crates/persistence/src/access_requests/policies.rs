//! Approval policies.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The lowest that speaks of a request counts.
    pub priority: i32,
    /// Which requests it speaks of.
    pub conditions: Value,
    /// Who is asked.
    pub steps: Value,
    /// The longest that a right may last.
    pub max_duration_minutes: i32,
    /// A request that waits longer lapses.
    pub lapse_after_minutes: i32,
    /// Counts changes.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
}

const COLUMNS: &str = "id, name, priority, conditions, steps, max_duration_minutes, lapse_after_minutes, version, created_at, created_by, updated_at, updated_by";

impl From<&Row> for PolicyRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            name: row.get(1),
            priority: row.get(2),
            conditions: row.get(3),
            steps: row.get(4),
            max_duration_minutes: row.get(5),
            lapse_after_minutes: row.get(6),
            version: row.get(7),
            created_at: row.get(8),
            created_by: row.get(9),
            updated_at: row.get(10),
            updated_by: row.get(11),
        }
    }
}

/// Every policy in the order in which they are asked.
pub async fn list_policies(work: &Work) -> Result<Vec<PolicyRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM approval_policies WHERE organization_id = $1 ORDER BY priority, id");
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(PolicyRow::from).collect())
}

/// One policy.
pub async fn find_policy(work: &Work, id: Uuid) -> Result<Option<PolicyRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM approval_policies WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PolicyRow::from))
}

/// One policy, held until the transaction ends.
pub async fn lock_policy(work: &Work, id: Uuid) -> Result<Option<PolicyRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM approval_policies WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PolicyRow::from))
}

/// Adds a policy.
pub async fn insert_policy(work: &Work, row: &PolicyRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO approval_policies (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    let PolicyRow {
        id,
        name,
        priority,
        conditions,
        steps,
        max_duration_minutes,
        lapse_after_minutes,
        version,
        created_at,
        created_by,
        updated_at,
        updated_by,
    } = row;
    let params: [&(dyn ToSql + Sync); 13] = [
        &work.organization().uuid(),
        id,
        name,
        priority,
        conditions,
        steps,
        max_duration_minutes,
        lapse_after_minutes,
        version,
        created_at,
        created_by,
        updated_at,
        updated_by,
    ];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Stores a changed policy.
pub async fn update_policy(work: &Work, row: &PolicyRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE approval_policies SET name = $3, priority = $4, conditions = $5, steps = $6, max_duration_minutes = $7, lapse_after_minutes = $8, \
         version = $9, updated_at = $10, updated_by = $11 WHERE organization_id = $1 AND id = $2";
    let PolicyRow {
        id,
        name,
        priority,
        conditions,
        steps,
        max_duration_minutes,
        lapse_after_minutes,
        version,
        updated_at,
        updated_by,
        ..
    } = row;
    let params: [&(dyn ToSql + Sync); 11] = [
        &work.organization().uuid(),
        id,
        name,
        priority,
        conditions,
        steps,
        max_duration_minutes,
        lapse_after_minutes,
        version,
        updated_at,
        updated_by,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Takes a policy away. Requests that were made under it keep its steps.
pub async fn delete_policy(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM approval_policies WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}
