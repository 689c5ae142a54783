//! Receipts: what they tell, and that anybody checks them without the service.

use std::process::Command;

use serde_json::{Value, json};

use super::Told;
use crate::support::{fresh_folder, program, shared};

pub(super) fn verify(receipt: &str, jwks: &str) -> (bool, String) {
    let folder = fresh_folder();
    std::fs::create_dir_all(&folder).unwrap();
    let (answer, keys) = (folder.join("receipt.json"), folder.join("jwks.json"));
    std::fs::write(&answer, receipt).unwrap();
    std::fs::write(&keys, jwks).unwrap();
    let run =
        Command::new(program()).args(["receipts", "verify"]).arg(&answer).arg("--jwks").arg(&keys).output().unwrap();
    (run.status.success(), String::from_utf8(run.stdout).unwrap())
}

#[tokio::test]
async fn a_receipt_has_the_fields_of_the_standard_and_verifies_offline() {
    let told = Told::new().await;
    let id = told.agrees(json!({"channel": "sms"})).await.shows(201).id();
    let receipt = told.sales.get(&format!("/v1/consents/{id}/receipt")).await.shows(200);
    let signed = receipt.at("/receipt");
    for member in ["schema_version", "record_id", "receipt_id", "pii_principal_id"] {
        assert!(signed[member].is_string(), "{member}: {signed}");
    }
    for member in [
        "privacy_notice",
        "language",
        "purpose",
        "pii_information",
        "pii_controllers",
        "storage_locations",
        "retention_period",
        "jurisdiction",
        "recipient_third_parties",
        "withdrawal_method",
    ] {
        assert!(!signed["pii_processing"][member].is_null(), "{member}: {signed}");
    }
    for member in ["party_id", "party_name", "party_contact", "party_address", "party_type"] {
        assert!(signed["party_identification"][0][member].is_string(), "{member}: {signed}");
    }
    assert_eq!(signed["event"][0]["event_state"], "dpv:ConsentGiven");
    let jwks = shared().stranger().get("/.well-known/jwks.json").await.shows(200).text().to_owned();
    let (good, printed) = verify(receipt.text(), &jwks);
    assert!(good, "{printed}");
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), signed);
    assert!(verify(&receipt.text_at("/jws"), &jwks).0, "the bare signature");
    let forged = receipt.text().replacen("marketing", "billing", 1);
    assert!(!verify(&forged, &jwks).0, "shows what was not signed");
    assert!(!verify(receipt.text(), r#"{"keys":[]}"#).0);
    let mut jws = receipt.text_at("/jws");
    jws.replace_range(60..61, if &jws[60..61] == "A" { "B" } else { "A" });
    assert!(!verify(&jws, &jwks).0, "altered");
}

#[tokio::test]
async fn a_receipt_tells_of_the_withdrawal() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let receipt = told.sales.get(&format!("/v1/consents/{id}/receipt")).await.shows(200);
    assert_eq!(receipt.at("/receipt/state_now"), "dpv:ConsentWithdrawn");
    assert_eq!(receipt.at("/receipt/event/1/event_state"), "dpv:ConsentWithdrawn");
    told.org.sales_b().await.get(&format!("/v1/consents/{id}/receipt")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn kantara_on_request() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let path = format!("/v1/consents/{id}/receipt?format=kantara");
    let receipt = told.sales.get(&path).await.shows(200);
    assert_eq!((receipt.at("/format"), receipt.at("/receipt/version")), (json!("kantara"), json!("KI-CR-v1.1.0")));
    assert!(receipt.at("/receipt/consentTimestamp").is_i64(), "{receipt}");
    assert_eq!(receipt.at("/receipt/services/0/purposes/0/consentType"), "EXPLICIT");
    told.sales.get(&format!("/v1/consents/{id}/receipt?format=xml")).await.refuses(400, "invalid_query");
}

#[tokio::test]
async fn a_browser_that_opts_out_is_not_advertised_to() {
    let mut told = Told::new().await;
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({})).await.shows(201);
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    for (value, reason) in [("true", "consent_in_force"), ("0", "consent_in_force"), ("1", "opt_out_signal")] {
        let decision = told.sales.get(&path).header("sec-gpc", value).await.shows(200);
        assert_eq!(decision.at("/reason"), reason, "{value}");
    }
    let care = format!("/v1/consent-decisions?customer_id={}&purpose=care", told.customer);
    assert_eq!(told.sales.get(&care).header("sec-gpc", "1").await.shows(200).at("/reason"), "other_basis");
    let support = shared().stranger().get("/.well-known/gpc.json").await.shows(200);
    assert_eq!(support.at("/gpc"), true);
    assert!(support.text_at("/lastUpdate").parse::<chrono::NaiveDate>().is_ok(), "{support}");
}
