//! From entry to deletion, with the versions between, the searches and the timeline.

use serde_json::{Value, json};

use super::{call_on, enter, path, someone};
use crate::audit::Ledger;
use crate::support::Org;

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_record_is_entered_read_changed_and_deleted_with_every_version_kept() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    let mut ledger = Ledger::of(&org).await;
    let entered = enter(
        &sales,
        &customer,
        "opportunity",
        json!({"stage": "lead", "title": "Forklifts", "amount": {"amount": "1200.50", "currency": "CNY"}}),
    )
    .await
    .shows(201);
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["customer"], &entry["details"]["record"]),
        (&json!("records.create"), &json!(customer), &json!(entered.id()))
    );
    assert!(!entry.to_string().contains("Forklifts"));
    let at = path("opportunity", &entered.id());
    assert_eq!(entered.sent("location"), at);
    assert_eq!(
        (entered.at("/customer_id"), entered.at("/owner_id"), entered.at("/type")),
        (json!(customer), json!(sales.id), json!("opportunity"))
    );
    let read = sales.get(&at).await.shows(200);
    assert_eq!(read.at("/fields/amount"), json!({"amount": "1200.50", "currency": "CNY"}));
    sales.get(&at).header("if-none-match", &read.sent("etag")).await.shows(304);
    let changed = sales.patch(&at, &json!({"fields": {"stage": "won", "title": null}})).await.shows(200);
    assert_eq!((changed.at("/version"), changed.at("/fields/stage")), (json!(2), json!("won")));
    assert_eq!(sales.patch(&at, &json!({"fields": {"stage": "won"}})).await.shows(200).at("/version"), 2);
    sales
        .patch(&at, &json!({"fields": {"stage": "lost"}}))
        .instead("if-match", &read.sent("etag"))
        .await
        .refuses(412, "precondition_failed");
    let history = sales.get(&format!("{at}/history")).await.shows(200).json();
    let change = |version: usize, name: &str| {
        let all = history["data"][version]["changes"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).map(|one| (one["before"].clone(), one["after"].clone()))
    };
    assert_eq!(change(0, "stage"), Some((json!("lead"), json!("won"))));
    assert_eq!(change(0, "title"), Some((json!("Forklifts"), Value::Null)));
    assert_eq!(change(1, "title"), Some((Value::Null, json!("Forklifts"))));
    let manager = org.manager().await;
    sales.delete(&at).await.refuses(403, "forbidden");
    manager.delete(&at).await.shows(204);
    sales.get(&at).await.refuses(404, "not_found");
    let listed = sales.get(&format!("/v1/customers/{customer}/records/opportunity")).await.shows(200);
    assert_eq!(listed.at("/data"), json!([]));
}

#[tokio::test]
async fn a_faulty_record_is_told_every_fault() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    let refused = enter(
        &sales,
        &customer,
        "interaction",
        json!({"channel": "pigeon", "occurred_at": "yesterday", "mood": "good"}),
    )
    .await;
    let mut faults = refused.refuses(422, "invalid_body").faults();
    faults.sort();
    let all = [
        ("/fields/channel", "not_a_choice"),
        ("/fields/mood", "unknown_field"),
        ("/fields/occurred_at", "invalid_datetime"),
    ];
    assert_eq!(faults, all.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let refused = enter(&sales, &customer, "interaction", json!({})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults().iter().filter(|(_, code)| code == "required").count(), 2);
    enter(&sales, &customer, "customer", json!({"name": "x"})).await.refuses(404, "not_found");
    enter(&sales, &customer, "nonsense", json!({})).await.refuses(404, "not_found");
    sales.get(&path("interaction", "no-id")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn contracts_are_found_by_their_number_across_customers_and_pages_follow() {
    let org = Org::found().await;
    let (sales, other) = (org.sales_a().await, org.sales_b().await);
    let (ours, theirs) = (someone(&sales).await, someone(&other).await);
    let contract = |number: &str| json!({"contract_no": number, "status": "signed"});
    let one = enter(&sales, &ours, "contract", contract("HT-2026-001")).await.shows(201).id();
    let two = enter(&sales, &ours, "contract", contract("HT-2026-002")).await.shows(201).id();
    let foreign = enter(&other, &theirs, "contract", contract("HT-2026-001")).await.shows(201).id();
    let found = sales.get("/v1/records/contract?q[contract_no]=ht-2026-001").await.shows(200);
    assert_eq!(ids(&found.json()), std::slice::from_ref(&one), "what lies outside the scope is not found");
    let manager = org.manager().await;
    let mut all = ids(&manager.get("/v1/records/contract?q[contract_no]=HT-2026-001").await.shows(200).json());
    all.sort();
    let mut both = vec![one.clone(), foreign];
    both.sort();
    assert_eq!(all, both);
    let page = sales.get("/v1/records/contract?limit=1").await.shows(200);
    assert_eq!(ids(&page.json()), [two]);
    let next =
        sales.get(&format!("/v1/records/contract?limit=1&cursor={}", page.text_at("/next_cursor"))).await.shows(200);
    assert_eq!((ids(&next.json()), next.at("/next_cursor")), (vec![one], Value::Null));
    sales.get("/v1/records/contract?q[title]=x").await.refuses(400, "not_searchable");
    sales.get(&format!("/v1/customers/{theirs}/records/contract")).await.refuses(404, "not_found");
    let none = sales.get("/v1/records/contract?state=ended").await.shows(200);
    assert_eq!(none.at("/data"), json!([]));
}

#[tokio::test]
async fn the_timeline_tells_what_happened_latest_first() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    let spring = enter(&sales, &customer, "interaction", call_on("2026-03-11")).await.shows(201).id();
    let autumn = enter(&sales, &customer, "interaction", call_on("2026-10-21")).await.shows(201).id();
    let signed = enter(
        &sales,
        &customer,
        "contract",
        json!({"contract_no": "HT-1", "status": "signed", "signed_on": "2026-06-01"}),
    )
    .await
    .shows(201)
    .id();
    let line = sales.get(&format!("/v1/customers/{customer}/timeline")).await.shows(200).json();
    assert_eq!(ids(&line), [autumn.clone(), signed.clone(), spring.clone()]);
    let first = sales.get(&format!("/v1/customers/{customer}/timeline?limit=2")).await.shows(200);
    let rest = sales
        .get(&format!("/v1/customers/{customer}/timeline?limit=2&cursor={}", first.text_at("/next_cursor")))
        .await
        .shows(200);
    assert_eq!(ids(&rest.json()), [spring]);
    org.sales_b().await.get(&format!("/v1/customers/{customer}/timeline")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_retried_entry_makes_one_record() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let customer = someone(&sales).await;
    let once = sales.with("idempotency-key", "call-1");
    let at = format!("/v1/customers/{customer}/records/interaction");
    let first = once.post(&at, &json!({"fields": call_on("2026-03-11")})).await.shows(201);
    let again = once.post(&at, &json!({"fields": call_on("2026-03-11")})).await.shows(201);
    assert_eq!((first.id(), again.header("idempotent-replayed")), (again.id(), Some("true")));
    assert_eq!(ids(&sales.get(&at).await.shows(200).json()).len(), 1);
}
