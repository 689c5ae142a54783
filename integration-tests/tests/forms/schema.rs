//! The schema: JSON Schema 2020-12 that says of a page's body what the service says of it.

use serde_json::{Value, json};

use super::{Opened, PATH};

#[tokio::test]
async fn it_is_a_schema_and_accepts_what_the_form_accepts() {
    let opened = Opened::new(json!({})).await;
    let answer = opened.stranger().get(&format!("{PATH}/{}/schema?language=en", opened.form)).await.shows(200);
    assert!(answer.sent("content-type").starts_with("application/schema+json"));
    let schema = answer.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema), "{schema}");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let good =
        opened.filled(json!({"fields": {"name": "张三", "email": "zhang@forms.example", "province": "上海"}})).await;
    assert!(validator.is_valid(&good), "{:?}", validator.iter_errors(&good).map(|e| e.to_string()).collect::<Vec<_>>());
    let differing = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Value::Null => drop(parent.remove(key)),
            value => drop(parent.insert(key.to_owned(), value)),
        }
        body
    };
    let wrong = [
        ("/fields/name", Value::Null, "required"),
        ("/fields/email", json!("nobody"), "invalid_email"),
        ("/fields/bank_card", json!("1"), "unknown_field"),
        ("/consents/marketing", json!(false), "consent_needed"),
    ];
    for (pointer, value, code) in wrong {
        let body = differing(pointer, value);
        assert!(!validator.is_valid(&body), "{pointer}");
        let refused = opened.send(&body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(pointer.to_owned(), code.to_owned())], "the service says the same");
    }
    let optional = differing("/fields/province", Value::Null);
    assert!(validator.is_valid(&optional));
    opened.send(&optional).await.shows(202);
}

#[tokio::test]
async fn it_says_to_people_what_must_be_filled_in_and_what_for() {
    let opened = Opened::new(json!({})).await;
    let schema = opened.stranger().get(&format!("{PATH}/{}/schema", opened.form)).await.shows(200).json();
    let fields = &schema["properties"]["fields"];
    assert_eq!(fields["required"], json!(["name", "email"]));
    assert_eq!(fields["x-order"], json!(["name", "email", "province"]));
    assert_eq!(
        (&fields["properties"]["name"]["title"], &fields["properties"]["name"]["x-optional"]),
        (&json!("Name"), &json!(false))
    );
    assert_eq!(fields["properties"]["province"]["x-optional"], json!(true));
    assert_eq!(fields["properties"]["email"]["format"], "email");
    let consent = &schema["properties"]["consents"]["properties"]["marketing"];
    assert_eq!((&consent["title"], &consent["x-optional"]), (&json!("Marketing"), &json!(false)));
    let notice = schema["x-form"]["notice"]["url"].as_str().unwrap();
    assert_eq!(consent["x-notice"]["url"], notice);
    let (_, path) = notice.split_once("/v1/").unwrap();
    let text = opened.stranger().get(&format!("/v1/{path}")).await.shows(200);
    assert_eq!(text.at("/sha256"), schema["x-form"]["notice"]["sha256"]);
    assert_eq!(schema["properties"]["guardian"]["required"], json!(["relation", "name", "mobile", "agreed"]));
    assert_eq!(schema["x-form"]["version"], 1);
}
