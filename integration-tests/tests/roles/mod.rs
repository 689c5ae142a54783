//! Roles: as people read them, as organisations make them, and what nobody may hand out.

mod duties;
mod limits;
mod own;
mod reading;
mod simulate;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Org, Person};

/// A body for `POST /v1/roles`: reads customers of one's department, with these rules.
pub fn role(code: &str, field_rules: &Value) -> Value {
    json!({"code": code, "labels": {"en": "Desk", "zh": "柜台"}, "permissions": ["customers.read", "customers.reveal"],
        "data_scope": "department", "field_rules": field_rules})
}

/// Makes a role.
pub async fn make(admin: &Person, body: &Value) -> Answer {
    admin.post("/v1/roles", body).await.shows(201)
}

/// Gives somebody a role past all rules, as a founding operator could.
pub async fn give(org: &Org<'_>, user: Uuid, role: &str) {
    let sql = "INSERT INTO user_roles (organization_id, user_id, role_code) VALUES ($1, $2, $3)";
    org.sql().await.execute(sql, &[&org.id, &user, &role]).await.unwrap();
}
