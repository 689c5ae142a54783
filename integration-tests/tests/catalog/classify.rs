//! Proposals for the columns of a spreadsheet: told by headers and values, and nothing of them is kept.

use serde_json::{Value, json};

use super::made;
use crate::audit::Ledger;
use crate::support::Org;

#[tokio::test]
async fn the_columns_of_a_file_go_to_fields_without_typing() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "loyalty_tier", "text", json!({"labels": {"en": "Loyalty tier", "zh": "会员等级"}})).await;
    let columns = json!([
        {"header": "客户编号", "values": ["C000001"]},
        {"header": "手机号", "values": ["13868596938", "15216274373"]},
        {"header": "x7", "values": ["11010519491231002X"]},
        {"header": "会员等级", "values": ["gold"]},
        {"header": "过敏史", "values": ["花生"]}
    ]);
    let mut ledger = Ledger::of(&org).await;
    let told = sales.post("/v1/catalog/classify", &json!({"columns": columns})).await.shows(200);
    let lines = told.at("/columns");
    let fields: Vec<&Value> = lines.as_array().unwrap().iter().map(|line| &line["field"]).collect();
    assert_eq!(
        fields,
        [&json!("customer_no"), &json!("mobile"), &json!("id_number"), &json!("loyalty_tier"), &Value::Null]
    );
    assert_eq!(
        (&lines[4]["classification"], &lines[4]["sensitive"], &lines[4]["pi_category"]),
        (&json!("core"), &json!(true), &json!("medical"))
    );
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["details"]["columns"]), (&json!("catalog.classify"), &json!(5)));
    assert!(!entry.to_string().contains("13868596938") && !entry.to_string().contains("花生"));
}

#[tokio::test]
async fn it_is_refused_without_the_right_or_with_a_faulty_body() {
    let org = Org::found().await;
    let columns = json!([{"header": "手机号"}]);
    org.nobody().await.post("/v1/catalog/classify", &json!({"columns": columns})).await.refuses(403, "forbidden");
    let sales = org.sales_a().await;
    sales.post("/v1/catalog/classify", &json!({"columns": []})).await.refuses(422, "invalid_body");
    let unknown = json!({"record_type": "nonsense", "columns": columns});
    sales.post("/v1/catalog/classify", &unknown).await.refuses(404, "not_found");
}
