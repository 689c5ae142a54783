//! Tags: made by those who may, put on customers, found by, and never somebody's number.

use serde_json::{Value, json};

use super::{NOBODY, ids, path, whole};
use crate::audit::Ledger;
use crate::support::{Org, Person};

async fn make(person: &Person, code: &str) -> String {
    person.post("/v1/tags", &json!({"code": code, "name": code.to_uppercase()})).await.shows(201).id()
}

async fn found(person: &Person, query: &str) -> Vec<String> {
    let mut found = ids(&person.get(&format!("/v1/customers?{query}")).await.shows(200).json());
    found.sort();
    found
}

#[tokio::test]
async fn a_tag_is_made_put_on_customers_and_found_by_within_reach() {
    let org = Org::found().await;
    let (manager, asha, ben) = (org.manager().await, org.sales_a().await, org.sales_b().await);
    for code in ["vip", "fair_2026"] {
        make(&manager, code).await;
    }
    let mut body = whole(1);
    body["tags"] = json!(["vip", "vip", "fair_2026"]);
    let both = asha.post("/v1/customers", &body).await.shows(201);
    assert_eq!(both.at("/tags"), json!(["fair_2026", "vip"]), "in order, none twice");
    let one = asha.post("/v1/customers", &whole(2)).await.shows(201).id();
    assert_eq!(asha.patch(&path(&one), &json!({"tags": ["vip"]})).await.shows(200).at("/tags"), json!(["vip"]));
    let theirs = ben.post("/v1/customers", &whole(3)).await.shows(201).id();
    ben.patch(&path(&theirs), &json!({"tags": ["vip"]})).await.shows(200);
    let mut hers = vec![both.id(), one.clone()];
    hers.sort();
    assert_eq!(found(&asha, "tags=vip").await, hers, "a colleague's customer is not found by its tag");
    assert_eq!(found(&asha, "tags=vip,fair_2026").await, [both.id()]);
    assert_eq!(found(&manager, "tags=vip&count=true").await.len(), 3);
    assert_eq!(asha.get("/v1/customers?tags=vip&count=true").await.shows(200).at("/count"), 2);
    let left = asha.patch(&path(&one), &json!({"tags": null})).await.shows(200);
    assert_eq!((left.at("/tags"), left.at("/version")), (json!([]), json!(3)));
    assert_eq!(found(&asha, "tags=vip").await, [both.id()]);
}

#[tokio::test]
async fn history_and_log_tell_which_tags_changed() {
    let org = Org::found().await;
    let (manager, asha) = (org.manager().await, org.sales_a().await);
    make(&manager, "vip").await;
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    let mut ledger = Ledger::of(&org).await;
    asha.patch(&path(&id), &json!({"tags": ["vip"]})).await.shows(200);
    assert_eq!(ledger.only().await["details"]["changed"], json!(["tags"]));
    asha.patch(&path(&id), &json!({"stage": "customer"})).await.shows(200);
    manager.patch(&path(&id), &json!({"owner_id": org.user_id("sales_b")})).await.shows(200);
    let history = manager.get(&format!("{}/history", path(&id))).await.shows(200).json();
    let changed = |version: usize| {
        let all = history["data"][version]["changes"].as_array().unwrap();
        all.iter().find(|one| one["attribute"] == "tags").map(|one| (one["before"].clone(), one["after"].clone()))
    };
    assert_eq!((changed(0), changed(1)), (None, None));
    assert_eq!(changed(2), Some((json!([]), json!(["vip"]))));
    let same = manager.patch(&path(&id), &json!({"tags": ["vip"]})).await.shows(200);
    assert_eq!(same.at("/version"), 4, "the same tags are no change");
}

