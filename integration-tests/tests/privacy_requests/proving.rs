//! Proving who asks.

use serde_json::{Value, json};

use super::{PATH, act, code, file, somebody};
use crate::support::mailbox::{letter, letters};
use crate::support::{Answer, Org};

fn same(answer: &Answer) -> Value {
    let mut body = answer.json();
    for own in ["id", "received_at", "due_at", "events", "paused_at", "customer_id"] {
        body.as_object_mut().unwrap().remove(own);
    }
    body
}

#[tokio::test]
async fn a_code_that_was_sent_to_the_address_on_file_proves_who_asks() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"contact": {"field": "email", "value": address}})).await.shows(201).id();
    let asked = act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    assert_eq!(asked.at("/state"), "verifying");
    assert!(asked.at("/paused_at").is_string(), "the clock stands still: {asked}");
    let sent = code(&letter(org.service(), &address, 1).await);
    let wrong = if sent == "00000000" { "00000001" } else { "00000000" };
    act(&dpo, &id, "verify", &json!({"method": "code", "code": wrong})).await.refuses(409, "code_not_accepted");
    let proved = act(&dpo, &id, "verify", &json!({"method": "code", "code": sent})).await.shows(200);
    assert_eq!((proved.at("/state"), proved.at("/proof")), (json!("in_progress"), json!("code")));
    assert_eq!((proved.at("/customer_id"), proved.at("/paused_at")), (json!(customer), Value::Null));
    act(&dpo, &id, "verify", &json!({"method": "code", "code": sent})).await.refuses(409, "already_verified");
    let kinds: Vec<Value> =
        proved.at("/events").as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, [json!("filed"), json!("proof_asked"), json!("verified")]);
    let log = dpo.get("/v1/audit/entries?action=privacy_requests.verify").await.shows(200);
    assert_eq!(log.at("/data/0/details/proof"), "code");
}

#[tokio::test]
async fn asking_for_a_code_tells_nothing_of_who_exists() {
    let org = Org::found().await;
    let (dpo, (_, address)) = (org.dpo().await, somebody(&org).await);
    let ask = async |value: &str| {
        let id = file(&dpo, &json!({"contact": {"field": "email", "value": value}})).await.shows(201).id();
        act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200)
    };
    let (known, unknown) = (ask(&address).await, ask("nobody@people.example").await);
    assert_eq!(same(&known), same(&unknown));
    letter(org.service(), &address, 1).await;
    assert!(letters(&org.service().stranger(), "nobody@people.example").await.is_empty());
    let guess = act(&dpo, &unknown.id(), "verify", &json!({"method": "code", "code": "00000000"})).await;
    guess.refuses(409, "code_not_accepted");
}

#[tokio::test]
async fn a_code_is_tried_five_times_and_asked_for_three_times_an_hour() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let sent = code(&letter(org.service(), &address, 1).await);
    let wrong = if sent == "00000000" { "00000001" } else { "00000000" };
    for _ in 0..5 {
        act(&dpo, &id, "verify", &json!({"method": "code", "code": wrong})).await.refuses(409, "code_not_accepted");
    }
    let late = act(&dpo, &id, "verify", &json!({"method": "code", "code": sent})).await;
    late.refuses(409, "code_not_accepted");
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let first = letter(org.service(), &address, 2).await;
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let newest = letter(org.service(), &address, 3).await;
    let over = act(&dpo, &id, "verify", &json!({"method": "code"})).await.refuses(429, "too_many_attempts");
    over.sent("retry-after");
    let old = act(&dpo, &id, "verify", &json!({"method": "code", "code": code(&first)})).await;
    if code(&first) != code(&newest) {
        old.refuses(409, "code_not_accepted");
    }
    act(&dpo, &id, "verify", &json!({"method": "code", "code": code(&newest)})).await.shows(200);
}

#[tokio::test]
async fn of_two_who_show_the_code_at_once_one_is_heard() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let shown = json!({"method": "code", "code": code(&letter(org.service(), &address, 1).await)});
    let all = futures_util::future::join_all((0..6).map(|_| act(&dpo, &id, "verify", &shown))).await;
    let heard = all.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(heard, 1, "{all:?}");
    assert!(all.iter().all(|answer| answer.status == 200 || answer.status == 409), "{all:?}");
}

#[tokio::test]
async fn staff_say_which_customer_they_saw() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"contact": {"field": "mobile", "value": "13999999999"}})).await.shows(201).id();
    let seen = |id: Value| json!({"method": "document", "customer_id": id});
    let nobody = act(&dpo, &id, "verify", &json!({"method": "document"})).await.refuses(422, "invalid_body");
    assert_eq!(nobody.faults()[0].0, "/customer_id");
    act(&dpo, &id, "verify", &seen(json!(crate::customers::NOBODY))).await.refuses(404, "not_found");
    let other = Org::found().await;
    let (foreign, _) = somebody(&other).await;
    act(&dpo, &id, "verify", &seen(json!(foreign))).await.refuses(404, "not_found");
    other.dpo().await.get(&format!("{PATH}/{id}")).await.refuses(404, "not_found");
    let proved = act(&dpo, &id, "verify", &seen(json!(customer))).await.shows(200);
    assert_eq!((proved.at("/customer_id"), proved.at("/proof")), (json!(customer), json!("document")));
    let found = dpo.get(&format!("{PATH}?customer_id={customer}")).await.shows(200);
    assert_eq!(found.at("/data/0/id"), id.as_str());
}
