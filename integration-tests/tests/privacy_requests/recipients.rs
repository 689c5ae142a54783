//! Recipients hear of what was corrected, restricted and objected to, and say when they have acted on it.

use custodian_application::privacy_requests::remind_of;
use custodian_domain::kernel::OrganizationId;
use serde_json::{Value, json};

use super::{PATH, act, proved, somebody};
use crate::support::{Org, Partner};

const PERMISSIONS: [&str; 2] = ["customers.read", "withdrawals.acknowledge"];

async fn news(partner: &Partner) -> Vec<Value> {
    let told = partner.get("/v1/privacy-notifications?open=true").await.shows(200);
    told.at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn who_has_the_field_hears_of_its_correction_and_nobody_else() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let with = org.partner(&["name", "company"], &[], &PERMISSIONS).await;
    let without = org.partner(&["name"], &[], &PERMISSIONS).await;
    let members = json!({"right": "rectification", "corrections": {"company": "Harbour Ltd"}});
    let id = proved(&dpo, &customer, &members).await;
    assert!(news(&with).await.is_empty(), "not before it is made");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert!(news(&without).await.is_empty());
    let told = news(&with).await;
    assert_eq!((&told[0]["kind"], &told[0]["fields"]), (&json!("rectified"), &json!(["company"])));
    assert_ne!(told[0]["customer_id"], json!(customer), "a partner knows people by ids of its own");
    let acknowledge = format!("/v1/privacy-notifications/{}/acknowledge", told[0]["id"].as_str().unwrap());
    without.act(&acknowledge).await.refuses(404, "not_found");
    org.admin().await.act(&acknowledge).await.refuses(403, "partner_only");
    let recipients = format!("{PATH}/{id}/recipients");
    assert_eq!(dpo.get(&recipients).await.shows(200).at("/data/0/state"), "notified");
    with.act(&acknowledge).await.shows(200);
    let first = with.act(&acknowledge).await.shows(200).at("/acknowledged_at");
    let after = dpo.get(&recipients).await.shows(200);
    assert_eq!((after.at("/data/0/state"), after.at("/data/0/acknowledged_at")), (json!("acknowledged"), first));
    assert!(news(&with).await.is_empty());
    assert!(!after.text().contains("Harbour"), "keys, never values: {after}");
}

#[tokio::test]
async fn every_recipient_hears_of_a_restriction_and_of_its_end() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let partner = org.partner(&["name"], &[], &PERMISSIONS).await;
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(news(&partner).await[0]["kind"], "restricted");
    act(&dpo, &id, "announce-lifting", &json!({"reason": "checked"})).await.shows(200);
    assert_eq!(news(&partner).await.len(), 1);
    act(&dpo, &id, "lift", &json!({})).await.shows(200);
    assert_eq!(news(&partner).await[1]["kind"], "restriction_lifted");
}

#[tokio::test]
async fn who_receives_what_is_objected_to_acknowledges_it_like_a_withdrawal() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let purpose = json!({"code": crate::house::fresh_code(), "labels": {"en": "Profiles", "zh": "画像"}, "description": "To be objected to.",
        "legal_basis": "eu_legitimate_interests", "consent_kind": "none", "fields": ["name"], "methods": ["use"], "jurisdictions": ["DE"]});
    dpo.post("/v1/purposes", &purpose).await.shows(201);
    let code = purpose["code"].as_str().unwrap();
    let partner = org.partner(&["name"], &[code], &PERMISSIONS).await;
    let id = proved(&dpo, &customer, &json!({"right": "objection", "purposes": [code]})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let told = partner.with("processing-purpose", code).get("/v1/withdrawals?open=true").await.shows(200);
    assert_eq!(told.at("/data/0/purpose"), code);
    let recipients = dpo.get(&format!("{PATH}/{id}/recipients")).await.shows(200);
    let states = |answer: &crate::support::Answer| (answer.at("/data/0/kind"), answer.at("/data/0/state"));
    assert_eq!(states(&recipients), (json!("objected"), json!("notified")), "{recipients}");
    let acknowledge = format!("/v1/withdrawals/{}/acknowledge", told.text_at("/data/0/withdrawal_id"));
    partner.with("processing-purpose", code).act(&acknowledge).await.shows(200);
    let after = dpo.get(&format!("{PATH}/{id}/recipients")).await.shows(200);
    assert_eq!(states(&after), (json!("objected"), json!("acknowledged")));
}

