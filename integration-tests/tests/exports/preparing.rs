//! Who is in a file is decided when it is written, and once more when it leaves.

use serde_json::{Value, json};

use super::{PATH, approve, ask, customers, entries, left, parted, ready, taken, token, until};
use crate::consents::agreed;
use crate::support::{Org, Person};

/// Who of these is in the file of an export.
async fn within(person: &Person, export: &str, customers: &[String]) -> Vec<String> {
    let (people, decoys) = parted(&taken(person, export).await, customers);
    assert_eq!(decoys.len(), 1);
    people.into_iter().map(|row| row[0].clone()).collect()
}

async fn restrict(org: &Org<'_>, customer: &str) {
    let restrict = "UPDATE customers SET restricted = true WHERE id = $1::text::uuid";
    org.sql().await.execute(restrict, &[&customer]).await.unwrap();
}

#[tokio::test]
async fn what_changed_between_asking_and_writing_counts_and_is_told() {
    let org = Org::found().await;
    let ids = customers(&org, 5).await;
    let (manager, admin) = (org.manager().await, org.admin().await);
    let id = ask(&manager, json!({"fields": ["name"]})).await.shows(201).id();
    let later = customers(&org, 1).await;
    admin.delete(&format!("/v1/customers/{}", ids[0])).await.shows(204);
    restrict(&org, &ids[1]).await;
    let elsewhere = json!({"department_id": org.department_id("Services"), "owner_id": org.user_id("support")});
    admin.patch(&format!("/v1/customers/{}", ids[2]), &elsewhere).await.shows(200);
    approve(&admin, &id).await.shows(200);
    let export = until(&manager, &id, "ready").await;
    assert_eq!(export.at("/left_out"), json!({"gone": 1, "restricted": 1, "outside_scope": 1}));
    assert_eq!(export.at("/rows"), 2);
    assert_eq!(entries(&org, "exports.prepare").await[0]["details"]["left_out"], 3);
    let all: Vec<String> = ids.iter().chain(&later).cloned().collect();
    assert_eq!(within(&manager, &id, &all).await, ids[3..], "nor anybody who came later");
}

#[tokio::test]
async fn who_has_not_agreed_to_the_purpose_is_not_in_its_file() {
    let org = Org::found().await;
    let ids = customers(&org, 3).await;
    let (asha, dpo, manager, admin) = (org.sales_a().await, org.dpo().await, org.manager().await, org.admin().await);
    let given = agreed(&asha, &dpo, &ids[0]).await;
    agreed(&asha, &dpo, &ids[1]).await;
    let id = ask(&manager, json!({"purpose": "marketing"})).await.shows(201).id();
    asha.post(&format!("/v1/consents/{given}/withdraw"), &json!({})).await.shows(200);
    approve(&admin, &id).await.shows(200);
    let export = until(&manager, &id, "ready").await;
    assert_eq!((export.at("/rows"), export.at("/left_out")), (json!(1), json!({"no_consent": 2})));
    assert_eq!(within(&manager, &id, &ids).await, ids[1..2]);
}

#[tokio::test]
async fn a_file_with_somebody_who_withdrew_since_does_not_leave_but_is_written_anew() {
    let org = Org::found().await;
    let ids = customers(&org, 3).await;
    let (asha, dpo) = (org.sales_a().await, org.dpo().await);
    let mut consents = Vec::new();
    for id in &ids {
        consents.push(agreed(&asha, &dpo, id).await);
    }
    let (manager, export) = ready(&org, json!({"purpose": "marketing"})).await;
    let (path, before) = (format!("{PATH}/{}", export.id()), export.at("/expires_at"));
    let stale = token(&manager, &export.id()).await;
    asha.post(&format!("/v1/consents/{}/withdraw", consents[1]), &json!({})).await.shows(200);
    super::download(&manager, &export.id(), &stale).await.refuses(409, "export_not_ready");
    let anew = until(&manager, &export.id(), "ready").await;
    assert_eq!((anew.at("/rows"), anew.at("/left_out")), (json!(2), json!({"no_consent": 1})));
    assert_eq!(anew.at("/expires_at"), before, "nobody lengthens its time so");
    super::download(&manager, &export.id(), &stale).await.refuses(404, "not_found");
    assert_eq!(within(&manager, &export.id(), &ids).await, [ids[0].clone(), ids[2].clone()]);
    manager.act(&format!("{path}/link")).await.refuses(410, "gone");
}

