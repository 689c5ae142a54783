//! What somebody asks at two doors is answered once, and whoever passed on the other one hears how.

use serde_json::{Value, json};

use super::agent::Agent;
use super::controller::{Controller, request, request_id};
use super::listener::Listener;
use super::{REQUESTS, act, only, somebody};
use crate::support::{Org, Person};

/// A request for access that the person made at the counter, with a document.
async fn standing(dpo: &Person, customer: &str, jurisdiction: &str) -> String {
    let body = json!({"right": "access", "jurisdiction": jurisdiction, "channel": "phone", "customer_id": customer});
    let id = dpo.post(REQUESTS, &body).await.shows(201).id();
    act(dpo, &id, "verify", &json!({"method": "document"})).await.shows(200);
    id
}

/// An agent that passed on what the person asked at the counter as well, and heard that it is open; the ids of its request and of that one.
async fn passed_on(org: &Org<'_>, dpo: &Person, listener: &Listener) -> (Agent, String, String) {
    let (admin, (customer, address)) = (org.admin().await, somebody(org).await);
    let agent = Agent::ready(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let own = standing(dpo, &customer, "US-CA").await;
    let person = json!({"email": address, "status_callback": listener.url});
    let id = agent.exercise("access", person).await.shows(200).text_at("/request_id");
    listener.hears(1).await;
    (agent, id, own)
}

fn turned_down() -> Value {
    json!({"ground": "nothing_held", "explanation": "Said to staff alone."})
}

#[tokio::test]
async fn an_agent_hears_that_the_wish_was_fulfilled_and_not_that_it_was_revoked() {
    let org = Org::found().await;
    let (dpo, listener) = (org.dpo().await, Listener::start());
    let (agent, id, own) = passed_on(&org, &dpo, &listener).await;
    act(&dpo, &own, "complete", &json!({})).await.shows(200);
    let done = agent.status(&id).await.shows(200);
    assert_eq!((done.at("/status"), done.at("/reason")), (json!("fulfilled"), Value::Null));
    let words: Vec<_> = listener.hears(2).await.iter().map(|heard| heard.json()["status"].clone()).collect();
    assert_eq!(words, ["open", "fulfilled"]);
    let seen = only(&dpo, "drp").await;
    assert_eq!(
        (&seen["state"], &seen["duplicate_of"]),
        (&json!("cancelled"), &json!(own)),
        "it was answered in the other"
    );
    agent.revoke(&id).await.shows(409);
}

#[tokio::test]
async fn an_agent_hears_on_which_ground_the_one_that_stood_was_turned_down() {
    let org = Org::found().await;
    let (dpo, listener) = (org.dpo().await, Listener::start());
    let (agent, id, own) = passed_on(&org, &dpo, &listener).await;
    act(&dpo, &own, "reject", &turned_down()).await.shows(200);
    let denied = agent.status(&id).await.shows(200);
    let heard = listener.hears(2).await;
    for told in [denied.json(), heard[1].json()] {
        assert_eq!((&told["status"], &told["reason"]), (&json!("denied"), &json!("no_match")), "{told}");
        assert!(told["processing_details"].is_string() && !told.to_string().contains("Said to staff"), "{told}");
    }
}

#[tokio::test]
async fn what_was_taken_back_before_the_answer_stays_revoked() {
    let org = Org::found().await;
    let (admin, dpo, (customer, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let own = standing(&dpo, &customer, "US-CA").await;
    let id = agent.exercise("access", json!({"email": address})).await.shows(200).text_at("/request_id");
    assert_eq!(agent.revoke(&id).await.shows(200).at("/status"), "revoked");
    act(&dpo, &own, "complete", &json!({})).await.shows(200);
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "revoked");
}

#[tokio::test]
async fn what_was_asked_again_waits_where_the_one_that_stood_is_taken_back() {
    let org = Org::found().await;
    let (admin, dpo, (customer, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let agent = Agent::ready(org.service(), &admin, json!({})).await;
    let own = standing(&dpo, &customer, "US-CA").await;
    let id = agent.exercise("access", json!({"email": address})).await.shows(200).text_at("/request_id");
    act(&dpo, &own, "cancel", &json!({})).await.shows(200);
    assert_eq!(agent.status(&id).await.shows(200).at("/status"), "open");
}

#[tokio::test]
async fn a_controller_hears_that_it_is_completed_or_why_it_was_turned_down() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    for (round, action) in ["complete", "reject"].into_iter().enumerate() {
        let (customer, address) = somebody(&org).await;
        let own = standing(&dpo, &customer, "EU").await;
        let id = request_id();
        let mut body = request(&id, "access", &address);
        body["status_callback_urls"] = json!([listener.url]);
        shop.submit(&body).await.shows(201);
        listener.hears(2 * round + 1).await;
        let answer = if action == "reject" { turned_down() } else { json!({}) };
        act(&dpo, &own, action, &answer).await.shows(200);
        let (word, reason) = match action {
            "reject" => ("cancelled", json!("nothing_held")),
            _ => ("completed", Value::Null),
        };
        let status = shop.status(&id).await.shows(200).json();
        let heard = listener.hears(2 * round + 2).await[2 * round + 1].json();
        for told in [status, heard] {
            assert_eq!((&told["request_status"], &told["subject_request_id"]), (&json!(word), &json!(id)), "{told}");
            assert_eq!(told["error"]["errors"][0]["reason"], reason, "{told}");
        }
    }
}
