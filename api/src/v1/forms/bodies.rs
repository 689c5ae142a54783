//! Forms as staff write and read them.

use chrono::{DateTime, Utc};
use custodian_application::forms::{AskedDraft, FormDraft, FormView};
use custodian_domain::forms::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, given};

/// What people see, in both languages.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormLabelsBody {
    /// English.
    #[schema(min_length = 1, max_length = 200)]
    en: String,
    /// Simplified Chinese.
    #[schema(min_length = 1, max_length = 200)]
    zh: String,
}

/// A field that a form asks for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormFieldBody {
    /// Key of a field of customers that the purpose lists.
    #[schema(min_length = 1, max_length = 64)]
    key: String,
    /// Whether it must be filled in; the person sees which must.
    required: bool,
}

/// A further consent that a form asks for; always the person's choice.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormConsentBody {
    /// Code of a purpose that needs consent.
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    /// Id of the published version of a notice that tells of it.
    notice_version: Uuid,
}

/// A form to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFormBody {
    /// What people see.
    labels: FormLabelsBody,
    /// Code of the one purpose that it collects for; it lists the fields that may be asked for.
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    /// Id of the published version of a notice that tells of it.
    notice_version: Uuid,
    /// Languages of that notice, the first where a page names none.
    #[schema(min_items = 1, max_items = 10)]
    languages: Vec<String>,
    /// The fewest that the purpose needs, in order.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<FormFieldBody>,
    /// Further consents.
    #[serde(default)]
    #[schema(max_items = 10)]
    consents: Vec<FormConsentBody>,
    /// Origins of the pages that show it: `https://host[:port]`, or the machine itself.
    #[serde(default)]
    #[schema(max_items = 20)]
    origins: Vec<String>,
    /// Who answers for those who come in.
    owner_id: Option<Uuid>,
    /// Their department.
    department_id: Option<Uuid>,
    /// Their source; `web_form` when absent.
    #[schema(max_length = 40)]
    source: Option<String>,
    /// Their stage.
    #[schema(max_length = 40)]
    stage: Option<String>,
    /// Nobody fills it in faster, in seconds; 3 when absent.
    #[schema(minimum = 0, maximum = 60)]
    min_seconds: Option<u32>,
    /// Leading zero bits that a page has to find, each doubling its work; 16 when absent.
    #[schema(minimum = 0, maximum = 22)]
    proof_bits: Option<u32>,
    /// Submissions an hour from one network address; 20 when absent.
    #[schema(minimum = 1, maximum = 10_000)]
    hourly_per_source: Option<u32>,
    /// Submissions an hour in all; 2,000 when absent.
    #[schema(minimum = 1, maximum = 1_000_000)]
    hourly: Option<u32>,
}

impl Body for NewFormBody {}

fn fields(sent: Vec<FormFieldBody>) -> Vec<AskedDraft> {
    sent.into_iter().map(|FormFieldBody { key, required }| AskedDraft { key, required }).collect()
}

fn consents(sent: Vec<FormConsentBody>) -> Vec<(String, Uuid)> {
    sent.into_iter().map(|FormConsentBody { purpose, notice_version }| (purpose, notice_version)).collect()
}

impl From<NewFormBody> for FormDraft {
    fn from(body: NewFormBody) -> Self {
        Self {
            labels: Some((body.labels.en, body.labels.zh)),
            purpose: Some(body.purpose),
            notice: Some(body.notice_version),
            languages: Some(body.languages),
            fields: Some(fields(body.fields)),
            consents: Some(consents(body.consents)),
            origins: Some(body.origins),
            owner: Some(body.owner_id),
            department: Some(body.department_id),
            source: body.source,
            stage: Some(body.stage),
            min_seconds: body.min_seconds,
            proof_bits: body.proof_bits,
            hourly_per_source: body.hourly_per_source,
            hourly: body.hourly,
        }
    }
}

/// A change of what would be published next; lists are replaced whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchFormBody {
    /// What people see.
    #[schema(nullable = false)]
    labels: Option<FormLabelsBody>,
    /// Code of the purpose.
    #[schema(min_length = 1, max_length = 64, nullable = false)]
    purpose: Option<String>,
    /// Id of the version of a notice.
    #[schema(nullable = false)]
    notice_version: Option<Uuid>,
    /// Languages.
    #[schema(min_items = 1, max_items = 10, nullable = false)]
    languages: Option<Vec<String>>,
    /// Fields in order.
    #[schema(min_items = 1, max_items = 50, nullable = false)]
    fields: Option<Vec<FormFieldBody>>,
    /// Further consents.
    #[schema(max_items = 10, nullable = false)]
    consents: Option<Vec<FormConsentBody>>,
    /// Origins of pages.
    #[schema(max_items = 20, nullable = false)]
    origins: Option<Vec<String>>,
    /// Who answers for those who come in.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<Option<Uuid>>,
    /// Their department.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    /// Their source.
    #[schema(max_length = 40, nullable = false)]
    source: Option<String>,
    /// Their stage.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 40)]
    stage: Option<Option<String>>,
    /// Nobody fills it in faster, in seconds.
    #[schema(minimum = 0, maximum = 60, nullable = false)]
    min_seconds: Option<u32>,
    /// Leading zero bits that a page has to find.
    #[schema(minimum = 0, maximum = 22, nullable = false)]
    proof_bits: Option<u32>,
    /// Submissions an hour from one network address.
    #[schema(minimum = 1, maximum = 10_000, nullable = false)]
    hourly_per_source: Option<u32>,
    /// Submissions an hour in all.
    #[schema(minimum = 1, maximum = 1_000_000, nullable = false)]
    hourly: Option<u32>,
}

