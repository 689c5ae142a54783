//! Several requests of one person: the proved one stands, and nobody's else displaces it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{PATH, act, entries, file, proved, somebody};
use crate::support::{Org, Person};

/// The request that one points to, and its state.
pub(super) async fn linked(dpo: &Person, id: &str) -> (Value, Value) {
    let read = dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    (read.at("/duplicate_of"), read.at("/state"))
}

#[tokio::test]
async fn what_is_not_proved_never_displaces_and_what_is_proved_does() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let of_customer = json!({"customer_id": customer});
    let first = file(&dpo, &of_customer).await.shows(201).id();
    let second = file(&dpo, &of_customer).await.shows(201).id();
    let third = file(&dpo, &of_customer).await.shows(201).id();
    let other_right = file(&dpo, &json!({"customer_id": customer, "right": "erasure"})).await.shows(201).id();
    assert_eq!(linked(&dpo, &second).await, (json!(first), json!("received")));
    assert_eq!(linked(&dpo, &other_right).await.0, Value::Null);
    act(&dpo, &second, "verify", &json!({"method": "document"})).await.shows(200);
    assert_eq!(linked(&dpo, &second).await, (Value::Null, json!("in_progress")), "proved, it stands");
    assert_eq!((linked(&dpo, &first).await.0, linked(&dpo, &third).await.0), (json!(second), json!(second)));
    act(&dpo, &third, "verify", &json!({"method": "document"})).await.shows(200);
    assert_eq!(linked(&dpo, &third).await.0, json!(second), "the first that was proved stands");
    let late = file(&dpo, &of_customer).await.shows(201).id();
    assert_eq!(linked(&dpo, &late).await.0, json!(second));
    act(&dpo, &third, "complete", &json!({})).await.refuses(409, "duplicate_request");
    let reject = json!({"ground": "excessive", "explanation": "again and again"});
    act(&dpo, &third, "reject", &reject).await.refuses(409, "duplicate_request");
    act(&dpo, &second, "complete", &json!({"answer": "sent"})).await.shows(200);
    for answered in [&first, &third, &late] {
        assert_eq!(linked(&dpo, answered).await, (json!(second), json!("cancelled")));
    }
    assert_eq!(linked(&dpo, &other_right).await.1, "received");
}

#[tokio::test]
async fn turning_down_a_stranger_leaves_the_person_s_own_request_standing() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let stranger = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let own = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let reject = json!({"ground": "identity_not_proved", "explanation": "no proof was shown"});
    act(&dpo, &stranger, "reject", &reject).await.shows(200);
    assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("received")));
    let taken_back = proved(&dpo, &customer, &json!({})).await;
    assert_eq!(linked(&dpo, &own).await.0, json!(taken_back));
    act(&dpo, &taken_back, "cancel", &json!({})).await.shows(200);
    assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("received")));
    act(&dpo, &taken_back, "cancel", &json!({})).await.refuses(409, "request_closed");
}

#[tokio::test]
async fn however_many_are_filed_and_proved_at_once_one_stands() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let of_customer = json!({"customer_id": customer});
    let filed = join_all((0..6).map(|_| file(&dpo, &of_customer))).await;
    let ids: Vec<String> = filed.into_iter().map(|answer| answer.shows(201).id()).collect();
    let seen = json!({"method": "document"});
    join_all(ids.iter().map(|id| act(&dpo, id, "verify", &seen))).await.into_iter().for_each(|answer| {
        answer.shows(200);
    });
    let links = join_all(ids.iter().map(|id| linked(&dpo, id))).await;
    let standing: Vec<&String> = ids.iter().zip(&links).filter(|(_, (of, _))| of.is_null()).map(|(id, _)| id).collect();
    assert_eq!(standing.len(), 1, "{links:?}");
    assert_eq!(links.iter().filter(|(of, _)| *of == json!(standing[0])).count(), 5, "{links:?}");
}

#[tokio::test]
async fn of_two_corrections_that_a_person_asks_for_none_swallows_the_other() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let moved = format!("moved.{address}");
    let words = proved(&dpo, &customer, &json!({"right": "rectification", "words": "My name is misspelt."})).await;
    let asked = json!({"right": "rectification", "corrections": {"address": "2 Harbour Street"}});
    let first = proved(&dpo, &customer, &asked).await;
    let asked = json!({"right": "rectification", "corrections": {"email": moved}});
    let second = proved(&dpo, &customer, &asked).await;
    for id in [&words, &first, &second] {
        assert_eq!(linked(&dpo, id).await, (Value::Null, json!("in_progress")));
    }
    for id in [&words, &first, &second] {
        act(&dpo, id, "complete", &json!({})).await.shows(200);
    }
    let look = json!({"fields": ["address", "email"], "reason": "to see what was corrected"});
    let seen = dpo.post(&format!("/v1/customers/{customer}/reveal"), &look).await.shows(200);
    assert!(seen.text().contains("2 Harbour Street") && seen.text().contains(&moved), "{seen}");
}

