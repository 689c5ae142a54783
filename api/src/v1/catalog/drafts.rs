//! Fields as they come in.

use custodian_application::catalog::FieldDraft;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::{Body, given};
use crate::v1::roles::LabelsBody;

/// A field to be. What is absent is as the data type suggests.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFieldBody {
    /// Its key for good: `[a-z][a-z0-9_]*`.
    #[schema(min_length = 2, max_length = 40)]
    key: String,
    /// Its data type for good: `text`, `email`, `phone`, `cn_resident_id`, `uscc`, `bank_card`, `plate`, `address`, `date`, `datetime`, `number`, `money`,
    /// `boolean`, `enum` or `json`.
    data_type: String,
    /// Its names.
    labels: LabelsBody,
    /// The values of an `enum`; more may come later, none goes.
    #[schema(max_items = 200, nullable = false)]
    choices: Option<Vec<String>>,
    /// `public`, `internal`, `sensitive` or `core`.
    #[schema(nullable = false)]
    classification: Option<String>,
    /// `identity`, `contact`, `account`, `behaviour`, `business` or `special`.
    #[schema(nullable = false)]
    category: Option<String>,
    /// Category of GB/T 43697, such as `medical`; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pi_category: Option<Option<String>>,
    /// `general`, `important` or `core`.
    #[schema(nullable = false)]
    national_level: Option<String>,
    /// A record without it is refused.
    #[schema(nullable = false)]
    required: Option<bool>,
    /// No two records have the same; needs `exact` in `searchable`.
    #[schema(nullable = false)]
    unique: Option<bool>,
    /// `exact`, `last4`, `prefix`, as the data type allows.
    #[schema(max_items = 3, nullable = false)]
    searchable: Option<Vec<String>>,
    /// `name`, `phone`, `resident_id`, `bank_card`, `email`, `address`, `plate`, `date`, `everything` or `edges:F:L`.
    #[schema(max_length = 20, nullable = false)]
    mask: Option<String>,
    /// The most characters of a value.
    #[schema(minimum = 1, maximum = 10000, nullable = false)]
    max_length: Option<u32>,
    /// Purposes it is collected for.
    #[schema(max_items = 50, nullable = false)]
    purposes: Option<Vec<String>>,
    /// For how many days it is to be kept; null where another measure decides.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 36500)]
    retention_days: Option<Option<u32>>,
    /// Why the field may be graded below what the law asks for; kept sealed in the audit log.
    #[schema(min_length = 10, max_length = 500, nullable = false)]
    exception_reason: Option<String>,
}

impl Body for NewFieldBody {}

impl NewFieldBody {
    /// The key, and all the rest.
    pub fn into_draft(self) -> (String, FieldDraft) {
        let draft = FieldDraft {
            labels: Some(self.labels.into_parts()),
            data_type: Some(self.data_type),
            choices: self.choices,
            classification: self.classification,
            category: self.category,
            pi_category: self.pi_category,
            national_level: self.national_level,
            required: self.required,
            unique: self.unique,
            searchable: self.searchable,
            mask: self.mask,
            max_length: self.max_length,
            purposes: self.purposes,
            retention_days: self.retention_days,
            exception: self.exception_reason,
        };
        (self.key, draft)
    }
}

/// A change (RFC 7396): what is absent stays; a list is replaced whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchFieldBody {
    /// New names.
    #[schema(nullable = false)]
    labels: Option<LabelsBody>,
    /// The values of an `enum`; more may come later, none goes.
    #[schema(max_items = 200, nullable = false)]
    choices: Option<Vec<String>>,
    /// `public`, `internal`, `sensitive` or `core`.
    #[schema(nullable = false)]
    classification: Option<String>,
    /// `identity`, `contact`, `account`, `behaviour`, `business` or `special`.
    #[schema(nullable = false)]
    category: Option<String>,
    /// Category of GB/T 43697, such as `medical`; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pi_category: Option<Option<String>>,
    /// `general`, `important` or `core`.
    #[schema(nullable = false)]
    national_level: Option<String>,
    /// A record without it is refused.
    #[schema(nullable = false)]
    required: Option<bool>,
    /// No two records have the same; needs `exact` in `searchable`.
    #[schema(nullable = false)]
    unique: Option<bool>,
    /// `exact`, `last4`, `prefix`, as the data type allows.
    #[schema(max_items = 3, nullable = false)]
    searchable: Option<Vec<String>>,
    /// `name`, `phone`, `resident_id`, `bank_card`, `email`, `address`, `plate`, `date`, `everything` or `edges:F:L`.
    #[schema(max_length = 20, nullable = false)]
    mask: Option<String>,
    /// The most characters of a value.
    #[schema(minimum = 1, maximum = 10000, nullable = false)]
    max_length: Option<u32>,
    /// Purposes it is collected for.
    #[schema(max_items = 50, nullable = false)]
    purposes: Option<Vec<String>>,
    /// For how many days it is to be kept; null where another measure decides.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 36500)]
    retention_days: Option<Option<u32>>,
    /// Why the field may be graded below what the law asks for; kept sealed in the audit log.
    #[schema(min_length = 10, max_length = 500, nullable = false)]
    exception_reason: Option<String>,
}

impl Body for PatchFieldBody {}

impl From<PatchFieldBody> for FieldDraft {
    fn from(body: PatchFieldBody) -> Self {
        Self {
            labels: body.labels.map(LabelsBody::into_parts),
            data_type: None,
            choices: body.choices,
            classification: body.classification,
            category: body.category,
            pi_category: body.pi_category,
            national_level: body.national_level,
            required: body.required,
            unique: body.unique,
            searchable: body.searchable,
            mask: body.mask,
            max_length: body.max_length,
            purposes: body.purposes,
            retention_days: body.retention_days,
            exception: body.exception_reason,
        }
    }
}

/// For the document.
pub(super) fn new_example() -> Value {
    json!({"key": "loyalty_tier", "data_type": "enum", "labels": {"en": "Loyalty tier", "zh": "会员等级"}, "choices": ["gold", "silver"],
        "classification": "internal", "category": "behaviour", "pi_category": "tag", "searchable": ["exact"]})
}
