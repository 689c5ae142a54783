//! Guessing: it gets slow, for the guesser alone, and never for ever.

use chrono::Duration;

use crate::support::{Answer, Org, PASSWORD, Service, own_instance, stopped, try_log_in};

#[tokio::test]
async fn after_five_failures_even_the_right_password_waits_and_later_it_works() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let (email, other) = (org.email("sales_a"), org.email("sales_b"));
    for _ in 0..5 {
        try_log_in(&service, &email, "wrong").await.refuses(401, "invalid_credentials");
    }
    let refused = try_log_in(&service, &email, PASSWORD).await.refuses(429, "too_many_attempts");
    assert!(refused.sent("retry-after").parse::<u32>().unwrap() >= 1, "{refused}");
    try_log_in(&service, &other, PASSWORD).await.shows(200);
    service.clock.advance(Duration::seconds(61));
    try_log_in(&service, &email, PASSWORD).await.shows(200);
    try_log_in(&service, &email, "wrong").await.refuses(401, "invalid_credentials");
}

#[tokio::test]
async fn a_refused_try_does_not_lengthen_the_wait() {
    let service = stopped();
    let email = Org::found_on(&service).await.email("sales_a");
    for _ in 0..5 {
        try_log_in(&service, &email, "wrong").await.refuses(401, "invalid_credentials");
    }
    for _ in 0..50 {
        try_log_in(&service, &email, "wrong").await.refuses(429, "too_many_attempts");
    }
    // The wait after five failures is a second or so; had the fifty counted, it would be a minute.
    service.clock.advance(Duration::seconds(5));
    try_log_in(&service, &email, PASSWORD).await.shows(200);
}

#[tokio::test]
async fn an_unknown_address_waits_like_a_known_one() {
    let service = stopped();
    let email = Org::found_on(&service).await.email("nobody-at-all");
    for _ in 0..5 {
        try_log_in(&service, &email, "wrong").await.refuses(401, "invalid_credentials");
    }
    try_log_in(&service, &email, "wrong").await.refuses(429, "too_many_attempts");
}

#[tokio::test]
async fn one_password_on_many_accounts_is_stopped_by_address() {
    let service = own_instance(&[("login_failures_per_minute", "20")]);
    let org = Org::found_on(&service).await;
    for number in 0..20 {
        try_log_in(&service, &org.email(&format!("guess{number}")), "Winter2026")
            .await
            .refuses(401, "invalid_credentials");
    }
    try_log_in(&service, &org.email("guess21"), "Winter2026").await.refuses(429, "too_many_attempts");
    try_log_in(&service, &org.email("sales_a"), PASSWORD).await.refuses(429, "too_many_attempts");
}

#[tokio::test]
async fn a_forwarded_address_is_believed_from_a_trusted_proxy_alone() {
    let service = own_instance(&[("login_failures_per_minute", "3")]);
    let org = Org::found_on(&service).await;
    for number in 0..5 {
        let body = serde_json::json!({"email": org.email(&format!("guess{number}")), "password": "wrong"});
        let answer = service
            .stranger()
            .post("/v1/auth/login", &body)
            .header("x-forwarded-for", &format!("192.0.2.{number}"))
            .await;
        assert_eq!(answer.status, if number < 3 { 401 } else { 429 }, "{answer}");
    }
}

async fn from_address(service: &Service, address: &str, email: &str, password: &str) -> Answer {
    let body = serde_json::json!({"email": email, "password": password});
    service.stranger().post("/v1/auth/login", &body).header("x-forwarded-for", address).await
}

#[tokio::test]
async fn strangers_from_everywhere_do_not_keep_the_owner_out() {
    let service = own_instance(&[("trusted_proxies", "127.0.0.1")]);
    let org = Org::found_on(&service).await;
    let email = org.email("sales_a");
    from_address(&service, "192.0.2.1", &email, PASSWORD).await.shows(200);
    for number in 0..60 {
        let answer = from_address(&service, &format!("198.51.100.{number}"), &email, "wrong").await;
        assert!([401, 429].contains(&answer.status), "{answer}");
    }
    let stranger = from_address(&service, "203.0.113.1", &email, PASSWORD).await.refuses(429, "too_many_attempts");
    assert!((1..=60).contains(&stranger.sent("retry-after").parse::<u32>().unwrap()), "{stranger}");
    // Where the owner has logged in from before, the door stays open.
    from_address(&service, "192.0.2.1", &email, PASSWORD).await.shows(200);
    // It is no better door for guessing: five failures from there, and it waits as well.
    for _ in 0..5 {
        from_address(&service, "192.0.2.1", &email, "wrong").await.refuses(401, "invalid_credentials");
    }
    from_address(&service, "192.0.2.1", &email, PASSWORD).await.refuses(429, "too_many_attempts");
}

#[tokio::test]
async fn the_wait_that_is_told_is_the_wait_that_is_left() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let email = org.email("sales_a");
    for failures in 5..12_u32 {
        while try_log_in(&service, &email, "wrong").await.status == 401 {}
        let refused = try_log_in(&service, &email, PASSWORD).await.refuses(429, "too_many_attempts");
        let seconds: i64 = refused.sent("retry-after").parse().unwrap();
        assert_eq!(seconds, (1_i64 << (failures - 5)).min(60), "after {failures} failures");
        service.clock.advance(Duration::milliseconds(seconds * 1000 - 1));
        try_log_in(&service, &email, PASSWORD).await.refuses(429, "too_many_attempts");
        service.clock.advance(Duration::milliseconds(1));
    }
    try_log_in(&service, &email, PASSWORD).await.shows(200);
}
