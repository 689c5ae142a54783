//! A person's own data and requests, as they come and go.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use custodian_application::audit::EntryView;
use custodian_application::customers::SeenValue;
use custodian_application::privacy_requests::RequestView;
use custodian_application::self_service::{DataView, OwnRequest};
use custodian_domain::catalog::RecordType;
use custodian_domain::privacy_requests::{Jurisdiction, Right};
use custodian_domain::purposes::{Purpose, Recipient};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

fn shown(value: SeenValue) -> Value {
    match value {
        SeenValue::Text(text) => Value::String(text),
        SeenValue::Bool(value) => Value::Bool(value),
        SeenValue::Number(text) | SeenValue::Structure(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
    }
}

/// One value.
#[derive(Serialize, ToSchema)]
pub struct OwnFieldBody {
    /// Its name, in English and in Chinese.
    #[schema(value_type = Object)]
    labels: Value,
    /// The value, in full.
    value: Value,
    /// `identity`, `contact`, `account`, `behaviour`, `business` or `special`.
    category: String,
    /// Codes of the purposes that use it.
    purposes: Vec<String>,
}

/// What the data is used for.
#[derive(Serialize, ToSchema)]
pub struct OwnPurposeBody {
    /// Its code.
    code: String,
    /// Its name, by language.
    #[schema(value_type = Object)]
    labels: Value,
    /// What is done.
    description: String,
    /// Code of the ground in law.
    legal_basis: String,
    /// Whether it needs the person's consent.
    needs_consent: bool,
    /// Whom the data is given to for it.
    recipients: Vec<OwnRecipientBody>,
    /// For how many days it is kept for it; null where another measure decides.
    retention_days: Option<u32>,
}

/// Whoever data is given to.
#[derive(Serialize, ToSchema)]
pub struct OwnRecipientBody {
    /// The name.
    name: String,
    /// ISO 3166-1 country.
    country: String,
}

impl From<Recipient> for OwnRecipientBody {
    fn from(recipient: Recipient) -> Self {
        let Recipient { name, country } = recipient;
        Self { name, country }
    }
}

/// A person's own data.
#[derive(Serialize, ToSchema)]
pub struct OwnDataBody {
    /// Every value that is held, by field.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, OwnFieldBody>,
    /// Where the record came from.
    source: Option<String>,
    /// Since when it is held.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// Whether its use is restricted at the person's wish.
    restricted: bool,
    /// What it is used for.
    purposes: Vec<OwnPurposeBody>,
}

fn uses(purpose: &Purpose, key: &str) -> bool {
    purpose.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == key))
}

impl OwnDataBody {
    /// As the organisation's catalog names it, with fields that are out of use but kept.
    pub fn of(view: DataView, customer: &RecordType) -> Self {
        let DataView { seen, source, purposes } = view;
        let held = seen.fields.into_iter().filter_map(|field| Some((field.key, field.value?)));
        let fields = held.filter_map(|(key, value)| {
            let known = customer.ever().find(|field| field.key == key)?;
            let used = purposes.iter().filter(|(_, purpose)| uses(purpose, key)).map(|(code, _)| code.clone());
            let body = OwnFieldBody {
                labels: json!(known.labels),
                value: shown(value),
                category: json!(known.category).as_str().unwrap_or_default().to_owned(),
                purposes: used.collect(),
            };
            Some((key.to_owned(), body))
        });
        let fields: BTreeMap<String, OwnFieldBody> = fields.collect();
        let touched: HashSet<&String> = fields.values().flat_map(|field| &field.purposes).collect();
        let purposes =
            purposes.iter().filter(|(code, _)| touched.contains(code)).map(|(code, purpose)| OwnPurposeBody {
                code: code.clone(),
                labels: json!(purpose.labels),
                description: purpose.description.clone(),
                legal_basis: purpose.legal_basis.clone(),
                needs_consent: purpose.needs_consent(),
                recipients: purpose.recipients.iter().cloned().map(OwnRecipientBody::from).collect(),
                retention_days: purpose.retention_days,
            });
        Self {
            purposes: purposes.collect(),
            fields,
            source,
            created_at: seen.created_at,
            updated_at: seen.updated_at,
            restricted: seen.restricted,
        }
    }
}

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
    /// Its place in the organisation's log, from 0; null within the first second of its life. `GET /v1/audit/proofs/inclusion` proves the leaf there.
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
    /// Codes of the purposes that it is about; all when absent. An objection names none that rests on consent: that is withdrawn.
    #[schema(max_items = 100)]
    purposes: Option<Vec<String>>,
    /// In one's own words; kept sealed.
    #[schema(max_length = 4_000)]
    words: Option<String>,
    /// What is to stand in place of what does, by field; for `rectification`. Kept sealed.
    #[schema(value_type = Option<Object>)]
    corrections: Option<BTreeMap<String, String>>,
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
    corrections: BTreeMap<String, String>,
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
pub fn own_data_example() -> Value {
    json!({"fields": {"name": {"labels": {"en": "Name", "zh": "姓名"}, "value": "张三", "category": "identity", "purposes": ["care"]}}, "source": "web_form",
        "created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z", "restricted": false,
        "purposes": [{"code": "care", "labels": {"en": "Care", "zh": "客户服务"}, "description": "Answering questions about what was bought.", "legal_basis": "cn_contract",
            "needs_consent": false, "recipients": [{"name": "Courier", "country": "CN"}], "retention_days": 730}]})
}

/// For the document.
pub fn own_entry_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70", "time": "2026-11-22T08:00:00.000000Z", "action": "customers.reveal", "verdict": "allowed",
        "actor": {"kind": "staff", "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13"}, "fields": {"revealed": ["mobile"]}, "purpose": "care", "intact": true,
        "place": 812, "leaf_hash": "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=", "entry": "{\"action\":\"customers.reveal\"}"})
}
