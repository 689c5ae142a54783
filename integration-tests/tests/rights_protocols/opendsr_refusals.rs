//! OpenDSR 2.0: what is refused, and how.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::controller::{Controller, DOMAIN, request, request_id, signature};
use super::{REQUESTS, only, somebody};
use crate::support::{Answer, Org};

/// The reasons of an error, once it has the specification's shape.
fn reasons(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.at("/error/code"), json!(answer.status), "{answer}");
    let errors = answer.at("/error/errors");
    let each = |one: &Value| {
        assert!(one["domain"].is_string() && !one["message"].as_str().unwrap().is_empty(), "{one}");
        one["reason"].as_str().unwrap().to_owned()
    };
    errors.as_array().unwrap().iter().map(each).collect()
}

#[tokio::test]
async fn what_is_not_signed_by_the_key_on_file_for_its_domain_is_refused() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let body = request(&request_id(), "erasure", "somebody@people.example").to_string();
    let other = body.replace("somebody@", "anybody@");
    let unsigned = || shop.unsigned("/v2/requests", body.as_bytes());
    let (domain, sign) = ("X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature");
    let tried = [
        unsigned().await,
        unsigned().header(sign, &signature(body.as_bytes())).await,
        unsigned().header(domain, "other.example").header(sign, &signature(body.as_bytes())).await,
        unsigned().header(domain, DOMAIN).header(sign, &signature(other.as_bytes())).await,
        unsigned().header(domain, DOMAIN).header(sign, "not base64").await,
        unsigned().header(domain, DOMAIN).header(sign, &"A".repeat(344)).await,
        unsigned().header(domain, DOMAIN).header("X-OpenGDPR-Signature", &signature(body.as_bytes())).await,
    ];
    for answer in tried {
        assert_eq!(reasons(&answer.shows(403)), ["invalid_signature"]);
    }
    assert_eq!(dpo.get(REQUESTS).await.shows(200).at("/data"), json!([]), "nothing was filed");
    shop.post("/v2/requests", body.as_bytes()).await.shows(201);
    let entries = org.auditor().await.get("/v1/audit/entries?action=access.refused").await.shows(200);
    let why = entries.at("/data").as_array().unwrap().iter().filter(|one| one["rule"] == "invalid_signature").count();
    assert_eq!(why, 7, "each refusal stands in the log: {entries}");
}

#[tokio::test]
async fn a_token_that_is_wrong_another_kinds_or_replaced_opens_nothing() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let body = request(&request_id(), "access", "somebody@people.example");
    let stranger = org.service().stranger();
    stranger.post("/v2/requests", &body).await.shows(401);
    let mut wrong = shop.token.clone();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('A') { "B" } else { "A" });
    for credential in [format!("Bearer {wrong}"), format!("Bearer {}", admin.access_token), "Bearer crp_x".to_owned()] {
        let answer = stranger.with("authorization", &credential).post("/v2/requests", &body).await.shows(401);
        assert_eq!(reasons(&answer), ["invalid_token"]);
    }
    let agents = stranger.with("authorization", &format!("Bearer {}", shop.token));
    agents.get("/v1/data-rights-request/x").await.shows(401);
    let house = agents.get("/v1/customers").await;
    assert_eq!(house.status, 401, "it opens nothing else");
    admin.act(&format!("{}/{}/rotate-token", super::PATH, shop.id)).await.shows(200);
    assert_eq!(reasons(&shop.submit(&body).await.shows(401)), ["invalid_token"]);
}

#[tokio::test]
async fn a_request_id_is_taken_once_also_when_it_comes_many_times_at_once() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let body = request(&request_id(), "access", "somebody@people.example");
    let answers = join_all((0..5).map(|_| shop.submit(&body))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, reasons(answer)), (400, vec!["request_exists".to_owned()]));
    }
    only(&dpo, "opendsr").await;
}

