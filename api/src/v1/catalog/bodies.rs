//! Fields as they are told.

use chrono::{DateTime, Utc};
use custodian_application::catalog::{FieldVersion, FieldView};
use custodian_domain::catalog::{DataType, Field};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Lang;
use crate::v1::roles::LabelsBody;

/// What a field is.
#[derive(Serialize, ToSchema)]
pub struct FieldTextBody {
    /// Its key in `fields`.
    key: &'static str,
    /// Its name in the language asked for.
    label: String,
    /// Its names.
    labels: LabelsBody,
    /// What its values are.
    data_type: &'static str,
    /// The values of an `enum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    /// The organisation's grade: `public`, `internal`, `sensitive` or `core`. Without rules of a role, `public` and `internal` are read, `sensitive` is
    /// masked and `core` hidden.
    classification: &'static str,
    /// What kind of data it is: `identity`, `contact`, `account`, `behaviour`, `business` or `special`.
    category: &'static str,
    /// Category of personal information of GB/T 43697, annex B.
    pi_category: Option<&'static str>,
    /// Level under the Data Security Law: `general`, `important` or `core`, which is not the grade of that name.
    national_level: &'static str,
    /// A record without it is refused.
    required: bool,
    /// No two records have the same.
    unique: bool,
    /// How it can be searched: `exact`, `last4`, `prefix`.
    searchable: Vec<&'static str>,
    /// How it is shown to who may not read it whole: `name`, `phone`, `resident_id`, `bank_card`, `email`, `address`, `plate`, `date`, `everything`, or
    /// `edges:F:L` for so many characters left at the start and the end.
    mask: String,
    /// The most characters of a value.
    max_length: usize,
    /// Purposes it is collected for.
    purposes: Vec<String>,
    /// For how many days it is to be kept.
    retention_days: Option<u32>,
    /// What a job is still bringing about for stored values; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    building: Option<BuildingBody>,
}

/// What is under way: it comes into force all together, or not at all.
#[derive(Serialize, ToSchema)]
pub struct BuildingBody {
    /// Ways of searching to come.
    searchable: Vec<&'static str>,
    /// Ways of searching that end when the rest comes, and work until then.
    ending: Vec<&'static str>,
    /// It is being found out whether stored values are unique; new ones are held to it.
    unique: bool,
}

impl FieldTextBody {
    fn of(field: Field, lang: Lang) -> Self {
        let Field { key, name: _, labels, data_type, classification, category, pi_category, national_level, .. } =
            field;
        let kinds = |kinds: &[custodian_domain::catalog::SearchKind]| kinds.iter().map(|kind| kind.as_str()).collect();
        let custodian_domain::catalog::Building { searchable, ending, unique } = &field.building;
        let building = BuildingBody { searchable: kinds(searchable), ending: kinds(ending), unique: *unique };
        Self {
            key,
            label: if lang == Lang::Zh { labels.zh.clone() } else { labels.en.clone() },
            labels: labels.into(),
            data_type: data_type.as_str(),
            choices: if let DataType::Enum(choices) = data_type { Some(choices) } else { None },
            classification: classification.as_str(),
            category: category.as_str(),
            pi_category: pi_category.map(|one| one.as_str()),
            national_level: national_level.as_str(),
            required: field.required,
            unique: field.unique,
            searchable: kinds(&field.searchable),
            mask: field.mask.code(),
            max_length: field.max_length,
            purposes: field.purposes,
            retention_days: field.retention_days,
            building: Some(building).filter(|_| !field.building.is_done()),
        }
    }
}

/// One field.
#[derive(Serialize, ToSchema)]
pub struct FieldBody {
    /// What it is.
    #[serde(flatten)]
    text: FieldTextBody,
    /// Counts changes.
    version: i32,
    /// `active` or `retired`.
    state: &'static str,
    /// Part of the product.
    built_in: bool,
    /// Graded below what the law asks for, by an exception on record.
    below_legal_floor: bool,
    /// When the organisation made or first changed it; null for a built-in field as it came.
    created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    updated_at: Option<DateTime<Utc>>,
    /// The job that this change began, if stored values have to be brought in line.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<Uuid>,
}

impl FieldBody {
    pub(super) fn of(view: FieldView, lang: Lang) -> Self {
        let FieldView { record_type: _, field, version, retired, built_in, below_floor, created_at, updated_at, job } =
            view;
        Self {
            text: FieldTextBody::of(field, lang),
            version,
            state: if retired { "retired" } else { "active" },
            built_in,
            below_legal_floor: below_floor,
            created_at,
            updated_at,
            job_id: job,
        }
    }
}

/// One version of a field.
#[derive(Serialize, ToSchema)]
pub struct FieldVersionBody {
    /// The version.
    version: i32,
    /// `active` or `retired`.
    state: String,
    /// Members that changed; empty for a new field.
    changed: Vec<String>,
    /// What it was.
    #[serde(flatten)]
    text: FieldTextBody,
    /// When it came into force.
    at: DateTime<Utc>,
    /// Who made it; the nil id for the service itself.
    by: Uuid,
}

impl FieldVersionBody {
    pub(super) fn of(version: FieldVersion, lang: Lang) -> Self {
        let FieldVersion { row, field } = version;
        Self {
            version: row.version,
            state: row.state,
            changed: row.changed,
            text: FieldTextBody::of(field, lang),
            at: row.at,
            by: row.by,
        }
    }
}

/// For the document.
pub(super) fn field_example() -> Value {
    json!({"key": "loyalty_tier", "label": "Loyalty tier", "labels": {"en": "Loyalty tier", "zh": "会员等级"}, "data_type": "enum",
        "choices": ["gold", "silver"], "classification": "internal", "category": "behaviour", "pi_category": "tag", "national_level": "general",
        "required": false, "unique": false, "searchable": ["exact"], "mask": "everything", "max_length": 64, "purposes": [], "retention_days": null,
        "version": 1, "state": "active", "built_in": false, "below_legal_floor": false,
        "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}
