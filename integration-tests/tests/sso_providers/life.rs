//! Providers: added, read, changed, taken away, and kept from others.

use serde_json::json;

use super::{log_in, met, registration};
use crate::support::{Org, SignOn, own_instance, shared};

#[tokio::test]
async fn a_provider_is_added_read_changed_and_taken_away() {
    let (org, _sign_on, provider) = met().await;
    let admin = org.admin().await;
    let path = format!("/v1/sso-providers/{provider}");
    let shown = admin.get(&path).await.shows(200);
    assert_eq!((shown.at("/has_client_secret"), shown.at("/client_secret")), (json!(true), json!(null)));
    assert!(shown.text_at("/redirect_uri").ends_with(&format!("/v1/auth/sso/{provider}/callback")), "{shown}");
    assert_eq!(admin.get("/v1/sso-providers").await.shows(200).at("/data/0"), shown.json());
    let stale = admin.request("PATCH", &path).header("if-match", &shown.sent("etag"));
    admin.patch(&path, &json!({"client_secret": "another"})).await.shows(200);
    stale.json(&json!({"enabled": true})).await.refuses(412, "precondition_failed");
    log_in(shared(), &provider).await.refuses(401, "sso_refused");
    admin.patch(&path, &json!({"client_secret": null, "enabled": false})).await.shows(200);
    let begun = shared().stranger().get(&format!("/v1/auth/sso/{provider}")).await;
    let missing = shared().stranger().get("/v1/auth/sso/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").await;
    assert_eq!(begun.refuses(404, "not_found").timeless(), missing.refuses(404, "not_found").timeless());
    admin.delete(&path).await.shows(204);
    admin.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn the_secret_is_sealed_and_the_subject_is_not_stored() {
    let (org, _sign_on, provider) = met().await;
    log_in(shared(), &provider).await.shows(200);
    let sql = org.sql().await;
    for (table, text) in [("sso_providers", "secret of the client"), ("sso_links", "subject-1")] {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let rows =
            format!("SELECT count(*), count(*) FILTER (WHERE t::text LIKE $1 OR t::text LIKE $2) FROM {table} t");
        let row = sql.query_one(&rows, &[&format!("%{text}%"), &format!("%{hex}%")]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 0), "{table}");
    }
}

#[tokio::test]
async fn an_issuer_stands_on_a_public_address() {
    let service = own_instance(&[("outbound_allow_loopback", "false")]);
    let org = Org::found_on(&service).await;
    let (admin, sign_on) = (org.admin().await, SignOn::start());
    for issuer in [
        sign_on.issuer.as_str(),
        "http://login.example.com",
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://[::1]",
        "https://169.254.169.254/latest",
        "https://user@login.example.com",
        "https://login.example.com?a=b",
        "login",
    ] {
        let mut body = registration(&sign_on);
        body["issuer"] = json!(issuer);
        let answer = admin.post("/v1/sso-providers", &body).await.refuses(422, "invalid_body");
        assert_eq!(answer.faults(), [("/issuer".to_owned(), "invalid_url".to_owned())], "{issuer}");
    }
    // A name is looked up when it is called: this one is of the machine itself.
    let mut body = registration(&sign_on);
    body["issuer"] = json!("https://localhost");
    let provider = admin.post("/v1/sso-providers", &body).await.shows(201).id();
    service.stranger().get(&format!("/v1/auth/sso/{provider}")).await.refuses(503, "sso_provider_unavailable");
}

#[tokio::test]
async fn only_who_may_and_has_proved_it_lately_keeps_providers() {
    let service = crate::support::stopped();
    let org = Org::found_on(&service).await;
    let (admin, sign_on) = (org.admin().await, SignOn::start());
    for other in [org.dpo().await, org.manager().await, org.auditor().await] {
        other.post("/v1/sso-providers", &registration(&sign_on)).await.refuses(403, "forbidden");
    }
    service.clock.advance(chrono::Duration::seconds(300));
    admin.post("/v1/sso-providers", &registration(&sign_on)).await.refuses(403, "step_up_required");
}
