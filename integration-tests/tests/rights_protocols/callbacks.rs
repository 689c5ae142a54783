//! Callbacks: tried again until they are taken, and never where they must not go.

use serde_json::json;

use super::controller::{Controller, processor_key, request, request_id, verifies};
use super::listener::Listener;
use super::{PATH, act, only, told};
use crate::support::Org;

/// The time of the next try has come.
async fn hurry(org: &Org<'_>) {
    let due = "UPDATE job_queue SET due_at = now() WHERE kind = 'rights_callback' AND organization_id = $1";
    org.sql().await.execute(due, &[&org.id]).await.unwrap();
}

#[tokio::test]
async fn a_callback_that_fails_comes_again_signed_until_it_is_taken() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let key = processor_key(org.service()).await;
    listener.answers(503);
    let mut body = request(&request_id(), "access", "nobody@people.example");
    body["status_callback_urls"] = json!([listener.url]);
    shop.submit(&body).await.shows(201);
    let id = only(&dpo, "opendsr").await["id"].as_str().unwrap().to_owned();
    let first = told(&dpo, &id, |told| told[0]["tries"][0]["status"] == 503).await;
    assert_eq!(first[0]["state"], "pending");
    listener.answers(202);
    hurry(&org).await;
    let told = told(&dpo, &id, |told| told[0]["state"] == "delivered").await;
    let outcomes: Vec<_> = told[0]["tries"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, ["status", "delivered"]);
    let heard = listener.hears(2).await;
    assert_eq!(heard[0].body, heard[1].body);
    let headers = ["x-opendsr-processor-domain", "x-opendsr-signature"].map(|name| heard[1].header(name));
    assert!(verifies(&key, headers, &heard[1].body));
}

#[tokio::test]
async fn an_older_word_that_was_held_up_does_not_come_after_a_newer_one() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    listener.answers(500);
    let mut body = request(&request_id(), "access", "nobody@people.example");
    body["status_callback_urls"] = json!([listener.url]);
    shop.submit(&body).await.shows(201);
    let id = only(&dpo, "opendsr").await["id"].as_str().unwrap().to_owned();
    told(&dpo, &id, |told| told[0]["tries"][0]["status"] == 500).await;
    listener.answers(202);
    act(&dpo, &id, "cancel", &json!({})).await.shows(200);
    told(&dpo, &id, |told| told.len() == 2 && told[1]["state"] == "delivered").await;
    hurry(&org).await;
    let told = told(&dpo, &id, |told| told[0]["state"] != "pending").await;
    assert_eq!(told[0]["state"], "dropped");
    assert_eq!(listener.hears(2).await.last().unwrap().json()["request_status"], "cancelled");
}

#[tokio::test]
async fn a_partner_that_is_switched_off_or_takes_nothing_more_is_told_nothing() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    listener.answers(410);
    let mut body = request(&request_id(), "access", "nobody@people.example");
    body["status_callback_urls"] = json!([listener.url]);
    shop.submit(&body).await.shows(201);
    let id = only(&dpo, "opendsr").await["id"].as_str().unwrap().to_owned();
    told(&dpo, &id, |told| told[0]["state"] == "failed").await;
    admin.patch(&format!("{PATH}/{}", shop.id), &json!({"callback_urls": []})).await.shows(200);
    act(&dpo, &id, "cancel", &json!({})).await.shows(200);
    told(&dpo, &id, |told| told.len() == 2 && told[1]["state"] == "dropped").await;
    assert_eq!(listener.hears(1).await.len(), 1, "an address that is agreed no more is not called");
}

#[tokio::test]
async fn a_partner_is_called_where_its_address_leads_and_told_so() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let beneath = format!("{}/", listener.url);
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [beneath]})).await;
    let mut body = request(&request_id(), "access", "nobody@people.example");
    body["status_callback_urls"] = json!([format!("{beneath}a/%2e%2e/b")]);
    shop.submit(&body).await.shows(201);
    let id = only(&dpo, "opendsr").await["id"].as_str().unwrap().to_owned();
    told(&dpo, &id, |told| told[0]["state"] == "delivered").await;
    assert_eq!(listener.hears(1).await[0].json()["status_callback_url"], json!(format!("{beneath}b")));
}
