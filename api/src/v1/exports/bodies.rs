//! Exports as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::exports::{ExportView, NewExport};
use custodian_domain::exports::{Format, USUAL_ROWS};
use custodian_domain::kernel::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;
use crate::v1::access_requests::FilterBody;

/// A file to be asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExportBody {
    /// Whom it is about; `{}` for everybody in one's reach.
    filter: FilterBody,
    /// Keys of the fields; the purpose must list them.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    /// `csv`, `xlsx` or `ndjson`.
    #[schema(pattern = "^(csv|xlsx|ndjson)$")]
    format: String,
    /// Code of the purpose.
    #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
    purpose: String,
    /// Why; kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// The most rows; 10,000 when absent.
    #[schema(minimum = 1, maximum = 1_000_000)]
    row_limit: Option<u32>,
}

impl Body for NewExportBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        let blank = reason.chars().count() >= 3 && reason.trim().chars().count() < 3;
        blank.then(|| Fault::new("/reason", "too_short").with_arg("3")).into_iter().collect()
    }
}

impl NewExportBody {
    /// The file; `None` for a body that the schema had to refuse.
    pub fn into_export(self) -> Option<NewExport> {
        let Self { filter, fields, format, purpose, reason, row_limit } = self;
        let sent = serde_json::to_value(&filter).ok()?;
        let (format, row_limit) = (Format::from_code(&format)?, row_limit.unwrap_or(USUAL_ROWS));
        Some(NewExport { filter: filter.into(), sent, fields, format, purpose, reason, row_limit, recipe: None })
    }
}

/// How far an export is.
#[derive(Serialize, ToSchema)]
pub struct ExportProgressBody {
    /// People looked at.
    done: i32,
    /// People in all.
    total: i32,
}

/// An export.
#[derive(Serialize, ToSchema)]
pub struct ExportBody {
    /// Its id, and that of the access request by which it is approved.
    id: Uuid,
    /// `pending`, `denied`, `cancelled`, `lapsed`, `approved`, `preparing`, `ready`, `downloaded`, `expired` or `failed`.
    state: String,
    /// Who asked for it, and alone may have it.
    requester_id: Uuid,
    /// Who approved it, in order.
    approver_ids: Vec<Uuid>,
    /// What was looked for.
    filter: Value,
    /// Keys of the fields.
    fields: Vec<String>,
    /// `csv`, `xlsx` or `ndjson`.
    format: String,
    /// Code of the purpose.
    purpose: Option<String>,
    /// Why.
    reason: String,
    /// The most rows.
    row_limit: i32,
    /// How far it is.
    progress: ExportProgressBody,
    /// Its job, for `GET /v1/jobs/{id}`; there from the approval on.
    job_id: Uuid,
    /// Rows about people in it; null until it is ready.
    rows: Option<i32>,
    /// How many are not in it: `gone`, `outside_scope`, `restricted`, `no_consent`, `objected`, and in a data set `below_k`; null until it is ready.
    #[schema(value_type = Option<std::collections::BTreeMap<String, u32>>)]
    left_out: Option<Value>,
    /// SHA-256 of the file, in hex.
    sha256: Option<String>,
    /// Its bytes.
    size: Option<i64>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When it was ready.
    ready_at: Option<DateTime<Utc>>,
    /// From then on it is gone.
    expires_at: Option<DateTime<Utc>>,
    /// When it was taken away.
    downloaded_at: Option<DateTime<Utc>>,
    /// Of a data set: its `rules`, `quasi_identifiers`, `k`, `below`, and once it is ready the `report`: the `k` that was reached, how many `classes`, how many were
    /// `suppressed`. Null for a plain export.
    #[schema(value_type = Option<Object>)]
    dataset: Option<Value>,
}

impl From<ExportView> for ExportBody {
    fn from(view: ExportView) -> Self {
        let state = view.state().to_owned();
        let ExportView { row, request } = view;
        let yes = request.decisions.iter().filter(|one| one.row.decision == "approve");
        let approver_ids = yes.map(|one| one.row.approver).collect();
        let hex = |sum: Vec<u8>| sum.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: row.id,
            state,
            requester_id: row.requester.uuid(),
            approver_ids,
            filter: row.filter,
            fields: request.row.fields,
            format: row.format,
            purpose: request.row.purpose,
            reason: request.reason,
            row_limit: row.row_limit,
            progress: ExportProgressBody { done: row.done, total: row.members },
            job_id: row.job,
            rows: row.row_count,
            left_out: row.left_out,
            sha256: row.sha256.map(hex),
            size: row.size,
            created_at: row.created_at,
            ready_at: row.ready_at,
            expires_at: row.expires_at,
            downloaded_at: row.downloaded_at,
            dataset: row.recipe.map(|mut recipe| {
                if let Some(members) = recipe.as_object_mut() {
                    members.insert("report".to_owned(), row.report.unwrap_or(Value::Null));
                }
                recipe
            }),
        }
    }
}

/// For the document.
pub fn export_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70", "state": "ready", "requester_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12",
        "approver_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"], "filter": {"stage": "customer"}, "fields": ["name", "mobile"], "format": "csv", "purpose": "care",
        "reason": "Letters about the new opening hours", "row_limit": 5000, "progress": {"done": 412, "total": 412}, "job_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a71",
        "rows": 409, "left_out": {"restricted": 2, "gone": 1}, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "size": 36122,
        "created_at": "2026-11-22T08:00:00Z", "ready_at": "2026-11-22T08:06:00Z", "expires_at": "2026-11-23T08:06:00Z", "downloaded_at": null, "dataset": null})
}

/// The same of a data set.
pub fn dataset_example() -> Value {
    let mut whole = export_example();
    let dataset = json!({"rules": [{"field": "name", "method": "pseudonymise", "size": null}, {"field": "birthday", "method": "age_band", "size": 10},
        {"field": "province", "method": "keep", "size": null}], "quasi_identifiers": ["birthday", "province"], "k": 5, "below": "suppress",
        "report": {"k": 5, "classes": 31, "suppressed": 12}});
    if let Some(members) = whole.as_object_mut() {
        members.insert("dataset".to_owned(), dataset);
        members.insert("fields".to_owned(), json!(["name", "birthday", "province"]));
    }
    whole
}
