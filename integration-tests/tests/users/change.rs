//! Accounts are changed by those who manage them: never one's own place, never more rights than one holds.

use std::future::IntoFuture;

use serde_json::{Value, json};

use crate::support::{Answer, Org, PASSWORD, try_log_in};

fn path(org: &Org<'_>, key: &str) -> String {
    format!("/v1/users/{}", org.user_id(key))
}

#[track_caller]
fn faulty(answer: Answer, expected: &[(&str, &str)]) {
    let answer = answer.refuses(422, "invalid_body");
    let faults = answer.faults();
    let faults: Vec<_> = faults.iter().map(|(place, code)| (place.as_str(), code.as_str())).collect();
    assert_eq!(faults, expected, "{answer}");
}

#[tokio::test]
async fn a_colleague_is_moved_renamed_and_given_regions() {
    let org = Org::found().await;
    let (admin, path) = (org.admin().await, path(&org, "sales_a"));
    let before = admin.get(&path).await.shows(200);
    let body = json!({"name": "Asha", "department_id": org.department_id("Services"), "supervisor_id": org.user_id("admin"),
        "regions": ["CN-44", "CN-31", "CN-31"]});
    let after = admin.patch(&path, &body).instead("if-match", &before.sent("etag")).await.shows(200);
    assert_eq!((after.at("/name"), after.at("/regions")), (json!("Asha"), json!(["CN-31", "CN-44"])));
    assert_eq!(after.at("/department_id"), body["department_id"]);
    assert_eq!(admin.get(&path).await.shows(200).json(), after.json());
    let stale = admin.patch(&path, &json!({"name": "B"})).instead("if-match", &before.sent("etag"));
    stale.await.refuses(412, "precondition_failed");
    admin.patch(&path, &json!({"name": "B"})).without("if-match").await.refuses(428, "precondition_required");
    let none =
        admin.patch(&path, &json!({"department_id": null, "supervisor_id": null, "regions": []})).await.shows(200);
    assert_eq!((none.at("/department_id"), none.at("/supervisor_id")), (Value::Null, Value::Null));
    let entries = org.auditor().await.get("/v1/audit/entries?action=users.update").await.shows(200);
    assert_eq!(
        entries.at("/data/0/details/changed"),
        json!(["department_id", "supervisor_id", "regions"]),
        "{entries}"
    );
    assert!(!entries.text().contains("Asha"), "{entries}");
}

#[tokio::test]
async fn every_fault_of_a_change_is_named() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (admin, path) = (org.admin().await, path(&org, "sales_a"));
    let body = json!({"department_id": other.department_id("Sales"), "supervisor_id": other.user_id("manager"),
        "regions": ["CN-31", "Mars"], "role_ids": ["sales", "king", "auditor"]});
    let expected = [
        ("/department_id", "unknown_department"),
        ("/regions/1", "unknown_region"),
        ("/role_ids/0", "role_beyond_own"),
        ("/role_ids/1", "unknown_role"),
        ("/supervisor_id", "unknown_user"),
    ];
    faulty(admin.patch(&path, &body).await, &expected);
    faulty(admin.patch(&path, &json!({"name": null})).await, &[("/name", "required")]);
    faulty(admin.patch(&path, &json!({"name": " "})).await, &[("/name", "empty")]);
    admin.patch(&path, &json!({"state": "active"})).await.refuses(422, "unknown_field");
}

#[tokio::test]
async fn nobody_reports_to_somebody_beneath_them_whatever_happens_at_once() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let report = |who: &str, to: &str| admin.patch(&path(&org, who), &json!({"supervisor_id": org.user_id(to)}));
    faulty(report("sales_a", "sales_a").await, &[("/supervisor_id", "supervisor_cycle")]);
    faulty(report("manager", "sales_a").await, &[("/supervisor_id", "supervisor_cycle")]);
    report("finance", "sales_a").await.shows(200);
    faulty(report("manager", "finance").await, &[("/supervisor_id", "supervisor_cycle")]);
    for _ in 0..10 {
        for who in ["support", "marketing"] {
            admin.patch(&path(&org, who), &json!({"supervisor_id": null})).await.shows(200);
        }
        let both = (report("support", "marketing").into_future(), report("marketing", "support").into_future());
        let (one, other) = futures_util::future::join(both.0, both.1).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{one} {other}");
    }
}

#[tokio::test]
async fn nobody_changes_their_own_place_or_rights() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    for body in [
        json!({"department_id": null}),
        json!({"supervisor_id": org.user_id("dpo")}),
        json!({"regions": ["CN-31"]}),
        json!({"role_ids": ["admin", "sales"]}),
    ] {
        admin.patch(&path(&org, "admin"), &body).await.refuses(403, "own_account");
    }
    admin.patch(&path(&org, "admin"), &json!({"name": "Boss"})).await.shows(200);
    let own = dpo.request("PUT", &format!("{}/roles", path(&org, "dpo"))).header("if-match", "*");
    own.json(&json!({"role_ids": ["dpo", "auditor"]})).await.refuses(403, "own_account");
    admin.act(&format!("{}/suspend", path(&org, "admin"))).await.refuses(403, "own_account");
}

