//! Showing values in full: for a reason, on record, and never more than one may see.

use serde_json::{Value, json};

use super::{path, values, whole};
use crate::audit::Ledger;
use crate::support::Org;

fn asking(fields: &[&str]) -> Value {
    json!({"fields": fields, "reason": "Customer asked to be called back"})
}

#[tokio::test]
async fn a_reveal_answers_the_value_and_leaves_one_entry_with_its_reason() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(1)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    let purpose = sales.with("processing-purpose", "care");
    let shown = purpose.post(&format!("{}/reveal", path(&id)), &asking(&["mobile", "email"])).await.shows(200);
    let value = |key: &str| values(1).into_iter().find(|(known, _)| known == key).unwrap().1;
    assert_eq!(shown.json(), json!({"id": id, "fields": {"mobile": value("mobile"), "email": value("email")}}));
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["verdict"], &entry["customer"]),
        (&json!("customers.reveal"), &json!("allowed"), &json!(id))
    );
    assert_eq!(entry["fields"], json!({"revealed": ["mobile", "email"]}));
    assert_eq!((&entry["purpose"], &entry["actor"]["id"]), (&json!("care"), &json!(sales.id)));
    assert!(!entry.to_string().contains("called back"), "a typed reason is sealed where it is stored");
    let log = org.dpo().await.get(&format!("{}/access-log?limit=1", path(&id))).await.shows(200);
    assert_eq!(
        (log.at("/data/0/reason"), log.at("/data/0/purpose")),
        (json!("Customer asked to be called back"), json!("care"))
    );
}

#[tokio::test]
async fn each_reveal_is_an_entry_even_of_the_same_value() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(2)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    for _ in 0..3 {
        sales.post(&format!("{}/reveal", path(&id)), &asking(&["mobile"])).await.shows(200);
    }
    let entries = ledger.new_entries().await;
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "customers.reveal").count(), 3);
    assert_eq!(entries.len(), 3);
}

#[tokio::test]
async fn a_retried_reveal_shows_the_same_and_is_on_record_again() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(3)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    let once = sales.with("idempotency-key", "reveal-3");
    let first = once.post(&format!("{}/reveal", path(&id)), &asking(&["mobile"])).await.shows(200);
    let entry = ledger.only().await;
    assert_eq!(entry["fields"], json!({"revealed": ["mobile"]}));
    let again = once.post(&format!("{}/reveal", path(&id)), &asking(&["mobile"])).await.shows(200);
    assert_eq!((again.json(), again.sent("idempotent-replayed").as_str()), (first.json(), "true"));
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["fields"]), (&json!("customers.reveal"), &json!({"revealed": ["mobile"]})));
    assert_eq!(entry["details"]["repeated"], 1);
    once.post(&format!("{}/reveal", path(&id)), &asking(&["email"])).await.refuses(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_retried_reveal_shows_nothing_once_the_customer_is_somebody_elses() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &whole(4)).await.shows(201).id();
    let once = sales.with("idempotency-key", "reveal-4");
    once.post(&format!("{}/reveal", path(&id)), &asking(&["mobile"])).await.shows(200);
    org.manager().await.patch(&path(&id), &json!({"owner_id": org.user_id("sales_b")})).await.shows(200);
    once.post(&format!("{}/reveal", path(&id)), &asking(&["mobile"])).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_reveal_needs_a_reason_and_fields() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    let reveal = format!("{}/reveal", path(&id));
    for (body, pointer, code) in [
        (json!({"fields": ["mobile"]}), "/reason", "required"),
        (json!({"fields": ["mobile"], "reason": ""}), "/reason", "too_short"),
        (json!({"fields": ["mobile"], "reason": "      "}), "/reason", "too_short"),
        (json!({"fields": ["mobile"], "reason": "a".repeat(501)}), "/reason", "too_long"),
        (json!({"fields": [], "reason": "check"}), "/fields", "too_few"),
        (json!({"reason": "check"}), "/fields", "required"),
        (json!({"fields": ["nickname"], "reason": "check"}), "/fields/0", "unknown_field"),
        (json!({"fields": ["mobile", "mobile"], "reason": "check"}), "/fields/1", "repeated"),
    ] {
        let refused = sales.post(&reveal, &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
    let strange = json!({"fields": ["mobile"], "reason": "check", "until": "x"});
    let refused = sales.post(&reveal, &strange).await.refuses(422, "unknown_field");
    assert_eq!(refused.faults(), [("/until".to_owned(), "unknown_field".to_owned())]);
}

#[tokio::test]
async fn what_is_masked_or_hidden_is_not_revealed() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(5)).await.shows(201).id();
    let reveal = format!("{}/reveal", path(&id));
    let mut ledger = Ledger::of(&org).await;
    let finance = org.finance().await;
    ledger.new_entries().await;
    let refused = finance.post(&reveal, &asking(&["bank_card", "mobile"])).await.refuses(403, "field_not_revealable");
    assert!(!refused.text().contains(whole(5)["fields"]["bank_card"].as_str().unwrap()));
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["verdict"], &entry["rule"]),
        (&json!("access.refused"), &json!("refused"), &json!("field_not_revealable"))
    );
    assert_eq!(entry["customer"], json!(id));
    let sales = org.sales_a().await;
    ledger.new_entries().await;
    sales.post(&reveal, &asking(&["id_number"])).await.refuses(403, "field_hidden");
    assert_eq!(ledger.only().await["rule"], json!("field_hidden"), "asking for a hidden field is on record");
    sales.post(&reveal, &asking(&["nickname"])).await.refuses(422, "invalid_body");
    for person in [org.marketing().await, org.auditor().await] {
        let refused = person.post(&reveal, &asking(&["mobile"])).await.refuses(403, "forbidden");
        assert!(refused.text().contains("customers.reveal"));
    }
}

#[tokio::test]
async fn a_field_without_a_value_reveals_null() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = sales.post("/v1/customers", &json!({"fields": {"name": "张三"}})).await.shows(201).id();
    let shown = sales.post(&format!("{}/reveal", path(&id)), &asking(&["mobile", "name"])).await.shows(200);
    assert_eq!(shown.at("/fields"), json!({"mobile": null, "name": "张三"}));
}
