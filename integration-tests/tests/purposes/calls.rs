//! A call that names a purpose sees what the purpose lists.

use serde_json::json;

use super::purpose;
use crate::support::Org;

#[tokio::test]
async fn a_call_sees_the_fields_of_its_purpose_and_no_others() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let path = format!("/v1/customers/{}", org.customer_of(&sales).await);
    let lawful = json!({"legal_basis": "cn_contract", "consent_kind": "none", "fields": ["name", "email"]});
    org.dpo().await.post("/v1/purposes", &purpose("letters", lawful)).await.shows(201);
    // It was made a moment ago: whoever is at work already may name it.
    let seen = sales.get(&path).header("processing-purpose", "letters").await.shows(200);
    let keys: Vec<_> = seen.at("/field_access").as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["email", "name"], "{seen}");
    let reveal = json!({"fields": ["mobile"], "reason": "to call back"});
    let refused = sales.post(&format!("{path}/reveal"), &reveal).header("processing-purpose", "letters").await;
    refused.refuses(403, "field_hidden");
    sales.post(&format!("{path}/reveal"), &reveal).await.shows(200);
}

#[tokio::test]
async fn a_purpose_that_nobody_made_opens_nothing() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    org.customer_of(&sales).await;
    for path in ["/v1/customers", "/v1/purposes", "/v1/me"] {
        sales.get(path).header("processing-purpose", "world_domination").await.refuses(403, "unknown_purpose");
    }
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/customers").header("processing-purpose", "world_domination").await.refuses(403, "unknown_purpose");
    let role = json!({"code": "caller", "labels": {"en": "Caller", "zh": "外呼"}, "permissions": ["customers.read"], "data_scope": "own",
        "purposes": ["care", "world_domination"]});
    let answer = org.admin().await.post("/v1/roles", &role).await.refuses(422, "invalid_body");
    assert_eq!(answer.faults(), [("/purposes/1".to_owned(), "unknown_purpose".to_owned())]);
    let question = json!({"customer_id": org.customer_of(&sales).await, "permission": "customers.read", "purpose": "world_domination"});
    let answer = sales.post("/v1/access-decisions", &question).await.refuses(422, "invalid_body");
    assert_eq!(answer.faults(), [("/purpose".to_owned(), "unknown_purpose".to_owned())]);
    let refused = org.auditor().await.get("/v1/audit/entries?action=access.refused").await.shows(200);
    assert!(refused.text().contains("unknown_purpose"), "{refused}");
}
