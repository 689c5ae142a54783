//! What a customer was: every version, through the eyes of whoever asks.

use serde_json::{Value, json};

use super::{encoded, mask, path};
use crate::support::{Org, Person};

async fn history(person: &Person, id: &str) -> Vec<Value> {
    let page = person.get(&format!("{}/history", path(id))).await.shows(200);
    page.at("/data").as_array().unwrap().clone()
}

/// The change of a field in a version: before and after.
fn change<'v>(version: &'v Value, kind: &str, name: &str) -> Option<(&'v Value, &'v Value)> {
    let changes = version["changes"].as_array().unwrap();
    changes.iter().find(|change| change[kind] == name).map(|change| (&change["before"], &change["after"]))
}

#[tokio::test]
async fn each_version_tells_what_it_changed_as_far_as_one_may_see() {
    let org = Org::found().await;
    let (sales, dpo) = (org.sales_a().await, org.dpo().await);
    let body = json!({"stage": "lead", "fields": {"name": "张三", "mobile": "13800001111", "id_number": "11010519491231002X"}});
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    sales.patch(&path(&id), &json!({"fields": {"name": "张四", "mobile": "13900002222"}})).await.shows(200);
    sales
        .patch(&path(&id), &json!({"stage": "customer", "fields": {"id_number": null, "notes": "new"}}))
        .await
        .shows(200);
    dpo.patch(&path(&id), &json!({"fields": {"mobile": null}})).await.shows(200);
    let seen = history(&sales, &id).await;
    let numbers: Vec<&Value> = seen.iter().map(|version| &version["version"]).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert_eq!((&seen[0]["by"], &seen[3]["by"]), (&json!(dpo.id), &json!(sales.id)));
    assert_eq!(change(&seen[2], "field", "name"), Some((&json!("张三"), &json!("张四"))));
    assert_eq!(change(&seen[2], "field", "mobile"), Some((&json!("138****1111"), &json!("139****2222"))));
    assert_eq!(change(&seen[1], "attribute", "stage"), Some((&json!("lead"), &json!("customer"))));
    assert_eq!(change(&seen[1], "field", "notes"), Some((&Value::Null, &json!("new"))));
    assert_eq!(change(&seen[0], "field", "mobile"), Some((&json!("139****2222"), &Value::Null)));
    assert_eq!(change(&seen[3], "field", "name"), Some((&Value::Null, &json!("张三"))));
    assert_eq!(change(&seen[3], "field", "mobile"), Some((&Value::Null, &json!("138****1111"))));
    assert_eq!(change(&seen[3], "attribute", "stage"), Some((&Value::Null, &json!("lead"))));
    assert!(
        seen.iter().all(|version| change(version, "field", "id_number").is_none()),
        "what is hidden today was hidden always"
    );
    let theirs = history(&dpo, &id).await;
    assert_eq!(
        change(&theirs[1], "field", "id_number"),
        Some((&json!(mask("id_number", "11010519491231002X")), &Value::Null))
    );
    assert_eq!(change(&theirs[2], "field", "name"), Some((&json!("张*"), &json!("张*"))));
}

#[tokio::test]
async fn a_hand_over_stands_in_the_history() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    org.manager().await.patch(&path(&id), &json!({"owner_id": org.user_id("sales_b")})).await.shows(200);
    let seen = history(&org.sales_b().await, &id).await;
    assert_eq!(
        change(&seen[0], "attribute", "owner_id"),
        Some((&json!(org.user_id("sales_a")), &json!(org.user_id("sales_b"))))
    );
    let departments = (json!(org.department_id("Sales East")), json!(org.department_id("Sales West")));
    assert_eq!(change(&seen[0], "attribute", "department_id"), Some((&departments.0, &departments.1)));
    org.sales_a().await.get(&format!("{}/history", path(&id))).await.refuses(404, "not_found");
}

#[tokio::test]
async fn who_may_not_read_history_does_not() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    for person in [org.finance().await, org.support().await, org.marketing().await, org.auditor().await] {
        let refused = person.get(&format!("{}/history", path(&id))).await.refuses(403, "forbidden");
        assert!(refused.text().contains("customers.history"));
    }
}

#[tokio::test]
async fn history_comes_in_pages() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    for n in 0..4 {
        sales.patch(&path(&id), &json!({"fields": {"notes": format!("note {n}")}})).await.shows(200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = sales.get(&format!("{}/history?limit=2{cursor}", path(&id))).await.shows(200);
        seen.extend(page.at("/data").as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap()));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}
