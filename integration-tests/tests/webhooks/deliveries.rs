//! Deliveries: signed, repeated under the same id until they are taken, given up in the end, told again on request.

use custodian_application::Clock as _;
use serde_json::{Value, json};

use super::{Conduct, Receiver, hook, hurry, log_says};
use crate::support::{Org, customer};

#[tokio::test]
async fn what_happens_arrives_signed_and_without_a_value_of_anybody() {
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    let made = hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await;
    let body = customer();
    let id = asha.post("/v1/customers", &body).await.shows(201).id();
    let heard = &receiver.hears(1).await[0];
    let told = heard.json();
    assert_eq!((&told["type"], &told["data"]["customer_id"]), (&json!("customers.created"), &json!(id)));
    assert_eq!(told.as_object().unwrap().len(), 3, "type, timestamp, data");
    assert!(heard.verifies(&made.text_at("/secret")));
    for value in body["fields"].as_object().unwrap().values() {
        assert!(!String::from_utf8_lossy(&heard.body).contains(value.as_str().unwrap()), "{told}");
    }
    let mut forged = heard.clone();
    forged.body.push(b' ');
    assert!(!forged.verifies(&made.text_at("/secret")), "a changed body");
    let (mut late, mut other) = (heard.clone(), heard.clone());
    late.timestamp += 600;
    other.id.push('0');
    assert!(!late.verifies(&made.text_at("/secret")) && !other.verifies(&made.text_at("/secret")));
}

#[tokio::test]
async fn a_failed_delivery_comes_again_under_the_same_id_until_it_is_taken() {
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    *receiver.conduct() = Conduct::Status(500);
    let id = hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await.id();
    org.customer_of(&asha).await;
    let log = log_says(&admin, &id, |log| log.first().is_some_and(|one| one["tries"][0]["status"] == 500)).await;
    assert_eq!(log[0]["state"], "pending");
    assert!(admin.get(&format!("/v1/webhooks/{id}")).await.shows(200).at("/failing_since").is_string());
    *receiver.conduct() = Conduct::Status(200);
    hurry(&org, &id).await;
    let heard = receiver.hears(2).await;
    assert_eq!((&heard[0].id, &heard[0].body), (&heard[1].id, &heard[1].body));
    let log = log_says(&admin, &id, |log| log[0]["state"] == "delivered").await;
    let outcomes: Vec<_> = log[0]["tries"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, ["status", "delivered"]);
    assert_eq!(admin.get(&format!("/v1/webhooks/{id}")).await.shows(200).at("/failing_since"), Value::Null);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_until_it_is_switched_on_again() {
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    *receiver.conduct() = Conduct::Status(410);
    let id = hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await.id();
    let path = format!("/v1/webhooks/{id}");
    org.customer_of(&asha).await;
    log_says(&admin, &id, |log| log.first().is_some_and(|one| one["state"] == "failed")).await;
    let shown = admin.get(&path).await.shows(200);
    assert_eq!((shown.at("/enabled"), shown.at("/disabled")), (json!(false), json!("gone")));
    let event = crate::events::told(&admin, "type=webhooks.disabled").await;
    assert_eq!(event["data"], json!({"webhook_id": id, "why": "gone"}));
    admin.act(&format!("{path}/ping")).await.refuses(409, "webhook_disabled");
    let missed = org.customer_of(&asha).await;
    crate::events::told(&asha, &format!("customer_id={missed}")).await;
    *receiver.conduct() = Conduct::Status(200);
    admin.patch(&path, &json!({"enabled": true})).await.shows(200);
    let later = org.customer_of(&asha).await;
    assert_eq!(receiver.hears(2).await[1].json()["data"]["customer_id"], json!(later));
}

#[tokio::test]
async fn after_the_last_try_it_is_given_up_and_a_webhook_that_took_nothing_for_a_day_is_switched_off() {
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    *receiver.conduct() = Conduct::Status(503);
    let id = hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await.id();
    org.customer_of(&asha).await;
    log_says(&admin, &id, |log| log.first().is_some_and(|one| one["tries"][0]["status"] == 503)).await;
    let sql = org.sql().await;
    let nine = "UPDATE webhook_deliveries SET failed_tries = 9 WHERE webhook_id = $1::text::uuid";
    sql.execute(nine, &[&id]).await.unwrap();
    let long = "UPDATE webhooks SET failing_since = now() - interval '4 days' WHERE id = $1::text::uuid";
    sql.execute(long, &[&id]).await.unwrap();
    hurry(&org, &id).await;
    log_says(&admin, &id, |log| log[0]["state"] == "failed").await;
    assert_eq!(admin.get(&format!("/v1/webhooks/{id}")).await.shows(200).at("/disabled"), "failing");
}

#[tokio::test]
async fn redirects_endless_answers_and_requests_for_time_are_failures_of_their_own() {
    let org = Org::found().await;
    let (admin, elsewhere) = (org.admin().await, Receiver::start());
    let cases = [
        (Conduct::With(302, "location", elsewhere.url.clone()), "redirect"),
        (Conduct::With(308, "location", "http://169.254.169.254/latest".to_owned()), "redirect"),
        (Conduct::Endless(1 << 20), "too_large"),
        (Conduct::With(429, "retry-after", "3600".to_owned()), "status"),
    ];
    for (conduct, outcome) in cases {
        let receiver = Receiver::start();
        let asks_for_time = matches!(conduct, Conduct::With(429, ..));
        *receiver.conduct() = conduct;
        let id = hook(&admin, &receiver, json!({"event_types": ["users.offboarded"]})).await.id();
        let sent = admin.act(&format!("/v1/webhooks/{id}/ping")).await.shows(202);
        let log = log_says(&admin, &id, |log| log[0]["tries"][0]["outcome"].is_string()).await;
        assert_eq!((&log[0]["tries"][0]["outcome"], &log[0]["state"]), (&json!(outcome), &json!("pending")));
        let time = |value: Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
        let wait = time(log[0]["next_try_at"].clone()) - time(sent.at("/created_at"));
        assert_eq!(wait.num_minutes() >= 59, asks_for_time, "{outcome}: {wait}");
    }
    assert_eq!(elsewhere.heard().len(), 0, "a redirect is not followed");
}

#[tokio::test]
async fn what_was_missed_is_told_again_under_its_ids() {
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    let id = hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await.id();
    let since = org.service().clock.now() - chrono::Duration::hours(1);
    org.customer_of(&asha).await;
    org.customer_of(&asha).await;
    let log = log_says(&admin, &id, |log| log.len() == 2 && log.iter().all(|one| one["state"] == "delivered")).await;
    let first = log[0]["id"].as_str().unwrap();
    admin.act(&format!("/v1/webhooks/{id}/deliveries/{first}/replay")).await.shows(202);
    let heard = receiver.hears(3).await;
    assert_eq!(heard.iter().filter(|one| one.id == log[0]["event_id"].as_str().unwrap()).count(), 2);
    log_says(&admin, &id, |log| log.iter().all(|one| one["state"] == "delivered")).await;
    let body = json!({"since": since.to_rfc3339()});
    let missed = admin.post(&format!("/v1/webhooks/{id}/replay"), &body).await.shows(200);
    assert_eq!(missed.at("/replayed"), 0, "everything arrived");
    let body = json!({"since": since.to_rfc3339(), "delivered_too": true});
    assert_eq!(admin.post(&format!("/v1/webhooks/{id}/replay"), &body).await.shows(200).at("/replayed"), 2);
    receiver.hears(5).await;
    let missing = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    admin.act(&format!("/v1/webhooks/{id}/deliveries/{missing}/replay")).await.refuses(404, "not_found");
}
