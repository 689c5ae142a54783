//! Copies in what is kept of those who stay: in their past, which a change of the field leaves, and where nobody can change anything. Whoever may erase takes
//! them out by the finding that names them.

use serde_json::{Value, json};

use super::{certified, erase, round};
use crate::attachments::{document, hang};
use crate::customers::merge::merge;
use crate::customers::path;
use crate::events::{all, told};
use crate::records::enter;
use crate::retention::hold;
use crate::support::{Org, Person};

/// What a colleague typed about somebody else's number.
fn typed(number: &str) -> String {
    format!("her husband, 139-7777 {number}, after six")
}

/// Somebody with this number, who was not erased yet, and somebody else.
async fn two(sales: &Person, number: &str, note: Value) -> (String, String) {
    let gone = json!({"fields": {"name": "Li Lei", "mobile": format!("1397777{number}")}});
    let gone = sales.post("/v1/customers", &gone).await.shows(201).id();
    let other = json!({"fields": {"name": "Han Mei", "notes": note}});
    (gone, sales.post("/v1/customers", &other).await.shows(201).id())
}

/// What the sweep found of an erasure once two rounds have looked.
async fn findings(org: &Org<'_>, dpo: &Person, erasure: &str) -> Value {
    for _ in 0..2 {
        round(org).await;
    }
    dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200).at("/findings")
}

fn clearing(erasure: &str) -> String {
    format!("/v1/erasures/{erasure}/clear-finding")
}

#[tokio::test]
async fn a_copy_in_an_old_version_is_named_by_it_cleared_and_then_there_is_a_certificate() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0401", json!(typed("0401"))).await;
    sales.patch(&path(&other), &json!({"fields": {"notes": "likes tea"}})).await.shows(200);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let found =
        json!([{"place": "customers", "customer_id": other, "field": "notes", "version": 2, "kind": "identifier"}]);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    // Another change only adds to the past.
    sales.patch(&path(&other), &json!({"fields": {"notes": "likes coffee"}})).await.shows(200);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    let wish = json!({"customer_id": other, "field": "notes", "version": 2, "reason": "a copy of the erased"});
    dpo.post(&clearing(&erasure), &wish).await.shows(204);
    dpo.post(&clearing(&erasure), &wish).await.refuses(422, "invalid_body");
    let history = sales.get(&format!("{}/history", path(&other))).await.shows(200);
    assert!(!history.text().contains("husband"), "{history}");
    let versions = history.at("/data");
    assert_eq!(versions.as_array().unwrap().len(), 3, "every version stays: {history}");
    assert!(history.text().contains("likes tea"), "and what nobody found stays in it: {history}");
    let note = sales.get(&path(&other)).await.shows(200).at("/fields/notes");
    assert_eq!(note, "likes coffee");
    certified(&org, &dpo, &erasure).await;
    dpo.get(&format!("/v1/erasures/{erasure}/certificate")).await.shows(200);
    let entries = org.auditor().await.get("/v1/audit/entries?action=erasures.clear").await.shows(200);
    let entry = entries.at("/data/0");
    assert_eq!(entries.at("/data").as_array().unwrap().len(), 1, "what did nothing is not told as done: {entries}");
    assert_eq!((&entry["customer"], &entry["details"]["erasure"]), (&json!(other), &json!(erasure)), "{entry}");
    assert_eq!((&entry["details"]["changed"], &entry["details"]["version"]), (&json!(["notes"]), &json!(2)));
}

#[tokio::test]
async fn a_copy_in_an_old_version_of_a_record_is_cleared_too_unless_a_hold_keeps_it() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0402", json!("likes tea")).await;
    let call = json!({"channel": "phone", "occurred_at": "2026-11-20T08:00:00Z", "summary": typed("0402")});
    let call = enter(&sales, &other, "interaction", call).await.shows(201).id();
    let at = crate::records::path("interaction", &call);
    sales.patch(&at, &json!({"fields": {"summary": "call back"}})).await.shows(200);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let found = json!([{"place": "records", "customer_id": other, "record_type": "interaction", "record_id": call,
        "field": "summary", "version": 2, "kind": "identifier"}]);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    let wish = json!({"customer_id": other, "record_id": call, "field": "summary", "version": 2, "reason": "a copy of the erased"});
    let held = hold(&dpo, &other, json!({})).await.id();
    let refused = dpo.post(&clearing(&erasure), &wish).await.refuses(409, "legal_hold");
    assert!(refused.text().contains(&held), "whoever reads it learns whom to ask");
    assert_eq!(findings(&org, &dpo, &erasure).await, found, "what must be kept is kept");
    let because = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{held}/release"), &because).await.shows(200);
    dpo.post(&clearing(&erasure), &wish).await.shows(204);
    let history = sales.get(&format!("{at}/history")).await.shows(200);
    assert_eq!(history.at("/data").as_array().unwrap().len(), 2);
    assert!(!history.text().contains("husband"), "{history}");
    assert_eq!(sales.get(&at).await.shows(200).at("/fields/summary"), "call back");
    certified(&org, &dpo, &erasure).await;
}

