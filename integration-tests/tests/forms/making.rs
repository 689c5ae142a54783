//! Making forms: no more than the purpose lists, versioned, published, retired.

use serde_json::{Value, json};

use super::{Opened, PATH, body, open};
use crate::notices::published;
use crate::support::Org;

fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[tokio::test]
async fn a_form_that_asks_for_more_than_its_purpose_lists_is_refused_with_the_field_named() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    let faults =
        async |members: Value| admin.post(PATH, &body(&notice, members)).await.refuses(422, "invalid_body").faults();
    let fields = json!([{"key": "name", "required": true}, {"key": "email", "required": true}, {"key": "bank_card", "required": false}]);
    let refused = admin.post(PATH, &body(&notice, json!({"fields": fields}))).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), one("/fields/2/key", "purpose_excludes_field"));
    let care = faults(json!({"purpose": "care"})).await;
    let expected = [
        ("/languages/0", "unknown_language"),
        ("/notice_version", "notice_of_other_purposes"),
        ("/purpose", "purpose_lists_no_fields"),
    ];
    assert_eq!(care, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    assert_eq!(
        faults(json!({"fields": [{"key": "name", "required": true}]})).await,
        one("/fields", "no_contact_field")
    );
    assert_eq!(faults(json!({"languages": ["fr"]})).await, one("/languages/0", "unknown_language"));
    assert_eq!(faults(json!({"origins": ["https://www.example.com/page"]})).await, one("/origins/0", "invalid_format"));
    let strange = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    assert_eq!(faults(json!({"owner_id": strange})).await, one("/owner_id", "unknown_owner"));
    assert_eq!(faults(json!({"department_id": strange})).await, one("/department_id", "unknown_department"));
    let bundled = json!({"consents": [{"purpose": "marketing", "notice_version": notice}]});
    assert_eq!(faults(bundled).await, one("/consents/0/purpose", "repeated"));
    let draft = org.dpo().await.post("/v1/notices", &crate::notices::notice("later", "name")).await.shows(201).id();
    let unpublished = faults(json!({"notice_version": draft})).await;
    assert!(unpublished.contains(&("/notice_version".to_owned(), "unknown_notice_version".to_owned())));
    for person in [org.sales_a().await, org.auditor().await] {
        person.post(PATH, &body(&notice, json!({}))).await.refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn no_form_asks_for_a_separate_consent_under_a_notice_of_two_purposes() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let separate = json!({"consent_kind": "separate", "channels": ["email"], "fields": ["name", "email"]});
    dpo.post("/v1/purposes", &crate::purposes::purpose("profiling", separate)).await.shows(201);
    let both = json!({"code": "both", "purposes": ["marketing", "profiling"], "texts": {"en": crate::notices::text("", "name")}});
    let notice = dpo.post("/v1/notices", &both).await.shows(201).id();
    dpo.post(&format!("/v1/notices/{notice}/publish"), &json!({})).await.shows(200);
    let fields = json!([{"key": "name", "required": true}, {"key": "email", "required": true}]);
    let form = body(&notice, json!({"purpose": "profiling", "fields": fields}));
    let refused = admin.post(PATH, &form).await.refuses(422, "invalid_body");
    assert!(
        refused.faults().contains(&("/notice_version".to_owned(), "separate_consent_bundled".to_owned())),
        "{refused}"
    );
    let form = body(&notice, json!({"consents": [{"purpose": "profiling", "notice_version": notice}]}));
    let refused = admin.post(PATH, &form).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), one("/consents/0/notice_version", "separate_consent_bundled"));
}

#[tokio::test]
async fn pages_show_what_is_published_until_it_is_retired() {
    let opened = Opened::new(json!({})).await;
    let (admin, path) = (&opened.admin, format!("{PATH}/{}", opened.form));
    let title = async || opened.stranger().get(&format!("{path}/schema")).await.shows(200).at("/title");
    assert_eq!(title().await, "Offers");
    let before = opened.filled(json!({})).await;
    let changed = admin.patch(&path, &json!({"labels": {"en": "Deals", "zh": "优惠"}})).await.shows(200);
    assert_eq!((changed.at("/version"), changed.at("/state")), (json!(1), json!("published")));
    assert_eq!(title().await, "Offers", "pages go on showing what is published");
    assert_eq!(admin.act(&format!("{path}/publish")).await.shows(200).at("/version"), 2);
    assert_eq!(title().await, "Deals");
    opened.send(&before).await.shows(202);
    assert_eq!(opened.submissions().await[0]["form_version"], 1, "under the version that the page showed");
    let late = opened.filled(json!({})).await;
    assert_eq!(admin.act(&format!("{path}/retire")).await.shows(200).at("/state"), "retired");
    opened.stranger().get(&format!("{path}/schema")).await.refuses(404, "not_found");
    opened.stranger().act(&format!("{path}/tokens")).await.refuses(404, "not_found");
    opened.send(&late).await.refuses(404, "not_found");
    admin.patch(&path, &json!({"stage": "prospect"})).await.refuses(409, "form_retired");
    admin.act(&format!("{path}/publish")).await.refuses(409, "form_retired");
}

#[tokio::test]
async fn a_draft_is_shown_to_nobody_and_another_organisations_form_is_none_of_ours() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    let draft = admin.post(PATH, &body(&notice, json!({}))).await.shows(201).id();
    org.service().stranger().get(&format!("{PATH}/{draft}/schema")).await.refuses(404, "not_found");
    let other = Org::found().await.admin().await;
    other.get(&format!("{PATH}/{draft}")).await.refuses(404, "not_found");
    other.act(&format!("{PATH}/{draft}/publish")).await.refuses(404, "not_found");
    let form = open(&admin, &body(&notice, json!({}))).await;
    other.get(&format!("{PATH}/{form}/submissions")).await.refuses(404, "not_found");
    let stale = admin.request("PATCH", &format!("{PATH}/{form}")).json(&json!({"stage": "prospect"}));
    stale.header("if-match", "\"9-stale\"").await.refuses(412, "precondition_failed");
}
