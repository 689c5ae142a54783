//! What completing a request does: corrections, restriction, objection.

use serde_json::{Value, json};

use super::{PATH, act, asking, file, proved, somebody};
use crate::support::mailbox::letter;
use crate::support::{Org, Person};

async fn seen(person: &Person, customer: &str, field: &str) -> Value {
    person.get(&format!("/v1/customers/{customer}")).await.shows(200).at(&format!("/fields/{field}"))
}

#[tokio::test]
async fn corrections_are_made_when_the_request_is_completed() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let members = json!({"right": "rectification", "corrections": {"company": "Harbour Ltd"}});
    let id = proved(&dpo, &customer, &members).await;
    assert_ne!(seen(&dpo, &customer, "company").await, "Harbour Ltd", "asking changes nothing");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(seen(&dpo, &customer, "company").await, "Harbour Ltd");
    let history = dpo.get(&format!("/v1/customers/{customer}/history")).await.shows(200);
    assert!(history.text().contains("company"), "{history}");
    let wrong = json!({"customer_id": customer, "right": "access", "corrections": {"company": "Harbour Ltd"}});
    let wrong = file(&dpo, &wrong).await.refuses(422, "invalid_body");
    assert_eq!(wrong.faults(), [("/corrections/company".to_owned(), "not_allowed".to_owned())]);
}

#[tokio::test]
async fn a_restriction_caps_what_is_seen_until_it_is_lifted_after_a_notice() {
    let org = Org::found().await;
    let (dpo, manager, (customer, address)) = (org.dpo().await, org.manager().await, somebody(&org).await);
    let name = async || seen(&org.admin().await, &customer, "province").await;
    let path = format!("/v1/customers/{customer}");
    let province = json!({"fields": {"province": "Shanghai"}});
    org.admin().await.patch(&path, &province).await.shows(200);
    assert_eq!(name().await, "Shanghai");
    let before = org.admin().await.get(&path).await.shows(200);
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "announce-lifting", &json!({"reason": "too soon"})).await.refuses(409, "not_restricted");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_ne!(name().await, "Shanghai", "its mask alone");
    let again = org.admin().await.get(&path).header("if-none-match", &before.sent("etag")).await;
    again.shows(200);
    let reveal = json!({"fields": ["mobile"], "reason": "to call the customer"});
    org.admin().await.post(&format!("{path}/reveal"), &reveal).await.shows(403);
    act(&dpo, &id, "lift", &json!({})).await.refuses(409, "lifting_not_announced");
    manager.post(&format!("{PATH}/{id}/lift"), &json!({})).await.refuses(403, "forbidden");
    act(&dpo, &id, "announce-lifting", &json!({"reason": "It was checked."})).await.shows(200);
    assert!(letter(org.service(), &address, 2).await.contains("It was checked."));
    let lifted = act(&dpo, &id, "lift", &json!({})).await.shows(200);
    assert!(lifted.text().contains("lifting_announced") && lifted.text().contains("\"lifted\""), "{lifted}");
    assert_eq!(name().await, "Shanghai");
    act(&dpo, &id, "lift", &json!({})).await.refuses(409, "not_restricted");
}

#[tokio::test]
async fn somebody_whose_erasure_waits_for_a_duty_to_keep_stays_restricted() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    act(&dpo, &id, "announce-lifting", &json!({"reason": "checked"})).await.shows(200);
    let term = json!({"kind": "statutory", "basis": "ECL 31", "customer_ids": [customer], "reason": "an order", "until": "2099-01-01T00:00:00Z"});
    dpo.post("/v1/legal-holds", &term).await.shows(201);
    let erase = format!("/v1/customers/{customer}/erase");
    let asked = dpo.post(&erase, &json!({"ground": "subject_request"})).await.shows(202);
    assert_eq!(asked.at("/state"), "blocked");
    act(&dpo, &id, "lift", &json!({})).await.shows(200);
    let seen = dpo.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_eq!(seen.at("/restricted"), true);
}

#[tokio::test]
async fn an_erasure_request_is_done_once_the_person_is_erased() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    act(&dpo, &id, "complete", &json!({})).await.refuses(409, "erasure_not_recorded");
    let erase = format!("/v1/customers/{customer}/erase");
    dpo.post(&erase, &json!({"ground": "subject_request", "privacy_request_id": id})).await.shows(202);
    let done = act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(done.at("/state"), "completed");
}

