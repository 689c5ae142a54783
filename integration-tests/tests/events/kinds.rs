//! Each thing that is told of, and that no value of a person is in it.

use serde_json::json;

use super::{all, told};
use crate::consents::Told;
use crate::support::{Org, customer};

#[tokio::test]
async fn the_life_of_a_customer_is_told_by_field_keys_and_never_by_values() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let body = customer();
    let id = asha.post("/v1/customers", &body).await.shows(201).id();
    let path = format!("/v1/customers/{id}");
    asha.patch(&path, &json!({"stage": "prospect", "fields": {"mobile": "13900000001"}})).await.shows(200);
    asha.patch(&path, &json!({"stage": "prospect"})).await.shows(200);
    org.dpo().await.delete(&path).await.shows(204);
    told(&asha, "type=customers.deleted").await;
    let events = all(&asha, &format!("customer_id={id}")).await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["customers.created", "customers.updated", "customers.deleted"],
        "what changed nothing is no news"
    );
    assert_eq!(events[0]["data"]["fields"], json!(["customer_no", "mobile", "name"]), "{}", events[0]);
    assert_eq!(events[1]["data"], json!({"customer_id": id, "version": 2, "fields": ["mobile", "stage"]}));
    let text = serde_json::to_string(&events).unwrap();
    for value in ["13900000001", body["fields"]["name"].as_str().unwrap(), body["fields"]["mobile"].as_str().unwrap()] {
        assert!(!text.contains(value), "{text}");
    }
}

#[tokio::test]
async fn what_did_not_come_to_be_is_not_told() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let body = customer();
    asha.post("/v1/customers", &body).await.shows(201);
    asha.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    let last = asha.post("/v1/customers", &customer()).await.shows(201).id();
    told(&asha, &format!("customer_id={last}")).await;
    assert_eq!(all(&asha, "type=customers.created").await.len(), 2);
}

#[tokio::test]
async fn consents_are_told_with_their_purpose() {
    let mark = Told::new().await;
    mark.agrees(json!({"channel": "sms", "outcome": "refused"})).await.shows(201);
    let id = mark.agrees(json!({"channel": "email"})).await.shows(201).id();
    mark.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let withdrawn = told(&mark.sales, "type=consents.withdrawn").await;
    assert_eq!((&withdrawn["data"]["consent_id"], &withdrawn["data"]["purpose"]), (&json!(id), &json!("marketing")));
    assert!(withdrawn["data"]["withdrawal_id"].is_string(), "{withdrawn}");
    let said = all(&mark.sales, "type=consents.given,consents.refused").await;
    let said: Vec<_> = said.iter().map(|event| (event["type"].clone(), event["data"]["channel"].clone())).collect();
    assert_eq!(said, [(json!("consents.refused"), json!("sms")), (json!("consents.given"), json!("email"))]);
}

#[tokio::test]
async fn a_request_is_told_to_its_people_and_to_who_watches_over_all() {
    let org = Org::found().await;
    let (asha, ben, dpo) = (org.sales_a().await, org.sales_b().await, org.dpo().await);
    let customer = org.customer_of(&asha).await;
    let body =
        json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "a parcel came back"});
    let id = asha.post("/v1/access-requests", &body).await.shows(201).id();
    asha.act(&format!("/v1/access-requests/{id}/cancel")).await.shows(200);
    for person in [&asha, &dpo] {
        let decided = told(person, "type=access_requests.decided").await;
        assert_eq!(decided["data"], json!({"access_request_id": id, "state": "cancelled"}));
    }
    assert_eq!(all(&ben, "type=access_requests.opened,access_requests.decided").await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_colleague_who_left_is_told_to_who_may_read_the_staff() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let (gone, heir) = (org.user_id("sales_b"), org.user_id("sales_c"));
    admin.post(&format!("/v1/users/{gone}/offboard"), &json!({"successor_id": heir})).await.shows(200);
    let auditor = org.auditor().await;
    let event = told(&auditor, "type=users.offboarded").await;
    assert_eq!(event["data"], json!({"user_id": gone, "successor_id": heir}));
    assert_eq!(all(&asha, "type=users.offboarded").await.len(), 0);
}
