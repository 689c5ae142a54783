//! Data sets: de-identified copies, approved and taken away as exports are, in which nobody stands alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::exports::{taken, until};
use crate::support::{Answer, Org, Person, customer};

const PATH: &str = "/v1/datasets";

fn body(members: Value) -> Value {
    let mut body = json!({"filter": {}, "format": "ndjson", "purpose": "care", "reason": "ages by province", "k": 3,
        "rules": [{"field": "name", "method": "pseudonymise"}, {"field": "birthday", "method": "age_band", "size": 10}, {"field": "province", "method": "keep"}]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Enters people born in these years, of these provinces.
async fn people(sales: &Person, all: &[(&str, &str)]) -> Vec<String> {
    let mut ids = Vec::new();
    for (born, province) in all {
        let mut body = customer();
        body["fields"]["birthday"] = json!(born);
        body["fields"]["province"] = json!(province);
        body["fields"]["name"] = json!("张三");
        ids.push(sales.post("/v1/customers", &body).await.shows(201).id());
    }
    ids
}

/// Three of one class, three of another, and two who stand nearly alone.
async fn eight(org: &Org<'_>) -> Vec<String> {
    let (old, young, alone) = (("1955-03-01", "上海"), ("1999-05-05", "浙江"), ("1980-01-01", "西藏"));
    people(&org.sales_a().await, &[old, old, old, young, young, young, alone, alone]).await
}

/// Asked for by the manager, approved by the administrator, and ended so.
async fn ended(org: &Org<'_>, members: Value, state: &str) -> (Person, Answer) {
    let (manager, admin) = (org.manager().await, org.admin().await);
    let asked = manager.post(PATH, &body(members)).await.shows(201);
    assert_eq!(asked.sent("location"), format!("/v1/exports/{}", asked.id()));
    // A core or sensitive field may take more than one.
    for approver in [&admin, &org.dpo().await] {
        let answer = approver.post(&format!("/v1/access-requests/{}/approve", asked.id()), &json!({})).await;
        if answer.status == 200 && answer.at("/state") == "approved" {
            break;
        }
    }
    let export = until(&manager, &asked.id(), state).await;
    (manager, export)
}

fn lines(file: &Answer) -> Vec<Value> {
    file.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_copy_leaves_nobody_who_stands_among_too_few() {
    let org = Org::found().await;
    let ids = eight(&org).await;
    let (manager, export) = ended(&org, json!({}), "ready").await;
    assert_eq!((export.at("/rows"), export.at("/left_out")), (json!(6), json!({"below_k": 2})));
    assert_eq!(export.at("/dataset/report"), json!({"k": 3, "classes": 2, "suppressed": 2}));
    assert_eq!(export.at("/dataset/quasi_identifiers"), json!(["birthday", "province"]));
    let rows = lines(&taken(&manager, &export.id()).await);
    assert_eq!(rows.len(), 6, "no row about nobody: it would stand alone");
    let told: BTreeSet<String> = rows.iter().map(|row| format!("{} {}", row["birthday"], row["province"])).collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|one| !one.contains("西藏") && one.contains('-')), "{told:?}");
    let names: BTreeSet<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 1, "one value, one name");
    assert!(!names.contains("张三"));
    let own: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(own.len(), 6);
    assert!(own.iter().all(|id| !ids.iter().any(|known| known == id)), "nobody is known by their own id");
    let text = rows.iter().map(Value::to_string).collect::<String>();
    assert!(rows.iter().all(|row| row["custodian_export"] == export.id()) && !text.contains("mobile"));
}

#[tokio::test]
async fn names_and_ids_differ_from_one_data_set_to_the_next() {
    let org = Org::found().await;
    eight(&org).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (manager, export) = ended(&org, json!({}), "ready").await;
        let rows = lines(&taken(&manager, &export.id()).await);
        told.push((rows[0]["id"].clone(), rows[0]["name"].clone()));
    }
    assert_ne!(told[0].0, told[1].0);
    assert_ne!(told[0].1, told[1].1);
}

#[tokio::test]
async fn where_it_was_asked_so_there_is_none_at_all() {
    let org = Org::found().await;
    eight(&org).await;
    let (manager, export) = ended(&org, json!({"below": "refuse"}), "failed").await;
    let job = manager.get(&format!("/v1/jobs/{}", export.text_at("/job_id"))).await.shows(200);
    assert_eq!(job.at("/failure"), "below_k", "{job}");
    manager.act(&format!("/v1/exports/{}/link", export.id())).await.refuses(410, "gone");
    let (_, wide) = ended(&org, json!({"below": "refuse", "k": 2}), "ready").await;
    assert_eq!((wide.at("/rows"), wide.at("/dataset/report/k")), (json!(8), json!(2)));
}

