//! OpenDSR 2.0: found out, submitted, followed, cancelled; and OpenGDPR 1.0 under its own names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::json;

use super::controller::{Controller, is_signed, processor_key, request, request_id, verifies};
use super::listener::Listener;
use super::{act, only, somebody, told};
use crate::support::{Org, customer, own_instance};

#[tokio::test]
async fn a_controller_finds_out_what_is_served_and_by_what_it_is_signed() {
    let org = Org::found().await;
    let stranger = org.service().stranger();
    for (path, version) in [("/v2/discovery", "2.0"), ("/v1/discovery", "1.0"), ("/opendsr/v3/discovery", "2.0")] {
        let found = stranger.get(path).await.shows(200);
        assert_eq!(found.at("/api_version"), version);
        assert_eq!(found.at("/supported_identities"), json!([{"identity_type": "email", "identity_format": "raw"}]));
        assert_eq!(found.at("/supported_subject_request_types"), json!(["access", "portability", "erasure"]));
        assert!(found.text_at("/processor_certificate").ends_with("/opendsr/certificate.pem"));
    }
    assert!(processor_key(org.service()).await.len() > 256);
}

#[tokio::test]
async fn a_request_is_taken_in_signed_and_told_of_until_it_is_done() {
    let org = Org::found().await;
    let (admin, dpo, listener) = (org.admin().await, org.dpo().await, Listener::start());
    let (customer, address) = somebody(&org).await;
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let key = processor_key(org.service()).await;
    let id = request_id();
    let mut body = request(&id, "access", &address);
    body["status_callback_urls"] = json!([listener.url]);
    let taken = shop.submit(&body).await.shows(201);
    assert!(is_signed(&key, &taken), "{taken}");
    assert_eq!((taken.text_at("/subject_request_id"), taken.text_at("/controller_id")), (id.clone(), shop.id.clone()));
    assert_eq!(STANDARD.decode(taken.text_at("/encoded_request")).unwrap(), body.to_string().into_bytes());
    assert!(taken.text_at("/expected_completion_time") > taken.text_at("/received_time"));
    assert!(!taken.text_at("/processor_signature").is_empty());
    let request = only(&dpo, "opendsr").await;
    let own = request["id"].as_str().unwrap();
    assert_eq!((&request["state"], &request["requester"]), (&json!("received"), &json!("agent")));
    assert_eq!((&request["jurisdiction"], &request["right"]), (&json!("EU"), &json!("access")));
    assert_eq!(request["customer_id"], json!(customer), "found by the sealed address");
    assert_eq!(shop.status(&id).await.shows(200).at("/request_status"), "pending");
    act(&dpo, own, "verify", &json!({"method": "document"})).await.shows(200);
    listener.hears(2).await;
    act(&dpo, own, "complete", &json!({})).await.shows(200);
    let heard = listener.hears(3).await;
    let words: Vec<_> = heard.iter().map(|one| one.json()["request_status"].clone()).collect();
    assert_eq!(words, ["pending", "in_progress", "completed"]);
    for one in &heard {
        let headers = ["x-opendsr-processor-domain", "x-opendsr-signature"].map(|name| one.header(name));
        assert!(verifies(&key, headers, &one.body), "{one:?}");
        let mut forged = one.body.clone();
        forged.push(b' ');
        assert!(!verifies(&key, headers, &forged));
        assert_eq!(
            (&one.json()["status_callback_url"], &one.json()["subject_request_id"]),
            (&json!(listener.url), &json!(id))
        );
        assert!(!String::from_utf8_lossy(&one.body).contains(&address));
    }
    let done = shop.status(&id).await.shows(200);
    assert!(is_signed(&key, &done) && done.at("/request_status") == "completed");
    told(&dpo, own, |told| told.len() == 3 && told.iter().all(|one| one["state"] == "delivered")).await;
}

