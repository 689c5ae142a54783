//! Requests of somebody who was deleted and not erased: data about them is still held, so their rights stand.

use serde_json::json;

use super::{PATH, act, code, file, proved, somebody};
use crate::customers::path;
use crate::support::mailbox::letter;
use crate::support::{Org, customer};

/// Somebody who was on file, and whom staff deleted; the id and the address.
async fn deleted(org: &Org<'_>) -> (String, String) {
    let (id, address) = somebody(org).await;
    org.admin().await.delete(&path(&id)).await.shows(204);
    (id, address)
}

#[tokio::test]
async fn somebody_who_was_deleted_is_proved_by_a_code_and_gets_what_is_held() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, deleted(&org).await);
    for right in ["access", "portability"] {
        let sent = if right == "access" { 1 } else { 3 };
        let id = file(&dpo, &json!({"customer_id": customer, "right": right})).await.shows(201).id();
        act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
        let shown = json!({"method": "code", "code": code(&letter(org.service(), &address, sent).await)});
        let proved = act(&dpo, &id, "verify", &shown).await.shows(200);
        assert_eq!(proved.at("/customer_id"), customer.as_str());
        act(&dpo, &id, "complete", &json!({})).await.shows(200);
        letter(org.service(), &address, sent + 1).await;
        let package = dpo.get(&format!("{PATH}/{id}/package")).await.shows(200);
        let holds = package.bytes.windows(address.len()).any(|window| window == address.as_bytes());
        assert!(holds || right == "portability", "what is held is in it");
    }
    dpo.get(&path(&customer)).await.refuses(404, "not_found");
}

#[tokio::test]
async fn somebody_who_was_deleted_is_known_by_their_contact_point_until_a_customer_in_use_has_it() {
    let org = Org::found().await;
    let (dpo, (gone, address)) = (org.dpo().await, deleted(&org).await);
    let ask = async |letters: usize| {
        let id = file(&dpo, &json!({"contact": {"field": "email", "value": address}})).await.shows(201).id();
        act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200);
        let shown = json!({"method": "code", "code": code(&letter(org.service(), &address, letters).await)});
        act(&dpo, &id, "verify", &shown).await.shows(200).text_at("/customer_id")
    };
    assert_eq!(ask(1).await, gone);
    let mut again = customer();
    again["fields"]["email"] = json!(address);
    let again = org.admin().await.post("/v1/customers", &again).await.shows(201).id();
    assert_eq!(ask(2).await, again, "who is in use answers for it");
}

#[tokio::test]
async fn staff_who_saw_a_document_say_which_deleted_customer_it_was() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, deleted(&org).await);
    let id = file(&dpo, &json!({"contact": {"field": "mobile", "value": "13999999999"}})).await.shows(201).id();
    let seen = json!({"method": "document", "customer_id": customer});
    assert_eq!(act(&dpo, &id, "verify", &seen).await.shows(200).at("/customer_id"), customer.as_str());
}

#[tokio::test]
async fn somebody_who_was_deleted_is_erased_at_their_wish_and_found_by_nothing_then() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, deleted(&org).await);
    let open = proved(&dpo, &customer, &json!({})).await;
    let id = proved(&dpo, &customer, &json!({"right": "erasure"})).await;
    let wish = json!({"ground": "subject_request", "privacy_request_id": id});
    dpo.post(&format!("{}/erase", path(&customer)), &wish).await.shows(202);
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    act(&dpo, &open, "complete", &json!({})).await.refuses(410, "erased");
    let left = "SELECT FROM deleted_contacts WHERE customer_id = $1::text::uuid";
    assert!(org.sql().await.query(left, &[&customer]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_deleted_is_restricted_at_a_wish_and_corrected_by_nobody() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, deleted(&org).await);
    let restricting = proved(&dpo, &customer, &json!({"right": "restriction"})).await;
    act(&dpo, &restricting, "complete", &json!({})).await.shows(200);
    super::lift(&dpo, &restricting).await;
    let members = json!({"right": "rectification", "corrections": {"company": "Harbour Ltd"}});
    let correcting = proved(&dpo, &customer, &members).await;
    act(&dpo, &correcting, "complete", &json!({})).await.refuses(409, "customer_deleted");
    assert_eq!(dpo.get(&format!("{PATH}/{correcting}")).await.shows(200).at("/state"), "in_progress");
}

#[tokio::test]
async fn a_consent_of_somebody_who_was_deleted_is_withdrawn_at_their_wish() {
    let org = Org::found().await;
    let (dpo, admin, (customer, _)) = (org.dpo().await, org.admin().await, somebody(&org).await);
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    admin.delete(&path(&customer)).await.shows(204);
    let id = proved(&dpo, &customer, &json!({"right": "withdraw_consent"})).await;
    act(&dpo, &id, "complete", &json!({})).await.refuses(409, "consents_in_force");
    let withdrawn = dpo.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(withdrawn.at("/state"), "withdrawn");
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
}

#[tokio::test]
async fn somebody_who_was_deleted_objects_to_what_was_done_without_consent() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, deleted(&org).await);
    let code = super::effects::legitimate(&dpo).await;
    let id = proved(&dpo, &customer, &json!({"right": "objection", "purposes": [code]})).await;
    let done = act(&dpo, &id, "complete", &json!({})).await.shows(200);
    assert_eq!(done.at("/state"), "completed");
    let sql =
        "SELECT count(*) FROM consents WHERE customer_id = $1::text::uuid AND purpose = $2 AND outcome = 'refused'";
    assert_eq!(org.sql().await.query_one(sql, &[&customer, &code]).await.unwrap().get::<_, i64>(0), 1);
}
