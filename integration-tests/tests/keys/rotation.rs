//! `custodian keys rotate-tokens`, beside a running server: what older keys made lives until its end, or not a moment longer when they were stolen.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::dev::program::{differing, run, settings_of};
use crate::support::mailbox::{letter, token};
use crate::support::{Answer, Caller, Org, Person, Process, Service, own_instance, program};

/// A running server goes by other keys within this time.
const SOON: Duration = Duration::from_secs(15);

/// The key that a token was signed with.
fn key_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn published(service: &Service) -> Vec<Value> {
    let keys = service.stranger().get("/.well-known/jwks.json").await.shows(200).at("/keys");
    keys.as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

/// Rotates beside the running service, and waits until it publishes the new key.
async fn rotate(service: &Service, options: &[&str]) -> String {
    let settings = settings_of(service);
    let before = published(service).await.len();
    let arguments = [&["keys", "rotate-tokens"], options].concat();
    let (code, printed, said) = run(&arguments, &differing(&settings, &[]));
    assert_eq!(code, 0, "{printed}{said}");
    let begun = Instant::now();
    while published(service).await.len() == before {
        assert!(begun.elapsed() < SOON, "the running server does not follow");
        tokio::task::yield_now().await;
    }
    printed
}

/// Asks until the caller is refused, which is soon.
async fn refused(caller: &Caller, code: &str) {
    let begun = Instant::now();
    loop {
        let answer = caller.get("/v1/me").await;
        if answer.status == 401 {
            answer.refuses(401, code);
            return;
        }
        assert!(begun.elapsed() < SOON, "still let in: {answer}");
        tokio::task::yield_now().await;
    }
}

async fn refresh(service: &Service, person: &Person) -> Answer {
    service.stranger().post("/v1/auth/refresh", &json!({"refresh_token": person.refresh_token})).await
}

/// Invites somebody; the token of the letter.
async fn invited(service: &Service, admin: &Person, address: &str) -> String {
    admin.post("/v1/users", &json!({"email": address, "name": "New"})).await.shows(201);
    token(&letter(service, address, 1).await)
}

async fn accept(service: &Service, token: &str) -> Answer {
    let body = json!({"token": token, "password": "seven green kites at dawn"});
    service.stranger().post("/v1/auth/invitations/accept", &body).await
}

#[tokio::test]
async fn what_an_old_key_made_lives_until_the_overlap_is_over_and_no_longer() {
    let service = own_instance(&[("access_token_minutes", "60")]);
    let org = Org::found_on(&service).await;
    let (admin, asha, ben) = (org.admin().await, org.sales_a().await, org.sales_b().await);
    let first = invited(&service, &admin, "first@new.example").await;
    let second = invited(&service, &admin, "second@new.example").await;
    let old = key_of(&asha.access_token);
    let printed = rotate(&service, &["--overlap-minutes", "20"]).await;
    assert!(printed.contains("1 older key(s)"), "{printed}");
    // Known to all before it signs.
    assert_eq!(key_of(&org.sales_c().await.access_token), old);
    service.clock.advance(chrono::Duration::seconds(11));
    let new = key_of(&org.sales_c().await.access_token);
    assert_ne!(new, old);
    // Within the overlap everything goes on, and whatever is renewed is of the new key.
    asha.get("/v1/me").await.shows(200);
    let renewed = refresh(&service, &asha).await.shows(200);
    assert_eq!(key_of(&renewed.text_at("/access_token")), new);
    accept(&service, &first).await.shows(204);
    service.clock.advance(chrono::Duration::minutes(19));
    ben.get("/v1/me").await.shows(200);
    // After it, what the old key made is nobody's word any more, although its own hour is not over.
    service.clock.advance(chrono::Duration::minutes(2));
    refused(&ben, "invalid_token").await;
    refresh(&service, &ben).await.refuses(401, "invalid_token");
    accept(&service, &second).await.refuses(401, "invalid_token");
    let renewed = Person::of(&service.base_url, asha.id, &asha.email, &renewed);
    renewed.get("/v1/me").await.shows(200);
    refresh(&service, &renewed).await.shows(200);
    assert_eq!(published(&service).await, [json!(old), json!(new)], "what it signed can still be verified");
    let auditor = org.auditor().await;
    let entries = auditor.get("/v1/audit/entries?action=keys.rotate_tokens").await.shows(200);
    assert_eq!((entries.at("/data/0/details/key"), entries.at("/data/1")), (json!(new), Value::Null), "{entries}");
}

#[tokio::test]
async fn nothing_that_a_stolen_key_made_is_taken() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let customer = org.customer_of(&asha).await;
    let notice = crate::notices::published(&org.dpo().await, "offers", "name").await.id();
    let consent = crate::consents::consent(&notice, json!({}));
    let consent = asha.post(&format!("/v1/customers/{customer}/consents"), &consent).await.shows(201).id();
    let link = asha.post(&format!("/v1/consents/{consent}/withdrawal-link"), &json!({"days": 30})).await.shows(200);
    let letter = invited(&service, &admin, "third@new.example").await;
    let printed = rotate(&service, &["--compromised"]).await;
    assert!(printed.contains("is taken no more"), "{printed}");
    for person in [&asha, &admin] {
        refused(person, "invalid_token").await;
        refresh(&service, person).await.refuses(401, "invalid_token");
    }
    accept(&service, &letter).await.refuses(401, "invalid_token");
    let body = json!({"token": link.text_at("/token")});
    service.stranger().post("/v1/withdrawals", &body).await.refuses(403, "invalid_link");
    org.sales_a().await.get(&format!("/v1/customers/{customer}")).await.shows(200);
}

#[tokio::test]
async fn a_token_is_taken_by_every_instance_at_every_moment_of_a_rotation() {
    let one = Process::start(&[]).await;
    let other = one.beside().await;
    let before = one.person("sales_a").await;
    let output = std::process::Command::new(program())
        .args(["keys", "rotate-tokens", "--config"])
        .arg(one.config())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bearer = |base_url: &str, token: &str| {
        Caller::new(base_url, vec![("authorization".to_owned(), format!("Bearer {token}"))])
    };
    let begun = Instant::now();
    let (mut person, mut rounds) = (one.person("sales_b").await, 0);
    // Made here and shown there, and the other way round, until both make tokens of the new key.
    while rounds < 2 {
        assert!(begun.elapsed() < 2 * SOON, "the new key does not come into force");
        bearer(&other.base_url, &person.access_token).get("/v1/me").await.shows(200);
        let there = Caller::new(&other.base_url, Vec::new());
        let body = json!({"refresh_token": person.refresh_token});
        let answer = there.post("/v1/auth/refresh", &body).await.shows(200);
        let renewed = Person::of(&other.base_url, person.id, &person.email, &answer);
        bearer(one.base_url(), &renewed.access_token).get("/v1/me").await.shows(200);
        let body = json!({"refresh_token": renewed.refresh_token});
        let answer = one.stranger().post("/v1/auth/refresh", &body).await.shows(200);
        person = Person::of(one.base_url(), renewed.id, &renewed.email, &answer);
        rounds = if key_of(&person.access_token) == key_of(&before.access_token) { 0 } else { rounds + 1 };
    }
    before.get("/v1/me").await.shows(200);
}
