//! A person's own data, as it is shown to them.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use custodian_application::attachments::AttachmentView;
use custodian_application::customers::SeenValue;
use custodian_application::self_service::{DataView, OwnRecordView};
use custodian_domain::catalog::{Catalog, RecordType};
use custodian_domain::purposes::{Purpose, Recipient};
use custodian_persistence::attachments::AttachmentRow;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// What hangs on the person, the latest first.
    records: Vec<OwnRecordBody>,
    /// Whether there is more of it than is shown here; a package holds all.
    more_records: bool,
    /// Files that hang on the person, newest first, their names without others' identifiers; a package for access holds them where the law hands files over.
    attachments: Vec<OwnAttachmentBody>,
}

/// A file that hangs on a person, without its bytes.
#[derive(Serialize, ToSchema)]
pub struct OwnAttachmentBody {
    /// Its id.
    id: Uuid,
    /// The record that it belongs to.
    record_id: Option<Uuid>,
    /// Its name.
    name: String,
    /// What it is.
    media_type: String,
    /// Its bytes.
    size: i64,
    /// When it was taken in.
    at: DateTime<Utc>,
}

impl From<AttachmentView> for OwnAttachmentBody {
    fn from(view: AttachmentView) -> Self {
        let AttachmentRow { id, record, media_type, size, created_at, .. } = view.row;
        Self { id, record_id: record, name: view.name, media_type, size, at: created_at }
    }
}

/// Something that hangs on a person.
#[derive(Serialize, ToSchema)]
pub struct OwnRecordBody {
    /// Code of its type, such as `contract`.
    #[serde(rename = "type")]
    record_type: &'static str,
    /// The name of the type, in English and in Chinese.
    #[schema(value_type = Object)]
    labels: Value,
    /// Its id.
    id: Uuid,
    /// When it happened, or was entered.
    at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// Every value, by field.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, OwnFieldBody>,
}

fn uses(purpose: &Purpose, key: &str) -> bool {
    purpose.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == key))
}

/// Values as a record type of the catalog names them, with fields that are out of use but kept.
fn fields(
    held: impl Iterator<Item = (&'static str, SeenValue)>,
    of: &RecordType,
    purposes: &[(String, Purpose)],
) -> BTreeMap<String, OwnFieldBody> {
    let body = |(key, value): (&'static str, SeenValue)| {
        let known = of.ever().find(|field| field.key == key)?;
        let used = purposes.iter().filter(|(_, purpose)| uses(purpose, known.name)).map(|(code, _)| code.clone());
        let body = OwnFieldBody {
            labels: json!(known.labels),
            value: shown(value),
            category: json!(known.category).as_str().unwrap_or_default().to_owned(),
            purposes: used.collect(),
        };
        Some((key.to_owned(), body))
    };
    held.filter_map(body).collect()
}

fn record(view: OwnRecordView, catalog: &Catalog, purposes: &[(String, Purpose)]) -> Option<OwnRecordBody> {
    let OwnRecordView { record_type, id, at, updated_at, fields: held } = view;
    let of = catalog.record_type(record_type)?;
    let fields = fields(held.into_iter(), of, purposes);
    Some(OwnRecordBody { record_type, labels: json!(of.labels), id, at, updated_at, fields })
}

impl OwnDataBody {
    /// As the organisation's catalog names it.
    pub fn of(view: DataView, catalog: &Catalog) -> Self {
        let DataView { seen, source, purposes, records, more_records, attachments } = view;
        let held = seen.fields.into_iter().filter_map(|field| Some((field.key, field.value?)));
        let fields = fields(held, catalog.customer(), &purposes);
        let records: Vec<OwnRecordBody> =
            records.into_iter().filter_map(|view| record(view, catalog, &purposes)).collect();
        let all = fields.values().chain(records.iter().flat_map(|record| record.fields.values()));
        let touched: HashSet<&String> = all.flat_map(|field| &field.purposes).collect();
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
            records,
            more_records,
            attachments: attachments.into_iter().map(OwnAttachmentBody::from).collect(),
        }
    }
}

/// For the document.
pub fn own_data_example() -> Value {
    json!({"fields": {"name": {"labels": {"en": "Name", "zh": "姓名"}, "value": "张三", "category": "identity", "purposes": ["care"]}}, "source": "web_form",
        "created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z", "restricted": false,
        "purposes": [{"code": "care", "labels": {"en": "Care", "zh": "客户服务"}, "description": "Answering questions about what was bought.", "legal_basis": "cn_contract",
            "needs_consent": false, "recipients": [{"name": "Courier", "country": "CN"}], "retention_days": 730}],
        "records": [{"type": "ticket", "labels": {"en": "Ticket", "zh": "工单"}, "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a30", "at": "2026-11-20T08:00:00Z",
            "updated_at": "2026-11-20T08:00:00Z", "fields": {"subject": {"labels": {"en": "Subject", "zh": "主题"}, "value": "Parcel is late", "category": "behaviour",
            "purposes": ["care"]}}}], "more_records": false,
        "attachments": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a17", "record_id": null, "name": "合同 2026.pdf", "media_type": "application/pdf", "size": 48213,
            "at": "2026-11-22T08:00:00Z"}]})
}
