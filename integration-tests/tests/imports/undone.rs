//! Undoing a whole import: what it made goes, what it changed comes back, and what somebody changed since stays and is told.

use serde_json::{Value, json};

use super::{Form, by_number, counts, finished, total};
use crate::audit::Ledger;
use crate::support::{Answer, Org, Person};

async fn imported(person: &Person, file: &str, mode: &str) -> String {
    let mapping = json!({"no": "customer_no", "name": "name", "phone": "mobile", "stage": "stage"});
    let handed = Form::csv(&mapping, file).part("mode", mode).hand_in(person).await.shows(202);
    assert_eq!(finished(person, &handed.sent("location")).await["state"], "succeeded");
    handed.id()
}

async fn undo(person: &Person, id: &str) -> Answer {
    person.act(&format!("/v1/imports/{id}/undo")).await
}

async fn undone(person: &Person, id: &str) -> Value {
    let job = undo(person, id).await.shows(202).sent("location");
    finished(person, &job).await
}

#[tokio::test]
async fn what_it_made_goes_what_it_changed_comes_back_and_what_was_changed_since_stays() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    imported(&sales, "no,name,phone,stage\nU1,张三,13800000001,lead\nU2,李四,13800000002,lead\n", "create").await;
    let file =
        "no,name,phone,stage\nU1,张大,13900000001,customer\nU2,李大,,\nU3,王五,13800000003,\nU4,赵六,,\nU5,孙七,,\n";
    let id = imported(&sales, file, "upsert").await;
    let at = |customer: &Value| format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let (second, fourth, fifth) =
        (by_number(&sales, "U2").await, by_number(&sales, "U4").await, by_number(&sales, "U5").await);
    sales.patch(&at(&second), &json!({"fields": {"name": "李小"}})).await.shows(200);
    sales.patch(&at(&fourth), &json!({"stage": "prospect"})).await.shows(200);
    let call = crate::records::call_on("2026-03-11");
    crate::records::enter(&sales, fifth["id"].as_str().unwrap(), "interaction", call).await.shows(201);
    let mut ledger = Ledger::of(&org).await;
    let job = undone(&sales, &id).await;
    assert_eq!((&job["state"], &job["kind"]), (&json!("succeeded"), &json!("import_undo")));
    assert_eq!((&job["result"]["undone"], &job["result"]["kept"]), (&json!(2), &json!(3)));
    let first = by_number(&sales, "U1").await;
    assert_eq!(
        (&first["fields"]["name"], &first["stage"], &first["version"]),
        (&json!("张三"), &json!("lead"), &json!(3))
    );
    let shown = super::revealed(&sales, &first["id"], &["mobile"]).await;
    assert_eq!(shown["mobile"], "+8613800000001");
    assert_eq!(by_number(&sales, "U2").await["fields"]["name"], "李小");
    assert_eq!(total(&sales).await, 4, "the third, which nobody touched, is gone");
    let listed = sales.get(&format!("/v1/imports/{id}/kept")).await.shows(200);
    let mut codes: Vec<(Value, Value, Value)> = listed
        .at("/data")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].clone(), one["made"].clone(), one["code"].clone()))
        .collect();
    codes.sort_by_key(|(id, ..)| id.to_string());
    let mut expected = vec![
        (second["id"].clone(), json!(false), json!("changed_since")),
        (fourth["id"].clone(), json!(true), json!("changed_since")),
        (fifth["id"].clone(), json!(true), json!("has_records")),
    ];
    expected.sort_by_key(|(id, ..)| id.to_string());
    assert_eq!(codes, expected);
    let actions: Vec<Value> = ledger.new_entries().await.into_iter().map(|entry| entry["action"].clone()).collect();
    assert!(["imports.undo", "customers.delete", "customers.update"].iter().all(|one| actions.contains(&json!(one))));
    undo(&sales, &id).await.refuses(409, "already_undone");
    let again = imported(&sales, "no,name,phone,stage\nU3,王五,13800000003,\n", "create").await;
    assert_eq!(undone(&sales, &again).await["result"]["undone"], 1, "its number is free again, twice");
}