#[tokio::test]
async fn what_no_finding_names_is_not_cleared_and_nobody_else_clears_anything() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0403", json!("likes tea")).await;
    for note in [typed("0403"), "likes coffee".to_owned()] {
        sales.patch(&path(&other), &json!({"fields": {"notes": note}})).await.shows(200);
    }
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let wish = json!({"customer_id": other, "field": "notes", "version": 3, "reason": "a copy of the erased"});
    dpo.post(&clearing(&erasure), &wish).await.refuses(422, "invalid_body");
    assert_eq!(findings(&org, &dpo, &erasure).await[0]["version"], 3, "once somebody looked");
    let unlike = |member: &str, value: Value| {
        let mut other = wish.clone();
        other[member] = value;
        other
    };
    for wrong in [
        unlike("version", json!(2)),
        unlike("version", Value::Null),
        unlike("field", json!("name")),
        unlike("field", Value::Null),
        unlike("customer_id", json!(gone)),
        unlike("record_id", json!(other)),
        unlike("attachment_id", json!(other)),
    ] {
        let refused = dpo.post(&clearing(&erasure), &wrong).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/version".to_owned(), "unknown_finding".to_owned())], "{wrong}");
    }
    let typed = unlike("reason", json!("it is 139-7777 0403 again"));
    let refused = dpo.post(&clearing(&erasure), &typed).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/reason".to_owned(), "personal_value".to_owned())]);
    for person in [&sales, &org.auditor().await] {
        person.post(&clearing(&erasure), &wish).await.refuses(403, "forbidden");
    }
    Org::found().await.dpo().await.post(&clearing(&erasure), &wish).await.refuses(404, "not_found");
    let history = sales.get(&format!("{}/history", path(&other))).await.shows(200);
    assert!(history.text().contains("7777 0403") && history.text().contains("likes tea"), "{history}");
}

#[tokio::test]
async fn a_copy_in_a_value_of_somebody_deleted_is_taken_away_unless_a_hold_keeps_it() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0404", json!(typed("0404"))).await;
    let call = json!({"channel": "phone", "occurred_at": "2026-11-20T08:00:00Z", "summary": typed("0404")});
    let call = enter(&sales, &other, "interaction", call).await.shows(201).id();
    admin.delete(&crate::records::path("interaction", &call)).await.shows(204);
    admin.delete(&path(&other)).await.shows(204);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let found = json!([{"place": "customers", "customer_id": other, "field": "notes", "kind": "identifier"},
        {"place": "records", "customer_id": other, "record_type": "interaction", "record_id": call, "field": "summary", "kind": "identifier"}]);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    admin.patch(&path(&other), &json!({"fields": {"notes": "likes tea"}})).await.refuses(404, "not_found");
    let wish = json!({"customer_id": other, "field": "notes", "reason": "a copy of the erased"});
    let in_record =
        json!({"customer_id": other, "record_id": call, "field": "summary", "reason": "a copy of the erased"});
    let held = hold(&dpo, &other, json!({})).await.id();
    for wish in [&wish, &in_record] {
        dpo.post(&clearing(&erasure), wish).await.refuses(409, "legal_hold");
    }
    let because = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{held}/release"), &because).await.shows(200);
    for wish in [&wish, &in_record] {
        dpo.post(&clearing(&erasure), wish).await.shows(204);
        dpo.post(&clearing(&erasure), wish).await.refuses(422, "invalid_body");
    }
    certified(&org, &dpo, &erasure).await;
    dpo.get(&format!("/v1/erasures/{erasure}/certificate")).await.shows(200);
    let entries =
        org.auditor().await.get(&format!("/v1/audit/entries?customer_id={other}")).await.shows(200).at("/data");
    let of = |action: &str| -> Vec<Value> {
        entries.as_array().unwrap().iter().filter(|entry| entry["action"] == action).cloned().collect()
    };
    assert_eq!(of("erasures.clear").len(), 2, "{entries}");
    let vouches = of("customers.update")[0]["details"].clone();
    assert_eq!((&vouches["changed"], &vouches["erasure"]), (&json!(["notes"]), &json!(erasure)));
    assert!(vouches["digest"].is_string(), "the row as it is now is vouched for: {vouches}");
}

