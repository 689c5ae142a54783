//! Tests of the compiled schemas.

#![allow(clippy::unwrap_used)]
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::*;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    #[schema(min_length = 1, max_length = 5)]
    name: String,
    #[schema(minimum = 1, maximum = 10)]
    amount: i32,
    big: Option<i64>,
    small: Option<u32>,
    kind: Kinds,
    #[schema(max_items = 2)]
    lines: Option<Vec<Line>>,
    owner: Option<Uuid>,
    #[schema(pattern = "^CN-[0-9]{2}$")]
    region: Option<String>,
    line: Option<Line>,
    due: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    Sale,
    Return,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Line {
    text: String,
}

fn faults(value: Value) -> Vec<(String, &'static str, Option<String>)> {
    let schema = Schema::of::<Order>().unwrap();
    let mut found: Vec<_> = schema.faults(&value).into_iter().map(|f| (f.pointer, f.code, f.arg)).collect();
    found.sort();
    found
}

fn good() -> Value {
    json!({"name": "a", "amount": 1, "kind": "sale"})
}

fn with(member: &str, value: Value) -> Value {
    let mut body = good();
    body.as_object_mut().unwrap().insert(member.to_owned(), value);
    body
}

fn one(member: &str, value: Value) -> (String, &'static str, Option<String>) {
    let found = faults(with(member, value.clone()));
    assert_eq!(found.len(), 1, "{member} {value}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn a_good_body_has_no_fault() {
    assert_eq!(faults(good()), []);
    let full = json!({"name": "张三", "amount": 10, "big": null, "small": 255, "kind": "return", "lines": [{"text": ""}],
        "owner": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "region": "CN-31", "line": {"text": "x"}, "due": "2026-01-31T08:00:00Z"});
    assert_eq!(faults(full.clone()), []);
    serde_json::from_value::<Order>(full).unwrap();
}

#[test]
fn each_rule_has_its_code_place_and_limit() {
    let at = |place: &str, code, arg: &str| (place.to_owned(), code, (!arg.is_empty()).then(|| arg.to_owned()));
    for (member, value, expected) in [
        ("name", json!(""), at("/name", "empty", "")),
        ("name", json!("123456"), at("/name", "too_long", "5")),
        ("name", json!(5), at("/name", "wrong_type", "string")),
        ("amount", json!(0), at("/amount", "out_of_range", "1")),
        ("amount", json!(11), at("/amount", "out_of_range", "10")),
        ("amount", json!("1"), at("/amount", "wrong_type", "integer")),
        ("amount", json!(1.0), at("/amount", "wrong_type", "integer")),
        ("kind", json!("gift"), at("/kind", "not_a_choice", "sale, return")),
        ("lines", json!([{"text": "a"}, {"text": "b"}, {"text": "c"}]), at("/lines", "too_many", "2")),
        ("lines", json!([{"text": 1}]), at("/lines/0/text", "wrong_type", "string")),
        ("lines", json!([{}]), at("/lines/0/text", "required", "")),
        ("owner", json!("7"), at("/owner", "invalid_format", "uuid")),
        ("region", json!("31"), at("/region", "invalid_format", "^CN-[0-9]{2}$")),
        ("line", json!({"text": "x", "more": 1}), at("/line/more", "unknown_field", "")),
        ("line", json!("x"), at("/line", "wrong_type", "object | null")),
        ("due", json!("tomorrow"), at("/due", "invalid_format", "date-time")),
        ("a/b", json!(1), at("/a~1b", "unknown_field", "")),
    ] {
        assert_eq!(one(member, value), expected);
    }
}

#[test]
fn integers_beyond_their_format_are_refused_before_serde_sees_them() {
    assert_eq!(one("small", json!(4_294_967_296_u64)).1, "out_of_range");
    assert_eq!(one("small", json!(-1)).1, "out_of_range");
    assert_eq!(one("big", json!(9_223_372_036_854_775_808_u64)).1, "out_of_range");
    assert!(faults(with("big", json!(1e300))).iter().all(|(place, ..)| place == "/big"));
    assert!(!faults(with("big", json!(1e300))).is_empty());
    assert_eq!(faults(with("big", json!(i64::MAX))), []);
}

#[test]
fn all_faults_come_at_once() {
    let body = json!({"name": "", "kind": "gift", "x": 1, "y": 2, "lines": [{"text": 1}, {"z": 1}]});
    let found = faults(body);
    let places: Vec<_> = found.iter().map(|(place, code, _)| (place.as_str(), *code)).collect();
    assert_eq!(
        places,
        [
            ("/amount", "required"),
            ("/kind", "not_a_choice"),
            ("/lines/0/text", "wrong_type"),
            ("/lines/1/text", "required"),
            ("/lines/1/z", "unknown_field"),
            ("/name", "empty"),
            ("/x", "unknown_field"),
            ("/y", "unknown_field"),
        ]
    );
}

#[test]
fn a_body_of_another_type_is_one_fault() {
    for value in [json!([]), json!("x"), json!(1), json!(null)] {
        assert_eq!(faults(value), [(String::new(), "wrong_type", Some("object".to_owned()))]);
    }
}
