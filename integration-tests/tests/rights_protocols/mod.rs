//! Partners that pass on what people ask about their data, tried by clients written from the public specifications alone.

mod agent;
mod callbacks;
mod controller;
mod drp;
mod drp_refusals;
mod duplicates;
mod listener;
mod opendsr;
mod opendsr_refusals;
mod partners;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use custodian_application::Clock as _;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Org, Person, customer, shared};

pub const PATH: &str = "/v1/rights-partners";
pub const REQUESTS: &str = "/v1/privacy-requests";

/// Somebody on file with an address of their own; the id and the address.
pub async fn somebody(org: &Org<'_>) -> (String, String) {
    let mut body = customer();
    let address = format!("{}@people.example", body["fields"]["customer_no"].as_str().unwrap().to_lowercase());
    body["fields"]["email"] = json!(address);
    let id = org.admin().await.post("/v1/customers", &body).await.shows(201).id();
    (id, address)
}

/// A partner with these members.
pub async fn add(admin: &Person, members: &Value) -> Answer {
    let mut body = json!({"name": "Partner", "jurisdiction": "US-CA"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post(PATH, &body).await
}

/// The only request there is of a channel, as staff see it.
pub async fn only(caller: &Caller, channel: &str) -> Value {
    let all = caller.get(REQUESTS).await.shows(200).at("/data");
    let mut all: Vec<Value> = all.as_array().unwrap().clone();
    all.retain(|one| one["channel"] == channel);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Does something to a request.
pub async fn act(person: &Person, request: &str, action: &str, body: &Value) -> Answer {
    person.post(&format!("{REQUESTS}/{request}/{action}"), body).await
}

/// What a partner was told of a request, once it says so.
pub async fn told(caller: &Caller, request: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let told = caller.get(&format!("{REQUESTS}/{request}/exchange")).await.shows(200).at("/callbacks");
        let told = told.as_array().unwrap().clone();
        if enough(&told) {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "it was told {told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The time by a client's own clock.
pub fn now() -> DateTime<Utc> {
    shared().clock.now()
}

/// A name that no other test uses.
pub fn fresh(prefix: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A partner to try things on.
pub async fn to_try(admin: &Person) -> String {
    let members = json!({"protocol": "drp", "identifier": fresh("TRY_"), "business_id": fresh("TRIED_"),
        "verify_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
    add(admin, &members).await.shows(201).id()
}
