//! Provisioning by an identity provider: accounts that come, change and go, roles that follow, and what a token opens.

mod groups;
mod people;
mod tokens;

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Org, Person};

/// The identity provider of an organisation.
pub async fn provisioner(admin: &Person, base_url: &str) -> Caller {
    let secret = admin.post("/v1/scim-tokens", &json!({"name": "HR system"})).await.shows(201).text_at("/secret");
    Caller::new(base_url, vec![("authorization".to_owned(), format!("Bearer {secret}"))])
}

/// An organisation with its identity provider.
pub async fn provisioned() -> (Org<'static>, Caller) {
    let org = Org::found().await;
    let hr = provisioner(&org.admin().await, &org.service().base_url).await;
    (org, hr)
}

/// A new account as identity providers send it.
pub fn account(address: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": address, "externalId": format!("ext-{address}"),
        "name": {"givenName": "Mei", "familyName": "Zhang"}, "emails": [{"value": address, "primary": true}], "active": true})
}

/// One operation of a `PATCH`.
pub async fn patch(hr: &Caller, path: &str, operation: Value) -> Answer {
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    hr.request("PATCH", path).body("application/scim+json", body.to_string()).await
}

/// Stops the test unless this is an error of SCIM's own shape.
#[track_caller]
pub fn scim_error(answer: Answer, status: u16, kind: Option<&str>) {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/scim+json"), "{answer}");
    assert_eq!(answer.at("/schemas/0"), "urn:ietf:params:scim:api:messages:2.0:Error");
    assert_eq!(answer.at("/status"), status.to_string());
    assert_eq!(answer.at("/scimType"), json!(kind), "{answer}");
    assert!(!answer.text_at("/detail").is_empty());
}