#[tokio::test]
async fn whose_key_is_gone_and_who_was_shown_it_hears_of_it_as_well() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let seen = org.partner(&["name", "company"], &[], &PERMISSIONS).await;
    let unseen = org.partner(&["name", "company"], &[], &PERMISSIONS).await;
    seen.get("/v1/customers?limit=200").await.shows(200);
    let party = org.admin().await.get(&format!("/v1/api-keys/{}", seen.key_id)).await.shows(200).at("/third_party_id");
    for key in [&seen.key_id, &unseen.key_id] {
        org.admin().await.act(&format!("/v1/api-keys/{key}/revoke")).await.shows(200);
    }
    let members = json!({"right": "rectification", "corrections": {"company": "Harbour Ltd"}});
    let id = proved(&dpo, &customer, &members).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let told = dpo.get(&format!("{PATH}/{id}/recipients")).await.shows(200);
    let parties: Vec<Value> =
        told.at("/data").as_array().unwrap().iter().map(|one| one["third_party_id"].clone()).collect();
    assert_eq!(parties, [party], "{told}");
}

#[tokio::test]
async fn who_may_hold_something_of_the_erased_is_told_reminded_and_says_when_it_is_gone_there_too() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let (partner, silent) =
        (org.partner(&["name"], &[], &PERMISSIONS).await, org.partner(&["name"], &[], &PERMISSIONS).await);
    let ground = json!({"ground": "subject_request"});
    let erasure = dpo.post(&format!("/v1/customers/{customer}/erase"), &ground).await.shows(202).id();
    let told = news(&partner).await;
    assert_eq!((&told[0]["kind"], &told[0]["state"]), (&json!("erased"), &json!("notified")));
    assert_ne!(told[0]["customer_id"], json!(customer), "by the id that the partner knows");
    let acknowledge = format!("/v1/privacy-notifications/{}/acknowledge", told[0]["id"].as_str().unwrap());
    silent.act(&acknowledge).await.refuses(404, "not_found");
    partner.act(&acknowledge).await.shows(200);
    let recipients = format!("/v1/erasures/{erasure}/recipients");
    let states = async || {
        let told = dpo.get(&recipients).await.shows(200).at("/data");
        let mut states: Vec<String> =
            told.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
        states.sort();
        states
    };
    assert_eq!(states().await, ["acknowledged", "notified"]);
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    let remind = || {
        let app = app.clone();
        org.service().run(async move { remind_of(&app, id).await })
    };
    assert_eq!(remind().await.unwrap(), 0, "not before half the time has gone");
    let sql = org.sql().await;
    let older = "UPDATE privacy_notifications SET at = at - interval '40 hours', due_at = due_at - interval '40 hours' WHERE organization_id = $1";
    sql.execute(older, &[&org.id]).await.unwrap();
    assert_eq!((remind().await.unwrap(), remind().await.unwrap()), (1, 0), "who has not acknowledged, once");
    sql.execute(older, &[&org.id]).await.unwrap();
    assert_eq!((remind().await.unwrap(), remind().await.unwrap()), (1, 0), "and once that it is late");
    assert_eq!(states().await, ["acknowledged", "overdue"]);
    let inbox = dpo.get("/v1/inbox?kind=notification_overdue").await.shows(200);
    assert_eq!(inbox.at("/data/0/count"), 1, "{inbox}");
    org.sales_a().await.get(&recipients).await.refuses(403, "forbidden");
    let events = "SELECT type FROM events WHERE organization_id = $1 AND type LIKE 'privacy_notifications.%'";
    let mut kinds: Vec<String> =
        sql.query(events, &[&org.id]).await.unwrap().iter().map(|row| row.get::<_, String>(0)).collect();
    kinds.sort();
    let expected = ["opened", "opened", "overdue", "reminder"].map(|one| format!("privacy_notifications.{one}"));
    assert_eq!(kinds, expected);
}
