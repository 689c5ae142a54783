//! Passwords: forgotten ones replaced by letter, present ones changed by their owner.

use std::time::Duration;

use serde_json::json;

use crate::support::mailbox::{letter, letters, token};
use crate::support::{Answer, Org, PASSWORD, Service, own_instance, stopped, try_log_in};

const NEW: &str = "seven green kites at dawn";

async fn forget(service: &Service, email: &str) -> Answer {
    service.stranger().post("/v1/auth/password/forgot", &json!({"email": email})).await
}

async fn reset(service: &Service, token: &str, password: &str) -> Answer {
    service.stranger().post("/v1/auth/password/reset", &json!({"token": token, "password": password})).await
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_session_ends() {
    let org = Org::found().await;
    let (service, asha) = (org.service(), org.sales_a().await);
    forget(service, &asha.email).await.shows(202);
    let token = token(&letter(service, &asha.email, 1).await);
    asha.get("/v1/me").await.shows(200);
    reset(service, &token, "passwordpassword").await.refuses(422, "invalid_body");
    reset(service, &token, NEW).await.shows(204);
    asha.get("/v1/me").await.refuses(401, "session_ended");
    let refresh = service.stranger().post("/v1/auth/refresh", &json!({"refresh_token": asha.refresh_token}));
    refresh.await.refuses(401, "session_ended");
    try_log_in(service, &asha.email, PASSWORD).await.refuses(401, "invalid_credentials");
    try_log_in(service, &asha.email, NEW).await.shows(200);
    reset(service, &token, NEW).await.refuses(401, "invalid_token");
    assert!(letter(service, &asha.email, 2).await.contains("was changed"));
    for action in ["auth.password_forgotten", "auth.password_reset"] {
        let entries = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
        assert_eq!(entries.at("/data/0/actor/id"), json!(asha.id), "{entries}");
    }
}

#[tokio::test]
async fn the_answer_tells_nobody_whether_an_address_is_known() {
    let org = Org::found().await;
    let (service, admin) = (org.service(), org.admin().await);
    admin.act(&format!("/v1/users/{}/suspend", org.user_id("sales_b"))).await.shows(200);
    let known = forget(service, &org.email("sales_a")).await.shows(202);
    for unknown in [org.email("nobody-at-all"), org.email("sales_b")] {
        let answer = forget(service, &unknown).await.shows(202);
        assert_eq!(answer.bytes, known.bytes);
        let names =
            |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names(&answer), names(&known));
    }
    letter(service, &org.email("sales_a"), 1).await;
    // The note of the others is gone by then too, and wrote nothing.
    for unknown in [org.email("nobody-at-all"), org.email("sales_b")] {
        assert!(letters(&service.stranger(), &unknown).await.is_empty());
    }
}

#[tokio::test]
async fn asking_again_and_again_is_slowed_and_sends_few_letters() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let email = org.email("sales_a");
    let mut sent = 0;
    for _ in 0..8 {
        let answer = forget(&service, &email).await;
        if answer.status == 202 {
            sent += 1;
            let expected = sent.min(3);
            letter(&service, &email, expected).await;
            while !settled(&org).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } else {
            let seconds = answer.refuses(429, "too_many_attempts").sent("retry-after").parse::<i64>().unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
            service.clock.advance(chrono::Duration::seconds(seconds));
        }
    }
    assert_eq!(letters(&service.stranger(), &email).await.len(), 3);
}

/// Whether no note waits any more.
async fn settled(org: &Org<'_>) -> bool {
    let notes = "SELECT count(*) FROM password_reset_requests";
    org.sql().await.query_one(notes, &[]).await.unwrap().get::<_, i64>(0) == 0
}

#[tokio::test]
async fn changing_a_password_takes_the_present_one_and_ends_the_other_sessions() {
    let org = Org::found().await;
    let (service, asha, elsewhere) = (org.service(), org.sales_a().await, org.sales_a().await);
    let change = |present: &str, new: &str| {
        asha.post("/v1/me/password", &json!({"current_password": present, "new_password": new}))
    };
    change("wrong", NEW).await.refuses(403, "wrong_password");
    let refused = change(PASSWORD, "passwordpassword").await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/new_password".to_owned(), "password_common".to_owned())]);
    let refused = change(PASSWORD, PASSWORD).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/new_password".to_owned(), "password_unchanged".to_owned())]);
    elsewhere.get("/v1/me").await.shows(200);
    forget(service, &asha.email).await.shows(202);
    let letter = token(&letter(service, &asha.email, 1).await);
    change(PASSWORD, NEW).await.shows(204);
    asha.get("/v1/me").await.shows(200);
    elsewhere.get("/v1/me").await.refuses(401, "session_ended");
    try_log_in(service, &asha.email, PASSWORD).await.refuses(401, "invalid_credentials");
    try_log_in(service, &asha.email, NEW).await.shows(200);
    reset(service, &letter, "another eleven blue boats").await.refuses(401, "invalid_token");
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW});
    partner.post("/v1/me/password", &body).await.refuses(403, "staff_only");
}

#[tokio::test]
async fn guessing_the_present_password_with_a_stolen_token_gets_slow() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let body = json!({"current_password": "wrong", "new_password": NEW});
    for _ in 0..5 {
        asha.post("/v1/me/password", &body).await.refuses(403, "wrong_password");
    }
    let refused = asha.post("/v1/me/password", &body).await.refuses(429, "too_many_attempts");
    assert_eq!(refused.sent("retry-after"), "1");
    // The owner's log-in is another matter.
    try_log_in(&service, &asha.email, PASSWORD).await.shows(200);
}

#[tokio::test]
async fn a_mail_server_that_is_away_keeps_nobody_waiting() {
    let service = own_instance(&[("smtp_url", "smtp://127.0.0.1:9"), ("mail_from", "custodian@example.com")]);
    let org = Org::found_on(&service).await;
    // The server is away: the letter waits in the database, sealed, and the answers do not wait for it.
    let body = json!({"email": org.email("wren"), "name": "Wren"});
    org.admin().await.post("/v1/users", &body).await.shows(201);
    forget(&service, &org.email("sales_a")).await.shows(202);
    let sql = org.sql().await;
    let row = sql.query_one("SELECT sealed_letter FROM mail_outbox WHERE kind = 'invitation'", &[]).await.unwrap();
    let sealed = row.get::<_, Vec<u8>>(0);
    assert!(!String::from_utf8_lossy(&sealed).contains("example"));
}
