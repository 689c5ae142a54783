//! What a person is asked about and decides: the data of a page of preferences, and agreeing as easily as withdrawing.

use serde_json::{Value, json};

use super::{come_in, somebody};
use crate::house::fresh_code;
use crate::notices::{published, published_anew};
use crate::support::{Caller, Org};

const PATH: &str = "/v1/self/preferences";

async fn marketing(me: &Caller) -> Value {
    let found = me.get(PATH).await.shows(200).at("/purposes");
    found.as_array().unwrap().iter().find(|purpose| purpose["code"] == "marketing").cloned().unwrap()
}

#[tokio::test]
async fn preferences_say_where_each_use_and_each_channel_stands_and_what_can_be_done() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let me = come_in(&org, &address, 1).await;
    let before = marketing(&me).await;
    assert_eq!((&before["allowed"], &before["reason"]), (&json!(false), &json!("no_consent")), "{before}");
    assert_eq!(before["choice"], Value::Null, "there is no notice to agree under");
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    let given = marketing(&me).await;
    assert_eq!((&given["allowed"], &given["reason"]), (&json!(true), &json!("consent_in_force")));
    assert_eq!((&given["choice"], &given["consent_id"]), (&json!("withdraw"), &json!(consent)));
    let channels = given["channels"].as_array().unwrap();
    assert!(!channels.is_empty() && channels.iter().all(|channel| channel["allowed"] == true), "{given}");
    me.act(&format!("/v1/self/consents/{consent}/withdraw")).await.shows(200);
    let withdrawn = marketing(&me).await;
    assert_eq!((&withdrawn["reason"], &withdrawn["choice"]), (&json!("withdrawn"), &json!("agree")));
    let all = me.get(PATH).await.shows(200).at("/purposes");
    let undecidable = |one: &Value| one["needs_consent"] == false && one["choice"].is_null() && one["allowed"] == true;
    assert!(!all.as_array().unwrap().iter().any(undecidable), "what nobody has a say in is not asked: {all}");
}

#[tokio::test]
async fn a_person_agrees_at_their_own_door_by_channel_and_never_past_a_guardian() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let dpo = org.dpo().await;
    let me = come_in(&org, &address, 1).await;
    let notice = published(&dpo, &fresh_code(), "name").await.id();
    let shown = marketing(&me).await;
    assert_eq!((&shown["choice"], &shown["notice_version"]), (&json!("agree"), &json!(notice)), "{shown}");
    let body = |channel: &str| json!({"purpose": "marketing", "notice_version": notice, "channel": channel});
    me.post("/v1/self/consents", &body("pigeon")).await.refuses(422, "invalid_body");
    let other = json!({"purpose": "marketing", "notice_version": fresh_id()});
    me.post("/v1/self/consents", &other).await.refuses(422, "invalid_body");
    let channel = shown["channels"][0]["channel"].as_str().unwrap().to_owned();
    let given = me.post("/v1/self/consents", &body(&channel)).await.shows(201);
    assert_eq!((given.at("/state"), given.at("/evidence/place")), (json!("given"), json!("self_service")));
    assert_eq!((given.at("/recorded_by_kind"), given.at("/customer_id")), (json!("subject"), json!(customer)));
    let decision = format!("/v1/consent-decisions?customer_id={customer}&purpose=marketing");
    let allowed = async |channel: &str| {
        org.admin().await.get(&format!("{decision}&channel={channel}")).await.shows(200).at("/allowed")
    };
    assert_eq!(allowed(&channel).await, true);
    if let Some(silent) = shown["channels"][1]["channel"].as_str() {
        assert_eq!(allowed(silent).await, false, "what was not agreed to");
    }
    // They say no, and come back the same hour: nobody asked them, so no wait counts.
    me.act(&format!("/v1/self/consents/{}/withdraw", given.id())).await.shows(200);
    me.post("/v1/self/consents", &body(&channel)).await.shows(201);
    let log = org.auditor().await.get("/v1/audit/entries?action=consents.record").await.shows(200);
    assert_eq!(log.at("/data/0/actor/kind"), "subject");
    let child = json!({"fields": {"birthday": child_s_birthday()}});
    let path = format!("/v1/customers/{customer}");
    org.admin().await.request("PATCH", &path).json(&child).header("if-match", "*").await.shows(200);
    let refused = me.post("/v1/self/consents", &body(&channel)).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults()[0], ("/guardian".to_owned(), "guardian_needed".to_owned()));
}

#[tokio::test]
async fn nobody_agrees_at_their_own_door_under_words_of_before_or_in_place_of_a_signature() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let dpo = org.dpo().await;
    let me = come_in(&org, &address, 1).await;
    let old = published(&dpo, "offers", "name").await.id();
    let body = |notice: &str| json!({"purpose": "marketing", "notice_version": notice});
    let given = me.post("/v1/self/consents", &body(&old)).await.shows(201).id();
    let change = async |members: Value| dpo.patch("/v1/purposes/marketing", &members).await.shows(200);
    change(json!({"description": "Tells partners of people."})).await;
    let stands = marketing(&me).await;
    assert_eq!((&stands["choice"], &stands["notice_version"]), (&Value::Null, &Value::Null), "{stands}");
    let refused = me.post("/v1/self/consents", &body(&old)).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/notice_version".to_owned(), "notice_outdated".to_owned())]);
    me.act(&format!("/v1/self/consents/{given}/withdraw")).await.shows(200);
    published(&dpo, "offers", "name").await;
    assert_eq!(marketing(&me).await["notice_version"], Value::Null, "the same words tell of nothing");
    let new = published_anew(&dpo, "offers").await.id();
    let stands = marketing(&me).await;
    assert_eq!((&stands["choice"], &stands["notice_version"]), (&json!("agree"), &json!(new)), "{stands}");
    me.post("/v1/self/consents", &body(&new)).await.shows(201);
    change(json!({"consent_kind": "written"})).await;
    let signed = published_anew(&dpo, "offers").await.id();
    assert_eq!(marketing(&me).await["choice"], Value::Null, "a click is no signature");
    let refused = me.post("/v1/self/consents", &body(&signed)).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/evidence".to_owned(), "written_evidence_needed".to_owned())]);
}

fn fresh_id() -> String {
    uuid::Uuid::from_u128(7).to_string()
}

/// The birthday of somebody who is ten.
fn child_s_birthday() -> String {
    use custodian_application::{Clock, SystemClock};
    (SystemClock.now() - chrono::TimeDelta::days(3_700)).date_naive().to_string()
}

#[tokio::test]
async fn a_browser_of_ones_own_that_says_no_opts_out_once() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let stands = async || org.admin().await.get(&format!("/v1/customers/{customer}/opt-outs")).await.shows(200);
    let other = me.get(PATH).header("sec-gpc", "true").await.shows(200);
    assert_eq!((other.at("/opted_out_at"), stands().await.at("/data")), (Value::Null, json!([])));
    let first = me.get(PATH).header("sec-gpc", "1").await.shows(200);
    assert_ne!(first.at("/opted_out_at"), Value::Null, "{first}");
    let again = me.get(PATH).header("sec-gpc", "1").await.shows(200);
    assert_eq!(
        again.at("/opted_out_at"),
        first.at("/opted_out_at"),
        "who agrees to something later is not asked by every page"
    );
    assert_eq!(stands().await.at("/data").as_array().unwrap().len(), 1);
}
