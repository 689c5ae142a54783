//! Headers of every answer: the request's id, and what keeps browsers and caches away.

use serde_json::json;
use uuid::Uuid;

use crate::support::{Answer, Org, shared};

#[track_caller]
fn is_closed(answer: &Answer) {
    assert_eq!(answer.sent("cache-control"), "no-store", "{answer}");
    assert_eq!(answer.sent("x-content-type-options"), "nosniff", "{answer}");
    assert_eq!(answer.sent("referrer-policy"), "no-referrer", "{answer}");
    assert_eq!(answer.sent("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", "{answer}");
    assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{answer}");
    assert!(answer.header("strict-transport-security").is_none(), "no TLS, no HSTS: {answer}");
    assert!(answer.header("access-control-allow-origin").is_none(), "CORS is off: {answer}");
    assert!(answer.header("x-request-id").is_some(), "{answer}");
}

#[tokio::test]
async fn good_and_bad_answers_carry_the_same_protection() {
    let org = Org::found().await;
    let (asha, stranger) = (org.sales_a().await, shared().stranger());
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    is_closed(&asha.get(&customer).await.shows(200));
    is_closed(&asha.get("/v1/customers").header("origin", "https://evil.example").await.shows(200));
    is_closed(&asha.patch(&customer, &json!({"stage": "lost"})).await.shows(200));
    is_closed(&asha.get(&customer).header("if-none-match", "*").await.shows(304));
    is_closed(&asha.get("/v1/customers/x").await.shows(404));
    is_closed(&asha.get("/v1/nothing").await.shows(404));
    is_closed(&asha.request("DELETE", "/v1/customers").await.shows(405));
    is_closed(&asha.post("/v1/customers", &json!({})).await.shows(422));
    is_closed(&stranger.get(&customer).await.shows(401));
    is_closed(&stranger.get("/health/live").await.shows(200));
    is_closed(&asha.act("/v1/auth/logout").await.shows(204));
}

#[tokio::test]
async fn a_usable_request_id_comes_back_and_any_other_is_replaced() {
    let stranger = shared().stranger();
    for usable in ["0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "import-2026.01_31", "12345678"] {
        let answer = stranger.get("/v1/customers").header("x-request-id", usable).await.refuses(401, "unauthenticated");
        assert_eq!(answer.sent("x-request-id"), usable);
    }
    let long = "a".repeat(65);
    for other in ["short", "has space in it", "umlaut-äöüäöü", "semi;colon;semi", "<script>alert</script>", &long]
    {
        let answer = stranger.get("/v1/customers").header("x-request-id", other).await.refuses(401, "unauthenticated");
        assert!(Uuid::parse_str(&answer.sent("x-request-id")).is_ok(), "{answer}");
    }
    let ids = [stranger.get("/health/live").await, stranger.get("/health/live").await]
        .map(|answer| answer.sent("x-request-id"));
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn links_come_from_the_settings_and_never_from_the_request() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let answer =
        asha.get("/v1/nothing").header("host", "evil.example").header("x-forwarded-host", "evil.example").await;
    let answer = answer.refuses(404, "not_found");
    assert!(answer.text_at("/type").starts_with(&shared().base_url), "{answer}");
    assert!(!answer.text().contains("evil"), "{answer}");
}

#[tokio::test]
async fn a_new_resource_says_where_it_is() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let made = asha.post("/v1/customers", &crate::support::customer()).await.shows(201);
    assert_eq!(made.sent("location"), format!("/v1/customers/{}", made.id()));
    assert_eq!(asha.get(&made.sent("location")).await.shows(200).sent("etag"), made.sent("etag"));
    let made = admin.post("/v1/api-keys", &crate::support::new_key()).await.shows(201);
    admin.get(&made.sent("location")).await.shows(200);
}