#[tokio::test]
async fn dates_move_by_one_measure_for_each_person() {
    let org = Org::found().await;
    let admin = org.admin().await;
    crate::catalog::made(&admin, "joined_on", "date", json!({})).await;
    let asha = org.sales_a().await;
    for number in 1..=4 {
        let mut body = customer();
        body["fields"]["birthday"] = json!(format!("1990-01-0{number}"));
        body["fields"]["joined_on"] = json!(format!("2020-01-0{number}"));
        asha.post("/v1/customers", &body).await.shows(201);
    }
    let rules = json!([{"field": "birthday", "method": "shift", "size": 200}, {"field": "joined_on", "method": "shift", "size": 200}]);
    // Everybody is of a class of their own: the least that may be asked for is two, so that nobody is left.
    let (_, none) = ended(&org, json!({"rules": rules, "k": 2, "quasi_identifiers": ["birthday"]}), "ready").await;
    assert_eq!(none.at("/rows").as_i64().unwrap() + none.at("/left_out/below_k").as_i64().unwrap_or(0), 4);
    let rules =
        json!([{"field": "birthday", "method": "year"}, {"field": "joined_on", "method": "shift", "size": 200}]);
    let (manager, export) =
        ended(&org, json!({"rules": rules, "k": 4, "quasi_identifiers": ["birthday"]}), "ready").await;
    let rows = lines(&taken(&manager, &export.id()).await);
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row["birthday"] == "1990"));
    let moved: Vec<chrono::NaiveDate> =
        rows.iter().map(|row| row["joined_on"].as_str().unwrap().parse().unwrap()).collect();
    let january = "2020-01-01".parse::<chrono::NaiveDate>().unwrap();
    assert!(moved.iter().all(|day| (*day - january).num_days().abs() <= 204));
}

#[tokio::test]
async fn what_would_leave_as_it_is_is_refused_when_it_is_asked_for() {
    let org = Org::found().await;
    eight(&org).await;
    let manager = org.manager().await;
    let faults = async |members: Value| manager.post(PATH, &body(members)).await.refuses(422, "invalid_body").faults();
    let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let kept = |field: &str| json!({"rules": [{"field": field, "method": "keep"}]});
    for field in ["name", "mobile", "id_number", "birthday", "customer_no"] {
        assert_eq!(faults(kept(field)).await, one("/rules/0/method", "must_be_transformed"), "{field}");
    }
    let banded = json!({"rules": [{"field": "birthday", "method": "age_band", "size": 10}], "quasi_identifiers": []});
    assert_eq!(faults(banded).await, one("/quasi_identifiers", "must_be_named"));
    let strange = json!({"rules": [{"field": "company", "method": "shift", "size": 3}]});
    assert_eq!(faults(strange).await, one("/rules/0/method", "method_does_not_fit"));
    assert_eq!(faults(json!({"k": 1})).await[0].0, "/k");
    assert_eq!(faults(json!({"rules": []})).await[0].0, "/rules");
    assert_eq!(faults(json!({"purpose": "curiosity"})).await, one("/purpose", "unknown_purpose"));
    assert_eq!(faults(json!({"filter": {"stage": "customer"}})).await, one("/filter", "matches_nobody"));
    for person in [org.sales_a().await, org.auditor().await] {
        person.post(PATH, &body(json!({}))).await.refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn nobody_approves_their_own_and_the_approver_sees_what_is_done_to_each_field() {
    let org = Org::found().await;
    eight(&org).await;
    let (manager, admin) = (org.manager().await, org.admin().await);
    let asked = manager.post(PATH, &body(json!({}))).await.shows(201).id();
    let path = format!("/v1/access-requests/{asked}/approve");
    manager.post(&path, &json!({})).await.refuses(403, "own_request");
    let seen = admin.get(&format!("/v1/exports/{asked}")).await.shows(200);
    assert_eq!(seen.at("/dataset/rules/1"), json!({"field": "birthday", "method": "age_band", "size": 10}));
    assert_eq!((seen.at("/dataset/k"), seen.at("/dataset/below")), (json!(3), json!("suppress")));
    let plain = crate::exports::ask(&manager, json!({})).await.shows(201);
    assert_eq!(plain.at("/dataset"), json!(null));
    let entries = org.auditor().await.get("/v1/audit/entries?action=exports.create").await.shows(200);
    let kinds: Vec<Value> =
        entries.at("/data").as_array().unwrap().iter().map(|one| one["details"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!("plain"), json!("dataset")]);
}

#[tokio::test]
async fn the_place_of_a_row_does_not_say_whose_it_is() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for number in 0..24 {
        let mut body = customer();
        body["fields"]["company"] = json!(format!("Company {number:02}"));
        asha.post("/v1/customers", &body).await.shows(201);
    }
    let rules = json!([{"field": "company", "method": "keep"}]);
    let (manager, export) = ended(&org, json!({"rules": rules, "quasi_identifiers": []}), "ready").await;
    let rows = lines(&taken(&manager, &export.id()).await);
    let told: Vec<&str> = rows.iter().map(|row| row["company"].as_str().unwrap()).collect();
    assert_eq!(told.len(), 24);
    assert!(!told.is_sorted(), "those who came in one after the other do not stand so: {told:?}");
}
