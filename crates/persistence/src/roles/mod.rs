//! Roles that an organisation made, who holds which role, and the duties that may not meet.

mod duties;
mod holders;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::access::View;
use custodian_domain::catalog::Labels;
use custodian_domain::roles::{Budgets, DataScope, FieldRule, Permission, Role, RuleTarget};
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

pub use duties::{DutyRow, delete_duty, duties, find_duty, insert_duty};
pub use holders::{Standing, holders, is_held, roles_of_users};

use crate::{DbError, Work};

/// One role as it is stored.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// Its id.
    pub id: Uuid,
    /// Counts changes; the ETag.
    pub version: i32,
    /// The role as decisions take it.
    pub role: Arc<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
}

const COLUMNS: &str = "id, version, code, label_en, label_zh, permissions, data_scope, field_rules, purposes, reveal_budget, last4_budget, \
     created_at, created_by, updated_at, updated_by";

/// A role that cannot be read whole is not read at all: half of its rules might be those that close something.
fn read(row: &Row) -> Result<RoleRow, DbError> {
    let unreadable = |what: &str| DbError::Internal(format!("a stored role has unreadable {what}"));
    let permissions = row.get::<_, Vec<String>>(5);
    let rules = row.get::<_, Value>(7);
    let role = Role {
        code: row.get(2),
        labels: Labels::new(row.get::<_, String>(3), row.get::<_, String>(4)),
        // A permission that this program no longer knows gives nothing.
        permissions: permissions.iter().filter_map(|code| Permission::from_code(code)).collect(),
        data_scope: DataScope::from_code(row.get(6)).ok_or_else(|| unreadable("scope"))?,
        field_rules: rules_from_json(&rules).ok_or_else(|| unreadable("field rules"))?,
        purposes: row.get(8),
        budgets: Budgets { reveals: budget(row.get(9)), last4_searches: budget(row.get(10)) },
    };
    Ok(RoleRow {
        id: row.get(0),
        version: row.get(1),
        role: Arc::new(role),
        created_at: row.get(11),
        created_by: row.get(12),
        updated_at: row.get(13),
        updated_by: row.get(14),
    })
}

fn budget(stored: Option<i32>) -> Option<u32> {
    stored.and_then(|number| u32::try_from(number).ok())
}

fn stored_budget(budget: Option<u32>) -> Option<i32> {
    budget.map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

fn rules_to_json(rules: &[FieldRule]) -> Value {
    let rule = |rule: &FieldRule| {
        let FieldRule { on, view, edit, deny } = rule;
        json!({"on": on.to_string(), "view": view.map(View::as_str), "edit": edit, "deny": deny})
    };
    Value::Array(rules.iter().map(rule).collect())
}

fn rules_from_json(stored: &Value) -> Option<Vec<FieldRule>> {
    let rule = |rule: &Value| {
        let view = match rule.get("view")? {
            Value::Null => None,
            code => Some(View::from_code(code.as_str()?)?),
        };
        let edit = match rule.get("edit")? {
            Value::Null => None,
            truth => Some(truth.as_bool()?),
        };
        let on = RuleTarget::from_text(rule.get("on")?.as_str()?)?;
        Some(FieldRule { on, view, edit, deny: rule.get("deny")?.as_bool()? })
    };
    stored.as_array()?.iter().map(rule).collect()
}

/// Every role that this organisation made, in order of code.
pub async fn list(work: &Work) -> Result<Vec<RoleRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM roles WHERE organization_id = $1 ORDER BY code");
    work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(read).collect()
}

/// The roles of these codes; codes that are nobody's are missing from the answer.
pub async fn by_codes(work: &Work, codes: &[&str]) -> Result<Vec<RoleRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM roles WHERE organization_id = $1 AND code = ANY($2) ORDER BY code");
    work.query(&sql, &[&work.organization().uuid(), &codes]).await?.iter().map(read).collect()
}

/// One role, by its id.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<RoleRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM roles WHERE organization_id = $1 AND id = $2");
    work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(read).transpose()
}

/// Holds every other change of roles, of who has them and of duties in this organisation until the transaction ends: two changes
/// that are each allowed could break a rule together.
pub async fn lock(work: &Work) -> Result<(), DbError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.roles:' || $1, 0))";
    work.query(sql, &[&work.organization().to_string()]).await?;
    Ok(())
}

/// Adds a role. [`DbError::Conflict`] when the code is taken.
pub async fn insert(work: &Work, row: &RoleRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO roles (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    write(work, &sql, row).await.map(drop)
}

/// Stores a changed role.
pub async fn update(work: &Work, row: &RoleRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE roles SET version = $3, code = $4, label_en = $5, label_zh = $6, permissions = $7, data_scope = $8, field_rules = $9, \
         purposes = $10, reveal_budget = $11, last4_budget = $12, created_at = $13, created_by = $14, updated_at = $15, updated_by = $16 \
         WHERE organization_id = $1 AND id = $2";
    write(work, SQL, row).await.map(drop)
}

async fn write(work: &Work, sql: &str, row: &RoleRow) -> Result<u64, DbError> {
    let RoleRow { id, version, role, created_at, created_by, updated_at, updated_by } = row;
    let Role { code, labels, permissions, data_scope, field_rules, purposes, budgets } = role.as_ref();
    let permissions: Vec<&str> = permissions.iter().map(|permission| permission.code()).collect();
    let (scope, rules) = (data_scope.as_str(), rules_to_json(field_rules));
    let (reveals, last4) = (stored_budget(budgets.reveals), stored_budget(budgets.last4_searches));
    work.execute(
        sql,
        &[
            &work.organization().uuid(),
            id,
            version,
            code,
            &labels.en,
            &labels.zh,
            &permissions,
            &scope,
            &rules,
            purposes,
            &reveals,
            &last4,
            created_at,
            created_by,
            updated_at,
            updated_by,
        ],
    )
    .await
}

/// Takes a role away; nobody may hold it any more.
pub async fn delete(work: &Work, id: Uuid) -> Result<(), DbError> {
    work.execute("DELETE FROM roles WHERE organization_id = $1 AND id = $2", &[&work.organization().uuid(), &id])
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use custodian_domain::roles::built_in;

    #[test]
    fn field_rules_come_back_as_they_were_stored() {
        for role in built_in() {
            assert_eq!(rules_from_json(&rules_to_json(&role.field_rules)).unwrap(), role.field_rules);
        }
        let wall = FieldRule { on: RuleTarget::Field("name".into()), view: None, edit: None, deny: true };
        assert_eq!(rules_from_json(&rules_to_json(std::slice::from_ref(&wall))).unwrap(), [wall]);
    }

    #[test]
    fn one_unreadable_rule_makes_the_whole_role_unreadable() {
        for broken in
            [json!({}), json!([{}]), json!([{"on": "field:name", "view": "open", "edit": null, "deny": false}])]
        {
            assert_eq!(rules_from_json(&broken), None, "{broken}");
        }
        assert_eq!(rules_from_json(&json!([{"on": "planet:mars", "view": null, "edit": null, "deny": true}])), None);
    }
}
