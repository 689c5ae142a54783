//! The schema of a submission: JSON Schema 2020-12 with titles in one language, and hints beginning with `x-` for who renders it.

use custodian_domain::catalog::{Classification, DataType, Field, RecordType};
use custodian_domain::forms::Form;
use custodian_domain::kernel::Language;
use custodian_domain::purposes::{ConsentKind, Purpose};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where a schema is, and in which language.
pub(super) struct Labelled<'a> {
    pub base: &'a str,
    pub id: Uuid,
    pub version: i32,
    pub language: &'a str,
    pub in_language: Language,
}

/// A purpose with the notice that tells of it.
pub(super) struct Told {
    pub code: String,
    pub purpose: Purpose,
    pub notice: Uuid,
    pub title: String,
    pub sha256: String,
}

impl Told {
    fn notice(&self, base: &str, language: &str) -> Value {
        let url = format!("{base}/v1/public/notices/{}?language={language}", self.notice);
        json!({"id": self.notice, "url": url, "title": self.title, "sha256": self.sha256})
    }
}

/// The schema of the body that a page sends; the first of `told` is the form's own purpose.
pub(super) fn written(of: &Labelled<'_>, form: &Form, customer: &RecordType, told: &[Told]) -> Value {
    let say = |en: &'static str, zh: &'static str| match of.in_language {
        Language::En => en,
        Language::Zh => zh,
    };
    let (consents, needed) = consents(of, told);
    let mut properties = Map::new();
    properties.insert("token".into(), json!({"type": "string", "minLength": 1, "maxLength": 2000, "x-hidden": true}));
    properties.insert("proof".into(), json!({"type": "string", "maxLength": 64, "x-hidden": true}));
    properties.insert("website".into(), json!({"type": "string", "maxLength": 0, "x-honeypot": true}));
    properties.insert("language".into(), json!({"const": of.language, "x-hidden": true}));
    properties.insert("fields".into(), fields(of, form, customer));
    properties.insert("consents".into(), consents);
    let words = [
        say("Guardian", "监护人"),
        say("Relation", "关系"),
        say("Name", "姓名"),
        say("Mobile", "手机号"),
        say("I agree for the child", "我代表孩子同意"),
    ];
    properties.insert("guardian".into(), guardian(words));
    let mut required = vec!["token", "proof", "language", "fields"];
    required.extend(needed.then_some("consents"));
    let always = told.iter().any(|one| one.purpose.consent_kind == ConsentKind::Guardian);
    required.extend(always.then_some("guardian"));
    let notice = told.first().map(|one| one.notice(of.base, of.language));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{}/v1/forms/{}/schema?language={}", of.base, of.id, of.language),
        "title": form.labels.in_language(of.in_language),
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
        "x-form": {"id": of.id, "version": of.version, "language": of.language, "languages": form.languages, "purpose": form.purpose, "notice": notice,
            "token_url": format!("{}/v1/forms/{}/tokens", of.base, of.id), "submit_url": format!("{}/v1/forms/{}/submissions", of.base, of.id),
            "guardian_under_age": 14, "min_seconds": form.min_seconds},
    })
}

fn fields(of: &Labelled<'_>, form: &Form, customer: &RecordType) -> Value {
    let mut properties = Map::new();
    for asked in &form.fields {
        if let Some(field) = customer.field(&asked.key) {
            let mut schema = kind(field);
            schema.insert("title".into(), json!(field.labels.in_language(of.in_language)));
            schema.insert("x-data-type".into(), json!(field.data_type.as_str()));
            schema.insert("x-optional".into(), json!(!asked.required));
            schema.insert("x-sensitive".into(), json!(field.classification >= Classification::Sensitive));
            properties.insert(asked.key.clone(), Value::Object(schema));
        }
    }
    let required: Vec<&String> = form.fields.iter().filter(|asked| asked.required).map(|asked| &asked.key).collect();
    let order: Vec<&String> = form.fields.iter().map(|asked| &asked.key).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties, "x-order": order})
}

/// What a value of a field looks like.
fn kind(field: &Field) -> Map<String, Value> {
    let text = || json!({"type": "string", "minLength": 1, "maxLength": field.max_length});
    let schema = match &field.data_type {
        DataType::Email => json!({"type": "string", "format": "email", "maxLength": field.max_length}),
        DataType::Phone => json!({"type": "string", "minLength": 5, "maxLength": field.max_length, "x-input": "tel"}),
        DataType::Date => json!({"type": "string", "format": "date"}),
        DataType::Datetime => json!({"type": "string", "format": "date-time"}),
        DataType::Number => json!({"type": "number"}),
        DataType::Boolean => json!({"type": "boolean"}),
        DataType::Enum(choices) => json!({"type": "string", "enum": choices}),
        DataType::Money => json!({"type": "object", "additionalProperties": false, "required": ["amount", "currency"],
            "properties": {"amount": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}}),
        DataType::Json => json!({}),
        DataType::Text
        | DataType::CnResidentId
        | DataType::Uscc
        | DataType::BankCard
        | DataType::Plate
        | DataType::Address => text(),
    };
    match schema {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The consents of a form, and whether one of them is needed.
fn consents(of: &Labelled<'_>, told: &[Told]) -> (Value, bool) {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (at, one) in told.iter().enumerate().filter(|(_, one)| one.purpose.needs_consent()) {
        let mut schema = Map::new();
        schema.insert("type".into(), json!("boolean"));
        schema.insert("title".into(), json!(one.purpose.labels.in_language(of.in_language)));
        schema.insert("x-optional".into(), json!(at > 0));
        schema.insert("x-consent-kind".into(), json!(one.purpose.consent_kind.code()));
        schema.insert("x-notice".into(), one.notice(of.base, of.language));
        if at == 0 {
            // What the form is for cannot be had without it; everything else is the person's choice.
            schema.insert("const".into(), json!(true));
            required.push(one.code.clone());
        }
        properties.insert(one.code.clone(), Value::Object(schema));
    }
    let needed = !required.is_empty();
    let schema =
        json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties});
    (schema, needed)
}

fn guardian([title, relation, name, mobile, agreed]: [&str; 5]) -> Value {
    json!({"type": "object", "title": title, "additionalProperties": false, "required": ["relation", "name", "mobile", "agreed"], "properties": {
        "relation": {"type": "string", "enum": ["mother", "father", "guardian"], "title": relation},
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "title": name},
        "mobile": {"type": "string", "minLength": 5, "maxLength": 32, "title": mobile, "x-input": "tel"},
        "agreed": {"type": "boolean", "const": true, "title": agreed}}})
}
