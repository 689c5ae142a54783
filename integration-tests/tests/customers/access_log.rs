//! Who saw a customer: every way of seeing leaves its line.

use serde_json::{Value, json};

use super::{encoded, path, whole};
use crate::audit::Ledger;
use crate::support::{Org, customer};

async fn log(org: &Org<'_>, id: &str) -> Vec<Value> {
    let page = org.dpo().await.get(&format!("{}/access-log?limit=200", path(id))).await.shows(200);
    page.at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn every_way_of_seeing_a_customer_stands_in_its_log() {
    let org = Org::found().await;
    let (sales, manager) = (org.sales_a().await, org.manager().await);
    let id = sales.post("/v1/customers", &whole(1)).await.shows(201).id();
    let another = org.customer_of(&sales).await;
    let own = path(&id);
    sales.get(&own).await.shows(200);
    manager.get("/v1/customers").await.shows(200);
    manager.get("/v1/customers?q[customer_no]=D000001").await.shows(200);
    sales.post(&format!("{own}/reveal"), &json!({"fields": ["mobile"], "reason": "call"})).await.shows(200);
    sales.patch(&own, &json!({"stage": "lost"})).await.shows(200);
    manager.get(&format!("{own}/history")).await.shows(200);
    org.sales_b().await.get(&own).await.refuses(404, "not_found");
    org.marketing().await.get(&format!("{own}/history")).await.refuses(403, "forbidden");
    manager.get(&format!("{own}/access-log")).await.shows(200);
    org.admin().await.delete(&path(&another)).await.shows(204);
    let entries = log(&org, &id).await;
    let lines: Vec<_> = entries
        .iter()
        .map(|e| (e["action"].as_str().unwrap(), e["verdict"].as_str().unwrap(), e["actor"]["id"].clone()))
        .collect();
    let expected = [
        ("customers.access_log", "allowed", "manager"),
        ("access.refused", "refused", "marketing"),
        ("access.refused", "refused", "sales_b"),
        ("customers.history", "allowed", "manager"),
        ("customers.update", "allowed", "sales_a"),
        ("customers.reveal", "allowed", "sales_a"),
        ("customers.search", "allowed", "manager"),
        ("customers.list", "allowed", "manager"),
        ("customers.read", "allowed", "sales_a"),
        ("customers.create", "allowed", "sales_a"),
    ];
    assert_eq!(lines, expected.map(|(action, verdict, key)| (action, verdict, json!(org.user_id(key)))));
    assert!(entries.iter().all(|entry| entry["intact"] == true));
    let search = &entries[6];
    assert_eq!(search["details"]["searched"], json!(["customer_no:exact"]));
    assert!(!search.to_string().contains("D000001"), "what was looked for is not written down");
    assert_eq!(log(&org, &id).await.len(), 11, "reading the log stands in it too");
}

#[tokio::test]
async fn a_list_of_fifty_is_fifty_peoples_log() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(sales.post("/v1/customers", &customer()).await.shows(201).id());
    }
    let mut ledger = Ledger::of(&org).await;
    sales.get("/v1/customers").await.shows(200);
    let entry = ledger.only().await;
    assert_eq!(entry["action"], "customers.list");
    assert_eq!(entry["customers"].as_array().unwrap().len(), 50);
    for id in &ids {
        let newest = org_log_newest(&org, id).await;
        assert_eq!((&newest["action"], &newest["id"]), (&json!("customers.list"), &entry["id"]), "{id}");
    }
}

/// The newest entry that concerns a customer, without leaving another.
async fn org_log_newest(org: &Org<'_>, id: &str) -> Value {
    let sql = org.sql().await;
    let text = "SELECT entry FROM audit_entries WHERE organization_id = $1 AND (customer_id = $2::text::uuid OR id IN \
        (SELECT entry_id FROM audit_subjects WHERE organization_id = $1 AND customer_id = $2::text::uuid)) ORDER BY id DESC LIMIT 1";
    let row = sql.query_one(text, &[&org.id, &id]).await.unwrap();
    serde_json::from_slice(row.get(0)).unwrap()
}

#[tokio::test]
async fn the_log_comes_in_pages_newest_first() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    for _ in 0..5 {
        sales.get(&path(&id)).await.shows(200);
    }
    let dpo = org.dpo().await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = dpo.get(&format!("{}/access-log?limit=2{cursor}", path(&id))).await.shows(200);
        seen.extend(page.at("/data").as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6, "what is read meanwhile is newer than the first page");
    assert!(seen.is_sorted_by(|a, b| a > b));
}

#[tokio::test]
async fn only_those_who_watch_over_it_read_the_log() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    let log = format!("{}/access-log", path(&id));
    for person in [org.sales_a().await, org.finance().await, org.support().await, org.marketing().await] {
        let refused = person.get(&log).await.refuses(403, "forbidden");
        assert!(refused.text().contains("customers.access_log"));
    }
    for person in [org.admin().await, org.dpo().await, org.manager().await, org.auditor().await] {
        person.get(&log).await.shows(200);
    }
    let elsewhere = org.customer_of(&org.admin().await).await;
    org.manager().await.get(&format!("{}/access-log", path(&elsewhere))).await.refuses(404, "not_found");
}
