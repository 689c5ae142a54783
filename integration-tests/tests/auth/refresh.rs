//! Refresh tokens: each works once, and a second use ends the session.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::json;

use crate::support::{Answer, Org, Person, Service, shared, stopped};

async fn refresh(service: &Service, token: &str) -> Answer {
    service.stranger().post("/v1/auth/refresh", &json!({"refresh_token": token})).await
}

async fn refreshed(person: &Person) -> Person {
    let answer = refresh(shared(), &person.refresh_token).await.shows(200);
    Person::of(&shared().base_url, person.id, &person.email, &answer)
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_spends_the_old() {
    let asha = Org::found().await.sales_a().await;
    let second = refreshed(&asha).await;
    assert!(second.refresh_token != asha.refresh_token && second.access_token != asha.access_token);
    let third = refreshed(&second).await;
    for person in [&asha, &second, &third] {
        person.get("/v1/me").await.shows(200);
    }
}

#[tokio::test]
async fn a_second_use_ends_the_session_for_both_holders_at_once() {
    let org = Org::found().await;
    let (asha, elsewhere) = (org.sales_a().await, org.sales_a().await);
    let second = refreshed(&asha).await;
    second.get("/v1/me").await.shows(200);
    refresh(shared(), &asha.refresh_token).await.refuses(401, "session_ended");
    second.get("/v1/me").await.refuses(401, "session_ended");
    asha.get("/v1/me").await.refuses(401, "session_ended");
    refresh(shared(), &second.refresh_token).await.refuses(401, "session_ended");
    elsewhere.get("/v1/me").await.shows(200);
    refreshed(&elsewhere).await;
    let entries = org.auditor().await.get("/v1/audit/entries?action=auth.refresh_reused").await.shows(200);
    assert_eq!(entries.at("/data/0/actor/id"), asha.id.to_string(), "{entries}");
    assert_eq!(entries.at("/data/0/verdict"), "refused", "{entries}");
    let alarms = org.admin().await.get("/v1/alerts?rule=refresh_token_reuse").await.shows(200);
    assert_eq!((alarms.at("/data/0/actor_id"), alarms.at("/data/1")), (json!(asha.id), json!(null)), "{alarms}");
}

#[tokio::test]
async fn a_token_of_two_generations_ago_ends_it_too() {
    let asha = Org::found().await.sales_a().await;
    let third = refreshed(&refreshed(&asha).await).await;
    refresh(shared(), &asha.refresh_token).await.refuses(401, "session_ended");
    third.get("/v1/me").await.refuses(401, "session_ended");
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins() {
    let org = Org::found().await;
    for _ in 0..50 {
        let asha = org.sales_a().await;
        let tries = (0..2).map(|_| refresh(shared(), &asha.refresh_token));
        let answers = futures_util::future::join_all(tries).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = answers.iter().find(|answer| answer.status != 200).unwrap();
        lost.clone().refuses(401, "session_ended");
        // Who came second may be a thief, so that the winner's session is over as well.
        refresh(shared(), &won[0].text_at("/refresh_token")).await.refuses(401, "session_ended");
    }
}

#[tokio::test]
async fn who_forges_a_token_of_a_known_session_neither_gets_in_nor_ends_it() {
    let asha = Org::found().await.sales_a().await;
    let (named, secret) = asha.refresh_token.strip_prefix("cr_").unwrap().split_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(named).unwrap();
    let mut forged: Vec<String> = (0..bytes.len())
        .map(|at| {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            format!("cr_{}.{secret}", URL_SAFE_NO_PAD.encode(changed))
        })
        .collect();
    let mut tail = secret.to_owned();
    tail.replace_range(..1, if tail.starts_with('A') { "B" } else { "A" });
    forged.extend([
        format!("cr_{named}.{tail}"),
        format!("cr_{named}."),
        format!("cr_{named}"),
        "cr_.".to_owned(),
        asha.access_token.clone(),
        "x".to_owned(),
    ]);
    for token in forged {
        let answer = refresh(shared(), &token).await;
        // An access token is longer than a refresh token may be.
        assert!(answer.status == 401 || token.len() > 200, "{answer}");
    }
    asha.get("/v1/me").await.shows(200);
    refreshed(&asha).await;
}

#[tokio::test]
async fn a_session_ends_at_its_time_whatever_is_refreshed() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let ended = "UPDATE sessions SET expires_at = clock_timestamp() WHERE user_id = $1";
    org.sql().await.execute(ended, &[&asha.id]).await.unwrap();
    refresh(shared(), &asha.refresh_token).await.refuses(401, "session_ended");
}

#[tokio::test]
async fn an_access_token_ends_after_a_quarter_of_an_hour_and_the_session_goes_on() {
    let service = stopped();
    let asha = Org::found_on(&service).await.sales_a().await;
    service.clock.advance(Duration::seconds(899));
    asha.get("/v1/me").await.shows(200);
    service.clock.advance(Duration::seconds(1));
    asha.get("/v1/me").await.refuses(401, "invalid_token");
    let answer = refresh(&service, &asha.refresh_token).await.shows(200);
    Person::of(&service.base_url, asha.id, &asha.email, &answer).get("/v1/me").await.shows(200);
}
