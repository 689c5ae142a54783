//! Accounts: made, found, changed and ended by an identity provider.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{account, patch, provisioned, scim_error};
use crate::support::mailbox::{letter, token};
use crate::support::{Org, PASSWORD, new_key, shared, try_log_in};

#[tokio::test]
async fn an_account_is_made_read_and_found() {
    let (org, hr) = provisioned().await;
    let address = format!("mei@{}", org.email("x"));
    let address = address.replace("x@", "");
    let made = hr.post("/scim/v2/Users", &account(&address)).await.shows(201);
    let path = format!("/scim/v2/Users/{}", made.id());
    assert!(made.sent("location").ends_with(&path), "{made}");
    assert_eq!((made.at("/displayName"), made.at("/active")), (json!("Mei Zhang"), json!(true)));
    let shown = hr.get(&path).await.shows(200);
    assert_eq!(shown.json(), made.json());
    assert_eq!(shown.sent("etag"), shown.text_at("/meta/version"));
    hr.get(&path).header("if-none-match", &shown.sent("etag")).await.shows(304);
    for filter in [
        format!("userName eq \"{}\"", address.to_uppercase()),
        format!("externalId eq \"ext-{address}\""),
        format!("userName eq \"{address}\" and active eq true"),
        format!("externalId eq \"nothing\" or userName eq \"{address}\""),
    ] {
        let found = hr.get(&format!("/scim/v2/Users?filter={}", encoded(&filter))).await.shows(200);
        assert_eq!((found.at("/totalResults"), found.at("/Resources/0/id")), (json!(1), made.at("/id")), "{filter}");
    }
    let none = format!("userName eq \"{address}\" and active eq false");
    assert_eq!(hr.get(&format!("/scim/v2/Users?filter={}", encoded(&none))).await.shows(200).at("/totalResults"), 0);
    for bad in ["userName", "password eq \"x\"", "userName is \"x\""] {
        scim_error(hr.get(&format!("/scim/v2/Users?filter={}", encoded(bad))).await, 400, Some("invalidFilter"));
    }
}

fn encoded(filter: &str) -> String {
    filter.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn accounts_come_by_the_page() {
    let (_org, hr) = provisioned().await;
    let all = hr.get("/scim/v2/Users").await.shows(200);
    let total = all.at("/totalResults").as_u64().unwrap();
    assert_eq!(total, 11);
    let mut seen = Vec::new();
    for start in [1, 5, 9, 13] {
        let page = hr.get(&format!("/scim/v2/Users?startIndex={start}&count=4")).await.shows(200);
        assert_eq!((page.at("/totalResults"), page.at("/startIndex")), (json!(total), json!(start)));
        seen.extend(page.at("/Resources").as_array().unwrap().iter().map(|one| one["id"].clone()));
    }
    let ids: Vec<Value> = all.at("/Resources").as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(seen, ids);
    assert_eq!(hr.get("/scim/v2/Users?count=0").await.shows(200).at("/Resources"), json!([]));
}

#[tokio::test]
async fn an_address_is_taken_once_and_a_body_must_be_sound() {
    let (org, hr) = provisioned().await;
    scim_error(hr.post("/scim/v2/Users", &account(&org.email("sales_a"))).await, 409, Some("uniqueness"));
    for body in [
        json!({}),
        json!({"userName": "no address"}),
        json!({"userName": 7}),
        json!({"userName": "a@b.example", "active": 1}),
    ] {
        scim_error(hr.post("/scim/v2/Users", &body).await, 400, Some("invalidValue"));
    }
    scim_error(
        hr.request("POST", "/scim/v2/Users").body("application/scim+json", "{").await,
        400,
        Some("invalidSyntax"),
    );
    scim_error(hr.request("POST", "/scim/v2/Users").body("text/plain", "{}").await, 415, None);
}

#[tokio::test]
async fn an_account_is_changed_whole_or_in_part() {
    let (org, hr) = provisioned().await;
    let path = format!("/scim/v2/Users/{}", org.user_id("sales_b"));
    let before = hr.get(&path).await.shows(200);
    let renamed = patch(&hr, &path, json!({"op": "Replace", "path": "displayName", "value": "Ben"})).await.shows(200);
    assert_eq!(renamed.at("/displayName"), "Ben");
    let several = json!({"op": "add", "value": {"externalId": "e-1", "name.formatted": "Ben B", "title": "not kept"}});
    let changed = patch(&hr, &path, several).await.shows(200);
    assert_eq!((changed.at("/externalId"), changed.at("/displayName")), (json!("e-1"), json!("Ben B")));
    let gone = patch(&hr, &path, json!({"op": "remove", "path": "externalId"})).await.shows(200);
    assert_eq!(gone.at("/externalId"), Value::Null);
    let stale = hr.request("PUT", &path).header("if-match", &before.sent("etag"));
    scim_error(stale.json(&before.json()).await, 412, None);
    let mut whole = gone.json();
    whole["userName"] = json!(format!("new-{}", org.email("sales_b")));
    let put = hr.request("PUT", &path).header("if-match", &gone.sent("etag")).json(&whole).await.shows(200);
    assert_eq!(put.at("/userName"), whole["userName"]);
    try_log_in(shared(), whole["userName"].as_str().unwrap(), PASSWORD).await.shows(200);
    try_log_in(shared(), &org.email("sales_b"), PASSWORD).await.refuses(401, "invalid_credentials");
    for (operation, kind) in [
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "move", "path": "active", "value": true}), "invalidSyntax"),
        (json!({"op": "remove"}), "noTarget"),
    ] {
        scim_error(patch(&hr, &path, operation).await, 400, Some(kind));
    }
}