/// Has the processing of somebody's data restricted, as they asked.
async fn restrict(dpo: &Person, customer: &str) {
    let asked = json!({"right": "restriction", "jurisdiction": "EU", "channel": "phone", "customer_id": customer});
    let id = dpo.post("/v1/privacy-requests", &asked).await.shows(201).id();
    let path = format!("/v1/privacy-requests/{id}");
    dpo.post(&format!("{path}/verify"), &json!({"method": "document"})).await.shows(200);
    dpo.post(&format!("{path}/complete"), &json!({})).await.shows(200);
}

#[tokio::test]
async fn a_copy_in_a_note_or_the_name_of_a_file_of_somebody_restricted_is_taken_away() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0405", json!(typed("0405"))).await;
    let kept = hang(&sales, &other, "contract.pdf", &document(100)).await.shows(201).sent("location");
    let file = hang(&sales, &other, "scan 13977770405.pdf", &document(100)).await.shows(201);
    restrict(&dpo, &other).await;
    sales.patch(&path(&other), &json!({"fields": {"notes": "likes tea"}})).await.refuses(409, "customer_restricted");
    sales.delete(&file.sent("location")).await.refuses(409, "customer_restricted");
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let found = json!([{"place": "customers", "customer_id": other, "field": "notes", "kind": "identifier"},
        {"place": "attachments", "customer_id": other, "attachment_id": file.id(), "kind": "identifier"}]);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    let wish = json!({"customer_id": other, "attachment_id": file.id(), "reason": "a copy of the erased"});
    let mut innocent = wish.clone();
    innocent["attachment_id"] = json!(kept.rsplit('/').next().unwrap());
    dpo.post(&clearing(&erasure), &innocent).await.refuses(422, "invalid_body");
    dpo.post(&clearing(&erasure), &wish).await.shows(204);
    dpo.post(&clearing(&erasure), &wish).await.refuses(422, "invalid_body");
    let sql = org.sql().await;
    for (query, left) in
        [("SELECT count(*) FROM attachments", 1), ("SELECT count(DISTINCT attachment_id) FROM attachment_chunks", 1)]
    {
        assert_eq!(sql.query_one(query, &[]).await.unwrap().get::<_, i64>(0), left, "{query}");
    }
    let wish = json!({"customer_id": other, "field": "notes", "reason": "a copy of the erased"});
    dpo.post(&clearing(&erasure), &wish).await.shows(204);
    certified(&org, &dpo, &erasure).await;
    let seen = sales.get(&path(&other)).await.shows(200);
    assert!(seen.at("/fields/notes").is_null() && !seen.at("/fields/name").is_null(), "{seen}");
}

#[tokio::test]
async fn what_was_changed_since_the_sweep_is_no_copy_and_stays() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0406", json!(typed("0406"))).await;
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    assert_eq!(findings(&org, &dpo, &erasure).await[0]["field"], "notes");
    sales.patch(&path(&other), &json!({"fields": {"notes": "likes tea"}})).await.shows(200);
    let wish = json!({"customer_id": other, "field": "notes", "reason": "a copy of the erased"});
    let refused = dpo.post(&clearing(&erasure), &wish).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/version".to_owned(), "unknown_finding".to_owned())]);
    assert_eq!(sales.get(&path(&other)).await.shows(200).at("/fields/notes"), "likes tea");
    assert_eq!(findings(&org, &dpo, &erasure).await[0]["version"], 2, "the next sweep names the version");
}

/// Somebody with notes of their own, so that a merge takes nothing over.
async fn enters(person: &Person, name: &str, note: &str) -> String {
    person.post("/v1/customers", &json!({"fields": {"name": name, "notes": note}})).await.shows(201).id()
}

