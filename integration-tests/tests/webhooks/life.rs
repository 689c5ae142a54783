//! Keeping webhooks: made, read, changed, rotated, tried out, taken away; and by whom.

use serde_json::{Value, json};

use super::{Receiver, hook, log_says};
use crate::support::Org;

#[tokio::test]
async fn the_secret_is_shown_once_and_stands_nowhere_else() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let body = json!({"name": "Shop", "url": receiver.url, "event_types": ["consents.withdrawn"]});
    let keyed = || admin.post("/v1/webhooks", &body).header("idempotency-key", "once");
    let made = keyed().await.shows(201);
    let secret = made.text_at("/secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "32 bytes in base64");
    keyed().await.refuses(409, "idempotency_result_withheld");
    let path = format!("/v1/webhooks/{}", made.id());
    let shown = org.auditor().await.get(&path).await.shows(200);
    assert_eq!((shown.at("/enabled"), shown.at("/scheme")), (json!(true), json!("hmac")));
    assert!(!shown.text().contains("secret\":\"") && !shown.text().contains(&secret), "{shown}");
    assert_eq!(admin.get("/v1/webhooks").await.shows(200).at("/data").as_array().unwrap().len(), 1);
    let row = org.sql().await.query_one("SELECT w::text FROM webhooks w", &[]).await.unwrap();
    assert!(!row.get::<_, String>(0).contains(secret.trim_start_matches("whsec_")));
    let pair = hook(&admin, &receiver, json!({"scheme": "ed25519"})).await;
    assert!(pair.text_at("/secret").starts_with("whpk_"));
}

#[tokio::test]
async fn it_is_changed_and_taken_away_as_it_was_read() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let made = hook(&admin, &receiver, json!({})).await;
    let path = format!("/v1/webhooks/{}", made.id());
    let stale = admin.get(&path).await.shows(200).sent("etag");
    let changed = admin.patch(&path, &json!({"name": "Other", "event_types": ["customers.created"]})).await.shows(200);
    assert_eq!((changed.at("/name"), changed.at("/version")), (json!("Other"), json!(2)));
    let patch = admin.patch(&path, &json!({"name": "Late"})).instead("if-match", &stale);
    patch.await.refuses(412, "precondition_failed");
    admin.delete(&path).await.shows(204);
    admin.get(&path).await.refuses(404, "not_found");
    admin.act(&format!("{path}/ping")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn who_does_not_keep_them_may_not_and_neither_may_a_partner() {
    let org = Org::found().await;
    let (admin, dpo, receiver) = (org.admin().await, org.dpo().await, Receiver::start());
    let id = hook(&admin, &receiver, json!({})).await.id();
    dpo.get(&format!("/v1/webhooks/{id}")).await.shows(200);
    for request in [
        dpo.post("/v1/webhooks", &json!({"name": "Mine", "url": receiver.url})),
        dpo.patch(&format!("/v1/webhooks/{id}"), &json!({"url": receiver.url})),
        dpo.act(&format!("/v1/webhooks/{id}/ping")),
        dpo.post(&format!("/v1/webhooks/{id}/rotate"), &json!({})),
        dpo.delete(&format!("/v1/webhooks/{id}")),
    ] {
        request.await.refuses(403, "forbidden");
    }
    org.sales_a().await.get("/v1/webhooks").await.refuses(403, "forbidden");
    let body = json!({"third_party": "Nosy", "name": "k", "permissions": ["webhooks.read"], "fields": ["name"]});
    admin.post("/v1/api-keys", &body).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn every_fault_is_named() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let partner = org.partner(&["name"], &["care"], &["customers.read"]).await;
    let company = admin.get(&format!("/v1/api-keys/{}", partner.key_id)).await.shows(200).text_at("/third_party");
    for (members, place, code) in [
        (json!({"event_types": ["customers.sold"]}), "/event_types/0", "unknown_event_type"),
        (json!({"purposes": ["care"]}), "/purposes", "not_allowed"),
        (json!({"third_party": "Nobody"}), "/third_party", "unknown_third_party"),
        (json!({"third_party": company}), "/purposes", "too_few"),
        (json!({"third_party": company, "purposes": ["unheard_of"]}), "/purposes/0", "unknown_purpose"),
        (
            json!({"third_party": company, "purposes": ["care"], "event_types": ["users.offboarded"]}),
            "/event_types/0",
            "not_allowed",
        ),
    ] {
        let mut body = json!({"name": "Test", "url": receiver.url});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let refused = admin.post("/v1/webhooks", &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())], "{refused}");
    }
}

#[tokio::test]
async fn an_organisation_has_fifty_and_no_more() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let body = json!({"name": "Test", "url": receiver.url, "event_types": ["users.offboarded"]});
    for _ in 0..48 {
        admin.post("/v1/webhooks", &body).await.shows(201);
    }
    // Two places are left, and six want them.
    let racing: Vec<_> = (0..6)
        .map(|_| {
            let (admin, body) = (admin.clone(), body.clone());
            tokio::spawn(async move { admin.post("/v1/webhooks", &body).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in racing {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 409, 409, 409, 409]);
    admin.post("/v1/webhooks", &body).await.refuses(409, "too_many_webhooks");
}

#[tokio::test]
async fn during_the_overlap_both_secrets_sign_and_afterwards_the_new_one_alone() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    let made = hook(&admin, &receiver, json!({"event_types": ["users.offboarded"]})).await;
    let (path, old) = (format!("/v1/webhooks/{}", made.id()), made.text_at("/secret"));
    let ping = format!("{path}/ping");
    admin.act(&ping).await.shows(202);
    let heard = receiver.hears(1).await;
    assert!(heard[0].verifies(&old));
    let rotated = admin.post(&format!("{path}/rotate"), &json!({"overlap_minutes": 60})).await.shows(200);
    let new = rotated.text_at("/secret");
    admin.act(&ping).await.shows(202);
    let heard = receiver.hears(2).await;
    assert_eq!(heard[1].signatures.split(' ').count(), 2);
    assert!(heard[1].verifies(&old) && heard[1].verifies(&new));
    let newest =
        admin.post(&format!("{path}/rotate"), &json!({"overlap_minutes": 0})).await.shows(200).text_at("/secret");
    admin.act(&ping).await.shows(202);
    let heard = receiver.hears(3).await;
    assert!(
        heard[2].verifies(&newest) && !heard[2].verifies(&new) && !heard[2].verifies(&old),
        "the old ones are void"
    );
}

#[tokio::test]
async fn a_ping_goes_to_one_webhook_and_its_delivery_says_how_it_went() {
    let org = Org::found().await;
    let (admin, receiver, other) = (org.admin().await, Receiver::start(), Receiver::start());
    let made = hook(&admin, &receiver, json!({})).await;
    hook(&admin, &other, json!({})).await;
    let sent = admin.act(&format!("/v1/webhooks/{}/ping", made.id())).await.shows(202);
    let heard = receiver.hears(1).await;
    assert_eq!(heard[0].json()["type"], "webhooks.pinged");
    assert_eq!(heard[0].json()["data"], json!({"webhook_id": made.id()}));
    assert_eq!(heard[0].id, sent.text_at("/event_id"));
    let log = log_says(&admin, &made.id(), |log| log[0]["state"] == "delivered").await;
    assert_eq!(log[0]["tries"][0]["status"], 204);
    let one = admin.get(&sent.sent("location")).await.shows(200);
    assert_eq!((one.at("/state"), one.at("/next_try_at")), (json!("delivered"), Value::Null));
    assert_eq!(other.heard().len(), 0);
}
