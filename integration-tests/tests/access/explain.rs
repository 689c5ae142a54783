//! One decision, explained to whoever met it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Org, Person};

const PATH: &str = "/v1/access-decisions";

async fn ask(person: &Person, id: &str, more: Value) -> Value {
    let mut body = json!({"customer_id": id});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    person.post(PATH, &body).await.shows(200).json()
}

#[tokio::test]
async fn a_closed_field_names_its_rule_and_the_request_that_would_open_it() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    let told = ask(&sales, &id, json!({"field": "id_number"})).await;
    assert_eq!((&told["allowed"], &told["fields"]["id_number"]["view"]), (&json!(true), &json!("hidden")));
    assert_eq!(told["fields"]["id_number"]["why"][0]["reason"], "default_by_classification");
    let request = json!({"method": "POST", "href": "/v1/access-requests", "body": {"kind": "fields", "customer_ids": [id],
        "fields": ["id_number"], "reason": "", "duration_minutes": 60}});
    assert_eq!((&told["remedy"]["kind"], &told["remedy"]["request"]), (&json!("request_access"), &request));
}

#[tokio::test]
async fn a_masked_mobile_is_told_to_be_revealed_and_the_prepared_request_works() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    let told = ask(&sales, &id, json!({"field": "mobile"})).await;
    assert_eq!(told["remedy"]["kind"], "reveal");
    let mut body = told["remedy"]["request"]["body"].clone();
    body["reason"] = json!("calling back");
    sales.post(told["remedy"]["request"]["href"].as_str().unwrap(), &body).await.shows(200);
    assert_eq!(ask(&sales, &id, json!({"field": "name"})).await["remedy"]["kind"], "none");
}

#[tokio::test]
async fn a_missing_right_and_a_bound_key_are_told_what_to_do() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let id = org.customer_of(&sales).await;
    let told = ask(&sales, &id, json!({"permission": "customers.delete"})).await;
    assert_eq!((&told["outcome"], &told["fields"]), (&json!("missing_permission"), &json!({})));
    assert_eq!(
        (&told["remedy"]["kind"], &told["remedy"]["permission"]),
        (&json!("ask_for_permission"), &json!("customers.delete"))
    );
    let partner = org.partner(&["name"], &["care"], &["customers.read"]).await;
    let told = ask(&org.dpo().await, &id, json!({"api_key_id": partner.key_id})).await;
    assert_eq!((&told["outcome"], &told["remedy"]["purposes"]), (&json!("purpose_required"), &json!(["care"])));
    let told =
        ask(&org.dpo().await, &id, json!({"api_key_id": partner.key_id, "purpose": "care", "field": "name"})).await;
    assert_eq!(told["fields"]["name"]["why"][0]["reason"], "partner_field_scope");
}

#[tokio::test]
async fn a_colleagues_decision_takes_a_right_of_its_own() {
    let org = Org::found().await;
    let (sales, dpo) = (org.sales_a().await, org.dpo().await);
    let id = org.customer_of(&sales).await;
    let about = json!({"customer_id": id, "user_id": org.user_id("sales_b")});
    sales.post(PATH, &about).await.refuses(403, "forbidden");
    let told = dpo.post(PATH, &about).await.shows(200);
    assert_eq!((told.at("/outcome"), told.at("/why/0/reason")), (json!("does_not_exist"), json!("outside_scope")));
    let chinese = dpo.post(PATH, &about).header("accept-language", "zh").await.shows(200);
    assert_eq!(chinese.at("/why/0/detail"), "没有数据范围或授权覆盖该客户。");
    let both = json!({"customer_id": id, "user_id": org.user_id("sales_b"), "api_key_id": Uuid::from_u128(7)});
    dpo.post(PATH, &both).await.refuses(422, "invalid_body");
    let unknown = dpo.post(PATH, &json!({"customer_id": id, "permission": "x", "field": "y"})).await;
    assert_eq!(unknown.refuses(422, "invalid_body").faults().len(), 2);
}

#[tokio::test]
async fn nothing_is_explained_of_what_one_may_not_know() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (sales, stranger) = (org.sales_a().await, other.dpo().await);
    let id = org.customer_of(&sales).await;
    let nothing = Uuid::from_u128(7).to_string();
    let colleague = org.sales_b().await;
    for (person, known) in [(&colleague, &id), (&stranger, &id)] {
        let refused = person.post(PATH, &json!({"customer_id": known})).await.refuses(404, "not_found");
        let missing = person.post(PATH, &json!({"customer_id": nothing})).await.refuses(404, "not_found");
        assert_eq!(refused.timeless(), missing.timeless());
    }
    let own = other.customer_of(&other.sales_a().await).await;
    for foreign in [org.user_id("admin"), Uuid::from_u128(7)] {
        stranger.post(PATH, &json!({"customer_id": own, "user_id": foreign})).await.refuses(404, "not_found");
        stranger.post(PATH, &json!({"customer_id": own, "api_key_id": foreign})).await.refuses(404, "not_found");
    }
    org.nobody().await.post(PATH, &json!({"customer_id": id})).await.refuses(403, "forbidden");
}