#[tokio::test]
async fn whoever_is_not_on_file_is_answered_alike() {
    let org = Org::found().await;
    let (admin, (_, address)) = (org.admin().await, somebody(&org).await);
    for vouches in [false, true] {
        let domain = format!("shop{}.example", u8::from(vouches));
        let members = json!({"identifier": domain, "certificate": null, "vouches": vouches});
        let shop = Controller::added(org.service(), &admin, members).await;
        let mut answers = Vec::new();
        for address in [address.as_str(), "nobody@people.example"] {
            let id = request_id();
            let taken = shop.submit(&request(&id, "erasure", address)).await.shows(201).json();
            let status = shop.status(&id).await.shows(200).json();
            let expected = if vouches { "in_progress" } else { "pending" };
            assert_eq!(status["request_status"], expected);
            let names: Vec<String> = taken.as_object().unwrap().keys().cloned().collect();
            answers.push((
                names,
                status.as_object().unwrap().keys().cloned().collect::<Vec<_>>(),
                status["expected_completion_time"].clone(),
            ));
        }
        assert_eq!(answers[0], answers[1], "vouches: {vouches}");
    }
}

#[tokio::test]
async fn a_number_of_a_telephone_is_looked_for_where_our_own_extension_names_it() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let body = customer();
    let known = admin.post("/v1/customers", &body).await.shows(201).id();
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let numbers = json!([{"identity_type": "phone_number", "identity_value": body["fields"]["mobile"], "identity_format": "raw"}]);
    let mut asked = request(&request_id(), "access", "nobody@people.example");
    asked.as_object_mut().unwrap().remove("subject_identities");
    asked["extensions"] = json!({"other.example": {"identities": numbers}});
    shop.submit(&asked).await.shows(400);
    asked["extensions"] = json!({"opendsr.custodian.example": {"identities": numbers}, "other.example": {"id": 1}});
    shop.submit(&asked).await.shows(201);
    assert_eq!(only(&dpo, "opendsr").await["customer_id"], json!(known));
}

