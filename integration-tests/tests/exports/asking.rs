//! Asking, and being allowed.

use serde_json::{Value, json};

use super::{PATH, approve, ask, customers, entries, left, parted, ready, rows, taken, until};
use crate::support::{Org, customer};

#[tokio::test]
async fn a_file_is_asked_for_approved_written_and_taken_away() {
    let org = Org::found().await;
    let ids = customers(&org, 3).await;
    let (manager, admin) = (org.manager().await, org.admin().await);
    let asked = ask(&manager, json!({})).await.shows(201);
    assert_eq!(asked.sent("location"), format!("{PATH}/{}", asked.id()));
    assert_eq!((asked.at("/state"), asked.at("/progress")), (json!("pending"), json!({"done": 0, "total": 3})));
    let request = admin.get(&format!("/v1/access-requests/{}", asked.id())).await.shows(200);
    assert_eq!((request.at("/kind"), request.at("/customer_count")), (json!("export"), json!(3)));
    assert_eq!(request.at("/approver_ids"), json!([admin.id]));
    let approved = approve(&admin, &asked.id()).await.shows(200);
    assert_eq!((approved.at("/state"), approved.at("/grant")), (json!("approved"), json!(null)));
    let export = until(&manager, &asked.id(), "ready").await;
    assert_eq!((export.at("/rows"), export.at("/left_out")), (json!(3), json!({})));
    assert_eq!(export.at("/approver_ids"), json!([admin.id]));
    let job = manager.get(&format!("/v1/jobs/{}", export.text_at("/job_id"))).await.shows(200);
    assert_eq!((job.at("/state"), job.at("/progress/done")), (json!("succeeded"), json!(3)));
    let file = taken(&manager, &export.id()).await;
    let (people, decoys) = parted(&file, &ids);
    assert_eq!((people.len(), decoys.len()), (3, 1));
    assert_eq!(rows(&file)[0], ["id", "name", "mobile", "custodian_export"]);
    assert!(
        rows(&file)[1..].iter().all(|row| row[3] == export.id() && !row[1].is_empty() && row[2].starts_with("'+86"))
    );
    let sum = custodian_crypto::sha256(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((export.at("/sha256"), export.at("/size")), (json!(sum), json!(file.bytes.len())));
    assert_eq!(until(&manager, &export.id(), "downloaded").await.at("/rows"), 3);
    assert_eq!(left(&org).await, [0, 0, 0]);
    told(&org, &export.id(), &sum, &ids).await;
}

/// What the log says of an export of three.
async fn told(org: &Org<'_>, export: &str, sum: &str, customers: &[String]) {
    for (action, facts) in [
        ("exports.create", json!({"format": "csv", "customers": 3})),
        ("exports.prepare", json!({"sha256": sum, "rows": 3, "left_out": 0})),
        ("exports.link", json!({})),
        ("exports.download", json!({"sha256": sum, "rows": 3})),
    ] {
        let found = entries(org, action).await;
        assert_eq!(found.len(), 1, "{action}");
        let details = &found[0]["details"];
        assert_eq!(details["export"], export, "{action}");
        for (name, value) in facts.as_object().unwrap() {
            assert_eq!(&details[name], value, "{action}: {name}");
        }
    }
    let log = org.dpo().await.get(&format!("/v1/customers/{}/access-log", customers[1])).await.shows(200);
    let line = log.at("/data").as_array().unwrap().iter().find(|line| line["action"] == "customers.export").cloned();
    let line = line.expect("each person's own log tells of the file");
    assert_eq!(line["fields"]["read"], json!(["name", "mobile"]), "{line}");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_when_it_is_asked_for() {
    let org = Org::found().await;
    let manager = org.manager().await;
    let faults = async |members: Value| ask(&manager, members).await.refuses(422, "invalid_body").faults();
    let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    assert_eq!(faults(json!({})).await, one("/filter", "matches_nobody"));
    customers(&org, 3).await;
    assert_eq!(faults(json!({"row_limit": 2})).await, one("/row_limit", "matches_more"));
    assert_eq!(faults(json!({"fields": ["name", "shoe_size"]})).await, one("/fields/1", "unknown_field"));
    assert_eq!(faults(json!({"fields": ["name", "name"]})).await, one("/fields/1", "repeated"));
    assert_eq!(faults(json!({"purpose": "curiosity"})).await, one("/purpose", "unknown_purpose"));
    let address = json!({"purpose": "marketing", "fields": ["name", "address"]});
    assert_eq!(faults(address).await, one("/fields/1", "purpose_excludes_field"));
    assert_eq!(faults(json!({"row_limit": 1_000_001})).await[0].0, "/row_limit");
    assert_eq!(faults(json!({"format": "pdf"})).await[0].0, "/format");
    assert_eq!(faults(json!({"reason": "  x  "})).await[0].0, "/reason");
    assert_eq!(
        ask(&manager, json!({"filter": {"stage": "customer"}})).await.faults(),
        one("/filter", "matches_nobody")
    );
    ask(&org.sales_a().await, json!({})).await.refuses(403, "forbidden");
    ask(&org.auditor().await, json!({})).await.refuses(403, "forbidden");
    assert_eq!(left(&org).await, [0, 0, 0], "a refusal leaves nothing");
}

#[tokio::test]
async fn nobody_approves_their_own_file_and_nobody_else_gets_it() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, admin, dpo) = (org.manager().await, org.admin().await, org.dpo().await);
    let id = ask(&manager, json!({})).await.shows(201).id();
    approve(&manager, &id).await.refuses(403, "own_request");
    approve(&dpo, &id).await.refuses(403, "not_the_approver");
    let path = format!("{PATH}/{id}");
    assert_eq!(admin.get(&path).await.shows(200).at("/filter"), json!({}), "who is asked sees what for");
    dpo.get(&path).await.shows(200);
    org.auditor().await.get(&path).await.shows(200);
    org.finance().await.get(&path).await.refuses(404, "not_found");
    assert_eq!(org.finance().await.get(PATH).await.shows(200).at("/data"), json!([]));
    assert_eq!(manager.get(PATH).await.shows(200).at("/data/0/id"), json!(id));
    manager.act(&format!("{path}/link")).await.refuses(409, "export_not_ready");
    approve(&admin, &id).await.shows(200);
    approve(&admin, &id).await.refuses(409, "already_decided");
    until(&manager, &id, "ready").await;
}

