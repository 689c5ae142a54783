//! Fields out of use: nothing is taken, shown or found by them any more, and history stays readable.

use serde_json::json;

use super::{FIELDS, field, made, of};
use crate::support::{Org, customer};

#[tokio::test]
async fn a_retired_field_is_gone_from_everything_but_history() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "loyalty_tier", "text", json!({"searchable": ["exact"]})).await;
    let mut body = customer();
    body["fields"]["loyalty_tier"] = json!("gold");
    let path = format!("/v1/customers/{}", sales.post("/v1/customers", &body).await.shows(201).id());
    sales.patch(&path, &json!({"fields": {"loyalty_tier": "jade"}})).await.shows(200);
    let retired = admin.act(&format!("{}/retire", of("loyalty_tier"))).await.shows(200);
    assert_eq!((retired.at("/state"), retired.at("/version")), (json!("retired"), json!(2)));
    let seen = sales.get(&path).await.shows(200);
    assert!(seen.at("/fields").get("loyalty_tier").is_none() && seen.at("/field_access").get("loyalty_tier").is_none());
    sales.get("/v1/customers?q[loyalty_tier]=jade").await.refuses(400, "not_searchable");
    sales.patch(&path, &json!({"fields": {"loyalty_tier": "silk"}})).await.refuses(422, "unknown_field");
    sales.patch(&path, &json!({"fields": {"company": "Acme"}})).await.shows(200);
    let history = sales.get(&format!("{path}/history")).await.shows(200).json();
    let change = &history["data"][1]["changes"][0];
    assert_eq!(
        (&change["field"], &change["before"], &change["after"]),
        (&json!("loyalty_tier"), &json!("gold"), &json!("jade"))
    );
    let listed = admin.get(&format!("{FIELDS}?state=retired")).await.shows(200);
    assert_eq!(listed.at("/data/0/key"), "loyalty_tier");
    admin.post(FIELDS, &field("loyalty_tier", "text", json!({}))).await.refuses(409, "duplicate_value");
    admin.act(&format!("{}/retire", of("loyalty_tier"))).await.refuses(409, "field_retired");
    admin.patch(&of("loyalty_tier"), &json!({"mask": "name"})).await.refuses(409, "field_retired");
}

#[tokio::test]
async fn what_the_service_itself_needs_stays() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for key in ["name", "customer_no"] {
        admin.act(&format!("{}/retire", of(key))).await.refuses(409, "field_needed");
    }
    admin.act(&format!("{}/retire", of("occupation"))).await.shows(200);
    let sales = org.sales_a().await;
    let mut body = customer();
    body["fields"]["occupation"] = json!("Baker");
    sales.post("/v1/customers", &body).await.refuses(422, "unknown_field");
}
