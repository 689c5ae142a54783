//! What must open no session: each lie of a provider, and each trick of somebody in between.

use std::time::{Duration, Instant};

use custodian_application::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{go, log_in, met, register};
use crate::support::{Org, SignOn, Signing, shared};

#[tokio::test]
async fn a_token_that_does_not_hold_in_every_point_is_refused() {
    type Lie = (&'static str, fn(&mut Value));
    let lies: [Lie; 13] = [
        ("another nonce", |claims| claims["nonce"] = json!("x".repeat(43))),
        ("no nonce", |claims| drop(claims.as_object_mut().unwrap().remove("nonce"))),
        ("another issuer", |claims| claims["iss"] = json!("https://evil.example")),
        ("the issuer with a slash", |claims| claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap()))),
        ("another audience", |claims| claims["aud"] = json!("another")),
        ("our audience among others", |claims| claims["aud"] = json!(["custodian", "another"])),
        ("another authorised party", |claims| claims["azp"] = json!("another")),
        ("no audience", |claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
        ("expired", |claims| claims["exp"] = json!(SystemClock.now().timestamp() - 1)),
        ("no end", |claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        ("from the future", |claims| claims["iat"] = json!(SystemClock.now().timestamp() + 120)),
        ("from yesterday", |claims| claims["iat"] = json!(SystemClock.now().timestamp() - 86_400)),
        ("no subject", |claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
    ];
    let (_org, sign_on, provider) = met().await;
    for (name, lie) in lies {
        sign_on.tamper(lie);
        let answer = log_in(shared(), &provider).await;
        assert_eq!(answer.at("/code"), "sso_refused", "{name}: {answer}");
    }
    sign_on.tamper(|claims| claims["azp"] = json!("custodian"));
    log_in(shared(), &provider).await.shows(200);
}

#[tokio::test]
async fn a_signature_is_by_a_published_key_and_never_by_a_shared_one() {
    let (_org, sign_on, provider) = met().await;
    for signing in [Signing::None, Signing::HmacOfThePublicKey, Signing::HmacOfTheSecret, Signing::Stranger] {
        sign_on.conduct().signing = signing;
        let answer = log_in(shared(), &provider).await;
        assert_eq!(answer.at("/code"), "sso_refused", "{signing:?}: {answer}");
    }
    sign_on.conduct().signing = Signing::Es256;
    log_in(shared(), &provider).await.shows(200);
}

#[tokio::test]
async fn a_state_works_once_and_in_its_own_browser() {
    let (_org, _sign_on, provider) = met().await;
    let (mine, theirs) = (go(shared(), &provider).await, go(shared(), &provider).await);
    mine.bring(shared()).await.shows(200);
    mine.bring(shared()).await.refuses(400, "sso_state_invalid");
    let stranger = shared().stranger();
    stranger.get(&theirs.path).header("cookie", &mine.cookie).await.refuses(400, "sso_state_invalid");
    // Tried in another browser, it is spent for its own too.
    theirs.bring(shared()).await.refuses(400, "sso_state_invalid");
    let third = go(shared(), &provider).await;
    stranger.get(&third.path).await.refuses(400, "sso_state_invalid");
    for query in ["", "?code=x", "?state=", "?state=AAAA&code=x", &format!("?code=x&state={}", "A".repeat(86))] {
        let path = format!("/v1/auth/sso/{provider}/callback{query}");
        stranger.get(&path).header("cookie", &third.cookie).await.refuses(400, "sso_state_invalid");
    }
}

#[tokio::test]
async fn a_code_of_another_log_in_is_refused() {
    let (_org, _sign_on, provider) = met().await;
    let (mine, theirs) = (go(shared(), &provider).await, go(shared(), &provider).await);
    let member = |path: &str, name: &str| {
        let query = path.split_once('?').unwrap().1.to_owned();
        let prefix = format!("{name}=");
        query.split('&').find_map(|pair| pair.strip_prefix(&prefix).map(str::to_owned)).unwrap()
    };
    let swapped = mine.path.replace(&member(&mine.path, "code"), &member(&theirs.path, "code"));
    let stranger = shared().stranger();
    stranger.get(&swapped).header("cookie", &mine.cookie).await.refuses(401, "sso_refused");
    // The code was spent by the try.
    theirs.bring(shared()).await.refuses(401, "sso_refused");
}

#[tokio::test]
async fn an_answer_of_another_provider_or_issuer_is_refused() {
    let (org, sign_on, provider) = met().await;
    let other = register(&org.admin().await, &SignOn::start()).await;
    let mine = go(shared(), &provider).await;
    let crossed = mine.path.replace(&provider, &other);
    shared().stranger().get(&crossed).header("cookie", &mine.cookie).await.refuses(400, "sso_state_invalid");
    sign_on.conduct().answers_as = "https://evil.example".to_owned();
    log_in(shared(), &provider).await.refuses(401, "sso_refused");
}

#[tokio::test]
async fn an_error_of_the_provider_opens_nothing() {
    let (_org, _sign_on, provider) = met().await;
    let back = go(shared(), &provider).await;
    let path = back.path.replace("code=", "error=access_denied&unused=");
    shared().stranger().get(&path).header("cookie", &back.cookie).await.refuses(401, "sso_refused");
}

#[tokio::test]
async fn a_provider_that_names_another_issuer_or_too_many_keys_is_not_used() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let (liar, giant) = (SignOn::start(), SignOn::start());
    liar.conduct().names_itself = "https://login.example.com".to_owned();
    giant.conduct().padding = 10 * 1024 * 1024;
    for sign_on in [&liar, &giant] {
        let provider = register(&admin, sign_on).await;
        shared().stranger().get(&format!("/v1/auth/sso/{provider}")).await.refuses(503, "sso_provider_unavailable");
    }
}

#[tokio::test]
async fn old_keys_stay_where_new_ones_cannot_be_had() {
    let service = crate::support::own_instance(&[]);
    let (org, sign_on) = (Org::found_on(&service).await, SignOn::start());
    let provider = register(&org.admin().await, &sign_on).await;
    sign_on.vouch("subject-1", &org.email("sales_a"));
    log_in(&service, &provider).await.shows(200);
    service.clock.advance(chrono::Duration::seconds(5));
    let known = sign_on.conduct().kid.clone();
    {
        let mut conduct = sign_on.conduct();
        conduct.padding = 2 * 1024 * 1024;
        conduct.kid = "two".to_owned();
    }
    assert_eq!(log_in(&service, &provider).await.status, 503);
    sign_on.conduct().kid = known;
    log_in(&service, &provider).await.shows(200);
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let (org, sign_on, _) = met().await;
    let now = SystemClock.now().timestamp();
    let claims =
        json!({"iss": sign_on.issuer, "aud": "staff", "sub": org.user_id("sales_a"), "iat": now, "exp": now + 300});
    for signing in [Signing::EdDsa, Signing::Rs256] {
        sign_on.conduct().signing = signing;
        let token = sign_on.sign(&claims);
        let request = shared().stranger().get("/v1/me").header("authorization", &format!("Bearer {token}"));
        request.await.refuses(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    // Takes every connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let body = json!({"name": "Silent", "issuer": issuer, "client_id": "custodian"});
    let provider = Org::found().await.admin().await.post("/v1/sso-providers", &body).await.shows(201).id();
    let begun = Instant::now();
    shared().stranger().get(&format!("/v1/auth/sso/{provider}")).await.refuses(503, "sso_provider_unavailable");
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(8), "given up after {waited:?}");
    silent.set_nonblocking(true).unwrap();
    assert!(silent.accept().is_ok(), "it was not called at all");
}