impl Body for PatchFormBody {}

impl From<PatchFormBody> for FormDraft {
    fn from(body: PatchFormBody) -> Self {
        Self {
            labels: body.labels.map(|FormLabelsBody { en, zh }| (en, zh)),
            purpose: body.purpose,
            notice: body.notice_version,
            languages: body.languages,
            fields: body.fields.map(fields),
            consents: body.consents.map(consents),
            origins: body.origins,
            owner: body.owner_id,
            department: body.department_id,
            source: body.source,
            stage: body.stage,
            min_seconds: body.min_seconds,
            proof_bits: body.proof_bits,
            hourly_per_source: body.hourly_per_source,
            hourly: body.hourly,
        }
    }
}

/// A form.
#[derive(Serialize, ToSchema)]
pub struct FormBody {
    /// Its id.
    id: Uuid,
    /// `draft`, `published` or `retired`.
    state: String,
    /// The newest published version, which pages show; 0 for none. What stands below may have been changed since.
    version: i32,
    /// Counts changes.
    revision: i32,
    /// What people see.
    labels: FormLabelsBody,
    /// Code of the purpose.
    purpose: String,
    /// Id of the version of the notice.
    notice_version: Uuid,
    /// Languages.
    languages: Vec<String>,
    /// Fields in order.
    fields: Vec<FormFieldBody>,
    /// Further consents.
    consents: Vec<FormConsentBody>,
    /// Origins of pages.
    origins: Vec<String>,
    /// Who answers for those who come in.
    owner_id: Option<Uuid>,
    /// Their department.
    department_id: Option<Uuid>,
    /// Their source.
    source: String,
    /// Their stage.
    stage: Option<String>,
    /// Nobody fills it in faster, in seconds.
    min_seconds: u32,
    /// Leading zero bits that a page has to find.
    proof_bits: u32,
    /// Submissions an hour from one network address.
    hourly_per_source: u32,
    /// Submissions an hour in all.
    hourly: u32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When its newest version was published.
    published_at: Option<DateTime<Utc>>,
    /// When it was retired.
    retired_at: Option<DateTime<Utc>>,
}

impl From<FormView> for FormBody {
    fn from(view: FormView) -> Self {
        let FormView { row, form } = view;
        let Form { labels, purpose, notice, languages, fields, consents, origins, owner, department, .. } = form;
        Self {
            id: row.id,
            state: row.state,
            version: row.version,
            revision: row.revision,
            labels: FormLabelsBody { en: labels.en, zh: labels.zh },
            purpose,
            notice_version: notice,
            languages,
            fields: fields.into_iter().map(|one| FormFieldBody { key: one.key, required: one.required }).collect(),
            consents: consents
                .into_iter()
                .map(|one| FormConsentBody { purpose: one.purpose, notice_version: one.notice })
                .collect(),
            origins,
            owner_id: owner,
            department_id: department,
            source: form.source,
            stage: form.stage,
            min_seconds: form.min_seconds,
            proof_bits: form.proof_bits,
            hourly_per_source: form.hourly_per_source,
            hourly: form.hourly,
            created_at: row.created_at,
            updated_at: row.updated_at,
            published_at: row.published_at,
            retired_at: row.retired_at,
        }
    }
}

/// For the document.
pub fn form_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab0", "state": "published", "version": 1, "revision": 2, "labels": {"en": "Newsletter", "zh": "订阅"},
        "purpose": "newsletter", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "languages": ["zh-CN", "en"],
        "fields": [{"key": "name", "required": true}, {"key": "email", "required": true}, {"key": "birthday", "required": false}], "consents": [],
        "origins": ["https://www.example.com"], "owner_id": null, "department_id": null, "source": "web_form", "stage": null, "min_seconds": 3, "proof_bits": 16,
        "hourly_per_source": 20, "hourly": 2000, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:05:00Z", "published_at": "2026-11-22T08:05:00Z", "retired_at": null})
}