#[tokio::test]
async fn a_core_field_takes_two_people_and_an_organisation_may_ask_for_more() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut body = customer();
    body["fields"]["id_number"] = json!("11010519491231002X");
    let customer = asha.post("/v1/customers", &body).await.shows(201).id();
    let (manager, admin, dpo) = (org.manager().await, org.admin().await, org.dpo().await);
    let core = ask(&manager, json!({"fields": ["id_number"], "format": "ndjson"})).await.shows(201).id();
    assert_eq!(approve(&admin, &core).await.shows(200).at("/state"), "pending");
    manager.act(&format!("{PATH}/{core}/link")).await.refuses(409, "export_not_ready");
    approve(&dpo, &core).await.shows(200);
    until(&manager, &core, "ready").await;
    let file = taken(&manager, &core).await;
    let line = file
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["id"] == customer);
    assert_eq!(line.unwrap()["id_number"], "11010519491231002X");
    let policy = json!({"name": "Files", "priority": 1, "conditions": {"kinds": ["export"]}, "steps": [{"approver": "role:dpo"}]});
    admin.post("/v1/approval-policies", &policy).await.shows(201);
    let ruled = ask(&manager, json!({})).await.shows(201).id();
    approve(&admin, &ruled).await.refuses(403, "not_the_approver");
    approve(&dpo, &ruled).await.shows(200);
}

#[tokio::test]
async fn a_no_and_a_step_back_leave_nothing_of_whom_it_was_about() {
    let org = Org::found().await;
    customers(&org, 2).await;
    let (manager, admin) = (org.manager().await, org.admin().await);
    let denied = ask(&manager, json!({})).await.shows(201).id();
    admin.post(&format!("/v1/access-requests/{denied}/deny"), &json!({})).await.shows(200);
    let cancelled = ask(&manager, json!({})).await.shows(201).id();
    org.sales_a().await.act(&format!("/v1/access-requests/{cancelled}/cancel")).await.refuses(404, "not_found");
    manager.act(&format!("/v1/access-requests/{cancelled}/cancel")).await.shows(200);
    for (id, state) in [(&denied, "denied"), (&cancelled, "cancelled")] {
        assert_eq!(manager.get(&format!("{PATH}/{id}")).await.shows(200).at("/state"), state);
        manager.act(&format!("{PATH}/{id}/link")).await.refuses(410, "gone");
        approve(&admin, id).await.refuses(409, "already_decided");
    }
    assert_eq!(left(&org).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_file_that_nobody_takes_away_is_gone_after_a_day() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let hours = "SELECT extract(epoch FROM expires_at - ready_at)::bigint FROM exports";
    assert_eq!(org.sql().await.query_one(hours, &[]).await.unwrap().get::<_, i64>(0), 24 * 3600);
    let token = super::token(&manager, &export.id()).await;
    let sql = org.sql().await;
    sql.execute("UPDATE exports SET expires_at = clock_timestamp()", &[]).await.unwrap();
    super::download(&manager, &export.id(), &token).await.refuses(410, "gone");
    manager.act(&format!("{PATH}/{}/link", export.id())).await.refuses(410, "gone");
    assert_eq!(manager.get(&format!("{PATH}/{}", export.id())).await.shows(200).at("/state"), "expired");
    let look = "UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid";
    sql.execute(look, &[&export.id()]).await.unwrap();
    let begun = std::time::Instant::now();
    while left(&org).await != [0, 0, 0] {
        assert!(begun.elapsed() < super::PATIENCE, "the file stays");
    }
    assert_eq!(entries(&org, "exports.expire").await.len(), 1);
}