/// The copy in the notes of somebody, as they are now.
fn in_notes(customer: &str) -> Value {
    json!({"customer_id": customer, "field": "notes", "reason": "a copy of the erased"})
}

#[tokio::test]
async fn a_hold_on_whoever_somebody_is_by_now_keeps_what_is_left_of_them() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0407", json!(typed("0407"))).await;
    let stays = enters(&sales, "Han Meimei", "likes tea").await;
    merge(&sales, &stays, &other).await.shows(200);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    let found = json!([{"place": "customers", "customer_id": other, "field": "notes", "kind": "identifier"}]);
    assert_eq!(findings(&org, &dpo, &erasure).await, found);
    let held = hold(&dpo, &stays, json!({})).await.id();
    let refused = dpo.post(&clearing(&erasure), &in_notes(&other)).await.refuses(409, "legal_hold");
    assert!(refused.text().contains(&held), "whoever reads it learns whom to ask");
    assert_eq!(findings(&org, &dpo, &erasure).await, found, "what must be kept is kept");
    let because = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{held}/release"), &because).await.shows(200);
    dpo.post(&clearing(&erasure), &in_notes(&other)).await.shows(204);
    certified(&org, &dpo, &erasure).await;
    assert_eq!(sales.get(&path(&stays)).await.shows(200).at("/fields/notes"), "likes tea");
}

#[tokio::test]
async fn who_does_not_reach_whoever_somebody_is_by_now_clears_nothing_of_them() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let (gone, other) = two(&sales, "0408", json!(typed("0408"))).await;
    let near = enters(&sales, "Wang Wu", &typed("0408")).await;
    let stays = enters(&org.sales_b().await, "Han Meimei", "likes tea").await;
    merge(&org.manager().await, &stays, &other).await.shows(200);
    let role = json!({"code": "eraser", "labels": {"en": "Eraser", "zh": "删除员"}, "permissions": ["erasures.request"],
        "data_scope": "department"});
    admin.post("/v1/roles", &role).await.shows(201);
    let clerk = format!("/v1/users/{}", org.user_id("sales_c"));
    admin.patch(&clerk, &json!({"role_ids": ["eraser"]})).await.shows(200);
    let clerk = org.sales_c().await;
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    assert_eq!(findings(&org, &dpo, &erasure).await.as_array().unwrap().len(), 2);
    clerk.post(&clearing(&erasure), &in_notes(&other)).await.refuses(404, "not_found");
    clerk.post(&clearing(&erasure), &in_notes(&near)).await.shows(204);
    assert_eq!(findings(&org, &dpo, &erasure).await[0]["customer_id"], json!(other), "of the other one it is there");
    dpo.post(&clearing(&erasure), &in_notes(&other)).await.shows(204);
    certified(&org, &dpo, &erasure).await;
}

#[tokio::test]
async fn nobody_hears_of_a_change_of_somebody_who_was_deleted_or_merged_away() {
    let org = Org::found().await;
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let (gone, deleted) = two(&sales, "0409", json!(typed("0409"))).await;
    let merged = enters(&sales, "Han Meimei", &typed("0409")).await;
    let stays = enters(&sales, "Han Meimei", "likes tea").await;
    let in_use = enters(&sales, "Wang Wu", &typed("0409")).await;
    merge(&sales, &stays, &merged).await.shows(200);
    admin.delete(&path(&deleted)).await.shows(204);
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    assert_eq!(findings(&org, &dpo, &erasure).await.as_array().unwrap().len(), 3);
    for customer in [&deleted, &merged, &in_use] {
        dpo.post(&clearing(&erasure), &in_notes(customer)).await.shows(204);
    }
    // The last one is heard of, and so everything before it could be.
    let news = |customer: &str| format!("type=customers.updated&customer_id={customer}");
    assert_eq!(told(&sales, &news(&in_use)).await["data"]["fields"], json!(["notes"]));
    for customer in [&deleted, &merged] {
        assert_eq!(all(&sales, &news(customer)).await, Vec::<Value>::new());
        let log = org.auditor().await.get(&format!("/v1/audit/entries?customer_id={customer}&action=customers.update"));
        let log = log.await.shows(200).at("/data");
        assert_eq!(log[0]["details"]["erasure"], json!(erasure), "on record it is all the same: {log}");
    }
    certified(&org, &dpo, &erasure).await;
}
