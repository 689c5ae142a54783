//! Nobody agrees to what they were not told: once a purpose is another, the words of before carry no yes.

use serde_json::json;

use super::{Told, consent};
use crate::notices::published;

#[tokio::test]
async fn after_a_material_change_nobody_agrees_under_the_words_of_before() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let officer = told.org.dpo().await;
    let change = json!({"description": "Tells partners of people."});
    officer.patch("/v1/purposes/marketing", &change).await.shows(200);
    let outdated = [("/notice_version".to_owned(), "notice_outdated".to_owned())];
    for members in [json!({}), json!({"channel": "sms"}), json!({"unasked": true})] {
        assert_eq!(told.agrees(members).await.refuses(422, "invalid_body").faults(), outdated);
    }
    let rows = json!({"consents": [{"customer_id": told.customer, "consent": consent(&told.notice, json!({}))}]});
    let done = told.sales.post("/v1/consents", &rows).await.shows(200);
    assert_eq!((done.at("/refused"), done.at("/results/0/code")), (json!(1), json!("invalid_body")));
    assert_eq!(done.at("/results/0/errors/0/code"), "notice_outdated");
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let next = published(&officer, "offers", "name").await.id();
    told.agrees(json!({"notice_version": next})).await.shows(201);
    assert_eq!(told.decision("").await.at("/allowed"), true);
    assert_eq!(told.agrees(json!({})).await.refuses(422, "invalid_body").faults(), outdated);
}

#[tokio::test]
async fn whoever_says_no_under_the_words_of_before_is_heard() {
    let told = Told::new().await;
    told.agrees(json!({})).await.shows(201);
    let change = json!({"description": "Tells partners of people."});
    told.org.dpo().await.patch("/v1/purposes/marketing", &change).await.shows(200);
    told.agrees(json!({"outcome": "refused"})).await.shows(201);
    assert_eq!(told.decision("").await.at("/reason"), "refused");
}

#[tokio::test]
async fn a_better_name_and_less_done_leave_the_notice_as_good_as_it_was() {
    let told = Told::new().await;
    let officer = told.org.dpo().await;
    for change in [json!({"channels": ["sms"]}), json!({"cool_down_days": 31})] {
        officer.patch("/v1/purposes/marketing", &change).await.shows(200);
        told.agrees(json!({})).await.shows(201);
    }
}
