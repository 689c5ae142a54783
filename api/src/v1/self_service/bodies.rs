//! A person's own data and requests, as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use custodian_application::audit::EntryView;
use custodian_application::privacy_requests::RequestView;
use custodian_application::self_service::OwnRequest;
use custodian_domain::privacy_requests::{Jurisdiction, Right};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// Somebody looked, or something happened.
#[derive(Serialize, ToSchema)]
pub struct OwnEntryBody {
    /// Its id.
    id: Uuid,
    /// When.
    time: Value,
    /// What was done or tried, such as `customers.reveal`.
    action: Value,
    /// `allowed`, `refused` or `failed`.
    verdict: Value,
    /// Who: `kind` (`staff`, `partner`, `subject`, `system`) and `id`.
    #[schema(value_type = Object)]
    actor: Value,
    /// Keys of the fields shown or changed: `read`, `masked`, `revealed`, `written`.
    #[schema(value_type = Object)]
    fields: Value,
    /// The purpose that was named.
    purpose: Value,
    /// What was written down is still what was written.
    intact: bool,
    /// Its place in the organisation's log, from 0; null within the first second of its life. `GET /v1/self/access-log/{id}/proof` proves the leaf there.
    place: Option<u64>,
    /// SHA-256 of it as a leaf of the log (RFC 9162, 2.1.1), in base64.
    leaf_hash: String,
    /// The canonical text that is hashed, where it is about nobody else.
    entry: Option<String>,
}

impl From<EntryView> for OwnEntryBody {
    fn from(view: EntryView) -> Self {
        use base64::Engine;
        let EntryView { id, mut members, intact, proof } = view;
        let others = members.get("customers").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        let mut take = |name: &str| members.get_mut(name).map_or(Value::Null, Value::take);
        let actor = take("actor");
        Self {
            id,
            time: take("time"),
            action: take("action"),
            verdict: take("verdict"),
            actor: json!({"kind": actor.get("kind"), "id": actor.get("id")}),
            fields: take("fields"),
            purpose: take("purpose"),
            intact,
            place: proof.place,
            leaf_hash: base64::engine::general_purpose::STANDARD.encode(proof.leaf_hash),
            entry: Some(proof.canonical).filter(|_| !others),
        }
    }
}

/// A request that a person makes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwnRequestBody {
    /// What is asked for.
    #[schema(
        pattern = "^(access|portability|rectification|erasure|restriction|objection|withdraw_consent|explanation)$"
    )]
    right: String,
    /// Under whose law: `CN`, `EU` or `US-CA`.
    #[schema(pattern = "^(CN|EU|US-CA)$")]
    jurisdiction: String,
    /// Codes of the purposes that it is about; all when absent. An objection names none that rests on consent: that is withdrawn. Nor one that
    /// an objection does not end (`not_objectable`).
    #[schema(max_items = 100)]
    purposes: Option<Vec<String>>,
    /// In one's own words; kept sealed.
    #[schema(max_length = 4_000)]
    words: Option<String>,
    /// What is to stand in place of what does, by field; for `rectification`. Values as `PATCH /v1/customers/{id}` takes them, `null` takes one away. Kept
    /// sealed.
    corrections: Option<BTreeMap<String, Value>>,
}

impl Body for NewOwnRequestBody {}

impl NewOwnRequestBody {
    /// The request; `None` for a body that the schema had to refuse.
    pub fn into_request(self) -> Option<OwnRequest> {
        let Self { right, jurisdiction, purposes, words, corrections } = self;
        Some(OwnRequest {
            right: Right::from_code(&right)?,
            jurisdiction: Jurisdiction::from_code(&jurisdiction)?,
            purposes: purposes.unwrap_or_default(),
            words,
            corrections: corrections.unwrap_or_default(),
        })
    }
}

/// A person's own request.
#[derive(Serialize, ToSchema)]
pub struct OwnRequestBody {
    /// Its id.
    id: Uuid,
    /// What is asked for.
    right: String,
    /// Under whose law.
    jurisdiction: String,
    /// `in_progress`, `completed`, `rejected` or `cancelled`.
    state: String,
    /// When it came in.
    received_at: DateTime<Utc>,
    /// Its last day.
    due_on: NaiveDate,
    /// When it was extended.
    extended_at: Option<DateTime<Utc>>,
    /// The earlier request that stands instead of this one.
    duplicate_of: Option<Uuid>,
    /// In one's own words.
    words: Option<String>,
    /// What was to be corrected, by field.
    #[schema(value_type = Object)]
    corrections: BTreeMap<String, Value>,
    /// Code of the ground on which it was turned down.
    ground: Option<String>,
    /// The article that it rests on.
    article: Option<String>,
    /// What can be done about it, by language.
    #[schema(value_type = Option<Object>)]
    remedy: Option<Value>,
    /// What was answered.
    answer: Option<String>,
    /// When it ended.
    closed_at: Option<DateTime<Utc>>,
}

impl From<RequestView> for OwnRequestBody {
    fn from(view: RequestView) -> Self {
        let RequestView { row, details, answer, .. } = view;
        let details = details.unwrap_or_default();
        Self {
            id: row.id,
            right: row.right,
            jurisdiction: row.jurisdiction,
            state: row.state,
            received_at: row.received_at,
            due_on: row.due_on,
            extended_at: row.extended_at,
            duplicate_of: row.duplicate_of,
            words: details.words,
            corrections: details.corrections,
            ground: row.ground,
            article: row.article,
            remedy: row.remedy,
            answer,
            closed_at: row.closed_at,
        }
    }
}

/// For the document.
pub fn own_request_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "right": "access", "jurisdiction": "EU", "state": "in_progress", "received_at": "2026-11-22T08:00:00Z",
        "due_on": "2026-12-22", "extended_at": null, "duplicate_of": null, "words": null, "corrections": {}, "ground": null, "article": null, "remedy": null,
        "answer": null, "closed_at": null})
}

/// For the document.
pub fn own_entry_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70", "time": "2026-11-22T08:00:00.000000Z", "action": "customers.reveal", "verdict": "allowed",
        "actor": {"kind": "staff", "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13"}, "fields": {"revealed": ["mobile"]}, "purpose": "care", "intact": true,
        "place": 812, "leaf_hash": "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=", "entry": "{\"action\":\"customers.reveal\"}"})
}
