//! The catalog: what fields there are, in the caller's language.

use custodian_domain::catalog;
use serde_json::{Value, json};

use crate::support::Org;

#[tokio::test]
async fn it_tells_every_field_as_the_service_checks_it() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let types = sales.get("/v1/record-types").await.shows(200);
    assert_eq!(types.json(), json!({"data": [{"code": "customer", "field_count": 13}], "next_cursor": null}));
    let listed = sales.get("/v1/record-types/customer/fields").await.shows(200);
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
    }
    let chinese = sales.get("/v1/record-types/customer/fields").header("accept-language", "zh-CN").await.shows(200);
    assert_eq!(chinese.at("/data/1/label"), "姓名");
    sales.get("/v1/record-types/contract/fields").await.refuses(404, "not_found");
}

#[tokio::test]
async fn what_it_says_can_be_searched_can_be_searched() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let fields = admin.get("/v1/record-types/customer/fields").await.shows(200).at("/data");
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
