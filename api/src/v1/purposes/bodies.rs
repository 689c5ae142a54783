//! Purposes as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::purposes::{PurposeDraft, PurposeVersion, PurposeView};
use custodian_domain::purposes::{Purpose, Recipient};
use custodian_persistence::purposes::{PurposeRow, VersionRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, given};
use crate::v1::roles::LabelsBody;

/// Whoever the data is given to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientBody {
    /// The name of the third party, as its keys carry it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// ISO 3166-1 country.
    #[schema(min_length = 2, max_length = 2)]
    country: String,
}

impl From<RecipientBody> for (String, String) {
    fn from(body: RecipientBody) -> Self {
        let RecipientBody { name, country } = body;
        (name, country)
    }
}

impl From<Recipient> for RecipientBody {
    fn from(recipient: Recipient) -> Self {
        let Recipient { name, country } = recipient;
        Self { name, country }
    }
}

/// A purpose to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPurposeBody {
    /// Its code for good: `[a-z0-9][a-z0-9_.-]*`.
    #[schema(min_length = 1, max_length = 64)]
    code: String,
    /// Its names.
    labels: LabelsBody,
    /// What is done, in a sentence or two.
    #[schema(min_length = 1, max_length = 2000)]
    description: String,
    /// Code of the legal basis; see `GET /v1/rules`.
    legal_basis: String,
    /// `none`, `consent`, `separate`, `written` or `guardian`; must fit the legal basis.
    consent_kind: String,
    /// The service cannot be given without it (PIPL art. 16).
    #[serde(default)]
    necessary: bool,
    /// Fields that it uses: a call for it sees no others.
    #[schema(min_items = 1, max_items = 200)]
    fields: Vec<String>,
    /// `collection`, `storage`, `use`, `analysis`, `profiling`, `automated_decision`, `transmission`, `disclosure`, `deletion`.
    #[schema(min_items = 1, max_items = 20)]
    methods: Vec<String>,
    /// Whom the data is given to.
    #[serde(default)]
    #[schema(max_items = 100)]
    recipients: Vec<RecipientBody>,
    /// `sms`, `email`, `phone`, `wechat`, `app`, `post`, `web`, `in_person`, `ads`.
    #[serde(default)]
    #[schema(max_items = 20)]
    channels: Vec<String>,
    /// For how many days the data is kept for it; absent where another measure decides.
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u32>,
    /// ISO 3166-1 countries whose law it is held to, the one of the legal basis among them.
    #[schema(min_items = 1, max_items = 60)]
    jurisdictions: Vec<String>,
    /// Term of the W3C Data Privacy Vocabulary.
    #[schema(max_length = 80)]
    dpv: Option<String>,
    /// Days after a refusal in which nobody is asked again; 180 when absent.
    #[schema(minimum = 0, maximum = 3650)]
    cool_down_days: Option<u32>,
}

impl Body for NewPurposeBody {}

impl NewPurposeBody {
    /// The code, and all the rest.
    pub fn into_draft(self) -> (String, PurposeDraft) {
        let draft = PurposeDraft {
            labels: Some(self.labels.into_parts()),
            description: Some(self.description),
            legal_basis: Some(self.legal_basis),
            consent_kind: Some(self.consent_kind),
            necessary: Some(self.necessary),
            fields: Some(self.fields),
            methods: Some(self.methods),
            recipients: Some(self.recipients.into_iter().map(Into::into).collect()),
            channels: Some(self.channels),
            retention_days: Some(self.retention_days),
            jurisdictions: Some(self.jurisdictions),
            dpv: Some(self.dpv),
            cool_down_days: Some(self.cool_down_days.unwrap_or(180)),
        };
        (self.code, draft)
    }
}

/// A change (RFC 7396): what is absent stays; a list is replaced whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchPurposeBody {
    /// New names.
    #[schema(nullable = false)]
    labels: Option<LabelsBody>,
    /// What is done; another is another purpose.
    #[schema(min_length = 1, max_length = 2000, nullable = false)]
    description: Option<String>,
    /// Code of the legal basis.
    #[schema(nullable = false)]
    legal_basis: Option<String>,
    /// Kind of consent.
    #[schema(nullable = false)]
    consent_kind: Option<String>,
    /// The service cannot be given without it.
    #[schema(nullable = false)]
    necessary: Option<bool>,
    /// Fields that it uses.
    #[schema(min_items = 1, max_items = 200, nullable = false)]
    fields: Option<Vec<String>>,
    /// Ways of processing.
    #[schema(min_items = 1, max_items = 20, nullable = false)]
    methods: Option<Vec<String>>,
    /// Whom the data is given to.
    #[schema(max_items = 100, nullable = false)]
    recipients: Option<Vec<RecipientBody>>,
    /// Ways of contact.
    #[schema(max_items = 20, nullable = false)]
    channels: Option<Vec<String>>,
    /// Days, or `null` where another measure decides.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 36500)]
    retention_days: Option<Option<u32>>,
    /// Countries.
    #[schema(min_items = 1, max_items = 60, nullable = false)]
    jurisdictions: Option<Vec<String>>,
    /// Term of the Data Privacy Vocabulary, or `null`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 80)]
    dpv: Option<Option<String>>,
    /// Days after a refusal in which nobody is asked again.
    #[schema(minimum = 0, maximum = 3650, nullable = false)]
    cool_down_days: Option<u32>,
}

