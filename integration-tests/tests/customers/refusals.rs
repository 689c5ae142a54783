//! Values that are refused: each with its field and code, never with the value, and nothing is stored.

use serde_json::{Value, json};

use super::{mask, path, values, whole};
use crate::support::{Org, customer};

fn fault(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[tokio::test]
async fn each_field_refuses_what_it_cannot_be() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let (long, longer) = ("字".repeat(4001), "a".repeat(300) + "@b.cn");
    for (key, typed, code) in [
        ("mobile", "12812345678", "invalid_mobile"),
        ("mobile", "1381234567", "invalid_mobile"),
        ("mobile", "138123456789", "invalid_mobile"),
        ("mobile", "+861012345678", "invalid_mobile"),
        ("mobile", "1410012345678", "invalid_mobile"),
        ("mobile", "138a2345678", "invalid_mobile"),
        ("id_number", "440306198502300015", "invalid_resident_id"),
        ("id_number", "110105194912310020", "invalid_resident_id"),
        ("id_number", "11010519491231002", "invalid_resident_id"),
        ("id_number", "990105194912310027", "invalid_resident_id"),
        ("bank_card", "6217001234567890", "invalid_bank_card"),
        ("bank_card", "6222021234567890", "invalid_bank_card"),
        ("bank_card", "000000000000", "invalid_bank_card"),
        ("email", "nobody", "invalid_email"),
        ("email", "a..b@c.cn", "invalid_email"),
        ("email", "a@b@c.cn", "invalid_email"),
        ("email", "a@1.2.3.4", "invalid_email"),
        ("email", longer.as_str(), "too_long"),
        ("birthday", "1990-02-30", "invalid_date"),
        ("birthday", "1990-5-17", "invalid_date"),
        ("birthday", "2190-05-17", "invalid_date"),
        ("birthday", "1899-12-31", "invalid_date"),
        ("name", "", "required"),
        ("name", " \u{200b} ", "required"),
        ("name", "a\u{1}b", "control_character"),
        ("notes", "a\u{1b}[2Jb", "control_character"),
        ("notes", long.as_str(), "too_long"),
    ] {
        let mut body = customer();
        body["fields"][key] = typed.into();
        let refused = sales.post("/v1/customers", &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault(&format!("/fields/{key}"), code)], "{key} typed as {typed:?}");
        assert!(typed.trim().len() < 6 || !refused.text().contains(typed), "the value is repeated: {refused}");
    }
    assert_eq!(sales.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
}

#[tokio::test]
async fn a_value_of_another_shape_is_refused() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    for (key, value) in
        [("mobile", json!(13812345678_u64)), ("name", json!(true)), ("notes", json!(["a"])), ("email", json!({"a": 1}))]
    {
        let mut body = customer();
        body["fields"][key] = value;
        let refused = sales.post("/v1/customers", &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault(&format!("/fields/{key}"), "wrong_type")]);
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let org = Org::found().await;
    let body = json!({"stage": "friend", "source": "Web Form", "region": "China", "status": "vip",
        "fields": {"mobile": "12345", "id_number": "1", "nickname": "三儿", "a/b": "c"}});
    let refused = org.sales_a().await.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    let expected = [
        fault("/fields/a~1b", "unknown_field"),
        fault("/fields/id_number", "invalid_resident_id"),
        fault("/fields/mobile", "invalid_mobile"),
        fault("/fields/name", "required"),
        fault("/fields/nickname", "unknown_field"),
        fault("/region", "unknown_region"),
        fault("/source", "invalid_source"),
        fault("/stage", "not_a_choice"),
        fault("/status", "unknown_field"),
    ];
    assert_eq!(refused.faults(), expected);
}

#[tokio::test]
async fn a_name_is_required() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    for fields in [json!({}), json!({"name": null}), json!({"mobile": "13812345678"})] {
        let refused = sales.post("/v1/customers", &json!({"fields": fields})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault("/fields/name", "required")]);
    }
    let id = org.customer_of(&sales).await;
    for name in [Value::Null, json!(""), json!("  ")] {
        let refused = sales.patch(&path(&id), &json!({"fields": {"name": name}})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault("/fields/name", "required")]);
    }
}

