//! Collaborators: who was named reaches a customer as its owner does, until the end of it.

use custodian_application::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{NOBODY, ids, path, whole};
use crate::audit::Ledger;
use crate::support::{Org, Person, Request};

fn with(person: &Person, id: &str, those: Value) -> Request {
    let body = json!({"collaborators": those});
    person.request("PUT", &format!("{}/collaborators", path(id))).header("if-match", "*").json(&body)
}

#[tokio::test]
async fn who_was_named_reads_lists_changes_and_hears_of_the_customer() {
    let org = Org::found().await;
    let (asha, ben, cy) = (org.sales_a().await, org.sales_b().await, org.sales_c().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    ben.get(&path(&id)).await.refuses(404, "not_found");
    let mut ledger = Ledger::of(&org).await;
    let named = with(&asha, &id, json!([{"user_id": ben.id}])).await.shows(200);
    assert_eq!((named.at("/data/0/user_id"), named.at("/data/0/ends_at")), (json!(ben.id), Value::Null));
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["details"]["collaborators"]), (&json!("customers.share"), &json!([ben.id])));
    let seen = ben.get(&path(&id)).await.shows(200);
    assert_eq!(seen.at("/fields"), asha.get(&path(&id)).await.shows(200).at("/fields"));
    assert_eq!(ids(&ben.get("/v1/customers?q[customer_no]=D000001&count=true").await.shows(200).json()), [id.as_str()]);
    ben.patch(&path(&id), &json!({"stage": "customer"})).await.shows(200);
    ben.get(&format!("{}/history", path(&id))).await.shows(200);
    crate::records::enter(&ben, &id, "interaction", crate::records::call_on("2026-03-11")).await.shows(201);
    crate::events::told(&ben, &format!("customer_id={id}")).await;
    cy.get(&path(&id)).await.refuses(404, "not_found");
    with(&asha, &id, json!([])).await.shows(200);
    ben.get(&path(&id)).await.refuses(404, "not_found");
    assert_eq!(ben.get("/v1/customers").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn the_end_is_kept_by_the_database_s_clock() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let until = SystemClock.now() + chrono::Duration::days(2);
    with(&asha, &id, json!([{"user_id": ben.id, "ends_at": until}])).await.shows(200);
    ben.get(&path(&id)).await.shows(200);
    let over = "UPDATE customer_collaborators SET ends_at = clock_timestamp() WHERE customer_id = $1::text::uuid";
    org.sql().await.execute(over, &[&id]).await.unwrap();
    ben.get(&path(&id)).await.refuses(404, "not_found");
    assert_eq!(ben.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
    ben.patch(&path(&id), &json!({"stage": "lost"})).await.refuses(404, "not_found");
    let shown = asha.get(&format!("{}/collaborators", path(&id))).await.shows(200);
    assert_eq!(shown.at("/data"), json!([]));
}

#[tokio::test]
async fn a_look_that_was_lent_is_not_lent_on() {
    let org = Org::found().await;
    let (asha, ben, cy, manager) = (org.sales_a().await, org.sales_b().await, org.sales_c().await, org.manager().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    with(&ben, &id, json!([{"user_id": ben.id}])).await.refuses(404, "not_found");
    with(&asha, &id, json!([{"user_id": ben.id}])).await.shows(200);
    with(&ben, &id, json!([{"user_id": ben.id}, {"user_id": cy.id}])).await.refuses(403, "collaborator_only");
    with(&ben, &id, json!([])).await.refuses(403, "collaborator_only");
    with(&manager, &id, json!([{"user_id": cy.id}])).await.shows(200);
    ben.get(&path(&id)).await.refuses(404, "not_found");
    let refused = with(&org.finance().await, &id, json!([])).await.refuses(403, "forbidden");
    assert!(refused.text().contains("customers.share"));
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let theirs = ids(&partner.get("/v1/customers").await.shows(200).json())[0].clone();
    partner.get(&format!("{}/collaborators", path(&theirs))).await.refuses(403, "staff_only");
}

#[tokio::test]
async fn who_cannot_be_named_is_told_all_at_once() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let those = json!([{"user_id": asha.id}, {"user_id": ben.id}, {"user_id": ben.id}, {"user_id": NOBODY},
        {"user_id": other.user_id("sales_b")}, {"user_id": org.user_id("sales_c"), "ends_at": "2020-01-01T00:00:00Z"}]);
    let refused = with(&asha, &id, those).await.refuses(422, "invalid_body");
    let expected = [
        ("/collaborators/0/user_id", "not_allowed"),
        ("/collaborators/2/user_id", "not_unique"),
        ("/collaborators/3/user_id", "unknown_user"),
        ("/collaborators/4/user_id", "unknown_user"),
        ("/collaborators/5/ends_at", "in_the_past"),
    ];
    assert_eq!(refused.faults(), expected.map(|(place, code)| (place.to_owned(), code.to_owned())));
    let list = format!("{}/collaborators", path(&id));
    let tag = asha.get(&list).await.shows(200).sent("etag");
    with(&asha, &id, json!([{"user_id": ben.id}])).instead("if-match", &tag).await.shows(200);
    with(&asha, &id, json!([])).instead("if-match", &tag).await.refuses(412, "precondition_failed");
    with(&asha, &id, json!([])).without("if-match").await.refuses(428, "precondition_required");
    assert_eq!(asha.get(&list).await.shows(200).at("/data/0/user_id"), json!(ben.id));
}

#[tokio::test]
async fn the_list_of_who_sees_a_customer_says_who_was_named() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    with(&asha, &id, json!([{"user_id": ben.id}])).await.shows(200);
    let seers = org.auditor().await.get(&format!("{}/access?limit=200", path(&id))).await.shows(200).json();
    let collaborators: Vec<&Value> = seers["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["collaborator"] == true)
        .map(|one| &one["id"])
        .collect();
    assert_eq!(collaborators, [&json!(ben.id)]);
    let asked = json!({"customer_id": id, "permission": "customers.read", "user_id": ben.id});
    let why = org.admin().await.post("/v1/access-decisions", &asked).await.shows(200);
    assert!(why.text().contains("\"collaborator\""), "{why}");
}

#[tokio::test]
async fn who_leaves_is_named_nowhere_any_more() {
    let org = Org::found().await;
    let (asha, ben, admin) = (org.sales_a().await, org.sales_b().await, org.admin().await);
    for number in 1..=2 {
        let id = asha.post("/v1/customers", &whole(number)).await.shows(201).id();
        with(&asha, &id, json!([{"user_id": ben.id}])).await.shows(200);
    }
    let body = json!({"successor_id": org.user_id("sales_c")});
    let left = admin.post(&format!("/v1/users/{}/offboard", ben.id), &body).await.shows(200);
    assert_eq!(left.at("/steps/collaborations_ended"), 2);
    let rows = org.sql().await.query("SELECT FROM customer_collaborators", &[]).await.unwrap();
    assert!(rows.is_empty(), "the successor takes over what was owned, not what was lent");
}
