//! Views of the list as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::segments::{ViewDraft, ViewView};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::kept;
use crate::http::Body;
use crate::v1::access_requests::FilterBody;

/// A view to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewViewBody {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Keys of the fields that are shown, in order; every field when absent.
    #[serde(default)]
    #[schema(max_items = 50)]
    columns: Vec<String>,
    /// As in the list's `sort`; `-created_at` when absent.
    #[schema(pattern = "^-?(created_at|updated_at)$")]
    sort: Option<String>,
    /// What stands beside the fields; everybody when absent.
    filter: Option<FilterBody>,
    /// Values looked for, as in `q[...]` of the list.
    #[serde(default)]
    q: BTreeMap<String, String>,
}

impl Body for NewViewBody {}

impl NewViewBody {
    /// The draft; `None` for a body that the schema had to refuse.
    pub fn into_draft(self) -> Option<ViewDraft> {
        let Self { name, columns, sort, filter, q } = self;
        let filter = match filter {
            None => None,
            Some(filter) => Some(kept(filter)?),
        };
        Some(ViewDraft { name: Some(name), columns: Some(columns), sort, filter, terms: Some(q) })
    }
}

/// A change of a view.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchViewBody {
    /// New name.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// New columns, replaced whole.
    #[schema(max_items = 50, nullable = false)]
    columns: Option<Vec<String>>,
    /// New order.
    #[schema(pattern = "^-?(created_at|updated_at)$", nullable = false)]
    sort: Option<String>,
    /// New filter, replaced whole.
    #[schema(nullable = false)]
    filter: Option<FilterBody>,
    /// New values, replaced whole.
    #[schema(nullable = false)]
    q: Option<BTreeMap<String, String>>,
}

impl Body for PatchViewBody {}

impl PatchViewBody {
    /// The draft; `None` for a body that the schema had to refuse.
    pub fn into_draft(self) -> Option<ViewDraft> {
        let Self { name, columns, sort, filter, q } = self;
        let filter = match filter {
            None => None,
            Some(filter) => Some(kept(filter)?),
        };
        Some(ViewDraft { name, columns, sort, filter, terms: q })
    }
}

/// A view of one's own.
#[derive(Serialize, ToSchema)]
pub struct ViewBody {
    /// Its id.
    id: Uuid,
    /// What its owner calls it.
    name: String,
    /// Keys of the fields, in order; none for all.
    columns: Vec<String>,
    /// Those of them of which one sees nothing now.
    closed_columns: Vec<String>,
    /// As in the list's `sort`.
    sort: String,
    /// What stands beside the fields.
    #[schema(value_type = FilterBody)]
    filter: Value,
    /// Values looked for.
    q: BTreeMap<String, String>,
    /// Why a list cannot be seen through it now: `field_hidden` or `segment_unusable`; null where it can.
    unusable: Option<&'static str>,
    /// Counts changes.
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<ViewView> for ViewBody {
    fn from(view: ViewView) -> Self {
        let ViewView { row, saved, closed, unusable } = view;
        Self {
            id: row.id,
            name: row.name,
            columns: row.columns,
            closed_columns: closed,
            sort: row.sort,
            filter: row.filter,
            q: saved.terms,
            unusable,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// For the document.
pub fn view_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2aa1", "name": "My calls", "columns": ["name", "mobile"], "closed_columns": [], "sort": "-updated_at",
        "filter": {"stage": "prospect"}, "q": {}, "unusable": null, "version": 1, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}