#[tokio::test]
async fn nobody_hands_out_or_takes_back_more_than_they_hold() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let roles = |who: &str| format!("{}/roles", path(&org, who));
    for (given, refused) in [("sales", false), ("manager", false), ("finance", true), ("auditor", true), ("dpo", true)]
    {
        let answer = admin.patch(&path(&org, "nobody"), &json!({"role_ids": [given]})).await;
        if refused { faulty(answer, &[("/role_ids/0", "role_beyond_own")]) } else { drop(answer.shows(200)) }
    }
    // The log's readers are not stripped by those whom the log watches.
    faulty(admin.patch(&path(&org, "auditor"), &json!({"role_ids": []})).await, &[("/role_ids", "role_beyond_own")]);
    admin.patch(&path(&org, "nobody"), &json!({"role_ids": []})).await.shows(200);
    let give = |who: &str, role: &str| {
        dpo.request("PUT", &roles(who)).header("if-match", "*").json(&json!({"role_ids": [role]}))
    };
    assert_eq!(give("nobody", "auditor").await.shows(200).at("/role_ids"), json!(["auditor"]));
    faulty(give("nobody", "sales").await, &[("/role_ids/0", "role_beyond_own")]);
    faulty(give("sales_a", "marketing").await, &[("/role_ids", "role_beyond_own")]);
    let refused = org.manager().await.request("PUT", &roles("nobody")).header("if-match", "*");
    refused.json(&json!({"role_ids": []})).await.refuses(403, "forbidden");
    org.nobody().await.get("/v1/audit/entries").await.shows(200);
}

#[tokio::test]
async fn a_role_taken_away_is_gone_within_a_second() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    asha.get("/v1/customers").await.shows(200);
    admin.patch(&path(&org, "sales_a"), &json!({"role_ids": []})).await.shows(200);
    let written = std::time::Instant::now();
    while asha.get("/v1/customers").await.status == 200 {
        assert!(written.elapsed() <= std::time::Duration::from_secs(1), "still let in");
    }
    asha.get("/v1/customers").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_suspended_person_is_out_at_once_and_comes_back_by_log_in_alone() {
    let org = Org::found().await;
    let (admin, asha, path) = (org.admin().await, org.sales_a().await, path(&org, "sales_a"));
    asha.get("/v1/me").await.shows(200);
    let suspended = admin.act(&format!("{path}/suspend")).await.shows(200);
    assert_eq!(suspended.at("/state"), "suspended");
    asha.get("/v1/me").await.refuses(401, "session_ended");
    try_log_in(org.service(), &asha.email, PASSWORD).await.refuses(401, "invalid_credentials");
    admin.act(&format!("{path}/suspend")).await.refuses(409, "wrong_state");
    assert_eq!(admin.get("/v1/users?state=suspended").await.shows(200).at("/data/0/id"), json!(asha.id));
    assert_eq!(admin.act(&format!("{path}/reactivate")).await.shows(200).at("/state"), "active");
    admin.act(&format!("{path}/reactivate")).await.refuses(409, "wrong_state");
    asha.get("/v1/me").await.refuses(401, "session_ended");
    org.sales_a().await.get("/v1/me").await.shows(200);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let org = Org::found().await;
    let (admin, key) = (org.admin().await, path(&org, "admin"));
    let second = admin.patch(&path(&org, "nobody"), &json!({"role_ids": ["admin"]})).await.shows(200);
    assert_eq!(second.at("/role_ids"), json!(["admin"]));
    let other = org.nobody().await;
    // Of two who suspend each other at once, one stays.
    let both = (
        admin.act(&format!("{}/suspend", path(&org, "nobody"))).into_future(),
        other.act(&format!("{key}/suspend")).into_future(),
    );
    let (one, two) = futures_util::future::join(both.0, both.1).await;
    assert!([one.status, two.status].iter().filter(|status| **status == 200).count() == 1, "{one} {two}");
    let org = Org::found().await;
    let sql = org.sql().await;
    let spare = org.user_id("nobody");
    let give = "INSERT INTO user_roles (organization_id, user_id, role_code) VALUES ($1, $2, 'admin')";
    sql.execute(give, &[&org.id, &spare]).await.unwrap();
    let spare = org.nobody().await;
    sql.execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&org.user_id("nobody")]).await.unwrap();
    let asked = spare.patch(&path(&org, "admin"), &json!({"role_ids": []})).await;
    assert!([401, 409].contains(&asked.status), "{asked}");
    assert_eq!(org.admin().await.get("/v1/me").await.shows(200).at("/role_ids"), json!(["admin"]));
}

#[tokio::test]
async fn lists_are_narrowed_and_only_managers_change_accounts() {
    let (org, other) = (Org::found().await, Org::found().await);
    let admin = org.admin().await;
    let count = async |query: &str| {
        let page = admin.get(&format!("/v1/users?{query}")).await.shows(200);
        page.at("/data").as_array().unwrap().len()
    };
    assert_eq!(count("role_id=sales").await, 3);
    assert_eq!(count(&format!("department_id={}", org.department_id("Sales East"))).await, 2);
    assert_eq!(count(&format!("supervisor_id={}", org.user_id("manager"))).await, 3);
    assert_eq!(count(&format!("email={}", org.email("sales_b").to_uppercase())).await, 1);
    assert_eq!(count(&format!("email={}", other.email("sales_b"))).await, 0);
    assert_eq!(count("state=invited").await, 0);
    admin.get("/v1/users?state=gone").await.refuses(400, "invalid_query");
    let path = path(&org, "sales_a");
    for who in ["dpo", "manager", "sales_a", "auditor", "nobody"] {
        let person = org.person(who).await;
        for request in [
            person.patch(&path, &json!({"name": "x"})),
            person.act(&format!("{path}/suspend")),
            person.act(&format!("{path}/reactivate")),
        ] {
            let refused = request.await.refuses(403, "forbidden");
            assert!(refused.text_at("/detail").contains("users.manage"), "{refused}");
        }
    }
}