#[tokio::test]
async fn what_the_service_decides_cannot_be_sent() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    for member in [
        "id",
        "organization_id",
        "version",
        "restricted",
        "created_at",
        "updated_at",
        "key_version",
        "erased_at",
        "field_access",
        "masked",
        "role",
    ] {
        let mut body = customer();
        body[member] = json!("1");
        let refused = sales.post("/v1/customers", &body).await.refuses(422, "unknown_field");
        assert_eq!(refused.faults(), [fault(&format!("/{member}"), "unknown_field")]);
        let refused = sales.patch(&path(&id), &json!({member: "1"})).await.refuses(422, "unknown_field");
        assert_eq!(refused.faults(), [fault(&format!("/{member}"), "unknown_field")]);
    }
    assert_eq!(sales.get(&path(&id)).await.shows(200).at("/version"), 1);
}

#[tokio::test]
async fn a_mask_written_back_never_replaces_the_value() {
    let org = Org::found().await;
    let id = org.admin().await.post("/v1/customers", &whole(7)).await.shows(201).id();
    let dpo = org.dpo().await;
    let masks: Vec<(String, String)> =
        values(7).into_iter().map(|(key, value)| (key.clone(), mask(&key, &value))).collect();
    for (key, masked) in &masks {
        let refused = dpo.patch(&path(&id), &json!({"fields": {key: masked}})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault(&format!("/fields/{key}"), "masked_value")], "{masked}");
    }
    let all: serde_json::Map<String, Value> =
        masks.iter().map(|(key, masked)| (key.clone(), masked.clone().into())).collect();
    let refused = org.admin().await.post("/v1/customers", &json!({"fields": all})).await.refuses(422, "invalid_body");
    assert!(
        refused.faults().len() == 13 && refused.faults().iter().all(|(_, code)| code == "masked_value"),
        "{refused}"
    );
    let keys: Vec<&str> = masks.iter().map(|(key, _)| key.as_str()).collect();
    let shown =
        dpo.post(&format!("{}/reveal", path(&id)), &json!({"fields": keys, "reason": "check"})).await.shows(200);
    for (key, value) in values(7) {
        assert_eq!(shown.at(&format!("/fields/{key}")), value, "{key}");
    }
    assert_eq!(dpo.get(&path(&id)).await.shows(200).at("/version"), 1);
}

#[tokio::test]
async fn what_is_shown_masked_cannot_be_sent_back_as_it_is() {
    let org = Org::found().await;
    let id = org.admin().await.post("/v1/customers", &whole(8)).await.shows(201).id();
    let support = org.support().await;
    let read = support.get(&path(&id)).await.shows(200);
    for key in ["mobile", "email", "address", "wechat", "notes"] {
        let shown = read.at(&format!("/fields/{key}"));
        let refused = support.patch(&path(&id), &json!({"fields": {key: shown}})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [fault(&format!("/fields/{key}"), "masked_value")]);
    }
}

#[tokio::test]
async fn a_taken_customer_number_is_refused_without_saying_whose() {
    let org = Org::found().await;
    let (sales_a, sales_b) = (org.sales_a().await, org.sales_b().await);
    let body = json!({"fields": {"name": "张三", "customer_no": "KD-7431"}});
    let first = sales_a.post("/v1/customers", &body).await.shows(201).id();
    for typed in ["KD-7431", " kd-7431 ", "ＫＤ－７４３１"] {
        let refused = sales_b
            .post("/v1/customers", &json!({"fields": {"name": "李四", "customer_no": typed}}))
            .await
            .refuses(409, "duplicate_value");
        let text = refused.timeless().to_string();
        assert!(
            !text.contains("7431") && !text.contains("７４") && !text.contains(&first) && !text.contains("张三"),
            "{refused}"
        );
    }
    let second = sales_b
        .post("/v1/customers", &json!({"fields": {"name": "李四", "customer_no": "KD-7432"}}))
        .await
        .shows(201)
        .id();
    sales_b.patch(&path(&second), &json!({"fields": {"customer_no": "KD-7431"}})).await.refuses(409, "duplicate_value");
    assert_eq!(sales_b.get(&path(&second)).await.shows(200).at("/fields/customer_no"), "KD-7432");
}
