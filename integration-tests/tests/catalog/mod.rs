//! The catalog: what fields there are, in the caller's language, and how an organisation makes them its own.

mod change;
mod classify;
mod dictionary;
mod grades;
mod own_fields;
mod own_types;
mod rebuild;
mod refused;
mod retire;
mod sealing;

use custodian_domain::catalog;
use serde_json::{Value, json};

use crate::support::{Org, Person};

/// The fields of customers.
pub const FIELDS: &str = "/v1/record-types/customer/fields";

/// A body for a new field that differs in these members.
pub fn field(key: &str, data_type: &str, members: Value) -> Value {
    let mut body = json!({"key": key, "data_type": data_type, "labels": {"en": "Thing", "zh": "事物"}});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Makes a field.
pub async fn made(admin: &Person, key: &str, data_type: &str, members: Value) -> Value {
    admin.post(FIELDS, &field(key, data_type, members)).await.shows(201).json()
}

/// Makes a field of another record type.
pub async fn made_in(admin: &Person, record_type: &str, key: &str, data_type: &str, members: Value) -> Value {
    let path = format!("/v1/record-types/{record_type}/fields");
    admin.post(&path, &field(key, data_type, members)).await.shows(201).json()
}

/// The path of a customer's field.
pub fn of(key: &str) -> String {
    format!("{FIELDS}/{key}")
}

#[tokio::test]
async fn it_tells_every_field_as_the_service_checks_it() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let types = sales.get("/v1/record-types").await.shows(200);
    assert_eq!((types.at("/data/0/code"), types.at("/data/0/field_count")), (json!("customer"), json!(13)));
    let listed = sales.get(FIELDS).await.shows(200);
    let fields = listed.at("/data");
    let known = &catalog::customer().fields;
    assert_eq!(fields.as_array().unwrap().len(), known.len());
    for (told, field) in fields.as_array().unwrap().iter().zip(known) {
        let kinds: Vec<&str> = field.searchable.iter().map(|kind| kind.as_str()).collect();
        assert_eq!((&told["key"], &told["label"]), (&json!(field.key), &json!(field.labels.en)));
        assert_eq!(
            (&told["classification"], &told["category"]),
            (&json!(field.classification.as_str()), &json!(field.category.as_str()))
        );
        assert_eq!((&told["required"], &told["unique"]), (&json!(field.required), &json!(field.unique)));
        assert_eq!((&told["searchable"], &told["max_length"]), (&json!(kinds), &json!(field.max_length)));
        assert_eq!((&told["mask"], &told["built_in"]), (&json!(field.mask.code()), &json!(true)));
    }
    let chinese = sales.get(FIELDS).header("accept-language", "zh-CN").await.shows(200);
    assert_eq!(chinese.at("/data/1/label"), "姓名");
    sales.get("/v1/record-types/nonsense/fields").await.refuses(404, "not_found");
    sales.get(&of("nonsense")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn what_it_says_can_be_searched_can_be_searched() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let fields = admin.get(FIELDS).await.shows(200).at("/data");
    for field in fields.as_array().unwrap() {
        let key = field["key"].as_str().unwrap();
        let kinds: Vec<&str> = field["searchable"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for (kind, suffix, term) in [("exact", "", "x"), ("last4", "_last4", "1234"), ("prefix", "_prefix", "x")] {
            let answer = admin.get(&format!("/v1/customers?q[{key}{suffix}]={term}")).await;
            let searchable = answer.status != 400 || answer.at("/code") != "not_searchable";
            assert_eq!(searchable, kinds.contains(&kind), "{key} by {kind}: {answer}");
        }
    }
}

#[tokio::test]
async fn partners_read_it_when_their_key_says_so() {
    let org = Org::found().await;
    org.partner(&["name"], &[], &["catalog.read"]).await.get("/v1/record-types").await.shows(200);
    org.partner(&["name"], &[], &["customers.read"]).await.get("/v1/record-types").await.refuses(403, "forbidden");
    org.nobody().await.get("/v1/record-types").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn only_who_manages_it_changes_it() {
    let org = Org::found().await;
    for person in [org.manager().await, org.sales_a().await, org.auditor().await] {
        person.post(FIELDS, &field("tier", "text", json!({}))).await.refuses(403, "forbidden");
        person.patch(&of("wechat"), &json!({"required": true})).await.refuses(403, "forbidden");
        person.act(&format!("{}/retire", of("wechat"))).await.refuses(403, "forbidden");
    }
    assert_eq!(org.admin().await.get(FIELDS).await.shows(200).at("/data/11/version"), 1);
}