#[tokio::test]
async fn who_has_left_is_out_within_a_second_with_every_session_and_key() {
    for value in [json!(false), json!("False")] {
        let (org, hr) = provisioned().await;
        let other = org.person("manager").await;
        let sql = org.sql().await;
        sql.execute(
            "INSERT INTO user_roles SELECT organization_id, id, 'admin' FROM users WHERE id = $1",
            &[&other.id],
        )
        .await
        .unwrap();
        let leaving = org.manager().await;
        let key = leaving.post("/v1/api-keys", &new_key()).await.shows(201);
        let partner = crate::support::Partner::of(&shared().base_url, &key);
        partner.get("/v1/me/permissions").await.shows(200);
        let path = format!("/scim/v2/Users/{}", leaving.id);
        let ended = patch(&hr, &path, json!({"op": "Replace", "path": "active", "value": value})).await.shows(200);
        let at = Instant::now();
        assert_eq!(ended.at("/active"), false);
        for session in [&leaving, &other] {
            session.get("/v1/me").await.refuses(401, "session_ended");
        }
        partner.get("/v1/me/permissions").await.refuses(401, "invalid_api_key");
        let refresh = json!({"refresh_token": leaving.refresh_token});
        shared().stranger().post("/v1/auth/refresh", &refresh).await.refuses(401, "session_ended");
        try_log_in(shared(), &leaving.email, PASSWORD).await.refuses(401, "invalid_credentials");
        assert!(at.elapsed() < Duration::from_secs(10));
        patch(&hr, &path, json!({"op": "replace", "value": {"active": true}})).await.shows(200);
        try_log_in(shared(), &leaving.email, PASSWORD).await.shows(200);
        partner.get("/v1/me/permissions").await.refuses(401, "invalid_api_key");
    }
}

/// The checklists that entries of this action keep, each in order.
async fn checklists(org: &Org<'_>, action: &str) -> Vec<Value> {
    let entries = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
    entries.at("/data").as_array().unwrap().iter().map(|entry| entry["details"]["steps"].clone()).collect()
}

