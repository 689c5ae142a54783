//! Many at once, each answered for itself.

use serde_json::{Value, json};

use super::{Told, agreed, consent};
use crate::support::Org;

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

#[tokio::test]
async fn one_person_of_another_organisation_among_many_is_nobody() {
    let (told, other) = (Told::new().await, Org::found().await);
    told.agrees(json!({})).await.shows(201);
    let (theirs, officer) = (other.sales_a().await, other.admin().await);
    let foreign = other.customer_of(&theirs).await;
    agreed(&theirs, &officer, &foreign).await;
    let consents = format!("/v1/customers/{foreign}/consents");
    let before = theirs.get(&consents).await.shows(200).json();
    let row = |id: &str| json!({"customer_id": id, "consent": consent(&told.notice, json!({}))});
    let answers = async |id: &str| {
        let mut ids = vec![told.customer.clone(); 100];
        ids[57] = id.to_owned();
        let rows: Vec<Value> = ids.iter().map(|id| row(id)).collect();
        let recorded = told.sales.post("/v1/consents", &json!({"consents": rows})).await.shows(200);
        assert_eq!((recorded.at("/recorded"), recorded.at("/refused")), (json!(99), json!(1)));
        let asked = json!({"purpose": "marketing", "customer_ids": ids});
        let decided = told.sales.post("/v1/consent-decisions", &asked).await.shows(200).at("/data");
        let allowed = decided.as_array().unwrap().iter().filter(|one| one["allowed"] == true).count();
        assert_eq!((allowed, &decided[57]["reason"]), (99, &json!("unknown_person")));
        recorded.at("/results/57").to_string().replace(id, "")
    };
    assert_eq!(answers(&foreign).await, answers("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").await);
    assert_eq!(theirs.get(&consents).await.shows(200).json(), before);
}
