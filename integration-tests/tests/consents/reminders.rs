//! Withdrawals told by signed event: at once, again as long as nobody acknowledges, and late ones to everybody who looks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_application::Clock as _;
use custodian_crypto::{Scheme, WebhookSecret};
use serde_json::{Value, json};

use super::Told;
use crate::events::all;
use crate::support::{Org, Partner};
use crate::webhooks::{Heard, Receiver, hook};

const PERMISSIONS: [&str; 4] = ["events.read", "customers.read", "consents.read", "withdrawals.acknowledge"];

/// The receiver of a partner for marketing, and the partner.
async fn recipient(org: &Org<'_>) -> (Partner, Receiver, String) {
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let partner = org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let company = admin.get(&format!("/v1/api-keys/{}", partner.key_id)).await.shows(200).text_at("/third_party");
    let made = hook(
        &admin,
        &receiver,
        json!({"third_party": company, "purposes": ["marketing"],
        "event_types": ["consents.withdrawn", "withdrawals.reminder", "withdrawals.overdue"]}),
    );
    let secret = made.await.text_at("/secret");
    (partner, receiver, secret)
}

/// Time goes by for every case and its job.
async fn passes(org: &Org<'_>, hours: i32) {
    let sql = org.sql().await;
    let moved = "UPDATE withdrawal_recipients SET at = at - make_interval(hours => $1), due_at = due_at - make_interval(hours => $1)";
    sql.execute(moved, &[&hours]).await.unwrap();
    let due = "UPDATE job_queue SET due_at = now() WHERE kind = 'withdrawal' AND organization_id = $1";
    sql.execute(due, &[&org.id]).await.unwrap();
}

#[tokio::test]
async fn a_recipient_signs_that_it_has_acted_and_a_signature_by_anybody_else_is_refused() {
    let told = Told::new().await;
    let (partner, receiver, secret) = recipient(&told.org).await;
    let (_, _, others) = recipient(&told.org).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let case = receiver.hears(1).await[0].json()["data"]["withdrawal_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/withdrawals/{case}/acknowledge");
    let now = told.org.service().clock.now().timestamp();
    let sign = |secret: &str, about: &str, at: i64| {
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        WebhookSecret::new(Scheme::Hmac, &bytes).ok().unwrap().sign(about, at, b"")
    };
    let acknowledge = |about: &str, at: i64, signature: &str| {
        let asked = partner.act(&path).header("webhook-id", about).header("webhook-timestamp", &at.to_string());
        asked.header("webhook-signature", signature)
    };
    for (about, at, signature) in [
        (case.as_str(), now, sign(&others, &case, now)),
        (case.as_str(), now - 600, sign(&secret, &case, now - 600)),
        ("another", now, sign(&secret, "another", now)),
        (case.as_str(), now, "v1,AAAA".to_owned()),
    ] {
        acknowledge(about, at, &signature).await.refuses(403, "invalid_signature");
    }
    partner.act(&path).header("webhook-id", &case).await.refuses(403, "invalid_signature");
    let recipients = format!("/v1/consents/{id}/recipients");
    assert_eq!(told.sales.get(&recipients).await.shows(200).at("/data/0/acknowledged_at"), Value::Null);
    let done = acknowledge(&case, now, &sign(&secret, &case, now)).await.shows(200);
    assert_eq!((done.at("/state"), done.at("/signed")), (json!("acknowledged"), json!(true)));
}

#[tokio::test]
async fn who_does_not_acknowledge_is_reminded_twice_and_then_called_late() {
    let told = Told::new().await;
    let (partner, receiver, secret) = recipient(&told.org).await;
    let (_, other, _) = recipient(&told.org).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let mut kinds = Vec::new();
    for (count, hours) in [(1, 25), (2, 25), (3, 25)] {
        kinds = receiver.hears(count).await.iter().map(|one| one.json()["type"].clone()).collect();
        passes(&told.org, hours).await;
    }
    let heard = receiver.hears(4).await;
    kinds.push(heard[3].json()["type"].clone());
    assert_eq!(kinds, ["consents.withdrawn", "withdrawals.reminder", "withdrawals.reminder", "withdrawals.overdue"]);
    assert!(heard.iter().all(|one| one.verifies(&secret)));
    let cases: Vec<Value> = heard.iter().map(|one| one.json()["data"]["withdrawal_id"].clone()).collect();
    assert!(cases.iter().all(|case| *case == cases[0]), "one case under one id");
    let recipients = told.sales.get(&format!("/v1/consents/{id}/recipients")).await.shows(200);
    assert_eq!(recipients.at("/data/0/state"), "overdue");
    let late = all(&told.sales, "type=withdrawals.overdue").await;
    assert_eq!(late.len(), 2, "both recipients are late: {late:?}");
    let foreign = |one: &&Heard| one.json()["data"]["third_party_id"] == heard[3].json()["data"]["third_party_id"];
    let theirs = other.hears(4).await;
    assert_eq!(theirs.iter().filter(|one| one.json()["data"]["third_party_id"].is_string()).filter(foreign).count(), 0);
    let case = cases[0].as_str().unwrap();
    partner.act(&format!("/v1/withdrawals/{case}/acknowledge")).await.shows(200);
    passes(&told.org, 100).await;
    crate::events::told(&told.sales, "type=withdrawals.acknowledged").await;
    assert_eq!(receiver.heard().len(), 4, "who has acknowledged is left alone");
}
