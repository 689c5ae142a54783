//! Who sees and enters what: records go with their customer's scope, and each field by its own rule.

use serde_json::json;

use super::{call_on, enter, path, someone};
use crate::audit::Ledger;
use crate::catalog::made_in;
use crate::support::Org;

#[tokio::test]
async fn that_somebody_paid_is_for_sales_to_know_and_how_much_is_for_finance() {
    let org = Org::found().await;
    let (sales, finance, manager) = (org.sales_a().await, org.finance().await, org.manager().await);
    let customer = someone(&sales).await;
    let paid = json!({"payment_no": "P-1", "status": "paid", "amount": {"amount": "99.00", "currency": "CNY"}, "paid_at": "2026-11-20T08:00:00Z"});
    enter(&sales, &customer, "payment", paid.clone()).await.refuses(403, "field_not_editable");
    enter(&manager, &customer, "payment", paid.clone()).await.refuses(403, "field_not_editable");
    let entered = enter(&finance, &customer, "payment", paid).await.shows(201);
    assert_eq!(entered.at("/fields/amount"), json!({"amount": "99.00", "currency": "CNY"}));
    let at = path("payment", &entered.id());
    let seen = sales.get(&at).await.shows(200);
    assert_eq!((seen.at("/fields/status"), seen.at("/fields/payment_no")), (json!("paid"), json!("P-1")));
    assert!(seen.at("/fields").get("amount").is_none() && seen.at("/field_access").get("amount").is_none());
    assert!(!seen.text().contains("99.00"));
    assert_eq!(manager.get(&at).await.shows(200).at("/fields/amount"), "****");
    sales
        .post(&format!("{at}/reveal"), &json!({"fields": ["amount"], "reason": "Curious"}))
        .await
        .refuses(403, "field_hidden");
    let history = sales.get(&format!("{at}/history")).await.shows(200);
    assert!(!history.text().contains("amount"), "what is hidden now is hidden in the past");
    let dpo = org.dpo().await;
    let mut ledger = Ledger::of(&org).await;
    let shown =
        dpo.post(&format!("{at}/reveal"), &json!({"fields": ["amount"], "reason": "Complaint 17"})).await.shows(200);
    assert_eq!(shown.at("/fields/amount/amount"), "99.00");
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["fields"]),
        (&json!("records.reveal"), &json!({"revealed": ["payment.amount"]}))
    );
    let open: Option<String> = org.sql().await.query_one("SELECT amount::text FROM records", &[]).await.unwrap().get(0);
    assert_eq!(open, None, "what is guarded stands nowhere in the clear");
}

#[tokio::test]
async fn a_record_is_in_sight_when_its_customer_is() {
    let org = Org::found().await;
    let (sales, other, manager, nobody) =
        (org.sales_a().await, org.sales_b().await, org.manager().await, org.nobody().await);
    let customer = someone(&sales).await;
    let at = path("interaction", &enter(&sales, &customer, "interaction", call_on("2026-03-11")).await.shows(201).id());
    other.get(&at).await.refuses(404, "not_found");
    other.patch(&at, &json!({"fields": {"summary": "mine"}})).await.refuses(404, "not_found");
    enter(&other, &customer, "interaction", call_on("2026-03-12")).await.refuses(404, "not_found");
    nobody.get(&at).await.refuses(403, "forbidden");
    manager.get(&at).await.shows(200);
    sales.patch(&format!("/v1/customers/{customer}"), &json!({"owner_id": other.id})).await.refuses(403, "forbidden");
    manager.patch(&format!("/v1/customers/{customer}"), &json!({"owner_id": other.id})).await.shows(200);
    sales.get(&at).await.refuses(404, "not_found");
    other.get(&at).await.shows(200);
    let (elsewhere, stranger) = (Org::found().await, path("interaction", at.rsplit('/').next().unwrap()));
    elsewhere.admin().await.get(&stranger).await.refuses(404, "not_found");
    manager.delete(&format!("/v1/customers/{customer}")).await.refuses(403, "forbidden");
    org.admin().await.delete(&format!("/v1/customers/{customer}")).await.shows(204);
    other.get(&at).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_field_that_an_organisation_adds_takes_part_in_its_records() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made_in(&admin, "ticket", "serial_no", "text", json!({"searchable": ["exact"], "category": "business"})).await;
    let customer = someone(&sales).await;
    let ticket = json!({"subject": "Broken", "status": "open", "serial_no": "SN-77"});
    let id = enter(&sales, &customer, "ticket", ticket).await.shows(201).id();
    let found = sales.get("/v1/records/ticket?q[serial_no]=sn-77").await.shows(200);
    assert_eq!((found.at("/data/0/id"), found.at("/data/0/fields/serial_no")), (json!(id), json!("SN-77")));
    let role = json!({"code": "blind", "labels": {"en": "Blind", "zh": "盲"}, "permissions": ["records.read"], "data_scope": "organization",
        "field_rules": [{"on": "field:ticket.serial_no", "view": "hidden"}]});
    admin.post("/v1/roles", &role).await.shows(201);
}