#[tokio::test]
async fn inactive_ends_all_credentials_by_the_rules_of_the_product_and_says_so() {
    let (org, hr) = provisioned().await;
    let sql = org.sql().await;
    let role = "INSERT INTO user_roles SELECT organization_id, id, 'admin' FROM users WHERE id = $1";
    sql.execute(role, &[&org.user_id("manager")]).await.unwrap();
    let leaving = org.manager().await;
    leaving.post("/v1/api-keys", &new_key()).await.shows(201);
    let own = super::provisioner(&leaving, &shared().base_url).await;
    shared().stranger().post("/v1/auth/password/forgot", &json!({"email": leaving.email})).await.shows(202);
    let reset = token(&letter(shared(), &leaving.email, 1).await);
    let path = format!("/scim/v2/Users/{}", leaving.id);
    patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false})).await.shows(200);
    scim_error(own.get("/scim/v2/Users").await, 401, None);
    let steps = json!([
        "sessions_ended=1",
        "api_keys_revoked=1",
        "scim_tokens_revoked=1",
        "one_time_tokens_voided=1",
        "letters_withdrawn=0",
        "access_requests_cancelled=0",
        "exports_ended=0",
        "grants_revoked=0",
        "delegations_ended=0",
        "reports_handed_over=3",
        "departments_handed_over=0",
        "customers_handed_over=0",
        "collaborations_ended=0",
        "records_handed_over=0",
        "approvals_handed_over=0",
        "approval_policies_changed=0",
        "review_lines_handed_over=0",
        "privacy_requests_handed_over=0"
    ]);
    assert_eq!(checklists(&org, "users.suspend").await, [steps]);
    // Back again: what was a way in before is none now.
    patch(&hr, &path, json!({"op": "replace", "path": "active", "value": true})).await.shows(200);
    let body = json!({"token": reset, "password": "seven green kites at dawn"});
    shared().stranger().post("/v1/auth/password/reset", &body).await.refuses(401, "invalid_token");
    scim_error(own.get("/scim/v2/Users").await, 401, None);
}

#[tokio::test]
async fn who_is_inactive_leaves_the_work_to_the_supervisor_with_the_checklist() {
    let (org, hr) = provisioned().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let customer = org.customer_of(&asha).await;
    let call = json!({"fields": {"channel": "phone", "occurred_at": "2026-01-01T08:00:00Z", "next_follow_up_at": "2026-02-01T08:00:00Z"}});
    let call = asha.post(&format!("/v1/customers/{customer}/records/interaction"), &call).await.shows(201).id();
    let asked =
        json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
    let asked = asha.post("/v1/access-requests", &asked).await.shows(201).id();
    let path = format!("/scim/v2/Users/{}", asha.id);
    let inactive = json!({"op": "replace", "path": "active", "value": false});
    patch(&hr, &path, inactive.clone()).await.shows(200);
    let read = manager.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_eq!(read.at("/owner_id"), json!(manager.id));
    let due = manager.get("/v1/follow-ups").await.shows(200);
    assert_eq!(due.at("/data/0/record/id"), json!(call), "{due}");
    assert_eq!(manager.get(&format!("/v1/access-requests/{asked}")).await.shows(200).at("/state"), "cancelled");
    let steps = checklists(&org, "users.suspend").await[0].clone();
    for step in ["access_requests_cancelled=1", "customers_handed_over=1", "records_handed_over=1"] {
        assert!(steps.as_array().unwrap().contains(&json!(step)), "{steps}");
    }
    // The manager is inactive in turn: what waits for the manager to approve goes on to the administrator above.
    let request =
        json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
    let request = org.sales_b().await.post("/v1/access-requests", &request).await.shows(201);
    assert_eq!(request.at("/approver_ids"), json!([manager.id]));
    patch(&hr, &format!("/scim/v2/Users/{}", manager.id), inactive).await.shows(200);
    let waiting = org.admin().await.get("/v1/inbox?kind=approval").await.shows(200);
    assert_eq!(waiting.at("/data/0/id"), json!(request.id()), "{waiting}");
}

