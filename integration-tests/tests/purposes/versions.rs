//! Changing a purpose: what stays on record, and who may not change it under somebody's hands.

use serde_json::json;

use super::purpose;
use crate::support::Org;

#[tokio::test]
async fn each_change_is_a_version_that_stays() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let made = officer.post("/v1/purposes", &purpose("newsletter", json!({}))).await.shows(201);
    let path = "/v1/purposes/newsletter";
    officer
        .patch(path, &json!({"retention_days": 365}))
        .without("if-match")
        .await
        .refuses(428, "precondition_required");
    let longer = json!({"fields": ["name", "email", "birthday"], "labels": {"en": "Letter", "zh": "信"}});
    let changed = officer.patch(path, &longer).instead("if-match", &made.sent("etag")).await.shows(200);
    assert_eq!((changed.at("/version"), changed.at("/fields/2")), (json!(2), json!("birthday")));
    let stale = officer.patch(path, &json!({"necessary": true})).instead("if-match", &made.sent("etag")).await;
    stale.refuses(412, "precondition_failed");
    let same = officer.patch(path, &longer).await.shows(200);
    assert_eq!(same.at("/version"), 2);
    let versions = org.auditor().await.get(&format!("{path}/versions")).await.shows(200);
    assert_eq!(versions.at("/data/0/changed"), json!(["labels", "fields"]));
    assert_eq!((versions.at("/data/1/version"), versions.at("/data/1/fields")), (json!(1), json!(["name", "email"])));
    assert_eq!(versions.at("/data/1/by"), json!(officer.id));
    let told = org.auditor().await.get("/v1/audit/entries?action=purposes.update").await.shows(200);
    assert_eq!(told.at("/data/0/details/renewal"), "needed", "{told}");
}

#[tokio::test]
async fn a_retired_purpose_is_named_by_nobody_and_changed_by_nobody() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    officer
        .post("/v1/purposes", &purpose("newsletter", json!({"legal_basis": "cn_contract", "consent_kind": "none"})))
        .await
        .shows(201);
    officer.get("/v1/customers").header("processing-purpose", "newsletter").await.shows(200);
    let retired = officer.act("/v1/purposes/newsletter/retire").await.shows(200);
    assert_eq!((retired.at("/state"), retired.at("/version")), (json!("retired"), json!(2)));
    officer.act("/v1/purposes/newsletter/retire").await.refuses(409, "purpose_retired");
    officer.patch("/v1/purposes/newsletter", &json!({"necessary": true})).await.refuses(409, "purpose_retired");
    officer.post("/v1/purposes", &purpose("newsletter", json!({}))).await.refuses(409, "duplicate_value");
    // A session that was not open before knows it at once; others within a second.
    let fresh = org.dpo().await;
    fresh.get("/v1/customers").header("processing-purpose", "newsletter").await.refuses(403, "unknown_purpose");
    let key = json!({"third_party": "Post", "name": "x", "permissions": ["customers.read"], "fields": ["name"], "purposes": ["newsletter"]});
    let answer = org.admin().await.post("/v1/api-keys", &key).await.refuses(422, "invalid_body");
    assert_eq!(answer.faults(), [("/purposes/0".to_owned(), "unknown_purpose".to_owned())]);
}

#[tokio::test]
async fn two_who_change_at_once_do_not_undo_each_other() {
    let org = Org::found().await;
    let (officer, admin) = (org.dpo().await, org.admin().await);
    let made = officer.post("/v1/purposes", &purpose("newsletter", json!({}))).await.shows(201);
    let tag = made.sent("etag");
    let path = "/v1/purposes/newsletter";
    let (days, channels) = (json!({"retention_days": 10}), json!({"channels": ["email"]}));
    let by_officer = officer.patch(path, &days).instead("if-match", &tag);
    let by_admin = admin.patch(path, &channels).instead("if-match", "*");
    let (first, second) = tokio::join!(by_officer, by_admin);
    second.shows(200);
    let read = officer.get(path).await.shows(200);
    assert_eq!(read.at("/channels"), json!(["email"]));
    if first.status == 200 {
        assert_eq!((read.at("/retention_days"), read.at("/version")), (json!(10), json!(3)));
    } else {
        first.refuses(412, "precondition_failed");
        assert_eq!((read.at("/retention_days"), read.at("/version")), (json!(730), json!(2)));
    }
}
