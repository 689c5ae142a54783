//! What a record holds, and what is refused.

use serde_json::json;

use super::{Told, consent};
use crate::notices::text;
use crate::purposes::purpose;

#[tokio::test]
async fn a_consent_keeps_who_how_where_when_and_under_which_words() {
    let told = Told::new().await;
    let evidence = json!({"method": "paper", "reference": "box-7/1", "place": "shop-3", "sha256": "a".repeat(64)});
    let made = told.agrees(json!({"channel": "sms", "evidence": evidence})).await.shows(201);
    assert_eq!(
        (made.at("/state"), made.at("/outcome"), made.at("/channel")),
        (json!("given"), json!("given"), json!("sms"))
    );
    assert_eq!((made.at("/recorded_by"), made.at("/evidence")), (json!(told.sales.id), evidence));
    assert_eq!((made.at("/notice_version"), made.at("/purpose_version")), (json!(told.notice), json!(1)));
    let read = told.sales.get(&made.sent("location")).await.shows(200);
    assert_eq!(read.json(), made.json());
    let listed = told.sales.get(&format!("/v1/customers/{}/consents", told.customer)).await.shows(200);
    assert_eq!(listed.at("/data"), json!([made.json()]));
    told.org.sales_b().await.get(&made.sent("location")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn nothing_is_backdated_and_every_fault_is_named() {
    let told = Told::new().await;
    let tried = [
        (json!({"purpose": "world_domination"}), "/purpose", "unknown_purpose"),
        (json!({"purpose": "care"}), "/notice_version", "notice_of_other_purposes"),
        (json!({"notice_version": told.customer}), "/notice_version", "unknown_notice_version"),
        (json!({"channel": "ads"}), "/channel", "not_a_choice"),
        (json!({"evidence": {"method": "telepathy"}}), "/evidence/method", "not_a_choice"),
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "/expires_at", "in_the_past"),
    ];
    for (members, place, code) in tried {
        let refused = told.agrees(members).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())], "{refused}");
    }
    told.agrees(json!({"at": "2020-01-01T00:00:00Z"})).await.refuses(422, "unknown_field");
    told.org
        .marketing()
        .await
        .post(&format!("/v1/customers/{}/consents", told.customer), &consent(&told.notice, json!({})))
        .await
        .refuses(403, "forbidden");
    told.org
        .sales_b()
        .await
        .post(&format!("/v1/customers/{}/consents", told.customer), &consent(&told.notice, json!({})))
        .await
        .refuses(404, "not_found");
}

#[tokio::test]
async fn a_separate_consent_covers_one_thing() {
    let told = Told::new().await;
    let officer = told.org.dpo().await;
    let separate = json!({"consent_kind": "separate", "channels": ["email"]});
    officer.post("/v1/purposes", &purpose("profiling", separate)).await.shows(201);
    let both = json!({"code": "both", "purposes": ["marketing", "profiling"], "texts": {"en": text("", "name")}});
    let draft = officer.post("/v1/notices", &both).await.shows(201).id();
    officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200);
    let refused =
        told.agrees(json!({"purpose": "profiling", "notice_version": draft})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/notice_version".to_owned(), "separate_consent_bundled".to_owned())]);
    told.agrees(json!({"notice_version": draft})).await.shows(201);
    let alone = json!({"code": "alone", "purposes": ["profiling"], "texts": {"en": text("", "name")}});
    let draft = officer.post("/v1/notices", &alone).await.shows(201).id();
    officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200);
    told.agrees(json!({"purpose": "profiling", "notice_version": draft})).await.shows(201);
}

#[tokio::test]
async fn a_child_needs_a_guardian() {
    let told = Told::new().await;
    let path = format!("/v1/customers/{}", told.customer);
    told.sales.patch(&path, &json!({"fields": {"birthday": "2020-05-05"}})).await.shows(200);
    let refused = told.agrees(json!({})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/guardian".to_owned(), "guardian_needed".to_owned())]);
    let made = told.agrees(json!({"guardian": {"relation": "mother", "reference": "proof-1"}})).await.shows(201);
    assert_eq!(made.at("/guardian/relation"), "mother");
    // A child may say no alone.
    told.agrees(json!({"outcome": "refused", "channel": "sms"})).await.shows(201);
}

#[tokio::test]
async fn after_a_refusal_nobody_is_asked_again_too_soon() {
    let told = Told::new().await;
    told.agrees(json!({"outcome": "refused"})).await.shows(201);
    assert_eq!(told.decision("").await.at("/reason"), "refused");
    told.agrees(json!({})).await.refuses(409, "asked_too_soon");
    told.agrees(json!({"channel": "email"})).await.refuses(409, "asked_too_soon");
    told.agrees(json!({"unasked": true})).await.shows(201);
    assert_eq!(told.decision("").await.at("/reason"), "consent_in_force");
}

#[tokio::test]
async fn what_was_agreed_to_and_changed_must_be_renewed() {
    let mut told = Told::new().await;
    let first = told.agrees(json!({})).await.shows(201).id();
    let officer = told.org.dpo().await;
    told.hears_of(&json!({"fields": ["name", "mobile", "email", "wechat", "province", "birthday"]})).await;
    assert_eq!(told.decision("").await.at("/reason"), "needs_renewal");
    assert_eq!(told.sales.get(&format!("/v1/consents/{first}")).await.shows(200).at("/state"), "needs_renewal");
    told.agrees(json!({})).await.shows(201);
    assert_eq!(told.decision("").await.at("/allowed"), true);
    assert_eq!(told.sales.get(&format!("/v1/consents/{first}")).await.shows(200).at("/state"), "superseded");
    let draft =
        officer.post("/v1/notices", &crate::notices::notice("offers", "name and birthday")).await.shows(201).id();
    let impact = officer.get(&format!("/v1/notices/{draft}/impact")).await.shows(200);
    assert_eq!((impact.at("/material"), impact.at("/to_renew")), (json!(true), json!({"marketing": 1})));
    let next = officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200).id();
    assert_eq!(told.decision("").await.at("/reason"), "needs_renewal");
    let refused = told.agrees(json!({})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/notice_version".to_owned(), "notice_outdated".to_owned())]);
    told.agrees(json!({"notice_version": next})).await.shows(201);
    assert_eq!(told.decision("").await.at("/notice_version"), json!(next));
}
