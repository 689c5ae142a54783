//! From a draft to a text that anybody reads.

use serde_json::{Value, json};
use sha2_of::hex;

use super::{notice, published, text};
use crate::support::{Org, shared};

/// SHA-256 as people write it.
mod sha2_of {
    pub fn hex(text: &str) -> String {
        custodian_crypto::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[tokio::test]
async fn a_notice_is_published_only_when_it_tells_everything() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let body = json!({"code": "offers", "purposes": ["marketing"],
        "texts": {"en": text("retention", "name"), "zh-CN": text("rights", "name")}});
    let draft = officer.post("/v1/notices", &body).await.shows(201);
    let publish = format!("/v1/notices/{}/publish", draft.id());
    let refused = officer.post(&publish, &json!({})).await.refuses(422, "invalid_body");
    let missing = |place: &str| (place.to_owned(), "missing_element".to_owned());
    let places = ["/texts/en/elements/retention", "/texts/zh-CN/elements/rights"].map(missing);
    assert_eq!(refused.faults(), places);
    assert!(refused.text().contains("PIPL 17(1)(2)"), "{refused}");
    let impact = org.auditor().await.get(&format!("/v1/notices/{}/impact", draft.id())).await.shows(200);
    assert_eq!(impact.at("/missing/0/pointer"), "/texts/en/elements/retention");
    let mut liar = text("", "name");
    liar["elements"]["rights"] = json!("you may fly");
    let path = format!("/v1/notices/{}", draft.id());
    officer.patch(&path, &json!({"texts": {"en": liar}})).await.shows(200);
    let refused = officer.post(&publish, &json!({})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/texts/en/elements/rights".to_owned(), "not_in_text".to_owned())]);
    officer.patch(&path, &json!({"texts": {"en": text("", "name")}})).await.shows(200);
    let done = officer.post(&publish, &json!({})).await.shows(200);
    assert_eq!((done.at("/state"), done.at("/material")), (json!("published"), json!(false)));
    officer.patch(&path, &json!({"from_others": true})).await.refuses(409, "notice_published");
    officer.post(&publish, &json!({})).await.refuses(409, "notice_published");
}

#[tokio::test]
async fn what_a_purpose_does_is_what_its_notice_must_tell() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let shared = json!({"consent_kind": "separate", "recipients": [{"name": "Ads", "country": "SG"}]});
    officer.patch("/v1/purposes/marketing", &shared).await.shows(200);
    let draft = officer.post("/v1/notices", &notice("offers", "name")).await.shows(201).id();
    let refused = officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.refuses(422, "invalid_body");
    let missing: Vec<String> = refused.faults().into_iter().map(|(place, _)| place).collect();
    for element in ["recipient_name", "recipient_contact", "abroad_rights", "abroad_recipient_name"] {
        assert!(missing.contains(&format!("/texts/en/elements/{element}")), "{element}: {refused}");
    }
    assert!(refused.text().contains("PIPL 23") && refused.text().contains("PIPL 39"), "{refused}");
}

#[tokio::test]
async fn anybody_reads_what_was_published_at_an_address_that_stays() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let stranger = shared().stranger();
    let draft = officer.post("/v1/notices", &notice("offers", "name")).await.shows(201);
    let path = format!("/v1/public/notices/{}", draft.id());
    stranger.get(&path).await.refuses(404, "not_found");
    assert_eq!(draft.at("/public_url"), Value::Null);
    let done = officer.post(&format!("/v1/notices/{}/publish", draft.id()), &json!({})).await.shows(200);
    assert!(done.text_at("/public_url").ends_with(&path), "{done}");
    let read = stranger.get(&path).await.shows(200);
    assert_eq!(read.at("/sha256"), hex(&read.text_at("/text")));
    assert_eq!(read.at("/sha256"), done.at("/texts/en/sha256"));
    let next = published(&officer, "offers", "name, birthday").await;
    let old = stranger.get(&format!("{path}?language=en")).await.shows(200);
    assert_eq!((old.at("/state"), old.at("/text")), (json!("superseded"), read.at("/text")));
    assert_ne!(next.at("/texts/en/sha256"), read.at("/sha256"));
    stranger.get(&format!("{path}?organization=1")).await.refuses(400, "unknown_parameter");
}

#[tokio::test]
async fn anybody_reads_in_the_language_that_their_browser_asks_for() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let mut body = notice("offers", "name");
    body["texts"]["zh-CN"] = text("", "name");
    let draft = officer.post("/v1/notices", &body).await.shows(201).id();
    officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200);
    let path = format!("/v1/public/notices/{draft}");
    let stranger = shared().stranger();
    let read = async |wanted: &str, query: &str| {
        let answer = stranger.get(&format!("{path}{query}")).header("accept-language", wanted).await.shows(200);
        answer.text_at("/language")
    };
    for (wanted, language) in [("fr, zh;q=0.4, en;q=0.2", "zh-CN"), ("zh-TW", "zh-CN"), ("en-GB", "en"), ("fr", "en")] {
        assert_eq!(read(wanted, "").await, language, "{wanted}");
    }
    assert_eq!(read("zh", "?language=en").await, "en", "what is named counts first");
}

#[tokio::test]
async fn a_draft_is_refused_where_it_names_what_nobody_knows() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let mut body = notice("offers", "name");
    body["purposes"] = json!(["marketing", "world_domination"]);
    body["texts"]["english"] = text("", "name");
    body["texts"]["en"]["elements"]["weather"] = json!("rain");
    let refused = officer.post("/v1/notices", &body).await.refuses(422, "invalid_body");
    let told = |place: &str, code: &str| (place.to_owned(), code.to_owned());
    assert_eq!(
        refused.faults(),
        [
            told("/purposes/1", "unknown_purpose"),
            told("/texts/en/elements/weather", "unknown_element"),
            told("/texts/english", "unknown_language")
        ]
    );
    org.marketing().await.post("/v1/notices", &notice("offers", "name")).await.refuses(403, "forbidden");
}
