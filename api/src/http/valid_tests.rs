//! Tests of bodies as they arrive.

#![allow(clippy::unwrap_used)]
use actix_web::http::header::ContentType;
use actix_web::test::TestRequest;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, ToSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Note {
    #[schema(max_length = 10)]
    text: String,
    mobile: Option<String>,
}

impl Body for Note {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let masked = value.get("mobile").and_then(Value::as_str).is_some_and(|text| text.contains('*'));
        if masked { vec![Fault::new("/mobile", "masked_value"), Fault::new("/text", "empty")] } else { Vec::new() }
    }
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
struct Open {
    text: String,
    inner: Option<Note>,
}

impl Body for Open {}

/// A schema that promises what serde does not keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Lying {
    #[schema(value_type = String)]
    number: u32,
}

impl Body for Lying {}

fn request(media_type: Option<&str>, body: &[u8]) -> (HttpRequest, Payload) {
    let edge = Data::new(Edge::new("http://localhost", 64, std::time::Duration::from_secs(1)));
    let mut request = TestRequest::post().app_data(edge).set_payload(body.to_vec());
    if let Some(media_type) = media_type {
        request = request.insert_header((CONTENT_TYPE, media_type));
    }
    request.to_http_parts()
}

async fn code<T: FromRequest<Error = Problem>>(media_type: Option<&str>, body: &[u8]) -> &'static str {
    let (request, mut payload) = request(media_type, body);
    match T::from_request(&request, &mut payload).await {
        Ok(_) => "ok",
        Err(problem) => problem.code(),
    }
}

#[actix_web::test]
async fn reads_a_good_body_and_its_digest() {
    let body = br#"{"text":"hi"}"#;
    let (request, mut payload) = request(Some("application/json"), body);
    let valid = Valid::<Note>::from_request(&request, &mut payload).await.unwrap();
    assert_eq!(valid.digest().0, sha256(body));
    assert_eq!(valid.into_inner(), Note { text: "hi".to_owned(), mobile: None });
}

#[actix_web::test]
async fn only_json_in_utf_8_is_taken() {
    let body = br#"{"text":"hi"}"#;
    for (media_type, expected) in [
        (Some("application/json"), "ok"),
        (Some("Application/JSON; charset=UTF-8"), "ok"),
        (Some("application/json;charset=\"utf-8\""), "ok"),
        (None, "unsupported_media_type"),
        (Some(""), "unsupported_media_type"),
        (Some("text/plain"), "unsupported_media_type"),
        (Some("application/json; charset=utf-16"), "unsupported_media_type"),
        (Some("application/jsonp"), "unsupported_media_type"),
        (Some("application/merge-patch+json"), "unsupported_media_type"),
        (Some("multipart/form-data; boundary=x"), "unsupported_media_type"),
    ] {
        assert_eq!(code::<Valid<Note>>(media_type, body).await, expected, "{media_type:?}");
    }
    assert_eq!(code::<ValidPatch<Note>>(Some("application/merge-patch+json"), body).await, "ok");
    assert_eq!(code::<ValidPatch<Note>>(Some("application/json"), body).await, "ok");
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(64));
    assert_eq!(code::<Valid<Note>>(Some("application/json"), long.as_bytes()).await, "body_too_large");
    let edge = Data::new(Edge::new("http://localhost", 64, std::time::Duration::from_secs(1)));
    let (request, mut payload) = TestRequest::post()
        .app_data(edge)
        .insert_header(ContentType::json())
        .insert_header((CONTENT_LENGTH, "65"))
        .to_http_parts();
    assert_eq!(Valid::<Note>::from_request(&request, &mut payload).await.unwrap_err().code(), "body_too_large");
}

#[actix_web::test]
async fn every_way_to_be_wrong_has_its_code() {
    for (body, expected) in [
        (r#"{"text":"#, "malformed_json"),
        ("", "malformed_json"),
        (r#"{"text":"a","text":"b"}"#, "duplicate_key"),
        (r#"{"text":"a\u0000"}"#, "invalid_body"),
        (r#"{"text":"a","x":1}"#, "unknown_field"),
    ] {
        assert_eq!(code::<Valid<Note>>(Some("application/json"), body.as_bytes()).await, expected, "{body}");
    }
}

#[test]
fn schema_and_check_are_told_together_and_each_place_once() {
    let value = json!({"text": "far too long", "mobile": "138****5678", "x": 1});
    let problem = validate::<Note>(&value, DateTime::UNIX_EPOCH, Catalog::built_in()).unwrap_err();
    let mut faults: Vec<_> = problem.listed().iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    faults.sort_unstable();
    assert_eq!(faults, [("/mobile", "masked_value"), ("/text", "too_long"), ("/x", "unknown_field")]);
}

#[test]
fn a_schema_that_promises_too_much_is_our_defect() {
    let problem = validate::<Lying>(&json!({"number": "x"}), DateTime::UNIX_EPOCH, Catalog::built_in()).unwrap_err();
    assert_eq!(problem.code(), "internal_error");
}

#[actix_web::test]
async fn an_action_without_a_body_takes_nothing_or_an_empty_object() {
    assert_eq!(code::<Empty>(None, b"").await, "ok");
    assert_eq!(code::<Empty>(Some("application/json"), b"{}").await, "ok");
    assert_eq!(code::<Empty>(Some("application/json"), b"{\"a\":1}").await, "unknown_field");
    assert_eq!(code::<Empty>(Some("application/json"), b"[]").await, "invalid_body");
    assert_eq!(code::<Empty>(Some("text/plain"), b"{}").await, "unsupported_media_type");
    assert_eq!(code::<Empty>(None, b"{}").await, "unsupported_media_type");
}

#[test]
fn open_schemas_are_found() {
    assert_closed::<Note>();
    assert_eq!(open_places::<Open>(), ["/allOf/0"]);
}
