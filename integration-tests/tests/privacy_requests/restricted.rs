//! Nothing is made of the data of somebody who has had processing restricted, but what they ask for themselves and what the law leaves open.

use serde_json::json;

use super::{act, file, proved, somebody};
use crate::imports::{Form, faults, finished};
use crate::purposes::purpose;
use crate::records::{call_on, enter};
use crate::support::Org;

#[tokio::test]
async fn nothing_is_changed_or_entered_but_for_a_purpose_that_the_law_leaves_open() {
    let org = Org::found().await;
    let (admin, dpo, (customer, _)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let path = format!("/v1/customers/{customer}");
    let call = enter(&admin, &customer, "interaction", call_on("2026-10-01")).await.shows(201).sent("location");
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let company = json!({"fields": {"company": "Harbour Ltd"}});
    admin.patch(&path, &company).await.refuses(409, "customer_restricted");
    enter(&admin, &customer, "interaction", call_on("2026-10-02")).await.refuses(409, "customer_restricted");
    admin.patch(&call, &json!({"fields": {"summary": "Called again"}})).await.refuses(409, "customer_restricted");
    for attribute in [json!({"tags": []}), json!({"stage": "dormant"}), json!({"region": "CN-GD"})] {
        admin.patch(&path, &attribute).await.refuses(409, "customer_restricted");
    }
    for gone in [&path, &call] {
        admin.delete(gone).await.refuses(409, "customer_restricted");
    }
    for given in [&path, &call] {
        admin.patch(given, &json!({"owner_id": org.user_id("sales_b")})).await.shows(200);
    }
    let members = json!({"legal_basis": "eu_vital_interests", "consent_kind": "none", "jurisdictions": ["DE"], "fields": ["company"]});
    dpo.post("/v1/purposes", &purpose("rescue", members)).await.shows(201);
    let rescue = admin.request("PATCH", &path).header("processing-purpose", "rescue").header("if-match", "*");
    rescue.json(&company).await.shows(200);
}

#[tokio::test]
async fn what_they_ask_to_be_corrected_is() {
    let org = Org::found().await;
    let (admin, dpo, (customer, _)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let restriction = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &restriction, "complete", &json!({})).await.shows(200);
    let members = json!({"right": "rectification", "corrections": {"company": "Harbour Ltd"}});
    let id = proved(&dpo, &customer, &members).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    act(&dpo, &restriction, "announce-lifting", &json!({"reason": "It was checked."})).await.shows(200);
    act(&dpo, &restriction, "lift", &json!({})).await.shows(200);
    let seen = admin.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_eq!(seen.at("/fields/company"), "Harbour Ltd");
    let again = json!({"fields": {"company": "Quay Ltd"}});
    admin.patch(&format!("/v1/customers/{customer}"), &again).await.shows(200);
    file(&dpo, &json!({"customer_id": customer})).await.shows(201);
}

#[tokio::test]
async fn a_line_of_an_import_that_names_them_is_refused() {
    let org = Org::found().await;
    let (admin, dpo, (customer, _)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let number = admin.get(&format!("/v1/customers/{customer}")).await.shows(200).at("/fields/customer_no");
    let number = number.as_str().unwrap();
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let mapping = json!({"no": "customer_no", "company": "company"});
    let file = format!("no,company\n{number},Harbour Ltd\n");
    let job = Form::csv(&mapping, file).part("mode", "upsert").run(&admin).await;
    assert_eq!(faults(&job), [(2, "", "customer_restricted")]);
    let seen = admin.get(&format!("/v1/customers/{customer}")).await.shows(200);
    assert_ne!(seen.at("/fields/company"), "Harbour Ltd");
}

#[tokio::test]
async fn the_undoing_of_an_import_leaves_them_as_they_are() {
    let org = Org::found().await;
    let (admin, dpo, (customer, _)) = (org.admin().await, org.dpo().await, somebody(&org).await);
    let path = format!("/v1/customers/{customer}");
    let number = admin.get(&path).await.shows(200).at("/fields/customer_no");
    let file = format!("no,company\n{},Harbour Ltd\n", number.as_str().unwrap());
    let mapping = json!({"no": "customer_no", "company": "company"});
    let handed = Form::csv(&mapping, file).part("mode", "upsert").hand_in(&admin).await.shows(202);
    finished(&admin, &handed.sent("location")).await;
    let id = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let undo = admin.act(&format!("/v1/imports/{}/undo", handed.id())).await.shows(202);
    finished(&admin, &undo.sent("location")).await;
    let kept = admin.get(&format!("/v1/imports/{}/kept", handed.id())).await.shows(200);
    assert_eq!((kept.at("/data/0/id"), kept.at("/data/0/code")), (json!(customer), json!("customer_restricted")));
}
