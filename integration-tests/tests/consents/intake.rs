//! Many at once, each answered for itself.

use serde_json::{Value, json};

use super::{Told, consent};

#[tokio::test]
async fn each_row_is_answered_for_itself() {
    let told = Told::new().await;
    let row =
        |customer: &str, members: Value| json!({"customer_id": customer, "consent": consent(&told.notice, members)});
    let rows = json!({"consents": [
        row(&told.customer, json!({})),
        row("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", json!({})),
        row(&told.customer, json!({"purpose": "nothing"})),
        row(&told.customer, json!({"channel": "sms", "outcome": "refused"})),
        row(&told.customer, json!({"channel": "sms"})),
    ]});
    let done = told.sales.post("/v1/consents", &rows).await.shows(200);
    let codes: Vec<_> = done.at("/results").as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, [json!(null), json!("not_found"), json!("invalid_body"), json!(null), json!("asked_too_soon")]);
    assert_eq!((done.at("/recorded"), done.at("/refused")), (json!(2), json!(3)));
    assert_eq!(done.at("/results/2/errors/0/pointer"), "/purpose");
    assert_eq!(told.decision("&channel=sms").await.at("/reason"), "refused");
    assert_eq!(told.decision("&channel=email").await.at("/allowed"), true);
}

#[tokio::test]
async fn ten_thousand_come_in_with_one_call() {
    let told = Told::new().await;
    let row = json!({"customer_id": told.customer, "consent": consent(&told.notice, json!({}))});
    let rows: Vec<Value> = (0..10_000).map(|_| row.clone()).collect();
    let done = told.sales.post("/v1/consents", &json!({"consents": rows})).await.shows(200);
    assert_eq!(done.at("/recorded"), 10_000);
    for (row, state) in [(0, "superseded"), (9_998, "superseded"), (9_999, "given")] {
        let id = done.text_at(&format!("/results/{row}/consent_id"));
        assert_eq!(told.sales.get(&format!("/v1/consents/{id}")).await.shows(200).at("/state"), state, "{row}");
    }
    assert_eq!(told.decision("").await.at("/allowed"), true);
    let more: Vec<Value> = (0..10_001).map(|_| row.clone()).collect();
    told.sales.post("/v1/consents", &json!({"consents": more})).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_retry_records_nothing_twice() {
    let told = Told::new().await;
    let rows = json!({"consents": [{"customer_id": told.customer, "consent": consent(&told.notice, json!({}))}]});
    let first = told.sales.post("/v1/consents", &rows).header("idempotency-key", "a").await.shows(200);
    let again = told.sales.post("/v1/consents", &rows).header("idempotency-key", "a").await.shows(200);
    assert_eq!(first.json(), again.json());
    let listed = told.sales.get(&format!("/v1/customers/{}/consents", told.customer)).await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 1);
}
