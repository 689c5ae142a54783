//! Colleagues are invited by a letter, and work from the moment they set a password.

use serde_json::{Value, json};

use crate::support::mailbox::{letter, letters, token};
use crate::support::{Answer, Org, Person, Service, stopped, try_log_in};

const NEW: &str = "seven green kites at dawn";

pub async fn accept(service: &Service, token: &str, password: &str) -> Answer {
    service.stranger().post("/v1/auth/invitations/accept", &json!({"token": token, "password": password})).await
}

async fn invite(admin: &Person, email: &str, members: Value) -> Answer {
    let mut body = json!({"email": email, "name": "Wren Okafor"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/v1/users", &body).await
}

#[tokio::test]
async fn an_invited_colleague_sets_a_password_and_works() {
    let org = Org::found().await;
    let (service, admin, email) = (org.service(), org.admin().await, org.email("wren"));
    let place = json!({"department_id": org.department_id("Sales East"), "supervisor_id": org.user_id("manager"),
        "regions": ["CN-31"], "role_ids": ["sales"]});
    let invited = invite(&admin, &email.to_uppercase(), place.clone()).await.shows(201);
    assert_eq!(invited.at("/state"), "invited");
    assert_eq!((invited.at("/role_ids"), invited.at("/regions")), (json!(["sales"]), json!(["CN-31"])));
    assert_eq!(admin.get(&invited.sent("location")).await.shows(200).json(), invited.json());
    let address = invited.text_at("/email");
    let token = token(&letter(service, &address, 1).await);
    try_log_in(service, &email, NEW).await.refuses(401, "invalid_credentials");
    accept(service, &token, NEW).await.shows(204);
    assert_eq!(admin.get(&invited.sent("location")).await.shows(200).at("/state"), "active");
    let answer = try_log_in(service, &email, NEW).await.shows(200);
    let wren = Person::of(&service.base_url, invited.id().parse().unwrap(), &email, &answer);
    org.customer_of(&wren).await;
    assert_eq!(wren.get("/v1/customers").await.shows(200).at("/data").as_array().unwrap().len(), 1);
    for action in ["users.invite", "auth.invitation_accept", "mail.send"] {
        let entries = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
        assert_eq!(entries.at("/data").as_array().unwrap().len(), 1, "{action}");
        assert!(!entries.text().contains("Wren") && !entries.text().to_lowercase().contains(&email), "{entries}");
    }
}

#[tokio::test]
async fn a_token_works_once_in_its_kind_alone_and_not_when_changed() {
    let org = Org::found().await;
    let (service, admin) = (org.service(), org.admin().await);
    let invited = invite(&admin, &org.email("wren"), json!({})).await.shows(201);
    let token = token(&letter(service, &invited.text_at("/email"), 1).await);
    assert!(token.len() >= 80, "{token}");
    for at in [3, 20, token.len() - 1] {
        let mut forged = token.clone();
        let other = if forged[at..].starts_with('A') { "B" } else { "A" };
        forged.replace_range(at..=at, other);
        accept(service, &forged, NEW).await.refuses(401, "invalid_token");
    }
    let as_reset = token.replacen("ci_", "cp_", 1);
    for wrong in [token.as_str(), as_reset.as_str()] {
        let body = json!({"token": wrong, "password": NEW});
        service.stranger().post("/v1/auth/password/reset", &body).await.refuses(401, "invalid_token");
    }
    accept(service, "ci_x.y", NEW).await.refuses(401, "invalid_token");
    let tries = (0..4).map(|_| accept(service, &token, NEW));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        answer.refuses(401, "invalid_token");
    }
    let stored = "SELECT count(*) FROM one_time_tokens WHERE organization_id = $1";
    assert_eq!(org.sql().await.query_one(stored, &[&org.id]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_refused_password_says_why_and_leaves_the_token_good() {
    let org = Org::found().await;
    let service = org.service();
    let invited = invite(&org.admin().await, &org.email("wren"), json!({})).await.shows(201);
    let token = token(&letter(service, &invited.text_at("/email"), 1).await);
    for (password, code) in [
        ("short of a few", "password_too_short"),
        ("passwordpassword", "password_common"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_common"),
        ("1234567890123456", "password_common"),
        ("correcthorsebatterystaple", "password_common"),
        ("Correct Horse Battery Staple 1", "password_common"),
        ("床前明月光，疑是地上霜，举头望明月", "password_common"),
        ("Wren.Okafor-Okafor", "password_personal"),
        (&"x".repeat(300), "too_long"),
    ] {
        let refused = accept(service, &token, password).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/password".to_owned(), code.to_owned())], "{password}");
    }
    let known = json!({"token": token, "password": "correct horse battery staple"});
    for (language, says) in [("en", "guesser"), ("zh-CN", "猜中")] {
        let asked = service.stranger().with("accept-language", language).post("/v1/auth/invitations/accept", &known);
        assert!(asked.await.refuses(422, "invalid_body").text().contains(says), "{language}");
    }
    // No composition is asked for: lower case letters alone will do.
    accept(service, &token, "qzmvhtrkdpwlxgs").await.shows(204);
}

#[tokio::test]
async fn an_invitation_ends_and_another_one_voids_it() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    let invited = invite(&admin, &org.email("wren"), json!({})).await.shows(201);
    let (path, address) = (format!("/v1/users/{}/invite", invited.id()), invited.text_at("/email"));
    let first = token(&letter(&service, &address, 1).await);
    admin.act(&path).await.shows(200);
    let second = token(&letter(&service, &address, 2).await);
    accept(&service, &first, NEW).await.refuses(401, "invalid_token");
    service.clock.advance(chrono::Duration::hours(73));
    accept(&service, &second, NEW).await.refuses(401, "invalid_token");
    let admin = org.admin().await;
    admin.act(&path).await.shows(200);
    let third = token(&letter(&service, &address, 3).await);
    accept(&service, &third, NEW).await.shows(204);
    admin.act(&path).await.refuses(409, "wrong_state");
}

#[tokio::test]
async fn what_is_wrong_with_an_invitation_is_named_and_no_letter_goes() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (admin, email) = (org.admin().await, org.email("wren"));
    let wrong = json!({"department_id": other.department_id("Sales"), "supervisor_id": other.user_id("manager"),
        "regions": ["Mars"], "role_ids": ["auditor"]});
    let refused = invite(&admin, "nobody", wrong).await.refuses(422, "invalid_body");
    let places: Vec<_> = refused.faults().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/department_id", "/email", "/regions/0", "/role_ids/0", "/supervisor_id"]);
    let taken = invite(&admin, &org.email("sales_a"), json!({})).await.refuses(409, "duplicate_value");
    assert_eq!(taken.faults(), [("/email".to_owned(), "duplicate_value".to_owned())]);
    // The same address in another organisation is no clash.
    invite(&other.admin().await, &org.email("sales_a"), json!({})).await.shows(201);
    for who in ["dpo", "manager", "sales_a", "nobody"] {
        invite(&org.person(who).await, &email, json!({})).await.refuses(403, "forbidden");
    }
    assert_eq!(letters(&org.service().stranger(), &email).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_retried_invitation_sends_one_letter() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let keyed = admin.with("idempotency-key", "invite-1");
    let body = json!({"email": org.email("wren"), "name": "Wren"});
    let first = keyed.post("/v1/users", &body).await.shows(201);
    let again = keyed.post("/v1/users", &body).await.shows(201);
    assert_eq!(first.id(), again.id());
    letter(org.service(), &first.text_at("/email"), 1).await;
}
