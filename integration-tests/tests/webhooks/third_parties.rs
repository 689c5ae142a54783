//! A third party's webhook: ids of its own, purposes of its own, and nothing of people who have not agreed.

use serde_json::{Value, json};

use super::{Conduct, Receiver, hook, hurry, log_says};
use crate::consents::Told;
use crate::support::Person;

const PERMISSIONS: [&str; 3] = ["customers.read", "consents.read", "withdrawals.acknowledge"];

/// The third party that a key acts for.
async fn company_of(admin: &Person, key: &str) -> String {
    admin.get(&format!("/v1/api-keys/{key}")).await.shows(200).text_at("/third_party")
}

#[tokio::test]
async fn it_hears_of_a_withdrawal_under_the_id_that_it_acknowledges() {
    let told = Told::new().await;
    let (admin, receiver) = (told.org.admin().await, Receiver::start());
    let partner = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let company = company_of(&admin, &partner.key_id).await;
    hook(
        &admin,
        &receiver,
        json!({"third_party": company, "purposes": ["marketing"], "event_types": ["consents.withdrawn"]}),
    )
    .await;
    let consent = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    let heard = receiver.hears(1).await[0].json();
    assert_ne!(heard["data"]["customer_id"], json!(told.customer));
    assert_ne!(heard["data"]["consent_id"], json!(consent));
    let case = heard["data"]["withdrawal_id"].as_str().unwrap().to_owned();
    partner.act(&format!("/v1/withdrawals/{case}/acknowledge")).await.shows(200);
    let recipients = told.sales.get(&format!("/v1/consents/{consent}/recipients")).await.shows(200);
    assert_eq!(recipients.at("/data/0/state"), "acknowledged");
}

#[tokio::test]
async fn what_is_still_to_be_told_of_somebody_who_says_stop_is_dropped() {
    let told = Told::new().await;
    let (admin, receiver) = (told.org.admin().await, Receiver::start());
    let partner = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let company = company_of(&admin, &partner.key_id).await;
    let members = json!({"third_party": company, "purposes": ["marketing"], "event_types": ["customers.updated"]});
    let id = hook(&admin, &receiver, members).await.id();
    let consent = told.agrees(json!({})).await.shows(201).id();
    *receiver.conduct() = Conduct::Status(500);
    let path = format!("/v1/customers/{}", told.customer);
    told.sales.patch(&path, &json!({"fields": {"name": "Lin"}})).await.shows(200);
    let heard = receiver.hears(1).await[0].json();
    assert_eq!(heard["data"]["fields"], json!(["name"]), "fields that the purpose lists");
    told.sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    *receiver.conduct() = Conduct::Status(200);
    let before = receiver.heard().len();
    hurry(&told.org, &id).await;
    log_says(&admin, &id, |log| log.iter().all(|one| one["state"] == "dropped")).await;
    assert_eq!(receiver.heard().len(), before, "nothing more was sent");
}

#[tokio::test]
async fn it_counts_as_notified_once_it_took_the_news() {
    let told = Told::new().await;
    let (admin, receiver) = (told.org.admin().await, Receiver::start());
    let partner = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let polling = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let company = company_of(&admin, &partner.key_id).await;
    let other = company_of(&admin, &polling.key_id).await;
    // A webhook for another purpose is no way to be told of this one.
    let elsewhere = Receiver::start();
    let for_care = hook(&admin, &elsewhere, json!({"third_party": other, "purposes": ["care"]})).await.id();
    *receiver.conduct() = Conduct::Status(500);
    let members = json!({"third_party": company, "purposes": ["marketing"], "event_types": ["consents.withdrawn"]});
    let id = hook(&admin, &receiver, members).await.id();
    let consent = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    let case = async |company: &str| {
        let listed = told.sales.get(&format!("/v1/consents/{consent}/recipients")).await.shows(200).at("/data");
        listed.as_array().unwrap().iter().find(|one| one["third_party"] == company).unwrap().clone()
    };
    let tried = |log: &[Value]| log.iter().any(|one| one["tries"].as_array().is_some_and(|tries| !tries.is_empty()));
    log_says(&admin, &id, tried).await;
    let waits = case(&company).await;
    assert_eq!((&waits["state"], &waits["notified_at"]), (&json!("pending"), &json!(null)));
    let dropped = |one: &Value| one["event_type"] == "consents.withdrawn" && one["state"] == "dropped";
    log_says(&admin, &for_care, |log| log.iter().any(dropped)).await;
    let polls = case(&other).await;
    assert_eq!((&polls["state"], &polls["notified_at"]), (&json!("notified"), &polls["withdrawn_at"]));
    *receiver.conduct() = Conduct::Status(204);
    hurry(&told.org, &id).await;
    let log = log_says(&admin, &id, |log| log.iter().all(|one| one["state"] == "delivered")).await;
    let heard = case(&company).await;
    assert_eq!(heard["state"], "notified");
    assert!(heard["notified_at"].is_string(), "{heard}");
    let sent = log[0]["id"].as_str().unwrap();
    admin.act(&format!("/v1/webhooks/{id}/deliveries/{sent}/replay")).await.shows(202);
    assert_eq!(case(&company).await["notified_at"], heard["notified_at"], "the first time counts");
}

#[tokio::test]
async fn a_webhook_that_is_deleted_untold_leaves_its_third_party_pending() {
    let told = Told::new().await;
    let (admin, receiver) = (told.org.admin().await, Receiver::start());
    let partner = told.org.partner(&["name"], &["marketing"], &["customers.read"]).await;
    let company = company_of(&admin, &partner.key_id).await;
    *receiver.conduct() = Conduct::Status(500);
    let members = json!({"third_party": company, "purposes": ["marketing"], "event_types": ["consents.withdrawn"]});
    let id = hook(&admin, &receiver, members).await.id();
    let consent = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    receiver.hears(1).await;
    admin.delete(&format!("/v1/webhooks/{id}")).await.shows(204);
    let case = told.sales.get(&format!("/v1/consents/{consent}/recipients")).await.shows(200);
    assert_eq!((case.at("/data/0/state"), case.at("/data/0/notified_at")), (json!("pending"), json!(null)), "{case}");
}

#[tokio::test]
async fn what_a_webhook_takes_from_now_on_changes_no_case_of_before() {
    let told = Told::new().await;
    let (admin, receiver) = (told.org.admin().await, Receiver::start());
    let partner = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let company = company_of(&admin, &partner.key_id).await;
    let members = json!({"third_party": company, "purposes": ["marketing"], "event_types": ["customers.updated"]});
    let id = hook(&admin, &receiver, members).await.id();
    let consent = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    crate::events::told(&told.sales, "type=consents.withdrawn").await;
    let recipients = format!("/v1/consents/{consent}/recipients");
    let before = told.sales.get(&recipients).await.shows(200).at("/data/0");
    assert_eq!((&before["state"], &before["notified_at"]), (&json!("notified"), &before["withdrawn_at"]));
    admin.patch(&format!("/v1/webhooks/{id}"), &json!({"event_types": ["consents.withdrawn"]})).await.shows(200);
    assert_eq!(told.sales.get(&recipients).await.shows(200).at("/data/0"), before);
}
