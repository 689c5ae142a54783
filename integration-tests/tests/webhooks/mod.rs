//! Webhooks: told at least once, signed, each receiver in a lane of its own, and never where they must not reach.

mod checkpoints;
mod deliveries;
mod lanes;
mod life;
mod places;
mod receiver;
mod third_parties;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Org, Person};

pub use receiver::{Conduct, Heard, Receiver};

/// A webhook to a receiver that differs in these members.
pub async fn hook(admin: &Person, receiver: &Receiver, members: Value) -> Answer {
    let mut body = json!({"name": "Test", "url": receiver.url});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/v1/webhooks", &body).await.shows(201)
}

/// The deliveries of a webhook, newest first, once one of them says so.
pub async fn log_says(caller: &Caller, webhook: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let log = caller.get(&format!("/v1/webhooks/{webhook}/deliveries")).await.shows(200).at("/data");
        let log = log.as_array().unwrap().clone();
        if enough(&log) {
            return log;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "the log says {log:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The time of the next try has come.
pub async fn hurry(org: &Org<'_>, webhook: &str) {
    let sql = org.sql().await;
    let due = "UPDATE webhook_deliveries SET due_at = now() WHERE webhook_id = $1::text::uuid AND state = 'pending'";
    sql.execute(due, &[&webhook]).await.unwrap();
    let lane = "UPDATE webhook_lanes SET due_at = now() WHERE webhook_id = $1::text::uuid";
    sql.execute(lane, &[&webhook]).await.unwrap();
}
