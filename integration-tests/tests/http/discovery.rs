//! What the service tells about itself to anyone.

use serde_json::json;

use crate::support::{Caller, Org, shared};

#[tokio::test]
async fn probes_say_whether_it_lives_and_whether_it_is_ready() {
    let stranger = shared().stranger();
    for probe in ["/health/live", "/health/ready"] {
        let answer = stranger.get(probe).await.shows(200);
        assert!(!answer.text().contains("postgres"), "a probe tells nothing of the inside: {answer}");
    }
}

#[tokio::test]
async fn metrics_live_on_a_port_of_their_own_and_name_nobody() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    asha.get(&format!("/v1/customers/{id}")).await.shows(200);
    shared().stranger().get("/metrics").await.refuses(404, "not_found");
    let metrics = Caller::new(&shared().metrics_url, Vec::new()).get("").await.shows(200);
    let text = metrics.text();
    for name in ["custodian_http_request_seconds", "custodian_database_pool_size", "custodian_audit_entries_waiting"] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
    assert!(text.contains("/v1/customers/{id}"), "requests are counted by route: {text}");
    for own in [id.as_str(), &asha.email, &asha.id.to_string(), &org.id.to_string()] {
        assert!(!text.contains(own), "{own} is in the metrics");
    }
}

#[tokio::test]
async fn security_txt_says_where_to_report() {
    let answer = shared().stranger().get("/.well-known/security.txt").await.shows(200);
    assert!(answer.sent("content-type").starts_with("text/plain"), "{answer}");
    for line in ["Contact: ", "Expires: "] {
        assert!(answer.text().lines().any(|text| text.starts_with(line)), "{line}: {answer}");
    }
}

#[tokio::test]
async fn one_may_always_ask_what_one_may_do() {
    let org = Org::found().await;
    let nobody = org.nobody().await.get("/v1/me/permissions").await.shows(200);
    assert_eq!(nobody.at("/permissions"), json!([]));
    let asha = org.sales_a().await.get("/v1/me/permissions").await.shows(200);
    let held = asha.at("/permissions");
    let read = held.as_array().unwrap().iter().find(|held| held["permission"] == "customers.read").unwrap();
    assert_eq!(read["scopes"], json!(["own"]));
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let held = partner.get("/v1/me/permissions").await.shows(200).at("/permissions");
    assert_eq!(held.as_array().unwrap().len(), 1, "{held}");
    partner.get("/v1/me").await.refuses(404, "not_found");
}
