//! What can be asked for: corrections of every kind of value, objections to uses that they end; and codes that go with their address.

use serde_json::{Value, json};

use super::{PATH, act, asking, code, file, proved, somebody};
use crate::catalog::made;
use crate::support::mailbox::letter;
use crate::support::{Org, Person};

async fn fields(person: &Person, customer: &str) -> Value {
    person.get(&format!("/v1/customers/{customer}")).await.shows(200).at("/fields")
}

#[tokio::test]
async fn numbers_booleans_and_amounts_are_corrected_as_a_change_would() {
    let org = Org::found().await;
    let (dpo, admin, (customer, _)) = (org.dpo().await, org.admin().await, somebody(&org).await);
    for (key, data_type) in [("kids_n", "number"), ("owns_home", "boolean"), ("deposit", "money")] {
        made(&admin, key, data_type, json!({})).await;
    }
    let before = json!({"fields": {"company": "Quay Ltd", "kids_n": 3}});
    admin.patch(&format!("/v1/customers/{customer}"), &before).await.shows(200);
    let deposit = json!({"amount": "12.30", "currency": "CNY"});
    let corrections = json!({"kids_n": 4, "owns_home": true, "deposit": deposit, "company": null});
    let id = proved(&dpo, &customer, &json!({"right": "rectification", "corrections": corrections})).await;
    let read = dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    assert_eq!(read.at("/details/corrections"), corrections, "as it was asked");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let after = fields(&dpo, &customer).await;
    assert_eq!((&after["kids_n"], &after["owns_home"], &after["deposit"]), (&json!(4), &json!(true), &deposit));
    assert!(after["company"].is_null(), "taken away: {after}");
}

#[tokio::test]
async fn a_correction_that_no_change_could_make_is_told_where_it_is_wrong() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    made(&org.admin().await, "kids_n", "number", json!({})).await;
    let wrong = [
        (json!({"kids_n": "4"}), "/corrections/kids_n", "wrong_type"),
        (json!({"name": null}), "/corrections/name", "required"),
        (json!({"name": 5}), "/corrections/name", "wrong_type"),
        (json!({"name": []}), "/corrections/name", "wrong_type"),
        (json!({"name": true}), "/corrections/name", "wrong_type"),
        (json!({"shoe/size": 44}), "/corrections/shoe~1size", "unknown_field"),
        (json!([]), "/corrections", "wrong_type"),
        (json!(true), "/corrections", "wrong_type"),
    ];
    for (corrections, pointer, fault) in wrong {
        let members = json!({"customer_id": customer, "right": "rectification", "corrections": corrections});
        let refused = file(&dpo, &members).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(pointer.to_owned(), fault.to_owned())], "{corrections}");
    }
}

#[tokio::test]
async fn a_code_proves_nobody_once_its_address_was_corrected() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let sent = code(&letter(org.service(), &address, 1).await);
    let moved = format!("new-{address}");
    let path = format!("/v1/customers/{customer}");
    org.admin().await.patch(&path, &json!({"fields": {"email": moved}})).await.shows(200);
    let old = act(&dpo, &id, "verify", &json!({"method": "code", "code": sent})).await;
    old.refuses(409, "code_not_accepted");
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
    let sent = code(&letter(org.service(), &moved, 1).await);
    act(&dpo, &id, "verify", &json!({"method": "code", "code": sent})).await.shows(200);
}

#[tokio::test]
async fn nobody_objects_to_a_use_that_goes_on_all_the_same() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let objecting = async |jurisdiction: &str, purposes: Value| {
        let members =
            json!({"customer_id": customer, "right": "objection", "jurisdiction": jurisdiction, "purposes": purposes});
        dpo.post(PATH, &asking(&members)).await
    };
    for jurisdiction in ["EU", "CN", "US-CA"] {
        let refused = objecting(jurisdiction, json!(["billing"])).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/purposes/0".to_owned(), "not_objectable".to_owned())], "{jurisdiction}");
    }
    let sold = json!({"code": crate::house::fresh_code(), "labels": {"en": "Shared", "zh": "共享"}, "description": "Sold by contract.",
        "legal_basis": "eu_contract", "consent_kind": "none", "fields": ["name"], "methods": ["use"], "jurisdictions": ["DE"],
        "dpv": "dpv:SellDataToThirdParties"});
    dpo.post("/v1/purposes", &sold).await.shows(201);
    objecting("US-CA", json!([sold["code"]])).await.shows(201);
    let others = json!({"customer_id": customer, "right": "restriction", "purposes": ["billing"]});
    file(&dpo, &others).await.shows(201);
}
