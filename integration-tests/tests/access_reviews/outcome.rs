//! The end of a campaign.

use std::time::{Duration, Instant};

use custodian_crypto::jws;
use serde_json::{Value, json};

use super::{PATH, begin, line, lines};
use crate::support::Org;

/// The signed outcome, opened with the published key alone.
async fn outcome(org: &Org<'_>, review: &str) -> Value {
    let signed = org.auditor().await.get(&format!("{PATH}/{review}/result")).await.shows(200);
    assert_eq!(signed.sent("content-type"), "application/jose");
    let public = org.service().signing_key().await.public();
    let keys = org.service().stranger().get("/.well-known/jwks.json").await.shows(200);
    assert!(keys.text().contains(&custodian_crypto::signing::key_id(&public)));
    let payload = jws::open(signed.text(), "access-review+jws", &public).expect("the signature holds");
    let mut altered = signed.text().to_owned();
    altered.insert(altered.find('.').unwrap() + 1, 'A');
    assert!(jws::open(&altered, "access-review+jws", &public).is_none());
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test]
async fn lines_without_an_answer_are_revoked_at_the_end_and_the_outcome_is_signed() {
    let org = Org::found().await;
    let (dpo, sales, finance) = (org.dpo().await, org.sales_a().await, org.finance().await);
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let review = begin(&org, &dpo, 3600).await.id();
    dpo.get(&format!("{PATH}/{review}/result")).await.refuses(404, "not_found");
    let all = lines(&dpo, &review).await;
    for (kind, subject) in [
        ("account", finance.id),
        ("role", finance.id),
        ("account", org.user_id("auditor")),
        ("role", org.user_id("auditor")),
    ] {
        let id = line(&all, kind, &subject.to_string())["id"].as_str().unwrap().to_owned();
        dpo.post(&format!("{PATH}/{review}/lines/{id}/keep"), &json!({})).await.shows(200);
    }
    org.auditor().await.act(&format!("{PATH}/{review}/close")).await.refuses(403, "forbidden");
    let admin = org.admin().await;
    let closed = admin.act(&format!("{PATH}/{review}/close")).await.shows(200);
    assert_eq!((closed.at("/state"), closed.at("/answered")), (json!("closed"), json!(all.len())));
    sales.get("/v1/me").await.refuses(401, "session_ended");
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
    finance.get("/v1/customers").await.shows(200);
    admin.get("/v1/me").await.shows(200);
    let told = outcome(&org, &review).await;
    assert_eq!(told["lines"].as_array().unwrap().len(), all.len());
    assert_eq!((&told["counts"]["kept"], &told["counts"]["kept_last_administrator"]), (&json!(4), &json!(2)));
    let hers = told["lines"].as_array().unwrap().iter().find(|one| one["subject_id"] == sales.id.to_string()).unwrap();
    assert_eq!((&hers["outcome"], &hers["decided_by"]), (&json!("revoked_unanswered"), &Value::Null));
    assert!(!told.to_string().contains("@"), "no address, no name");
    admin.act(&format!("{PATH}/{review}/close")).await.refuses(409, "review_closed");
    let id = line(&all, "account", &sales.id.to_string())["id"].as_str().unwrap().to_owned();
    admin.post(&format!("{PATH}/{review}/lines/{id}/keep"), &json!({})).await.refuses(409, "review_closed");
}

#[tokio::test]
async fn a_campaign_ends_by_itself_at_its_time() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_b().await);
    let review = begin(&org, &dpo, 2).await.id();
    sales.get("/v1/me").await.shows(200);
    let (begun, sql) = (Instant::now(), org.sql().await);
    let state = "SELECT closed_at >= due_at FROM access_reviews WHERE state = 'closed'";
    let in_time = loop {
        if let Some(row) = sql.query_opt(state, &[]).await.unwrap() {
            break row.get::<_, bool>(0);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the worker does not end it");
    };
    assert!(in_time, "not before its time");
    sales.get("/v1/me").await.refuses(401, "session_ended");
    let row =
        sql.query_one("SELECT count(*) FROM audit_entries WHERE action = 'access_reviews.close'", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    let result = sql.query_one("SELECT result FROM access_reviews", &[]).await.unwrap().get::<_, String>(0);
    let public = org.service().signing_key().await.public();
    let told: Value = serde_json::from_slice(&jws::open(&result, "access-review+jws", &public).unwrap()).unwrap();
    assert_eq!(told["access_review_id"], review);
}
