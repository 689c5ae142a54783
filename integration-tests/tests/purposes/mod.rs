//! Purposes: made with a lawful ground, changed with every version kept, and what a call that names one may see.

mod calls;
mod ground;
mod rules;
mod versions;

use serde_json::{Value, json};

/// A body for `POST /v1/purposes` that differs in these members.
pub fn purpose(code: &str, members: Value) -> Value {
    let mut body = json!({"code": code, "labels": {"en": "Newsletter", "zh": "电子期刊"}, "description": "Sends the monthly letter.",
        "legal_basis": "cn_consent", "consent_kind": "consent", "fields": ["name", "email"], "methods": ["storage", "use"],
        "channels": ["email", "sms"], "retention_days": 730, "jurisdictions": ["CN"], "dpv": "dpv:DirectMarketing"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