#[tokio::test]
async fn what_another_partner_submitted_is_not_there() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let members = json!({"identifier": "other.example", "certificate": null});
    let other = Controller::added(org.service(), &admin, members).await;
    let id = request_id();
    shop.submit(&request(&id, "access", "somebody@people.example")).await.shows(201);
    for (theirs, nobodys) in [
        (other.status(&id).await.shows(404), other.status(&request_id()).await.shows(404)),
        (other.cancel(&id).await.shows(404), other.cancel(&request_id()).await.shows(404)),
    ] {
        assert_eq!(theirs.json(), nobodys.json());
    }
    other.submit(&request(&id, "access", "somebody@people.example")).await.shows(201);
    assert_eq!(shop.status(&id).await.shows(200).at("/controller_id"), json!(shop.id));
}

#[tokio::test]
async fn a_faulty_request_is_told_what_is_wrong_with_it() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let members = json!({"callback_urls": ["https://shop.example/dsr/"]});
    let shop = Controller::added(org.service(), &admin, members).await;
    let tomorrow = (super::now() + chrono::Duration::days(1)).to_rfc3339();
    let identity = |kind, format| json!([{"identity_type": kind, "identity_value": "x", "identity_format": format}]);
    let cases = [
        ("regulation", Value::Null, "required"),
        ("regulation", json!("lgpd"), "not_a_choice"),
        ("subject_request_id", Value::Null, "required"),
        ("subject_request_id", json!("0193A0B0-7F4C-4C3A-9D55-6B1F6F3E2A90"), "invalid_format"),
        ("subject_request_id", json!("0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a90"), "invalid_format"),
        ("subject_request_type", json!("restriction"), "not_a_choice"),
        ("submitted_time", json!("yesterday"), "invalid_datetime"),
        ("submitted_time", json!(tomorrow), "in_the_future"),
        ("subject_identities", json!([]), "required"),
        ("subject_identities", identity("email", "sha256"), "not_a_choice"),
        ("subject_identities", identity("shoe_size", "raw"), "not_a_choice"),
        ("subject_identities", identity("email", "raw"), "invalid_email"),
        ("status_callback_urls", json!(["https://shop.example/elsewhere"]), "not_allowed"),
        ("status_callback_urls", json!(["https://shop.example/dsr/../../elsewhere"]), "not_allowed"),
        ("status_callback_urls", json!(["https://shop.example/dsr/a/%2e%2E/%2e./elsewhere"]), "not_allowed"),
        ("status_callback_urls", json!(["https://shop.example/dsr/..\\elsewhere"]), "not_allowed"),
        ("status_callback_urls", json!(["https://10.0.0.1/dsr/"]), "invalid_url"),
        ("status_callback_urls", json!(["http://169.254.169.254/latest/meta-data"]), "invalid_url"),
        ("status_callback_urls", json!(["http://shop.example/dsr/"]), "invalid_url"),
    ];
    for (name, value, reason) in cases {
        let mut body = request(&request_id(), "access", "somebody@people.example");
        body[name] = value.clone();
        let answer = shop.submit(&body).await.shows(400);
        assert_eq!(reasons(&answer), [reason], "{name} {value}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    }
    for body in ["", "[]", "{", "{\"a\":1,\"a\":2}"] {
        shop.post("/v2/requests", body.as_bytes()).await.shows(400);
    }
    assert_eq!(dpo.get(REQUESTS).await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn two_people_named_in_one_request_are_nobody() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let ((_, one), (_, two)) = (somebody(&org).await, somebody(&org).await);
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let mut body = request(&request_id(), "access", &one);
    let identity = |value: &str| json!({"identity_type": "email", "identity_value": value, "identity_format": "raw"});
    body["subject_identities"] = json!([identity(&one), identity(&two)]);
    shop.submit(&body).await.shows(201);
    assert_eq!(only(&dpo, "opendsr").await["customer_id"], Value::Null);
}
