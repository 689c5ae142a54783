//! Things made for operations to be tried on.

use custodian_application::Clock;
use serde_json::{Value, json};

use super::operations::fresh_code;
use crate::support::{Org, Person};

/// A provider that is switched off: nobody stands at that address.
pub async fn fresh_provider(admin: &Person) -> String {
    let body = json!({"name": "Login", "issuer": "http://127.0.0.1:1", "client_id": "custodian"});
    let provider = admin.post("/v1/sso-providers", &body).await.shows(201).id();
    admin.patch(&format!("/v1/sso-providers/{provider}"), &json!({"enabled": false})).await.shows(200);
    provider
}

/// A campaign that ends long after the test, and its line about an account that no test needs.
pub async fn fresh_review(org: &Org<'_>, admin: &Person) -> (String, String) {
    let due = org.service().clock.now() + chrono::Duration::days(30);
    let body = json!({"name": "Fresh", "due_at": due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)});
    let id = admin.post("/v1/access-reviews", &body).await.shows(201).id();
    let accounts = format!("/v1/access-reviews/{id}/lines?kind=account&limit=200");
    let accounts = admin.get(&accounts).await.shows(200).at("/data");
    let about = |line: &&Value| line["subject_id"] == org.user_id("nobody").to_string();
    let line = accounts.as_array().unwrap().iter().find(about).unwrap()["id"].as_str().unwrap().to_owned();
    (id, line)
}

/// A draft that lacks everything.
pub async fn fresh_notice(admin: &Person) -> String {
    let body = json!({"code": fresh_code(), "purposes": ["care"], "texts": {"en": {"title": "Fresh", "text": "To be tried on."}}});
    admin.post("/v1/notices", &body).await.shows(201).id()
}

/// A purpose that no key and no role names.
pub async fn fresh_purpose(admin: &Person) -> String {
    let body = json!({"code": fresh_code(), "labels": {"en": "Fresh", "zh": "新"}, "description": "To be tried on.", "legal_basis": "cn_contract",
        "consent_kind": "none", "fields": ["name"], "methods": ["use"], "jurisdictions": ["CN"]});
    admin.post("/v1/purposes", &body).await.shows(201).id()
}

/// A role that nobody has.
pub async fn fresh_role(admin: &Person) -> String {
    let body = json!({"code": fresh_code(), "labels": {"en": "Fresh", "zh": "新"}, "permissions": ["customers.read"], "data_scope": "own"});
    admin.post("/v1/roles", &body).await.shows(201).id()
}

/// A pair that concerns nobody: one of the two is a role that nobody has.
pub async fn fresh_duties(admin: &Person) -> String {
    let role = admin.get(&format!("/v1/roles/{}", fresh_role(admin).await)).await.shows(200).text_at("/code");
    let body = json!({"first": format!("role:{role}"), "second": "role:support", "reason": "to be tried on"});
    admin.post("/v1/roles/separation-of-duties", &body).await.shows(201).id()
}

/// A tag that nobody carries.
pub async fn fresh_tag(admin: &Person) -> String {
    admin.post("/v1/tags", &json!({"code": fresh_code(), "name": "Fresh"})).await.shows(201).id()
}
