//! Nobody makes or changes a role into more than they hold.

use serde_json::{Value, json};

use super::{give, make, role};
use crate::support::{Answer, Org, Person};

/// Somebody with a role that makes roles, and little else.
async fn clerk(org: &Org<'_>) -> Person {
    let admin = org.admin().await;
    let body = json!({"code": "clerk", "labels": {"en": "Clerk", "zh": "文员"}, "data_scope": "department",
        "permissions": ["roles.read", "roles.manage", "customers.read", "customers.reveal", "customers.write"],
        "field_rules": [{"on": "field:mobile", "view": "reveal", "edit": true}]});
    make(&admin, &body).await;
    give(org, org.user_id("nobody"), "clerk").await;
    org.nobody().await
}

fn lacking(refused: Answer) -> Vec<String> {
    let refused = refused.refuses(403, "exceeds_own_rights");
    refused.faults().into_iter().map(|(at, code)| format!("{at} {code}")).collect()
}

#[tokio::test]
async fn what_the_maker_lacks_is_listed() {
    let org = Org::found().await;
    let clerk = clerk(&org).await;
    let base = role("desk", &json!([{"on": "field:mobile", "view": "reveal"}]));
    let with = |member: &str, value: Value| {
        let mut body = base.clone();
        body[member] = value;
        body
    };
    let cases = [
        (
            with("permissions", json!(["customers.read", "customers.delete", "audit.read"])),
            vec!["/permissions not_held", "/permissions not_held"],
        ),
        (with("data_scope", json!("department_tree")), vec!["/data_scope not_held", "/data_scope not_held"]),
        (with("data_scope", json!("region")), vec!["/data_scope not_held", "/data_scope not_held"]),
        (with("field_rules", json!([{"on": "field:mobile", "view": "read"}])), vec!["/field_rules/0 not_held"]),
        (
            with(
                "field_rules",
                json!([{"on": "field:notes", "edit": true}, {"on": "classification:core", "view": "masked"}]),
            ),
            vec!["/field_rules/1 not_held", "/field_rules/1 not_held", "/field_rules/1 not_held"],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(lacking(clerk.post("/v1/roles", &body).await), expected, "{body}");
    }
    let refused = clerk.post("/v1/roles", &with("permissions", json!(["audit.read"]))).await;
    assert!(refused.text().contains("audit.read"), "{refused}");
    make(&clerk, &base).await;
    make(&clerk, &role("walled", &json!([{"on": "classification:sensitive", "view": "hidden"}]))).await;
}

#[tokio::test]
async fn a_role_grows_no_further_than_whoever_changes_it() {
    let org = Org::found().await;
    let clerk = clerk(&org).await;
    let desk = format!("/v1/roles/{}", make(&clerk, &role("desk", &json!([]))).await.id());
    let more = clerk.patch(&desk, &json!({"field_rules": [{"on": "field:mobile", "view": "read"}]})).await;
    assert_eq!(lacking(more), ["/field_rules/0 not_held"]);
    let own =
        clerk.patch("/v1/roles/clerk", &json!({"permissions": ["roles.manage", "customers.read", "audit.read"]})).await;
    assert_eq!(lacking(own), ["/permissions not_held"], "nor their own");
    let mut body = role("wide", &json!([]));
    body["data_scope"] = json!("organization");
    let wide = make(&org.admin().await, &body).await;
    let wide = format!("/v1/roles/{}", wide.id());
    clerk.patch(&wide, &json!({"labels": {"en": "Wide", "zh": "广"}})).await.shows(200);
    clerk.patch(&wide, &json!({"permissions": ["customers.read"]})).await.shows(200);
    assert_eq!(
        lacking(clerk.patch(&wide, &json!({"permissions": ["customers.read", "customers.write"]})).await),
        ["/data_scope not_held"]
    );
}

#[tokio::test]
async fn a_wall_is_lifted_only_by_whoever_sees_what_is_behind_it() {
    let org = Org::found().await;
    let (admin, clerk) = (org.admin().await, clerk(&org).await);
    let wall = json!({"code": "wall", "labels": {"en": "Wall", "zh": "墙"}, "permissions": [], "data_scope": "own",
        "field_rules": [{"on": "field:id_number", "deny": true}, {"on": "field:mobile", "deny": true}]});
    let wall = format!("/v1/roles/{}", make(&admin, &wall).await.id());
    give(&org, org.user_id("dpo"), "wall").await;
    let lifted = json!({"field_rules": [{"on": "field:mobile", "deny": true}]});
    for who in [&clerk, &admin] {
        let faults = lacking(who.patch(&wall, &lifted).await);
        assert!(!faults.is_empty(), "the DPO would read resident ids again, which neither may");
    }
    let mobile = json!({"field_rules": [{"on": "field:id_number", "deny": true}]});
    assert!(!lacking(clerk.patch(&wall, &mobile).await).is_empty(), "out of the clerk's department");
    admin.patch(&wall, &mobile).await.shows(200);
}

#[tokio::test]
async fn a_partner_has_no_say_in_roles() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.post("/v1/roles", &role("desk", &json!([]))).await.refuses(403, "forbidden");
    partner.get("/v1/roles").await.refuses(403, "forbidden");
}
