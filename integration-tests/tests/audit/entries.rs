//! Reading the log over HTTP: every filter, page by page.

use serde_json::{Value, json};

use crate::customers::{encoded, path, whole};
use crate::support::{Org, Person};

async fn found(person: &Person, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/v1/audit/entries?limit=200&{query}")).await.shows(200);
    let mut lines = page.at("/data").as_array().unwrap().clone();
    // Its place comes to an entry later, and may do so between two looks.
    lines.iter_mut().for_each(|line| line["proof"]["place"] = Value::Null);
    lines
}

#[tokio::test]
async fn each_filter_finds_what_it_names_and_nothing_else() {
    let org = Org::found().await;
    let (sales, finance, dpo) = (org.sales_a().await, org.finance().await, org.dpo().await);
    let id = sales.post("/v1/customers", &whole(1)).await.shows(201).id();
    let other = sales.post("/v1/customers", &whole(2)).await.shows(201).id();
    let reveal = json!({"fields": ["mobile"], "reason": "Asked to be called back"});
    sales.with("processing-purpose", "care").post(&format!("{}/reveal", path(&id)), &reveal).await.shows(200);
    finance.get(&path(&other)).await.shows(200);
    finance.delete(&path(&other)).await.refuses(403, "forbidden");
    sales.get("/v1/customers").await.shows(200);
    let all = found(&dpo, "").await;
    for (query, holds) in [
        (
            format!("actor={}", finance.id),
            Box::new(|e: &Value| e["actor"]["id"] == json!(finance.id)) as Box<dyn Fn(&Value) -> bool>,
        ),
        ("action=customers.reveal".to_owned(), Box::new(|e| e["action"] == "customers.reveal")),
        ("purpose=care".to_owned(), Box::new(|e| e["purpose"] == "care")),
        ("decision=refused".to_owned(), Box::new(|e| e["verdict"] == "refused")),
        (
            format!("customer_id={id}"),
            Box::new(|e| {
                e["customer"] == json!(id) || e["customers"].as_array().is_some_and(|all| all.contains(&json!(id)))
            }),
        ),
        ("field=mobile".to_owned(), Box::new(|e| e["fields"].to_string().contains("\"mobile\""))),
        (
            format!("actor={}&decision=allowed&customer_id={other}", finance.id),
            Box::new(|e| {
                e["actor"]["id"] == json!(finance.id) && e["verdict"] == "allowed" && e["customer"] == json!(other)
            }),
        ),
    ] {
        let expected: Vec<&Value> = all.iter().filter(|entry| holds(entry)).collect();
        let shown = found(&dpo, &query).await;
        // What was written since, by these very looks, is newer than the first of `all`.
        let shown: Vec<&Value> = shown.iter().filter(|entry| entry["id"].as_str() <= all[0]["id"].as_str()).collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{query} tells nothing apart");
        assert_eq!(shown, expected, "{query}");
    }
    let reveal = &found(&dpo, "action=customers.reveal").await[0];
    assert_eq!((&reveal["reason"], &reveal["intact"]), (&json!("Asked to be called back"), &json!(true)));
}

#[tokio::test]
async fn a_time_has_a_beginning_and_an_end() {
    let org = Org::found().await;
    let (sales, auditor) = (org.sales_a().await, org.auditor().await);
    let id = org.customer_of(&sales).await;
    sales.get(&path(&id)).await.shows(200);
    let read = found(&auditor, "action=customers.read").await[0].clone();
    // Ids carry milliseconds: the entry's own is inside, the next one outside.
    let at = chrono::DateTime::parse_from_rfc3339(read["time"].as_str().unwrap()).unwrap();
    let text = |milliseconds: i64| {
        let at = chrono::DateTime::from_timestamp_millis(at.timestamp_millis() + milliseconds).unwrap();
        encoded(&at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    };
    for (query, inside) in [
        (format!("from={}", text(0)), true),
        (format!("from={}", text(1)), false),
        (format!("until={}", text(1)), true),
        (format!("until={}", text(0)), false),
        (format!("from={}&until={}", text(0), text(1)), true),
    ] {
        let ids: Vec<Value> = found(&auditor, &query).await.iter().map(|entry| entry["id"].clone()).collect();
        assert_eq!(ids.contains(&read["id"]), inside, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let org = Org::found().await;
    let (sales, dpo) = (org.sales_a().await, org.dpo().await);
    let id = org.customer_of(&sales).await;
    for _ in 0..7 {
        sales.get(&path(&id)).await.shows(200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = dpo.get(&format!("/v1/audit/entries?action=customers.read&limit=3{cursor}")).await.shows(200);
        seen.extend(crate::customers::ids(&page.json()));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a > b));
}

#[tokio::test]
async fn the_log_is_read_by_those_who_watch_and_by_nobody_else() {
    let (org, other) = (Org::found().await, Org::found().await);
    org.customer_of(&org.sales_a().await).await;
    for person in [
        org.admin().await,
        org.manager().await,
        org.sales_a().await,
        org.finance().await,
        org.support().await,
        org.marketing().await,
    ] {
        let refused = person.get("/v1/audit/entries").await.refuses(403, "forbidden");
        assert!(refused.text().contains("audit.read"));
    }
    let theirs = found(&other.auditor().await, "").await;
    assert!(theirs.iter().all(|entry| entry["action"] != "customers.create"), "another organisation's log");
    for query in ["action=customers.unheard_of", "decision=maybe", "actor=me", "from=yesterday", "customer_id=1"] {
        org.dpo().await.get(&format!("/v1/audit/entries?{query}")).await.refuses(400, "invalid_query");
    }
}