#[tokio::test]
async fn who_is_taken_back_gets_the_customers_back_in_one_call_and_not_by_themselves() {
    let (org, hr) = provisioned().await;
    let (asha, manager, admin) = (org.sales_a().await, org.manager().await, org.admin().await);
    let (theirs, kept) = (org.customer_of(&asha).await, org.customer_of(&asha).await);
    let always = org.customer_of(&manager).await;
    let call = json!({"fields": {"channel": "phone", "occurred_at": "2026-01-01T08:00:00Z", "next_follow_up_at": "2026-02-01T08:00:00Z"}});
    asha.post(&format!("/v1/customers/{theirs}/records/interaction"), &call).await.shows(201);
    let account = format!("/scim/v2/Users/{}", asha.id);
    let checklist = format!("/v1/users/{}/offboarding", asha.id);
    admin.get(&checklist).await.refuses(404, "not_found");
    patch(&hr, &account, json!({"op": "replace", "path": "active", "value": false})).await.shows(200);
    let record = admin.get(&checklist).await.shows(200);
    assert_eq!((record.at("/kind"), record.at("/successor_id")), (json!("deactivated"), json!(manager.id)), "{record}");
    assert_eq!(record.at("/offboarded_by"), Value::Null, "{record}");
    assert_eq!(record.at("/steps/customers_handed_over"), 2, "{record}");
    // One of the two goes on to somebody else before the directory takes the person back.
    let on = json!({"customer_ids": [kept], "owner_id": org.user_id("sales_b"), "reason": "could not wait"});
    manager.post("/v1/customers/hand-over", &on).await.shows(200);
    patch(&hr, &account, json!({"op": "replace", "path": "active", "value": true})).await.shows(200);
    let asha = org.sales_a().await;
    asha.get(&format!("/v1/customers/{theirs}")).await.refuses(404, "not_found");
    let back =
        json!({"handed_over_from": asha.id, "owner_id": asha.id, "follow_ups": true, "reason": "is with us again"});
    asha.post("/v1/customers/hand-over", &back).await.refuses(403, "forbidden");
    let done = manager.post("/v1/customers/hand-over", &back).await.shows(200);
    assert_eq!((done.at("/handed_over"), done.at("/follow_ups")), (json!(1), json!(1)), "{done}");
    asha.get(&format!("/v1/customers/{theirs}")).await.shows(200);
    for other in [&kept, &always] {
        asha.get(&format!("/v1/customers/{other}")).await.refuses(404, "not_found");
    }
    manager.post("/v1/customers/hand-over", &back).await.refuses(422, "invalid_body");
    let both =
        json!({"handed_over_from": asha.id, "customer_ids": [kept], "owner_id": asha.id, "reason": "both of it"});
    manager.post("/v1/customers/hand-over", &both).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_change_of_the_name_does_not_bring_back_who_left_at_that_moment() {
    let (org, hr) = provisioned().await;
    for who in ["sales_a", "sales_b", "sales_c", "manager", "finance"] {
        let path = format!("/scim/v2/Users/{}", org.user_id(who));
        let leaves = patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false}));
        let renamed = patch(&hr, &path, json!({"op": "replace", "path": "displayName", "value": "Another"}));
        let (left, named) = tokio::join!(leaves, renamed);
        left.shows(200);
        named.shows(200);
        let shown = hr.get(&path).await.shows(200);
        assert_eq!((shown.at("/active"), shown.at("/displayName")), (json!(false), json!("Another")), "{who}");
    }
}

#[tokio::test]
async fn whom_the_product_suspended_the_provider_does_not_open_again() {
    let (org, hr) = provisioned().await;
    let (admin, email) = (org.admin().await, org.email("sales_a"));
    let account = format!("/v1/users/{}", org.user_id("sales_a"));
    let path = format!("/scim/v2/Users/{}", org.user_id("sales_a"));
    let mut whole = hr.get(&path).await.shows(200).json();
    admin.act(&format!("{account}/suspend")).await.shows(200);
    whole["displayName"] = json!("Synchronised");
    let put = hr.request("PUT", &path).json(&whole).await.shows(200);
    assert_eq!((put.at("/active"), put.at("/displayName")), (json!(false), json!("Synchronised")));
    let asked = patch(&hr, &path, json!({"op": "replace", "path": "active", "value": true})).await.shows(200);
    assert_eq!(asked.at("/active"), false);
    try_log_in(shared(), &email, PASSWORD).await.refuses(401, "invalid_credentials");
    admin.act(&format!("{account}/reactivate")).await.shows(200);
    try_log_in(shared(), &email, PASSWORD).await.shows(200);
    // Closed by the one and then by the other: the last word counts.
    patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false})).await.shows(200);
    admin.act(&format!("{account}/reactivate")).await.shows(200);
    admin.act(&format!("{account}/suspend")).await.shows(200);
    let asked = patch(&hr, &path, json!({"op": "replace", "path": "active", "value": true})).await.shows(200);
    assert_eq!(asked.at("/active"), false);
}