/// A use that may be objected to.
async fn use_of(dpo: &Person) -> String {
    let code = crate::house::fresh_code();
    let body = json!({"code": code, "labels": {"en": "Profiles", "zh": "画像"}, "description": "To be objected to.",
        "legal_basis": "eu_legitimate_interests", "consent_kind": "none", "fields": ["name"], "methods": ["use"], "jurisdictions": ["DE"]});
    dpo.post("/v1/purposes", &body).await.shows(201);
    code
}

async fn reason(dpo: &Person, customer: &str, purpose: &str) -> Value {
    let asked = format!("/v1/consent-decisions?customer_id={customer}&purpose={purpose}");
    dpo.get(&asked).await.shows(200).at("/reason")
}

#[tokio::test]
async fn objections_to_different_uses_both_stand_and_both_take_effect() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let (ads, profiles) = (use_of(&dpo).await, use_of(&dpo).await);
    let to = |purposes: Value| json!({"right": "objection", "purposes": purposes});
    let first = proved(&dpo, &customer, &to(json!([ads]))).await;
    let second = proved(&dpo, &customer, &to(json!([profiles]))).await;
    for id in [&first, &second] {
        assert_eq!(linked(&dpo, id).await, (Value::Null, json!("in_progress")));
    }
    let again = proved(&dpo, &customer, &to(json!([ads]))).await;
    assert_eq!(linked(&dpo, &again).await.0, json!(first), "the same use");
    let both = proved(&dpo, &customer, &to(json!([ads, profiles]))).await;
    let turned = proved(&dpo, &customer, &to(json!([profiles, ads]))).await;
    assert_eq!((linked(&dpo, &both).await.0, linked(&dpo, &turned).await.0), (Value::Null, json!(both)));
    act(&dpo, &both, "cancel", &json!({})).await.shows(200);
    act(&dpo, &turned, "cancel", &json!({})).await.shows(200);
    act(&dpo, &again, "complete", &json!({})).await.refuses(409, "duplicate_request");
    act(&dpo, &first, "complete", &json!({})).await.shows(200);
    assert_eq!(linked(&dpo, &again).await, (json!(first), json!("cancelled")), "answered with it");
    assert_eq!(linked(&dpo, &second).await, (Value::Null, json!("in_progress")), "still to be answered");
    assert_eq!(reason(&dpo, &customer, &ads).await, "objected");
    assert_eq!(reason(&dpo, &customer, &profiles).await, "other_basis");
    act(&dpo, &second, "complete", &json!({})).await.shows(200);
    assert_eq!(reason(&dpo, &customer, &profiles).await, "objected");
}

#[tokio::test]
async fn a_request_about_everything_repeats_none_about_something() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    for right in ["objection", "restriction"] {
        let code = use_of(&dpo).await;
        let asked = |purposes: Value| json!({"right": right, "purposes": purposes});
        let one = proved(&dpo, &customer, &asked(json!([code]))).await;
        let all = proved(&dpo, &customer, &asked(json!([]))).await;
        assert_eq!((linked(&dpo, &one).await.0, linked(&dpo, &all).await.0), (Value::Null, Value::Null), "{right}");
        act(&dpo, &one, "complete", &json!({})).await.shows(200);
        assert_eq!(linked(&dpo, &all).await.1, "in_progress", "{right}");
    }
}

#[tokio::test]
async fn what_was_taken_for_the_request_of_another_leaves_theirs_to_be_answered() {
    let org = Org::found().await;
    let (dpo, (customer, _), (other, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let mistaken = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let own = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    assert_eq!(linked(&dpo, &own).await.0, json!(mistaken));
    let seen = json!({"method": "document", "customer_id": other});
    let moved = act(&dpo, &mistaken, "verify", &seen).await.shows(200);
    assert_eq!((moved.at("/customer_id"), moved.at("/duplicate_of")), (json!(other), Value::Null));
    let events = moved.at("/events");
    let kinds: Vec<&Value> = events.as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["filed", "moved", "verified"]);
    let (told, proof) = (entries(&org, "privacy_requests.move").await, entries(&org, "privacy_requests.verify").await);
    assert_eq!((told.len(), &told[0]["customer"]), (1, &json!(customer)), "whose it was taken for: {told:?}");
    assert_eq!(told[0]["details"]["privacy_request"], json!(mistaken));
    assert_eq!(proof[0]["customer"], json!(other));
    assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("received")), "it waits for nobody else's answer");
    act(&dpo, &own, "verify", &json!({"method": "document"})).await.shows(200);
    act(&dpo, &own, "complete", &json!({})).await.shows(200);
    let back = json!({"method": "document", "customer_id": customer});
    act(&dpo, &mistaken, "verify", &back).await.refuses(409, "already_verified");
    let read = dpo.get(&format!("{PATH}/{mistaken}")).await.shows(200);
    assert_eq!(read.at("/customer_id"), json!(other), "once proved it stays whose it is");
}
