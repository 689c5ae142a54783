//! What a purpose rests on.

use serde_json::json;

use super::purpose;
use crate::support::Org;

#[tokio::test]
async fn the_officer_makes_a_purpose_and_everybody_reads_it() {
    let org = Org::found().await;
    let made = org.dpo().await.post("/v1/purposes", &purpose("newsletter", json!({}))).await.shows(201);
    assert_eq!(made.sent("location"), format!("/v1/purposes/{}", made.id()));
    assert_eq!((made.at("/version"), made.at("/state")), (json!(1), json!("active")));
    assert_eq!(made.at("/cool_down_days"), 180);
    let sales = org.sales_a().await;
    for name in [made.id(), "newsletter".to_owned()] {
        let read = sales.get(&format!("/v1/purposes/{name}")).await.shows(200);
        assert_eq!(read.json(), made.json());
        let again = sales.get(&format!("/v1/purposes/{name}")).header("if-none-match", &read.sent("etag")).await;
        again.shows(304);
    }
    sales.post("/v1/purposes", &purpose("other", json!({}))).await.refuses(403, "forbidden");
    let taken = org.admin().await.post("/v1/purposes", &purpose("newsletter", json!({}))).await;
    assert_eq!(taken.refuses(409, "duplicate_value").faults(), [("/code".to_owned(), "duplicate_value".to_owned())]);
}

#[tokio::test]
async fn every_organisation_begins_with_purposes_of_its_own() {
    let (org, other) = (Org::found().await, Org::found().await);
    let listed = org.marketing().await.get("/v1/purposes").await.shows(200);
    let codes: Vec<_> = listed.at("/data").as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["billing", "care", "delivery", "marketing", "sales", "sms_delivery", "support"]);
    assert_eq!(listed.at("/data/3/legal_basis"), "cn_consent");
    let made = org.dpo().await.post("/v1/purposes", &purpose("newsletter", json!({}))).await.shows(201);
    other.dpo().await.get(&format!("/v1/purposes/{}", made.id())).await.refuses(404, "not_found");
    other.dpo().await.get("/v1/purposes/newsletter").await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_ground_that_the_law_does_not_know_is_refused() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let tried = [
        (json!({"legal_basis": "cn_legitimate_interests"}), "/legal_basis", "unknown_legal_basis"),
        (json!({"legal_basis": "eu_consent"}), "/jurisdictions", "basis_of_another_law"),
        (json!({"consent_kind": "none"}), "/consent_kind", "consent_kind_needed"),
        (json!({"consent_kind": "whispered"}), "/consent_kind", "not_a_choice"),
        (json!({"legal_basis": "cn_contract"}), "/consent_kind", "basis_needs_no_consent"),
        (json!({"fields": ["name", "id_number"]}), "/consent_kind", "separate_consent_needed"),
        (json!({"recipients": [{"name": "Ads", "country": "CN"}]}), "/consent_kind", "separate_consent_needed"),
        (json!({"fields": ["name", "shoe_size"]}), "/fields/1", "unknown_field"),
        (json!({"methods": ["guessing"]}), "/methods/0", "not_a_choice"),
        (json!({"channels": ["pigeon"]}), "/channels/0", "not_a_choice"),
        (json!({"jurisdictions": ["CN", "china"]}), "/jurisdictions/1", "unknown_country"),
        (json!({"dpv": "Marketing"}), "/dpv", "invalid_format"),
        (json!({"code": "News Letter"}), "/code", "invalid_format"),
    ];
    for (members, place, code) in tried {
        let answer = officer.post("/v1/purposes", &purpose("newsletter", members)).await.refuses(422, "invalid_body");
        assert_eq!(answer.faults(), [(place.to_owned(), code.to_owned())], "{answer}");
    }
    let separate = json!({"consent_kind": "separate", "recipients": [{"name": "Ads", "country": "SG"}]});
    officer.post("/v1/purposes", &purpose("newsletter", separate)).await.shows(201);
    let europe = json!({"legal_basis": "eu_legitimate_interests", "consent_kind": "none", "jurisdictions": ["DE"]});
    officer.post("/v1/purposes", &purpose("fraud", europe)).await.shows(201);
}