impl Body for PatchPurposeBody {}

impl From<PatchPurposeBody> for PurposeDraft {
    fn from(body: PatchPurposeBody) -> Self {
        Self {
            labels: body.labels.map(LabelsBody::into_parts),
            description: body.description,
            legal_basis: body.legal_basis,
            consent_kind: body.consent_kind,
            necessary: body.necessary,
            fields: body.fields,
            methods: body.methods,
            recipients: body.recipients.map(|given| given.into_iter().map(Into::into).collect()),
            channels: body.channels,
            retention_days: body.retention_days,
            jurisdictions: body.jurisdictions,
            dpv: body.dpv,
            cool_down_days: body.cool_down_days,
        }
    }
}

/// What a purpose says.
#[derive(Serialize, ToSchema)]
pub struct PurposeTextBody {
    /// Its names.
    labels: LabelsBody,
    /// What is done.
    description: String,
    /// Code of the legal basis; `unstated` where a key or role named the purpose before purposes were kept.
    legal_basis: String,
    /// Kind of consent that it needs.
    consent_kind: &'static str,
    /// The service cannot be given without it.
    necessary: bool,
    /// Fields that it uses; null for every field.
    fields: Option<Vec<String>>,
    /// Ways of processing.
    methods: Vec<String>,
    /// Whom the data is given to.
    recipients: Vec<RecipientBody>,
    /// Ways of contact.
    channels: Vec<String>,
    /// For how many days the data is kept for it.
    retention_days: Option<u32>,
    /// Countries whose law it is held to.
    jurisdictions: Vec<String>,
    /// Term of the Data Privacy Vocabulary.
    dpv: Option<String>,
    /// Days after a refusal in which nobody is asked again.
    cool_down_days: u32,
}

impl From<Purpose> for PurposeTextBody {
    fn from(purpose: Purpose) -> Self {
        let Purpose { labels, description, legal_basis, consent_kind, necessary, fields, methods, .. } = purpose;
        Self {
            labels: LabelsBody::from(labels),
            description,
            legal_basis,
            consent_kind: consent_kind.code(),
            necessary,
            fields,
            methods,
            recipients: purpose.recipients.into_iter().map(RecipientBody::from).collect(),
            channels: purpose.channels,
            retention_days: purpose.retention_days,
            jurisdictions: purpose.jurisdictions,
            dpv: purpose.dpv,
            cool_down_days: purpose.cool_down_days,
        }
    }
}

/// One purpose.
#[derive(Serialize, ToSchema)]
pub struct PurposeBody {
    /// Its id.
    id: Uuid,
    /// Its code.
    code: String,
    /// Counts changes.
    version: i32,
    /// `active` or `retired`.
    state: String,
    /// What it says.
    #[serde(flatten)]
    text: PurposeTextBody,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<PurposeView> for PurposeBody {
    fn from(view: PurposeView) -> Self {
        let PurposeRow { id, code, version, state, created_at, updated_at, .. } = view.row;
        Self { id, code, version, state, text: view.purpose.into(), created_at, updated_at }
    }
}

/// One version of a purpose.
#[derive(Serialize, ToSchema)]
pub struct PurposeVersionBody {
    /// The version.
    version: i32,
    /// `active` or `retired`.
    state: String,
    /// Members that changed; empty for the first.
    changed: Vec<String>,
    /// What it said.
    #[serde(flatten)]
    text: PurposeTextBody,
    /// When it came into force.
    at: DateTime<Utc>,
    /// Who made it; the nil id for the service itself.
    by: Uuid,
}

impl From<PurposeVersion> for PurposeVersionBody {
    fn from(version: PurposeVersion) -> Self {
        let VersionRow { version: number, state, content: _, changed, at, by } = version.row;
        Self { version: number, state, changed, text: version.purpose.into(), at, by }
    }
}

/// For the document.
pub fn new_example() -> Value {
    json!({"code": "newsletter", "labels": {"en": "Newsletter", "zh": "电子期刊"}, "description": "Sends the monthly letter.",
        "legal_basis": "cn_consent", "consent_kind": "consent", "fields": ["name", "email"], "methods": ["storage", "use"],
        "channels": ["email"], "retention_days": 730, "jurisdictions": ["CN"], "dpv": "dpv:DirectMarketing", "cool_down_days": 180})
}

/// For the document.
pub fn purpose_example() -> Value {
    let mut example = new_example();
    let more = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40", "version": 1, "state": "active", "necessary": false, "recipients": [],
        "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"});
    if let (Some(example), Value::Object(more)) = (example.as_object_mut(), more) {
        example.extend(more);
    }
    example
}