#[tokio::test]
async fn nobody_is_erased_by_a_request_before_it_is_known_who_asks() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer, "right": "erasure"})).await.shows(201).id();
    let other = proved(&dpo, &customer, &json!({})).await;
    let erase = format!("/v1/customers/{customer}/erase");
    let by = |request: &str| json!({"ground": "subject_request", "privacy_request_id": request});
    for request in [&id, &other] {
        dpo.post(&erase, &by(request)).await.refuses(409, "not_in_progress");
    }
    dpo.get(&format!("/v1/customers/{customer}")).await.shows(200);
    act(&dpo, &id, "verify", &json!({"method": "document"})).await.shows(200);
    dpo.post(&erase, &by(&id)).await.shows(202);
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    dpo.post(&erase, &by(&id)).await.shows(202);
}

#[tokio::test]
async fn as_long_as_one_restriction_is_in_force_the_person_is_restricted() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let mut ids = Vec::new();
    for jurisdiction in ["EU", "CN"] {
        let members = json!({"right": "restriction", "jurisdiction": jurisdiction, "received_at": super::SEPTEMBER});
        let id = proved(&dpo, &customer, &members).await;
        act(&dpo, &id, "complete", &json!({})).await.shows(200);
        act(&dpo, &id, "announce-lifting", &json!({"reason": "checked"})).await.shows(200);
        ids.push(id);
    }
    let restricted = async || {
        let decision = json!({"purpose": "care", "customer_ids": [customer]});
        let answer = dpo.post("/v1/consent-decisions", &decision).await.shows(200);
        answer.at("/data/0/reason") == "restricted"
    };
    assert!(restricted().await);
    act(&dpo, &ids[0], "lift", &json!({})).await.shows(200);
    assert!(restricted().await, "the other one is in force");
    act(&dpo, &ids[1], "lift", &json!({})).await.shows(200);
    assert!(!restricted().await);
}

/// A purpose that rests on another ground than consent; its code.
pub(super) async fn legitimate(dpo: &Person) -> String {
    let purpose = json!({"code": crate::house::fresh_code(), "labels": {"en": "Profiles", "zh": "画像"}, "description": "To be objected to.",
        "legal_basis": "eu_legitimate_interests", "consent_kind": "none", "fields": ["name"], "methods": ["use"], "jurisdictions": ["DE"]});
    dpo.post("/v1/purposes", &purpose).await.shows(201).text_at("/code")
}

#[tokio::test]
async fn an_objection_ends_a_use_that_rests_on_another_ground_and_names_it() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let code = &legitimate(&dpo).await;
    let reason = async || {
        let asked = format!("/v1/consent-decisions?customer_id={customer}&purpose={code}");
        dpo.get(&asked).await.shows(200).at("/reason")
    };
    assert_eq!(reason().await, "other_basis");
    let objecting =
        |purposes: Value| asking(&json!({"customer_id": customer, "right": "objection", "purposes": purposes}));
    let consented = dpo.post(PATH, &objecting(json!(["marketing"]))).await.refuses(422, "invalid_body");
    assert_eq!(consented.faults(), [("/purposes/0".to_owned(), "not_allowed".to_owned())], "that is withdrawn");
    let id = proved(&dpo, &customer, &json!({"right": "objection", "purposes": [code]})).await;
    assert_eq!(reason().await, "other_basis", "not before it is heard");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(reason().await, "objected");
    let admin = org.admin().await;
    let path = format!("/v1/customers/{customer}");
    admin.get(&path).header("processing-purpose", code).await.refuses(403, "objected");
    let reveal = json!({"fields": ["mobile"], "reason": "to profile them"});
    let revealing = admin.with("processing-purpose", code);
    revealing.post(&format!("{path}/reveal"), &reveal).await.refuses(403, "objected");
    let listed = revealing.get("/v1/customers?limit=200").await.shows(200);
    assert!(!listed.text().contains(&customer), "{listed}");
    let why = json!({"customer_id": customer, "permission": "customers.read", "field": "name", "purpose": code});
    assert!(admin.post("/v1/access-decisions", &why).await.shows(200).text().contains("objected"));
    admin.get(&path).await.shows(200);
    let (other, _) = somebody(&org).await;
    let everything = proved(&dpo, &other, &json!({"right": "objection"})).await;
    act(&dpo, &everything, "complete", &json!({})).await.shows(200);
    let asked = format!("/v1/consent-decisions?customer_id={other}&purpose={code}");
    assert_eq!(dpo.get(&asked).await.shows(200).at("/reason"), "objected", "none named: all that may be objected to");
}
