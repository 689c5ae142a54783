//! Logging in by a provider.

use serde_json::json;

use super::{log_in, met, register};
use crate::support::{Org, Person, SignOn, Signing, shared};

#[tokio::test]
async fn whom_a_provider_vouches_for_is_logged_in() {
    for signing in [Signing::Rs256, Signing::Es256, Signing::EdDsa] {
        let (org, sign_on, provider) = met().await;
        sign_on.conduct().signing = signing;
        let answer = log_in(shared(), &provider).await.shows(200);
        let asha = Person::of(&shared().base_url, org.user_id("sales_a"), "", &answer);
        assert_eq!(asha.get("/v1/me").await.shows(200).at("/email"), org.email("sales_a"), "{signing:?}");
    }
}

#[tokio::test]
async fn the_first_time_it_is_the_verified_address_and_then_the_subject() {
    let (org, sign_on, provider) = met().await;
    log_in(shared(), &provider).await.shows(200);
    // The address has gone to somebody else there; the person is the same.
    sign_on.vouch("subject-1", &org.email("sales_b"));
    let answer = log_in(shared(), &provider).await.shows(200);
    let person = Person::of(&shared().base_url, org.user_id("sales_a"), "", &answer);
    assert_eq!(person.get("/v1/me").await.shows(200).at("/email"), org.email("sales_a"));
    // And another person with the old address does not become the one who had it.
    sign_on.vouch("subject-2", &org.email("sales_a"));
    log_in(shared(), &provider).await.refuses(401, "sso_no_account");
}

#[tokio::test]
async fn an_address_that_is_not_verified_or_not_known_opens_nothing() {
    let (org, sign_on, provider) = met().await;
    let email = org.email("sales_a");
    for person in [
        json!({"sub": "s", "email": email, "email_verified": false}),
        json!({"sub": "s", "email": email}),
        json!({"sub": "s", "email": "somebody@elsewhere.example", "email_verified": true}),
        json!({"sub": "s"}),
    ] {
        sign_on.conduct().person = person;
        log_in(shared(), &provider).await.refuses(401, "sso_no_account");
    }
}

#[tokio::test]
async fn a_person_of_another_organisation_is_nobody_here() {
    let (_, sign_on, provider) = met().await;
    let other = Org::found().await;
    sign_on.vouch("subject-9", &other.email("sales_a"));
    log_in(shared(), &provider).await.refuses(401, "sso_no_account");
    let theirs = register(&other.admin().await, &sign_on).await;
    log_in(shared(), &theirs).await.shows(200);
}

#[tokio::test]
async fn a_suspended_person_is_not_let_in_by_a_provider_either() {
    let (org, _sign_on, provider) = met().await;
    log_in(shared(), &provider).await.shows(200);
    let id = org.user_id("sales_a");
    org.sql().await.execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&id]).await.unwrap();
    log_in(shared(), &provider).await.refuses(401, "sso_no_account");
    let auditor = org.auditor().await;
    let failed = auditor.get("/v1/audit/entries?action=auth.sso_failed").await.shows(200);
    assert_eq!(failed.at("/data").as_array().map(Vec::len), Some(1), "{failed}");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_unless_the_provider_is_trusted_to_have_seen_one() {
    let (org, sign_on, provider) = met().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    crate::auth::second_factor::enrol(shared(), &asha).await;
    sign_on.conduct().person["amr"] = json!(["pwd", "mfa"]);
    assert_eq!(log_in(shared(), &provider).await.shows(200).at("/mfa_required"), true);
    let path = format!("/v1/sso-providers/{provider}");
    admin.patch(&path, &json!({"trusts_mfa": true})).await.shows(200);
    assert_eq!(log_in(shared(), &provider).await.shows(200).at("/mfa_required"), false);
    sign_on.conduct().person["amr"] = json!(["pwd"]);
    assert_eq!(log_in(shared(), &provider).await.shows(200).at("/mfa_required"), true);
}

#[tokio::test]
async fn new_keys_of_a_provider_are_found_and_floods_of_invented_ones_are_not_followed() {
    let service = crate::support::own_instance(&[]);
    let (org, sign_on) = (Org::found_on(&service).await, SignOn::start());
    let provider = register(&org.admin().await, &sign_on).await;
    sign_on.vouch("subject-1", &org.email("sales_a"));
    log_in(&service, &provider).await.shows(200);
    service.clock.advance(chrono::Duration::seconds(5));
    sign_on.conduct().kid = "two".to_owned();
    log_in(&service, &provider).await.shows(200);
    let fetched = sign_on.conduct().fetched;
    sign_on.conduct().signing = Signing::EdDsa;
    log_in(&service, &provider).await.shows(200);
    assert_eq!(sign_on.conduct().fetched, fetched, "keys at hand are not fetched again");
}
