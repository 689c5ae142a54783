//! Duties to keep: laid by who answers for them, ended by a word, and stronger than any wish to erase.

mod anonymise;
mod damaged;
mod fields;
mod holds;
mod policies;
mod races;
mod restricted;

pub use policies::{PATH, round};
use serde_json::{Value, json};

use crate::erasures::erase;
use crate::support::{Answer, Person, customer};

/// Lays a hold on a customer that differs in these members.
pub async fn hold(person: &Person, customer: &str, members: Value) -> Answer {
    let mut body = json!({"kind": "litigation", "basis": "case 17", "reason": "claim filed against us", "customer_ids": [customer]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    person.post("/v1/legal-holds", &body).await.shows(201)
}

/// A term that binds a customer of its own, the erasure that waits for it, a policy that meets nobody, and an erasure of many that was proposed: for whoever needs some to try things on.
pub async fn to_try(owner: &Person, admin: &Person) -> [String; 4] {
    let mut silent = customer();
    silent["stage"] = json!("dormant");
    let customer = owner.post("/v1/customers", &customer()).await.shows(201).id();
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    let held = hold(admin, &customer, term).await.id();
    let erasure = erase(admin, &customer).await.shows(202).id();
    let policy = json!({"name": "Fresh", "since": "updated_at", "days": 36_500, "action": "warn"});
    let policy = admin.post("/v1/retention-policies", &policy).await.shows(201).id();
    owner.post("/v1/customers", &silent).await.shows(201);
    let many = json!({"filter": {"stage": "dormant"}, "ground": "purpose_done", "reason": "to try"});
    let batch = admin.post("/v1/erasure-batches", &many).await.shows(201).id();
    [held, erasure, policy, batch]
}
