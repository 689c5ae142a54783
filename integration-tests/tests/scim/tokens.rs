//! What a token opens, and for how long.

use serde_json::json;

use super::{provisioned, scim_error};
use crate::support::{Caller, Org, shared};

const PATHS: [&str; 6] = [
    "Users",
    "Groups",
    "ServiceProviderConfig",
    "ResourceTypes",
    "Schemas",
    "Users/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
];

#[tokio::test]
async fn nothing_opens_without_a_token_of_its_own_kind() {
    let (org, _hr) = provisioned().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let bearer =
        |text: &str| Caller::new(&shared().base_url, vec![("authorization".to_owned(), format!("Bearer {text}"))]);
    let admin = org.admin().await;
    for path in PATHS.map(|path| format!("/scim/v2/{path}")) {
        for caller in [&shared().stranger(), &*admin, &*partner, &bearer("cst_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b_x")] {
            scim_error(caller.get(&path).await, 401, None);
        }
    }
}

#[tokio::test]
async fn a_token_opens_nothing_else_and_ends_at_once() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let made = admin.post("/v1/scim-tokens", &json!({"name": "HR"})).await.shows(201);
    let secret = made.text_at("/secret");
    let hr = Caller::new(&shared().base_url, vec![("authorization".to_owned(), format!("Bearer {secret}"))]);
    hr.get("/scim/v2/Users").await.shows(200);
    for path in ["/v1/customers", "/v1/users", "/v1/me"] {
        hr.get(path).await.refuses(401, "invalid_token");
    }
    let path = format!("/v1/scim-tokens/{}", made.id());
    let shown = admin.get(&path).await.shows(200);
    assert_eq!((shown.at("/active"), shown.at("/secret")), (json!(true), json!(null)));
    admin.act(&format!("{path}/revoke")).await.shows(200);
    scim_error(hr.get("/scim/v2/Users").await, 401, None);
    admin.act(&format!("{path}/revoke")).await.refuses(409, "already_revoked");
    for other in [org.dpo().await, org.manager().await] {
        other.post("/v1/scim-tokens", &json!({"name": "HR"})).await.refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn the_service_describes_itself() {
    let (_org, hr) = provisioned().await;
    let config = hr.get("/scim/v2/ServiceProviderConfig").await.shows(200);
    for (what, supported) in [("patch", true), ("filter", true), ("etag", true), ("bulk", false), ("sort", false)] {
        assert_eq!(config.at(&format!("/{what}/supported")), supported, "{what}");
    }
    for (path, ids) in [
        ("ResourceTypes", ["User", "Group"]),
        ("Schemas", ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"]),
    ] {
        let all = hr.get(&format!("/scim/v2/{path}")).await.shows(200);
        assert_eq!(all.at("/totalResults"), 2);
        for id in ids {
            assert_eq!(hr.get(&format!("/scim/v2/{path}/{id}")).await.shows(200).at("/id"), id);
        }
        scim_error(hr.get(&format!("/scim/v2/{path}/Nothing")).await, 404, None);
    }
    hr.request("POST", "/scim/v2/Schemas").await.shows(405);
}