#[tokio::test]
async fn who_is_deleted_or_restricted_while_a_file_waits_to_be_fetched_does_not_leave_with_it() {
    let org = Org::found().await;
    let ids = customers(&org, 3).await;
    let (manager, export) = ready(&org, json!({"fields": ["name"]})).await;
    let early = token(&manager, &export.id()).await;
    org.admin().await.delete(&format!("/v1/customers/{}", ids[0])).await.shows(204);
    let refused = super::download(&manager, &export.id(), &early).await;
    assert!([404, 409].contains(&refused.status), "not ready, or ready anew under another link: {refused}");
    let without = until(&manager, &export.id(), "ready").await;
    assert_eq!((without.at("/rows"), without.at("/left_out")), (json!(2), json!({"gone": 1})), "written anew at once");
    restrict(&org, &ids[1]).await;
    let late = token(&manager, &export.id()).await;
    super::download(&manager, &export.id(), &late).await.refuses(409, "export_not_ready");
    let anew = until(&manager, &export.id(), "ready").await;
    assert_eq!(anew.at("/left_out"), json!({"gone": 1, "restricted": 1}));
    assert_eq!(within(&manager, &export.id(), &ids).await, ids[2..]);
}

#[tokio::test]
async fn rights_that_the_requester_lost_before_it_is_written_are_not_used() {
    let org = Org::found().await;
    customers(&org, 2).await;
    let (manager, finance, admin) = (org.manager().await, org.finance().await, org.admin().await);
    let (theirs, hers) =
        (ask(&finance, json!({})).await.shows(201).id(), ask(&manager, json!({})).await.shows(201).id());
    admin.act(&format!("/v1/users/{}/suspend", finance.id)).await.shows(200);
    approve(&admin, &theirs).await.shows(200);
    until(&admin, &theirs, "failed").await;
    let offboard = json!({"successor_id": org.user_id("sales_c")});
    approve(&admin, &hers).await.shows(200);
    until(&admin, &hers, "ready").await;
    admin.post(&format!("/v1/users/{}/offboard", manager.id), &offboard).await.shows(200);
    until(&admin, &hers, "expired").await;
    assert_eq!(left(&org).await, [0, 0, 0], "a leaver's files go with the leaver");
    let failed: Vec<Value> = entries(&org, "exports.fail").await;
    assert_eq!((failed.len(), &failed[0]["details"]["code"]), (1, &json!("requester_inactive")));
    let told = crate::events::told(&*org.dpo().await, "type=exports.ended,exports.ready").await;
    assert!(told["data"]["export_id"].is_string(), "{told}");
}

#[tokio::test]
async fn what_roles_mask_is_whole_in_an_approved_file_and_what_the_purpose_closes_is_not_in_it() {
    let org = Org::found().await;
    let ids = customers(&org, 1).await;
    let (marketing, admin, dpo) = (org.marketing().await, org.admin().await, org.dpo().await);
    let shown = marketing.get(&format!("/v1/customers/{}", ids[0])).await.shows(200);
    assert_eq!(shown.at("/field_access/mobile/view"), "masked");
    let id = ask(&marketing, json!({})).await.shows(201).id();
    approve(&admin, &id).await.shows(200);
    until(&marketing, &id, "ready").await;
    // The purpose comes to leave the mobile out before the file is taken away, and after it was approved.
    let (people, _) = parted(&taken(&marketing, &id).await, &ids);
    assert!(people[0][2].starts_with("'+86138"), "{people:?}");
    let second = ask(&marketing, json!({})).await.shows(201).id();
    let purposes = dpo.get("/v1/purposes?limit=200").await.shows(200);
    let care = purposes.at("/data").as_array().unwrap().iter().find(|one| one["code"] == "care").unwrap()["id"].clone();
    dpo.patch(&format!("/v1/purposes/{}", care.as_str().unwrap()), &json!({"fields": ["name"]})).await.shows(200);
    approve(&admin, &second).await.shows(200);
    until(&marketing, &second, "ready").await;
    let (people, _) = parted(&taken(&marketing, &second).await, &ids);
    assert_eq!(people[0][2], "", "{people:?}");
}