#[tokio::test]
async fn records_go_and_come_back_as_well() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    super::records::numbered(&sales, &["A-1", "A-2"]).await;
    let mapping = json!({"no": "customer_no", "how": "channel", "when": "occurred_at"});
    let file = "no,how,when\nA-1,phone,2026-03-11T08:00:00Z\nA-1,visit,2026-03-12T08:00:00Z\n";
    let handed = Form::csv(&mapping, file).part("record_type", "interaction").hand_in(&sales).await.shows(202);
    finished(&sales, &handed.sent("location")).await;
    let listed = sales.get("/v1/records/interaction").await.shows(200);
    let visit = listed.at("/data/0/id");
    let path = crate::records::path("interaction", visit.as_str().unwrap());
    sales.patch(&path, &json!({"fields": {"summary": "nice"}})).await.shows(200);
    let job = undone(&sales, &handed.id()).await;
    assert_eq!((&job["result"]["undone"], &job["result"]["kept"]), (&json!(1), &json!(1)));
    let left = sales.get("/v1/records/interaction").await.shows(200);
    assert_eq!((left.at("/data/0/id"), left.at("/data").as_array().unwrap().len()), (visit, 1));
    let (goes, stays) = (by_number(&sales, "A-1").await, by_number(&sales, "A-2").await);
    let (goes, stays) = (goes["id"].as_str().unwrap(), stays["id"].as_str().unwrap());
    let merged = crate::customers::merge::merge(&sales, stays, goes).await.shows(200);
    assert_eq!(merged.at("/records"), 2, "what was taken out hinders no merge");
}

#[tokio::test]
async fn a_value_that_is_somebody_elses_by_now_is_not_taken_back() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    crate::catalog::made(&admin, "card_no", "text", json!({"searchable": ["exact"], "unique": true})).await;
    let mapping = json!({"no": "customer_no", "name": "name", "card": "card_no"});
    let run = async |file: &str, mode: &str| {
        let handed = Form::csv(&mapping, file).part("mode", mode).hand_in(&sales).await.shows(202);
        assert_eq!(counts(&finished(&sales, &handed.sent("location")).await).2, 0);
        handed.id()
    };
    run("no,name,card\nV1,张三,K1\nV2,李四,K2\n", "create").await;
    let id = run("no,name,card\nV1,张三,K7\nV2,李四,K8\n", "upsert").await;
    run("no,name,card\nV9,王五,K1\n", "create").await;
    let job = undone(&sales, &id).await;
    assert_eq!((&job["result"]["undone"], &job["result"]["kept"]), (&json!(1), &json!(1)));
    let listed = sales.get(&format!("/v1/imports/{id}/kept")).await.shows(200);
    assert_eq!(listed.at("/data/0/code"), "value_taken");
    assert_eq!(by_number(&sales, "V2").await["fields"]["card_no"], "K2");
    assert_eq!(by_number(&sales, "V1").await["fields"]["card_no"], "K7");
}

#[tokio::test]
async fn nobody_undoes_what_is_not_theirs_nor_too_late_nor_what_changed_nothing() {
    let org = Org::found().await;
    let (sales, other, admin) = (org.sales_a().await, org.sales_b().await, org.admin().await);
    let id = imported(&sales, "no,name,phone,stage\nW1,张三,,\n", "create").await;
    undo(&other, &id).await.refuses(404, "not_found");
    other.get(&format!("/v1/imports/{id}/kept")).await.refuses(404, "not_found");
    org.dpo().await.act(&format!("/v1/imports/{id}/undo")).await.refuses(403, "forbidden");
    let dry = Form::csv(&json!({"no": "customer_no", "name": "name"}), "no,name\nW2,李四\n").part("dry_run", "true");
    let dry = dry.hand_in(&sales).await.shows(202);
    finished(&sales, &dry.sent("location")).await;
    undo(&sales, &dry.id()).await.refuses(409, "nothing_to_undo");
    let late = imported(&sales, "no,name,phone,stage\nW3,王五,,\n", "create").await;
    let sql = "UPDATE imports SET created_at = created_at - interval '8 days' WHERE id = $1::text::uuid";
    org.sql().await.execute(sql, &[&late]).await.unwrap();
    undo(&sales, &late).await.refuses(409, "undo_too_late");
    let (one, two) = tokio::join!(undo(&admin, &id), undo(&sales, &id));
    let mut answers = [one.status, two.status];
    answers.sort_unstable();
    assert_eq!(answers, [202, 409], "of two at once, one undoes it");
}
