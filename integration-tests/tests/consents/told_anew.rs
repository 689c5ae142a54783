//! Nobody agrees to what they were not told: once a purpose is another, the words of before carry no yes.

use serde_json::{Value, json};

use super::{Told, consent};
use crate::notices::{notice, publish, published, published_anew, reworded, text};

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
    let next = published_anew(&officer, "offers").await.id();
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
    let again = published(&officer, "offers", "name").await.id();
    told.agrees(json!({"notice_version": again})).await.shows(201);
}

#[tokio::test]
async fn the_same_words_published_once_more_tell_nobody_of_the_change() {
    let told = Told::new().await;
    let officer = told.org.dpo().await;
    let change = json!({"description": "Tells partners of people."});
    officer.patch("/v1/purposes/marketing", &change).await.shows(200);
    let mut retitled = notice("offers", "name");
    retitled["texts"]["en"]["title"] = json!("Offers by telephone");
    let outdated = [("/notice_version".to_owned(), "notice_outdated".to_owned())];
    for body in [notice("offers", "name"), notice("offers", "name"), retitled, notice("letters", "name")] {
        let same = publish(&officer, &body).await.id();
        let refused = told.agrees(json!({"notice_version": same})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), outdated, "{body}");
    }
    let told_of = published_anew(&officer, "offers").await.id();
    told.agrees(json!({"notice_version": told_of})).await.shows(201);
    assert_eq!(told.decision("").await.at("/allowed"), true);
    let back = published(&officer, "offers", "name").await.id();
    let refused = told.agrees(json!({"notice_version": back})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), outdated, "they are the words of before, whatever stood between");
    told.agrees(json!({"notice_version": back, "outcome": "refused"})).await.shows(201);
}

#[tokio::test]
async fn whoever_reads_another_language_is_told_too() {
    let told = Told::new().await;
    let officer = told.org.dpo().await;
    let mut body = notice("offers", "name");
    body["texts"]["zh-CN"] = text("", "name, as they say");
    publish(&officer, &body).await;
    let change = json!({"description": "Tells partners of people."});
    officer.patch("/v1/purposes/marketing", &change).await.shows(200);
    let anew = reworded(body.clone());
    let mut half = body.clone();
    half["texts"]["en"] = anew["texts"]["en"].clone();
    let mut third = body.clone();
    third["texts"]["zh-TW"] = anew["texts"]["zh-CN"].clone();
    let outdated = [("/notice_version".to_owned(), "notice_outdated".to_owned())];
    for body in [half, third] {
        let version = publish(&officer, &body).await.id();
        let refused = told.agrees(json!({"notice_version": version})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), outdated, "{body}");
    }
    let whole = publish(&officer, &anew).await.id();
    told.agrees(json!({"notice_version": whole})).await.shows(201);
}

#[tokio::test]
async fn what_is_again_as_it_was_may_be_told_in_the_words_of_then() {
    let told = Told::new().await;
    let officer = told.org.dpo().await;
    let before = officer.get("/v1/purposes/marketing").await.shows(200).at("/description");
    let change =
        async |to: &Value| officer.patch("/v1/purposes/marketing", &json!({"description": to})).await.shows(200);
    change(&json!("Tells partners of people.")).await;
    let between = published_anew(&officer, "offers").await.id();
    told.agrees(json!({"notice_version": between})).await.shows(201);
    change(&before).await;
    told.agrees(json!({"notice_version": between})).await.refuses(422, "invalid_body");
    let then = published(&officer, "offers", "name").await.id();
    told.agrees(json!({"notice_version": then})).await.shows(201);
}
