//! How closely a field is guarded: never below the law's floor without an exception, and never opened to oneself.

use serde_json::json;

use super::{FIELDS, field, made, of};
use crate::audit::Ledger;
use crate::support::{Org, customer};

#[tokio::test]
async fn sensitive_information_stays_above_the_legal_floor_unless_an_exception_is_on_record() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let medical = json!({"classification": "internal", "category": "special", "pi_category": "medical"});
    let refused = dpo.post(FIELDS, &field("blood_group", "text", medical.clone())).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/classification".to_owned(), "below_legal_floor".to_owned())]);
    assert!(refused.text_at("/errors/0/detail").contains("sensitive"), "{refused}");
    let mut ledger = Ledger::of(&org).await;
    let mut excused = medical;
    excused["exception_reason"] = json!("Staff of the ward need it at a glance, agreed with the board");
    let told = made(&dpo, "blood_group", "text", excused).await;
    assert_eq!(told["below_legal_floor"], true);
    let entry = ledger.only().await;
    assert_eq!(entry["details"]["below_floor"], "sensitive");
    assert!(!entry.to_string().contains("glance"), "a typed reason is sealed where it is stored");
    let refused = dpo.patch(&of("province"), &json!({"classification": "public"})).await.refuses(422, "invalid_body");
    assert!(refused.text_at("/errors/0/detail").contains("internal"), "{refused}");
    dpo.patch(&of("company"), &json!({"classification": "public"})).await.shows(200);
    let card = json!({"classification": "internal", "category": "business", "pi_category": null});
    let refused = dpo.post(FIELDS, &field("second_card", "bank_card", card)).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/classification".to_owned(), "below_legal_floor".to_owned())]);
}

#[tokio::test]
async fn nobody_opens_to_themselves_what_they_could_not_be_shown() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let mut body = customer();
    body["fields"]["id_number"] = json!("11010519491231002X");
    let path = format!("/v1/customers/{}", sales.post("/v1/customers", &body).await.shows(201).id());
    let refused = admin.patch(&of("id_number"), &json!({"classification": "sensitive"})).await;
    refused.refuses(403, "exceeds_own_rights");
    assert!(sales.get(&path).await.shows(200).at("/fields").get("id_number").is_none());
    dpo.patch(&of("id_number"), &json!({"classification": "sensitive"})).await.shows(200);
    assert_eq!(sales.get(&path).await.shows(200).at("/field_access/id_number/view"), "reveal");
    admin.patch(&of("id_number"), &json!({"classification": "core"})).await.shows(200);
    assert!(sales.get(&path).await.shows(200).at("/fields").get("id_number").is_none(), "guarding more needs nothing");
}
