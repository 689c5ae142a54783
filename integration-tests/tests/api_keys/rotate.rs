//! Secrets are rotated with an overlap; calls are counted against a day; the last use is on record.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Caller, Org, Partner, stopped};

/// Whether a credential is refused within a second.
async fn ends(caller: &Caller) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = caller.get("/v1/customers").await;
        if answer.status == 401 {
            return answer.refuses(401, "invalid_api_key");
        }
        assert!(begun.elapsed() <= Duration::from_secs(1), "still let in: {answer}");
    }
}

#[tokio::test]
async fn both_secrets_work_until_the_overlap_is_over() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (admin, old) = (org.admin().await, org.partner(&["name"], &[], &["customers.read"]).await);
    let path = format!("/v1/api-keys/{}", old.key_id);
    let rotated = admin.post(&format!("{path}/rotate"), &json!({"overlap_minutes": 10})).await.shows(200);
    let new = Partner::of(&service.base_url, &rotated);
    assert!(new.secret != old.secret && new.key_id == old.key_id);
    for partner in [&old, &new] {
        partner.get("/v1/customers").await.shows(200);
    }
    service.clock.advance(chrono::Duration::minutes(10));
    old.get("/v1/customers").await.refuses(401, "invalid_api_key");
    new.get("/v1/customers").await.shows(200);
    let shown = org.auditor().await.get(&path).await.shows(200);
    assert!(shown.at("/rotated_at").is_string() && !shown.text().contains("ck_"), "{shown}");
}

#[tokio::test]
async fn without_an_overlap_the_old_secret_ends_and_of_three_the_first_too() {
    let org = Org::found().await;
    let (admin, first) = (org.admin().await, org.partner(&["name"], &[], &["customers.read"]).await);
    first.get("/v1/customers").await.shows(200);
    let path = format!("/v1/api-keys/{}/rotate", first.key_id);
    let second = Partner::of(&org.service().base_url, &admin.post(&path, &json!({})).await.shows(200));
    let third = Partner::of(&org.service().base_url, &admin.post(&path, &json!({})).await.shows(200));
    ends(&first).await;
    for partner in [&second, &third] {
        partner.get("/v1/customers").await.shows(200);
    }
    let last =
        Partner::of(&org.service().base_url, &admin.post(&path, &json!({"overlap_minutes": 0})).await.shows(200));
    ends(&third).await;
    ends(&second).await;
    last.get("/v1/customers").await.shows(200);
}

#[tokio::test]
async fn who_may_not_rotate_does_not_and_a_retry_shows_no_secret_again() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (admin, partner) = (org.admin().await, org.partner(&["name"], &[], &["customers.read"]).await);
    let path = format!("/v1/api-keys/{}/rotate", partner.key_id);
    org.dpo().await.post(&path, &json!({})).await.refuses(403, "forbidden");
    partner.post(&path, &json!({})).await.refuses(403, "forbidden");
    other.admin().await.post(&path, &json!({})).await.refuses(404, "not_found");
    for minutes in [-1, 10_081] {
        admin.post(&path, &json!({"overlap_minutes": minutes})).await.refuses(422, "invalid_body");
    }
    let keyed = admin.with("idempotency-key", "rotate-1");
    keyed.post(&path, &json!({})).await.shows(200);
    let again = keyed.post(&path, &json!({})).await.refuses(409, "idempotency_result_withheld");
    assert!(!again.text().contains("ck_"), "{again}");
    admin.act(&format!("/v1/api-keys/{}/revoke", partner.key_id)).await.shows(200);
    admin.post(&path, &json!({})).await.refuses(409, "already_revoked");
}

#[tokio::test]
async fn a_key_makes_as_many_calls_a_day_as_its_quota_says() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let partner = org.partner_with(json!({"daily_quota": 5})).await;
    for _ in 0..5 {
        partner.get("/v1/customers").await.shows(200);
    }
    let refused = partner.get("/v1/customers").await.refuses(429, "quota_exhausted");
    let seconds: i64 = refused.sent("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    // What it says is true: a second before is too early, then it is time.
    service.clock.advance(chrono::Duration::seconds(seconds - 2));
    partner.get("/v1/customers").await.refuses(429, "quota_exhausted");
    service.clock.advance(chrono::Duration::seconds(2));
    partner.get("/v1/customers").await.shows(200);
    let made = org.admin().await.get(&format!("/v1/api-keys/{}", partner.key_id)).await.shows(200);
    assert_eq!(made.at("/daily_quota"), 5);
}

#[tokio::test]
async fn a_quota_holds_among_calls_at_once() {
    let org = Org::found().await;
    let partner = org.partner_with(json!({"daily_quota": 10})).await;
    let calls = (0..30).map(|_| partner.get("/v1/customers").into_future());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 10);
    let admin = org.admin().await;
    for quota in [0, -1] {
        let mut body = crate::support::new_key();
        body["daily_quota"] = json!(quota);
        admin.post("/v1/api-keys", &body).await.refuses(422, "invalid_body");
    }
}

#[tokio::test]
async fn the_last_use_is_on_record() {
    let org = Org::found().await;
    let (admin, partner) = (org.admin().await, org.partner(&["name"], &[], &["customers.read"]).await);
    let path = format!("/v1/api-keys/{}", partner.key_id);
    assert!(admin.get(&path).await.shows(200).at("/last_used_at").is_null());
    partner.get("/v1/customers").await.shows(200);
    assert!(admin.get(&path).await.shows(200).at("/last_used_at").is_string());
}
