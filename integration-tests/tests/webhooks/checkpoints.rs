//! Checkpoints of the audit log, told to whoever keeps them elsewhere.

use custodian_application::events::tell_checkpoints;
use custodian_crypto::note::Note;
use serde_json::json;

use super::{Receiver, hook};
use crate::support::Org;

#[tokio::test]
async fn a_webhook_that_takes_checkpoints_is_told_the_signed_head_of_its_own_log() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let made = hook(&admin, &receiver, json!({"event_types": ["audit.checkpoint"]})).await;
    let auditor = org.auditor().await;
    // The entries so far have their places once there is a checkpoint to be read.
    while auditor.get("/v1/audit/checkpoint").await.status != 200 {
        tokio::task::yield_now().await;
    }
    let app = org.service().app.clone();
    org.service().run(async move { tell_checkpoints(&app).await.unwrap() }).await;
    let heard = &receiver.hears(1).await[0];
    assert!(heard.verifies(&made.text_at("/secret")));
    let told = heard.json();
    let note = Note::parse(told["data"]["note"].as_str().unwrap()).ok().unwrap();
    let lines: Vec<&str> = note.text().lines().collect();
    assert!(lines[0].ends_with(&org.id.to_string()), "the log of this organisation: {}", lines[0]);
    assert_eq!(lines[1], told["data"]["size"].to_string());
}
