//! New ways of finding, and uniqueness, over values that were stored before: a job with its progress, and what is refused meanwhile.

use serde_json::{Value, json};

use super::{made, of};
use crate::imports::finished;
use crate::support::{Org, Person, customer};

/// Enters customers with these values; answers their ids.
pub async fn enter(sales: &Person, key: &str, values: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for value in values {
        let mut body = customer();
        body["fields"][key] = json!(value);
        ids.push(sales.post("/v1/customers", &body).await.shows(201).id());
    }
    ids
}

/// Asks for a change and answers its job once that has ended.
pub async fn brought_about(admin: &Person, key: &str, change: &Value) -> Value {
    let changed = admin.patch(&of(key), change).await.shows(200);
    finished(admin, &format!("/v1/jobs/{}", changed.text_at("/job_id"))).await
}

#[tokio::test]
async fn stored_values_are_found_by_a_new_way_once_its_job_has_ended() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    made(&admin, "member_card", "text", json!({})).await;
    let ids = enter(&sales, "member_card", &["M-0001", "M-0002", "M-0003"]).await;
    sales.get("/v1/customers?q[member_card]=M-0002").await.refuses(400, "not_searchable");
    let changed = admin.patch(&of("member_card"), &json!({"searchable": ["exact", "last4"]})).await.shows(200);
    assert_eq!((changed.at("/searchable"), changed.at("/building/searchable")), (json!([]), json!(["exact", "last4"])));
    sales.get("/v1/customers?q[member_card]=M-0002").await.refuses(400, "not_searchable");
    admin.patch(&of("member_card"), &json!({"searchable": []})).await.refuses(409, "field_is_building");
    let late = enter(&sales, "member_card", &["M-0004"]).await;
    let job = finished(&admin, &format!("/v1/jobs/{}", changed.text_at("/job_id"))).await;
    assert_eq!((&job["state"], &job["kind"]), (&json!("succeeded"), &json!("catalog_rebuild")));
    assert!(job["progress"]["done"].as_i64().unwrap() >= 3, "{job}");
    let now = admin.get(&of("member_card")).await.shows(200);
    assert_eq!((now.at("/searchable"), now.at("/version")), (json!(["exact", "last4"]), json!(3)));
    for (query, id) in [
        ("q[member_card]=m-0002", &ids[1]),
        ("q[member_card_last4]=0003", &ids[2]),
        ("q[member_card]=M-0004", &late[0]),
    ] {
        assert_eq!(
            sales.get(&format!("/v1/customers?{query}")).await.shows(200).at("/data/0/id"),
            json!(id),
            "{query}"
        );
    }
    assert_eq!(sales.get("/v1/customers?count=true").await.shows(200).at("/count"), 4);
}

#[tokio::test]
async fn a_way_of_finding_that_ends_leaves_no_trace_in_the_index() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    enter(&sales, "wechat", &["wx_1", "wx_2"]).await;
    let tags =
        async || -> i64 { org.sql().await.query_one("SELECT count(*) FROM blind_indexes", &[]).await.unwrap().get(0) };
    let before = tags().await;
    let job = brought_about(&admin, "wechat", &json!({"searchable": []})).await;
    assert_eq!(job["state"], "succeeded");
    assert_eq!(tags().await, before - 2);
    sales.get("/v1/customers?q[wechat]=wx_1").await.refuses(400, "not_searchable");
    let job = brought_about(&admin, "wechat", &json!({"searchable": ["exact"]})).await;
    assert_eq!(job["state"], "succeeded");
    assert_eq!(tags().await, before);
}

#[tokio::test]
async fn values_that_repeat_cannot_be_made_unique_and_their_number_is_told() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let ids = enter(&sales, "wechat", &["wx_1", "WX_1", "wx_2", "wx_1"]).await;
    let job = brought_about(&admin, "wechat", &json!({"unique": true})).await;
    assert_eq!((&job["state"], &job["failure"]), (&json!("failed"), &json!("values_repeat")));
    assert_eq!(job["progress"]["errors"].as_i64().or(job["error_count"].as_i64()), Some(2), "{job}");
    let now = admin.get(&of("wechat")).await.shows(200);
    assert_eq!((now.at("/unique"), now.json().get("building").is_none()), (json!(false), true));
    enter(&sales, "wechat", &["wx_2"]).await;
    for id in [&ids[1], &ids[3]] {
        sales.patch(&format!("/v1/customers/{id}"), &json!({"fields": {"wechat": null}})).await.shows(200);
    }
    let found = sales.get("/v1/customers?q[wechat]=wx_2").await.shows(200).at("/data");
    let twin = found[1]["id"].as_str().unwrap().to_owned();
    sales.patch(&format!("/v1/customers/{twin}"), &json!({"fields": {"wechat": "wx_3"}})).await.shows(200);
    let job = brought_about(&admin, "wechat", &json!({"unique": true})).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let mut body = customer();
    body["fields"]["wechat"] = json!("wx_1");
    sales.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    sales
        .patch(&format!("/v1/customers/{twin}"), &json!({"fields": {"wechat": "wx_1"}}))
        .await
        .refuses(409, "duplicate_value");
    let job = brought_about(&admin, "wechat", &json!({"unique": false})).await;
    assert_eq!(job["state"], "succeeded");
    sales.post("/v1/customers", &body).await.shows(201);
}
