//! Logging in: who may, and what a stranger learns.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Answer, Org, PASSWORD, shared, try_log_in};

#[tokio::test]
async fn a_password_gives_a_session_for_a_quarter_of_an_hour() {
    let org = Org::found().await;
    let answer = try_log_in(shared(), &org.email("sales_a"), PASSWORD).await.shows(200);
    assert_eq!(answer.at("/token_type"), "Bearer");
    assert_eq!(answer.at("/expires_in"), 900);
    assert_eq!(answer.at("/mfa_required"), false);
    assert_eq!(answer.sent("cache-control"), "no-store");
    let me = org.sales_a().await.get("/v1/me").await.shows(200);
    assert_eq!(me.at("/email"), org.email("sales_a"));
    assert_eq!(me.at("/id"), org.user_id("sales_a").to_string());
    assert_eq!(me.at("/role_ids"), json!(["sales"]));
}

#[tokio::test]
async fn an_address_is_compared_without_case_and_a_password_with_it() {
    let org = Org::found().await;
    let email = org.email("sales_a");
    try_log_in(shared(), &format!(" {} ", email.to_uppercase()), PASSWORD).await.shows(200);
    for wrong in [PASSWORD.to_uppercase(), format!("{PASSWORD} "), format!(" {PASSWORD}"), PASSWORD[1..].to_owned()] {
        try_log_in(shared(), &email, &wrong).await.refuses(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let org = Org::found().await;
    let known = try_log_in(shared(), &org.email("sales_a"), "wrong").await.refuses(401, "invalid_credentials");
    let unknown = try_log_in(shared(), &org.email("somebody"), "wrong").await.refuses(401, "invalid_credentials");
    org.sql()
        .await
        .execute("UPDATE users SET state = 'offboarded' WHERE id = $1", &[&org.user_id("sales_b")])
        .await
        .unwrap();
    let gone = try_log_in(shared(), &org.email("sales_b"), PASSWORD).await.refuses(401, "invalid_credentials");
    for other in [unknown, gone] {
        assert_eq!(other.timeless(), known.timeless());
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(names(&other), names(&known));
    }
}

#[tokio::test]
async fn a_log_in_takes_an_address_and_a_password_and_nothing_else() {
    let stranger = shared().stranger();
    let answer = stranger
        .post("/v1/auth/login", &json!({"email": 1, "organization_id": "x"}))
        .await
        .refuses(422, "invalid_body");
    let places: Vec<String> = answer.faults().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/email", "/organization_id", "/password"], "{answer}");
    let long = "p".repeat(1025);
    let answer = stranger.post("/v1/auth/login", &json!({"email": "a@b.example", "password": long})).await;
    answer.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_log_in_and_a_failed_one_leave_an_entry_each() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    try_log_in(shared(), &asha.email, "wrong").await.shows(401);
    let auditor = org.auditor().await;
    for (action, verdict) in [("auth.login", "allowed"), ("auth.login_failed", "refused")] {
        let found = auditor.get(&format!("/v1/audit/entries?action={action}&actor={}", asha.id)).await.shows(200);
        assert_eq!(found.at("/data").as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(found.at("/data/0/verdict"), verdict, "{found}");
    }
}
