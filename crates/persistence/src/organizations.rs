//! The tenants.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::OrganizationId;

use crate::{Database, DbError, Work};

/// Adds the tenant itself, inside a transaction already fenced to it. Needs the owner's rights.
pub async fn insert(work: &Work, name: &str, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "INSERT INTO organizations (organization_id, name, created_at) VALUES ($1, $2, $3)";
    work.execute(sql, &[&work.organization().uuid(), &name, &at]).await?;
    Ok(())
}

/// The name of the tenant that a transaction is fenced to.
pub async fn name(work: &Work) -> Result<String, DbError> {
    let sql = "SELECT name FROM organizations WHERE organization_id = $1";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// Every tenant's id and name, oldest first.
pub async fn list(db: &Database) -> Result<Vec<(OrganizationId, String)>, DbError> {
    let client = db.client().await?;
    let rows = client.query("SELECT organization_id, name FROM organizations ORDER BY organization_id", &[]).await?;
    Ok(rows.iter().map(|row| (OrganizationId::from(row.get::<_, uuid::Uuid>(0)), row.get(1))).collect())
}
