//! Roles as groups: given and taken by an identity provider, never beyond what the token's maker holds.

use serde_json::{Value, json};

use super::{patch, provisioned, provisioner, scim_error};
use crate::support::{Org, shared};

fn members(answer: &Value) -> Vec<String> {
    let all = answer["members"].as_array().unwrap().iter();
    all.map(|one| one["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_role_is_a_group_with_who_holds_it() {
    let (org, hr) = provisioned().await;
    let found = hr.get("/scim/v2/Groups?filter=displayName%20eq%20%22Sales%22").await.shows(200);
    assert_eq!(found.at("/Resources/0/id"), "sales");
    let mut sales: Vec<_> = ["sales_a", "sales_b", "sales_c"].map(|key| org.user_id(key).to_string()).into();
    sales.sort();
    assert_eq!(members(&found.at("/Resources/0")), sales);
    let shown = hr.get("/scim/v2/Groups/sales").await.shows(200);
    hr.get("/scim/v2/Groups/sales").header("if-none-match", &shown.sent("etag")).await.shows(304);
    scim_error(hr.get("/scim/v2/Groups/root").await, 404, None);
    hr.request("POST", "/scim/v2/Groups").body("application/scim+json", "{}").await.shows(405);
}

#[tokio::test]
async fn a_role_follows_its_group() {
    let (org, hr) = provisioned().await;
    let nobody = org.user_id("nobody").to_string();
    let add = json!({"op": "add", "path": "members", "value": [{"value": nobody}]});
    assert!(members(&patch(&hr, "/scim/v2/Groups/marketing", add).await.shows(200).json()).contains(&nobody));
    org.nobody().await.get("/v1/customers").await.shows(200);
    let user = hr.get(&format!("/scim/v2/Users/{nobody}")).await.shows(200);
    assert_eq!(user.at("/groups/0/value"), "marketing");
    let remove = json!({"op": "remove", "path": format!("members[value eq \"{nobody}\"]")});
    assert!(!members(&patch(&hr, "/scim/v2/Groups/marketing", remove).await.shows(200).json()).contains(&nobody));
    org.nobody().await.get("/v1/customers").await.refuses(403, "forbidden");
    let whole = json!({"displayName": "Marketing", "members": [{"value": nobody}]});
    let put = hr.request("PUT", "/scim/v2/Groups/marketing").json(&whole).await.shows(200);
    assert_eq!(members(&put.json()), [nobody]);
}

#[tokio::test]
async fn strangers_and_other_organisations_are_no_members() {
    let (org, hr) = provisioned().await;
    let other = Org::found().await;
    for id in [other.user_id("nobody").to_string(), "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned()] {
        let add = json!({"op": "add", "path": "members", "value": [{"value": id}]});
        scim_error(patch(&hr, "/scim/v2/Groups/marketing", add).await, 404, None);
    }
    let add = json!({"op": "add", "path": "members", "value": [{"value": "x"}]});
    scim_error(patch(&hr, "/scim/v2/Groups/marketing", add).await, 400, Some("invalidValue"));
    let _ = org;
}

#[tokio::test]
async fn a_token_gives_no_role_once_its_maker_is_gone() {
    let org = Org::found().await;
    let hr = provisioner(&org.admin().await, &shared().base_url).await;
    org.sql()
        .await
        .execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&org.user_id("admin")])
        .await
        .unwrap();
    let add = json!({"op": "add", "path": "members", "value": [{"value": org.user_id("nobody")}]});
    scim_error(patch(&hr, "/scim/v2/Groups/marketing", add).await, 403, None);
    hr.get("/scim/v2/Users").await.shows(200);
}
