//! The document: complete, committed, and the one that is served.

use custodian_api::http::openapi_check::document_faults;
use custodian_api::server::document;
use serde_json::Value;

use crate::support::shared;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/v1.json");

#[test]
fn every_operation_says_what_callers_need() {
    assert_eq!(document_faults(&document("http://127.0.0.1:8080")), Vec::<String>::new());
}

#[test]
fn the_committed_document_is_what_the_code_generates() {
    let generated = document("http://127.0.0.1:8080").to_pretty_json().unwrap();
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(committed.trim_end() == generated.trim_end(), "openapi/v1.json is stale: make generated");
}

#[tokio::test]
async fn the_served_document_is_the_generated_one_under_its_own_address() {
    let answer = shared().stranger().get("/openapi.json").await.shows(200);
    assert!(answer.sent("content-type").starts_with("application/json"), "{}", answer.sent("content-type"));
    assert_eq!(answer.json(), serde_json::to_value(document(&shared().base_url)).unwrap());
    assert_eq!(answer.at("/openapi").as_str().map(|version| version.starts_with("3.1")), Some(true));
    let again = shared().stranger().get("/openapi.json").header("if-none-match", &answer.sent("etag")).await;
    again.shows(304);
}

#[tokio::test]
async fn the_interactive_page_comes_from_the_program_alone() {
    let entry = shared().stranger().get("/docs").await.shows(308);
    let page = shared().stranger().get(&entry.sent("location")).await.shows(200);
    assert!(page.sent("content-type").starts_with("text/html"), "{page}");
    for elsewhere in ["http://", "https://", "//cdn"] {
        let links = page.text().split(['"', '\'']).filter(|text| text.starts_with(elsewhere)).count();
        assert_eq!(links, 0, "the page loads from elsewhere: {page}");
    }
}

#[test]
fn nothing_in_the_document_is_empty() {
    fn empty(at: &Value, place: &str, found: &mut Vec<String>) {
        match at {
            Value::Object(members) => {
                members.iter().for_each(|(name, inner)| empty(inner, &format!("{place}/{name}"), found))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, inner)| empty(inner, &format!("{place}/{n}"), found))
            }
            Value::String(text) if text.trim().is_empty() => found.push(place.to_owned()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let document = serde_json::to_value(document("http://127.0.0.1:8080")).unwrap();
    empty(&document, "", &mut found);
    found.retain(|place| !place.contains("/example"));
    assert_eq!(found, Vec::<String>::new());
}