#[tokio::test]
async fn a_partners_word_is_proof_only_where_the_organisation_says_so() {
    let org = Org::found().await;
    let (admin, dpo, (customer, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let shop = Controller::added(org.service(), &admin, json!({"vouches": true})).await;
    let id = request_id();
    shop.submit(&request(&id, "access", &address)).await.shows(201);
    let found = only(&dpo, "opendsr").await;
    assert_eq!((&found["state"], &found["proof"]), (&json!("in_progress"), &json!("partner")));
    assert_eq!(found["customer_id"], json!(customer));
    let body = json!({"method": "partner"});
    act(&dpo, found["id"].as_str().unwrap(), "verify", &body).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_repeated_request_of_the_same_person_points_to_the_one_that_stands() {
    let org = Org::found().await;
    let (admin, dpo, (customer, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let body = json!({"right": "access", "jurisdiction": "EU", "channel": "phone", "customer_id": customer});
    let first = dpo.post(super::REQUESTS, &body).await.shows(201).id();
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    shop.submit(&request(&request_id(), "access", &address)).await.shows(201);
    assert_eq!(only(&dpo, "opendsr").await["duplicate_of"], json!(first), "an unproved one displaces nothing");
}

#[tokio::test]
async fn a_request_is_cancelled_while_it_is_pending_and_not_later() {
    let org = Org::found().await;
    let (admin, dpo, (_, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let key = processor_key(org.service()).await;
    let (early, late) = (request_id(), request_id());
    shop.submit(&request(&early, "portability", &address)).await.shows(201);
    let gone = shop.cancel(&early).await.shows(202);
    assert!(
        is_signed(&key, &gone)
            && gone.at("/subject_request_id") == early.as_str()
            && gone.at("/received_time").is_string()
    );
    assert_eq!(shop.status(&early).await.shows(200).at("/request_status"), "cancelled");
    assert_eq!(only(&dpo, "opendsr").await["state"], "cancelled");
    let again = shop.cancel(&early).await.shows(400);
    assert_eq!(again.at("/error/errors/0/reason"), "request_not_pending");
    shop.submit(&request(&late, "access", &address)).await.shows(201);
    let found = dpo.get(&format!("{}?state=received", super::REQUESTS)).await.shows(200);
    act(&dpo, &found.text_at("/data/0/id"), "verify", &json!({"method": "document"})).await.shows(200);
    shop.cancel(&late).await.shows(400);
    assert_eq!(shop.status(&late).await.shows(200).at("/request_status"), "in_progress");
}

#[tokio::test]
async fn what_was_turned_down_is_cancelled_with_the_ground_as_an_errors_detail() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let shop = Controller::added(org.service(), &admin, json!({})).await;
    let id = request_id();
    shop.submit(&request(&id, "erasure", "nobody@people.example")).await.shows(201);
    let own = only(&dpo, "opendsr").await["id"].as_str().unwrap().to_owned();
    let body = json!({"ground": "nothing_held", "explanation": "Nobody of that address is known."});
    act(&dpo, &own, "reject", &body).await.shows(200);
    let told = shop.status(&id).await.shows(200);
    assert_eq!(told.at("/request_status"), "cancelled");
    assert_eq!(told.at("/error/errors/0/reason"), "nothing_held");
    assert!(!told.text().contains("Nobody of that address"), "what was written to staff stays with them");
}

#[tokio::test]
async fn version_1_keeps_its_names() {
    let org = Org::found().await;
    let (admin, listener, (_, address)) = (org.admin().await, Listener::start(), somebody(&org).await);
    let shop = Controller::added(org.service(), &admin, json!({"callback_urls": [listener.url]})).await;
    let key = processor_key(org.service()).await;
    let id = request_id();
    let mut body = request(&id, "erasure", &address);
    body.as_object_mut().unwrap().remove("regulation");
    body["status_callback_urls"] = json!([listener.url]);
    let taken = shop.post("/v1/opengdpr_requests", body.to_string().as_bytes()).await.shows(201);
    let headers = ["x-opengdpr-processor-domain", "x-opengdpr-signature"];
    assert!(verifies(&key, headers.map(|name| taken.header(name).unwrap_or_default()), &taken.bytes), "{taken}");
    assert_eq!(taken.at("/api_version"), "1.0");
    let heard = listener.hears(1).await;
    assert!(verifies(&key, headers.map(|name| heard[0].header(name)), &heard[0].body));
}

#[tokio::test]
async fn a_controller_that_signs_nothing_and_uses_basic_is_let_in_where_no_key_of_it_is_known() {
    let org = Org::found().await;
    let (admin, dpo, (customer, address)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let members = json!({"identifier": "plain.example", "certificate": null});
    let shop = Controller::added(org.service(), &admin, members).await;
    let basic = STANDARD.encode(format!("{}:{}", shop.id, shop.token));
    let caller = org.service().stranger().with("authorization", &format!("Basic {basic}"));
    let id = request_id();
    caller.post("/opendsr/v3/requests", &request(&id, "access", &address)).await.shows(201);
    assert_eq!(only(&dpo, "opendsr").await["customer_id"], json!(customer));
    assert_eq!(caller.get(&format!("/opendsr/v3/requests/{id}")).await.shows(200).at("/request_status"), "pending");
}

#[tokio::test]
async fn without_a_certificate_discovery_says_so_and_names_the_key_that_signs() {
    let service = own_instance(&[("opendsr_certificate_file", ""), ("opendsr_key_file", "")]);
    let org = Org::found_on(&service).await;
    let stranger = service.stranger();
    let found = stranger.get("/v2/discovery").await.shows(200);
    assert_eq!(found.at("/processor_certificate"), json!(null));
    assert_eq!(found.at("/extensions/127.0.0.1/signature_algorithm"), "Ed25519");
    stranger.get("/opendsr/certificate.pem").await.refuses(404, "not_found");
    let shop = Controller::added(&service, &org.admin().await, json!({})).await;
    let taken = shop.submit(&request(&request_id(), "access", "nobody@people.example")).await.shows(201);
    let set = stranger.get("/.well-known/jwks.json").await.shows(200);
    let key = set.text_at("/keys/0/x");
    let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(key).unwrap();
    let signature = STANDARD.decode(taken.sent("x-opendsr-signature")).unwrap();
    assert!(UnparsedPublicKey::new(&ED25519, key).verify(&taken.bytes, &signature).is_ok());
    assert_eq!(taken.sent("x-opendsr-processor-domain"), "127.0.0.1");
}
