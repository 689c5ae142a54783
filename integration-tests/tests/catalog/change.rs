//! Changing fields: versions, what stored data forbids, and that built-in fields are an organisation's own as well.

use serde_json::json;

use super::{FIELDS, field, made, of};
use crate::audit::Ledger;
use crate::support::{Org, customer};

#[tokio::test]
async fn a_built_in_field_is_changed_for_one_organisation_with_every_version_kept() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    let id = sales.post("/v1/customers", &customer()).await.shows(201).id();
    let path = format!("/v1/customers/{id}");
    assert_eq!(sales.get(&path).await.shows(200).at("/field_access/customer_no/view"), "read");
    let mut ledger = Ledger::of(&org).await;
    let change =
        json!({"labels": {"en": "Member number", "zh": "会员号"}, "classification": "sensitive", "mask": "everything"});
    let changed = admin.patch(&of("customer_no"), &change).await.shows(200);
    assert_eq!((changed.at("/version"), changed.at("/label")), (json!(2), json!("Member number")));
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["details"]["changed"]),
        (&json!("catalog.update"), &json!(["labels", "classification", "mask"]))
    );
    let seen = sales.get(&path).await.shows(200);
    assert_eq!(
        (seen.at("/field_access/customer_no/view"), seen.at("/fields/customer_no")),
        (json!("reveal"), json!("****"))
    );
    let versions = admin.get(&format!("{}/versions", of("customer_no"))).await.shows(200);
    assert_eq!(versions.at("/data/0/changed"), json!(["labels", "classification", "mask"]));
    let same = admin.patch(&of("customer_no"), &json!({"mask": "everything"})).await.shows(200);
    assert_eq!(same.at("/version"), 2, "a change that changes nothing makes no version");
    let other = Org::found().await;
    assert_eq!(other.admin().await.get(&of("customer_no")).await.shows(200).at("/label"), "Customer number");
}

#[tokio::test]
async fn a_stale_change_is_refused_and_one_of_two_at_once_wins() {
    let org = Org::found().await;
    let admin = org.admin().await;
    made(&admin, "loyalty_tier", "text", json!({})).await;
    let path = of("loyalty_tier");
    let tag = admin.get(&path).await.shows(200).sent("etag");
    admin.get(&path).header("if-none-match", &tag).await.shows(304);
    let patch = |most: u32| admin.patch(&path, &json!({"max_length": most})).instead("if-match", &tag);
    let (one, two) = tokio::join!(async { patch(50).await }, async { patch(60).await });
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    admin
        .request("PATCH", &path)
        .body("application/merge-patch+json", "{}")
        .await
        .refuses(428, "precondition_required");
}

#[tokio::test]
async fn what_stored_customers_lack_cannot_be_required_and_the_number_is_told() {
    let org = Org::found().await;
    let (admin, sales) = (org.admin().await, org.sales_a().await);
    for wechat in [Some("wx_1"), None, None] {
        let mut body = customer();
        wechat.into_iter().for_each(|value| body["fields"]["wechat"] = json!(value));
        sales.post("/v1/customers", &body).await.shows(201);
    }
    let refused = admin.patch(&of("wechat"), &json!({"required": true})).await.refuses(409, "data_lacks_field");
    assert_eq!(refused.faults(), [("/required".to_owned(), "customers_lack_it".to_owned())]);
    assert!(refused.text_at("/errors/0/detail").contains('2'), "{refused}");
    admin.post(FIELDS, &field("tier", "text", json!({"required": true}))).await.refuses(409, "data_lacks_field");
    let listed = sales.get("/v1/customers").await.shows(200).at("/data");
    for one in listed.as_array().unwrap() {
        let path = format!("/v1/customers/{}", one["id"].as_str().unwrap());
        sales.patch(&path, &json!({"fields": {"wechat": "wx_2"}})).await.shows(200);
    }
    admin.patch(&of("wechat"), &json!({"required": true})).await.shows(200);
    let refused = sales.post("/v1/customers", &customer()).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/fields/wechat".to_owned(), "required".to_owned())]);
}

#[tokio::test]
async fn what_is_stored_stays_readable() {
    let org = Org::found().await;
    let admin = org.admin().await;
    made(&admin, "loyalty_tier", "enum", json!({"choices": ["gold", "jade"]})).await;
    let refused = admin.patch(&of("loyalty_tier"), &json!({"choices": ["gold"]})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/choices".to_owned(), "choices_only_grow".to_owned())]);
    admin.patch(&of("loyalty_tier"), &json!({"choices": ["gold", "jade", "silk"]})).await.shows(200);
    admin.patch(&of("loyalty_tier"), &json!({"data_type": "text"})).await.refuses(422, "unknown_field");
    for (key, change, at) in [
        ("name", json!({"required": false}), "/required"),
        ("customer_no", json!({"unique": false}), "/unique"),
        ("birthday", json!({"searchable": ["exact"]}), "/searchable/0"),
        ("company", json!({"choices": ["a"]}), "/choices"),
        ("wechat", json!({"mask": "edges:9:9"}), "/mask"),
    ] {
        let faults = admin.patch(&of(key), &change).await.refuses(422, "invalid_body").faults();
        assert_eq!(faults.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), [at], "{key}");
    }
}