#[tokio::test]
async fn what_looks_like_a_person_is_no_tag() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for (code, name, pointer, fault) in [
        ("vip", "138 1234 5678", "/name", "personal_value"),
        ("vip", "wei@example.org", "/name", "personal_value"),
        ("vip", "<script>", "/name", "control_character"),
        ("vip", "   ", "/name", "empty"),
        ("tel_13812345678", "Phone", "/code", "personal_value"),
    ] {
        let refused = admin.post("/v1/tags", &json!({"code": code, "name": name})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(pointer.to_owned(), fault.to_owned())], "{refused}");
    }
    admin.post("/v1/tags", &json!({"code": "V I P", "name": "Vip"})).await.refuses(422, "invalid_body");
    admin.post("/v1/tags", &json!({"code": "vip", "name": "长".repeat(41)})).await.refuses(422, "invalid_body");
    assert_eq!(admin.get("/v1/tags").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn an_unknown_a_foreign_and_a_retired_tag_are_refused_alike() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    make(&other.admin().await, "theirs").await;
    let retired = make(&admin, "old").await;
    let id = asha.post("/v1/customers", &whole(1)).await.shows(201).id();
    asha.patch(&path(&id), &json!({"tags": ["old"]})).await.shows(200);
    admin.patch(&format!("/v1/tags/{retired}"), &json!({"retired": true})).await.shows(200);
    let kept = asha.patch(&path(&id), &json!({"tags": ["old"], "stage": "lost"})).await.shows(200);
    assert_eq!(kept.at("/tags"), json!(["old"]), "who carries it keeps it");
    let fresh = asha.post("/v1/customers", &whole(2)).await.shows(201).id();
    for code in ["nowhere", "theirs", "old"] {
        let refused = asha.patch(&path(&fresh), &json!({"tags": [code]})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/tags".to_owned(), "unknown_tag".to_owned())], "{code}");
        let mut body = whole(3);
        body["tags"] = json!([code]);
        asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    }
    admin.get("/v1/customers?tags=V-I-P").await.refuses(400, "invalid_query");
    let partner = org.partner(&["name"], &[], &["customers.read", "customers.write"]).await;
    partner.get("/v1/customers?tags=old").await.refuses(403, "field_hidden");
    partner.get("/v1/customers?archived=any").await.refuses(403, "field_hidden");
    partner.get("/v1/tags").await.refuses(403, "staff_only");
    let seen = partner.get("/v1/customers").await.shows(200);
    assert!(seen.at("/data").as_array().unwrap().iter().all(|one| one["tags"] == json!([])), "{seen}");
}

#[tokio::test]
async fn who_may_make_tags_renames_and_retires_them() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let made = admin.post("/v1/tags", &json!({"code": "vip", "name": "重点客户"})).await.shows(201);
    let at = format!("/v1/tags/{}", made.id());
    admin.post("/v1/tags", &json!({"code": "vip", "name": "Again"})).await.refuses(409, "duplicate_value");
    let refused = asha.post("/v1/tags", &json!({"code": "mine", "name": "Mine"})).await.refuses(403, "forbidden");
    assert!(refused.text().contains("tags.manage"));
    asha.patch(&at, &json!({"name": "Mine"})).await.refuses(403, "forbidden");
    let shown = asha.get(&at).await.shows(200);
    assert_eq!(
        (shown.at("/code"), shown.at("/name"), shown.at("/retired_at")),
        (json!("vip"), json!("重点客户"), Value::Null)
    );
    asha.get(&at).header("if-none-match", &shown.sent("etag")).await.shows(304);
    let renamed = admin.patch(&at, &json!({"name": "Key accounts"})).await.shows(200);
    assert_eq!((renamed.at("/name"), renamed.at("/version")), (json!("Key accounts"), json!(2)));
    admin
        .patch(&at, &json!({"name": "Late"}))
        .instead("if-match", &shown.sent("etag"))
        .await
        .refuses(412, "precondition_failed");
    admin.patch(&at, &json!({"code": "other"})).await.refuses(422, "unknown_field");
    admin.patch(&at, &json!({"retired": null})).await.refuses(422, "invalid_body");
    assert!(admin.patch(&at, &json!({"retired": true})).await.shows(200).at("/retired_at").is_string());
    assert!(admin.patch(&at, &json!({"retired": false})).await.shows(200).at("/retired_at").is_null());
    admin.get(&format!("/v1/tags/{NOBODY}")).await.refuses(404, "not_found");
}
