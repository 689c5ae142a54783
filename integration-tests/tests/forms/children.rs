//! Who is under fourteen, and who agrees for them.

use serde_json::{Value, json};

use super::{Opened, PATH, body, open};
use crate::notices::text;
use crate::support::Org;

/// A form of a purpose that lists the date of birth.
async fn opened() -> Opened {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let purpose = json!({"code": "club", "labels": {"en": "Club", "zh": "俱乐部"}, "description": "A club for families.", "legal_basis": "cn_consent",
        "consent_kind": "consent", "fields": ["name", "email", "birthday"], "methods": ["use"], "channels": ["email"], "jurisdictions": ["CN"]});
    dpo.post("/v1/purposes", &purpose).await.shows(201);
    let notice = json!({"code": "club", "purposes": ["club"], "texts": {"en": text("", "name")}});
    let notice = dpo.post("/v1/notices", &notice).await.shows(201).id();
    dpo.post(&format!("/v1/notices/{notice}/publish"), &json!({})).await.shows(200);
    let fields = json!([{"key": "name", "required": true}, {"key": "email", "required": true}, {"key": "birthday", "required": false}]);
    let form = open(&admin, &body(&notice, json!({"purpose": "club", "fields": fields}))).await;
    Opened { org, admin, form }
}

fn child(members: Value) -> Value {
    let mut body = json!({"fields": {"name": "小明", "email": "ming@forms.example", "birthday": "2018-06-01"}, "consents": {"club": true}});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_child_comes_in_with_a_guardian_alone() {
    let opened = opened().await;
    let faults = async |members: Value| opened.sends(child(members)).await.refuses(422, "invalid_body").faults();
    let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    assert_eq!(faults(json!({})).await, one("/guardian", "guardian_needed"));
    let guardian = json!({"relation": "mother", "name": "王芳", "mobile": "138 0013 8000", "agreed": true});
    let differing = |name: &str, value: Value| {
        let mut guardian = guardian.clone();
        guardian[name] = value;
        json!({"guardian": guardian})
    };
    assert_eq!(faults(differing("agreed", json!(false))).await, one("/guardian/agreed", "consent_needed"));
    assert_eq!(faults(differing("mobile", json!("12345"))).await, one("/guardian/mobile", "invalid_mobile"));
    assert_eq!(faults(differing("relation", json!("friend"))).await[0].0, "/guardian/relation");
    assert_eq!(opened.people("ming@forms.example").await.len(), 0, "a refusal leaves nothing");
    let id = opened.sends(child(json!({"guardian": guardian}))).await.shows(202).text_at("/submission_id");
    let people = opened.people("ming@forms.example").await;
    let consents = opened.admin.get(&format!("/v1/customers/{}/consents", people[0])).await.shows(200);
    assert_eq!(consents.at("/data/0/guardian/relation"), "mother");
    assert_eq!(consents.at("/data/0/guardian/reference"), format!("submission:{id}"));
    let kept = opened.admin.get(&format!("{PATH}/{}/submissions/{id}", opened.form)).await.shows(200);
    assert_eq!(kept.at("/guardian/relation"), "mother");
    assert_ne!(kept.at("/guardian/mobile"), json!("138 0013 8000"), "masked as a mobile is");
}

#[tokio::test]
async fn who_is_fourteen_needs_none_and_a_date_that_is_not_given_asks_for_none() {
    let opened = opened().await;
    let grown = json!({"fields": {"name": "小红", "email": "hong@forms.example", "birthday": "2000-06-01"}});
    opened.sends(child(grown)).await.shows(202);
    opened.sends(child(json!({"fields": {"name": "小刚", "email": "gang@forms.example"}}))).await.shows(202);
    assert_eq!(opened.submissions().await.len(), 2);
}
