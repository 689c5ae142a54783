//! Who is kept from a file although they may see something of its customer, and what of it is handed to the person.

use serde_json::json;

use super::{document, hang};
use crate::audit::Ledger;
use crate::customers::{path, whole};
use crate::support::Org;

#[tokio::test]
async fn a_right_to_some_fields_or_a_purpose_of_some_opens_no_file() {
    let org = Org::found().await;
    let (asha, ben, manager, dpo) = (org.sales_a().await, org.sales_b().await, org.manager().await, org.dpo().await);
    let id = org.customer_of(&asha).await;
    let file = hang(&asha, &id, "a.pdf", &document(100)).await.shows(201).sent("location");
    let ask = json!({"kind": "fields", "customer_ids": [id], "fields": ["mobile"], "reason": "Standing in for Asha", "duration_minutes": 60});
    let request = ben.post("/v1/access-requests", &ask).await.shows(201).id();
    manager.post(&format!("/v1/access-requests/{request}/approve"), &json!({})).await.shows(200);
    ben.get(&path(&id)).await.shows(200);
    ben.get(&file).await.refuses(404, "not_found");
    ben.get(&format!("{file}/content")).await.refuses(404, "not_found");
    hang(&ben, &id, "b.pdf", &document(100)).await.refuses(404, "not_found");
    let code = crate::house::fresh_code();
    let purpose = json!({"code": code, "labels": {"en": "Delivery", "zh": "配送"}, "description": "Bringing what was bought.",
        "legal_basis": "cn_contract", "consent_kind": "none", "fields": ["name", "address"], "methods": ["use"], "jurisdictions": ["CN"]});
    dpo.post("/v1/purposes", &purpose).await.shows(201);
    for at in [file.clone(), format!("{file}/content"), format!("{}/attachments", path(&id))] {
        asha.request("GET", &at).header("processing-purpose", &code).await.refuses(403, "field_hidden");
    }
    asha.request("DELETE", &file)
        .header("processing-purpose", &code)
        .header("if-match", "*")
        .await
        .refuses(403, "field_hidden");
    for role in [org.finance().await, org.support().await] {
        role.get(&format!("{file}/content")).await.refuses(403, "forbidden");
    }
    asha.get(&format!("{file}/content")).await.shows(200);
}

#[tokio::test]
async fn of_somebody_restricted_no_file_is_touched_and_of_somebody_archived_it_is() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let id = org.customer_of(&asha).await;
    let file = hang(&asha, &id, "a.pdf", &document(100)).await.shows(201).sent("location");
    asha.post(&format!("{}/archive", path(&id)), &json!({"reason": "Nothing for years"})).await.shows(200);
    asha.get(&format!("{file}/content")).await.shows(200);
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    crate::retention::hold(&dpo, &id, term).await;
    crate::erasures::erase(&dpo, &id).await.shows(202);
    for at in [file.clone(), format!("{file}/content"), format!("{}/attachments", path(&id))] {
        dpo.get(&at).await.refuses(409, "customer_restricted");
    }
    hang(&dpo, &id, "b.pdf", &document(100)).await.refuses(409, "customer_restricted");
    dpo.request("DELETE", &file).header("if-match", "*").await.refuses(409, "customer_restricted");
}

#[tokio::test]
async fn a_retry_hangs_one_file_and_a_change_of_it_is_no_retry() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let at = format!("{}/attachments", path(&id));
    let send = async |bytes: &[u8]| {
        let (media, body) = super::form("a.pdf", bytes);
        asha.request("POST", &at).body(&media, body).header("idempotency-key", "one-scan").await
    };
    let first = send(&document(100)).await.shows(201).id();
    assert_eq!(send(&document(100)).await.shows(201).id(), first);
    send(&document(101)).await.refuses(422, "idempotency_key_reused");
    let sql = org.sql().await;
    let pieces = sql.query("SELECT DISTINCT attachment_id FROM attachment_chunks", &[]).await.unwrap();
    assert_eq!(pieces.len(), 1, "what was sent again is not kept twice");
    assert_eq!(asha.get(&at).await.shows(200).at("/data").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_a_record_is_of_the_same_customer_and_each_look_names_its_entry() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let (id, other) = (org.customer_of(&asha).await, org.customer_of(&asha).await);
    let call = crate::records::call_on("2026-03-11");
    let record = crate::records::enter(&asha, &other, "interaction", call).await.shows(201).id();
    let part = |record: &str| {
        let head = format!("--edge\r\nContent-Disposition: form-data; name=\"record_id\"\r\n\r\n{record}\r\n");
        let (media, body) = super::form("a.txt", b"minutes of the call");
        (media, [head.as_bytes(), &body].concat())
    };
    for (wrong, code) in [(record.as_str(), "unknown_record"), ("no-id", "invalid_id")] {
        let (media, body) = part(wrong);
        let refused = asha.request("POST", &format!("{}/attachments", path(&id))).body(&media, body).await;
        assert_eq!(refused.refuses(422, "invalid_body").faults(), [("/record_id".to_owned(), code.to_owned())]);
    }
    let (media, body) = part(&record);
    let made = asha.request("POST", &format!("{}/attachments", path(&other))).body(&media, body).await.shows(201);
    assert_eq!(made.at("/record_id"), json!(record));
    let mut ledger = Ledger::of(&org).await;
    let taken = asha.get(&format!("{}/content", made.sent("location"))).await.shows(200);
    let entry = ledger.only().await;
    assert_eq!(
        (taken.sent("audit-id"), &entry["action"]),
        (entry["id"].as_str().unwrap().to_owned(), &json!("attachments.download"))
    );
}

#[tokio::test]
async fn a_name_that_holds_somebody_who_was_erased_keeps_them_from_being_certified() {
    let org = Org::found().await;
    let (dpo, asha) = (org.dpo().await, org.sales_a().await);
    let gone = asha.post("/v1/customers", &whole(401)).await.shows(201).id();
    let mobile = crate::customers::values(401).into_iter().find(|(field, _)| *field == "mobile").unwrap().1;
    let stays = org.customer_of(&asha).await;
    let name = format!("scan {}.pdf", mobile.trim_start_matches("+86"));
    let file = hang(&asha, &stays, &name, &document(100)).await.shows(201).sent("location");
    let erasure = crate::erasures::erase(&dpo, &gone).await.shows(202).id();
    crate::erasures::round(&org).await;
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    let id = file.rsplit('/').next().unwrap();
    let found = json!([{"place": "attachments", "customer_id": stays, "attachment_id": id, "kind": "identifier"}]);
    assert_eq!(told.at("/findings"), found, "{told}");
    asha.request("DELETE", &file).header("if-match", "*").await.shows(204);
    let told = crate::erasures::certified(&org, &dpo, &erasure).await;
    assert_eq!(told.at("/findings"), json!([]));
}

#[tokio::test]
async fn of_somebody_whom_a_hold_binds_no_file_is_deleted_before_it_ends() {
    let org = Org::found().await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let id = org.customer_of(&asha).await;
    let file = hang(&asha, &id, "a.pdf", &document(100)).await.shows(201).sent("location");
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    for members in [json!({}), term] {
        let held = crate::retention::hold(&dpo, &id, members).await.id();
        let refused = asha.delete(&file).await.refuses(409, "legal_hold");
        assert!(refused.text().contains(&held), "whoever reads it learns whom to ask");
        asha.get(&format!("{file}/content")).await.shows(200);
        let because = json!({"reason": "the case was settled"});
        dpo.post(&format!("/v1/legal-holds/{held}/release"), &because).await.shows(200);
    }
    asha.delete(&file).await.shows(204);
}