#[tokio::test]
async fn an_invitation_of_somebody_inactive_is_void() {
    let (org, hr) = provisioned().await;
    let (admin, address) = (org.admin().await, format!("new-{}", org.email("sales_a")));
    let invited = admin.post("/v1/users", &json!({"email": address, "name": "New"})).await.shows(201);
    let invitation = token(&letter(shared(), &address, 1).await);
    let path = format!("/scim/v2/Users/{}", invited.id());
    assert_eq!(hr.get(&path).await.shows(200).at("/active"), true);
    let ended = patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false})).await.shows(200);
    assert_eq!(ended.at("/active"), false);
    let body = json!({"token": invitation, "password": "seven green kites at dawn"});
    shared().stranger().post("/v1/auth/invitations/accept", &body).await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn who_is_deleted_is_offboarded_with_the_checklist() {
    let (org, hr) = provisioned().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let customer = org.customer_of(&asha).await;
    let supervisor = admin.get(&format!("/v1/users/{}", asha.id)).await.shows(200).at("/supervisor_id");
    hr.request("DELETE", &format!("/scim/v2/Users/{}", asha.id)).await.shows(204);
    let record = admin.get(&format!("/v1/users/{}/offboarding", asha.id)).await.shows(200);
    assert_eq!((record.at("/successor_id"), record.at("/steps/sessions_ended")), (supervisor.clone(), json!(1)));
    assert_eq!(record.at("/steps/customers_handed_over"), 1, "{record}");
    assert_eq!(admin.get(&format!("/v1/customers/{customer}")).await.shows(200).at("/owner_id"), supervisor);
    assert_eq!(checklists(&org, "users.offboard").await.len(), 1);
}

#[tokio::test]
async fn who_is_deleted_is_gone_and_the_address_is_free() {
    let (org, hr) = provisioned().await;
    let asha = org.sales_a().await;
    let path = format!("/scim/v2/Users/{}", asha.id);
    hr.request("DELETE", &path).await.shows(204);
    asha.get("/v1/me").await.refuses(401, "session_ended");
    scim_error(hr.get(&path).await, 404, None);
    scim_error(hr.request("DELETE", &path).await, 404, None);
    let again = hr.post("/scim/v2/Users", &account(&asha.email)).await.shows(201);
    assert_ne!(again.id(), asha.id.to_string());
    let auditor = org.auditor().await;
    let entries = auditor.get("/v1/audit/entries?action=scim.users_change").await.shows(200);
    assert_eq!(entries.at("/data").as_array().map(Vec::len), Some(2), "{entries}");
}

#[tokio::test]
async fn the_last_administrator_stays_whatever_the_provider_says() {
    let (org, hr) = provisioned().await;
    let path = format!("/scim/v2/Users/{}", org.user_id("admin"));
    scim_error(patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false})).await, 409, None);
    scim_error(hr.request("DELETE", &path).await, 409, None);
    org.admin().await.get("/v1/me").await.shows(200);
}

#[tokio::test]
async fn people_of_another_organisation_do_not_exist() {
    let (_org, hr) = provisioned().await;
    let other = Org::found().await;
    let (theirs, nobody) = (other.user_id("sales_a").to_string(), "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned());
    let mut answers = Vec::new();
    for id in [theirs, nobody, "x".to_owned()] {
        let path = format!("/scim/v2/Users/{id}");
        scim_error(patch(&hr, &path, json!({"op": "replace", "path": "active", "value": false})).await, 404, None);
        scim_error(hr.request("DELETE", &path).await, 404, None);
        answers.push(hr.get(&path).await.bytes);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    other.sales_a().await.get("/v1/me").await.shows(200);
}
