//! Holds as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::retention::{HoldView, NewHold};
use custodian_domain::kernel::Fault;
use custodian_domain::retention::HoldKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// A hold to be laid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLegalHoldBody {
    /// `litigation`, `investigation` or `statutory`.
    #[schema(pattern = "^(litigation|investigation|statutory)$")]
    kind: String,
    /// The article or the file number; no personal values.
    #[schema(min_length = 1, max_length = 200)]
    basis: String,
    /// Why; kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// Whom it binds.
    #[schema(min_items = 1, max_items = 1_000)]
    customer_ids: Vec<Uuid>,
    /// When it ends by itself; a `statutory` one must say so.
    until: Option<DateTime<Utc>>,
}

impl Body for NewLegalHoldBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "reason").into_iter().chain(blank(value, "basis")).collect()
    }
}

/// Spaces say nothing.
pub fn blank(value: &Value, name: &str) -> Option<Fault> {
    let text = value.get(name).and_then(Value::as_str)?;
    let least = if matches!(name, "reason" | "explanation") { 3 } else { 1 };
    let blank = text.chars().count() >= least && text.trim().chars().count() < least;
    blank.then(|| Fault::new(format!("/{name}"), "too_short").with_arg(least.to_string()))
}

impl NewLegalHoldBody {
    /// The hold; `None` for a body that the schema had to refuse.
    pub fn into_new(self) -> Option<NewHold> {
        let Self { kind, basis, reason, customer_ids, until } = self;
        Some(NewHold { kind: HoldKind::from_code(&kind)?, basis, reason, customers: customer_ids, until })
    }
}

/// The end of a hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseLegalHoldBody {
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    pub reason: String,
}

impl Body for ReleaseLegalHoldBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "reason").into_iter().collect()
    }
}

/// A duty to keep.
#[derive(Serialize, ToSchema)]
pub struct LegalHoldBody {
    /// Its id.
    pub id: Uuid,
    /// `litigation`, `investigation` or `statutory`.
    kind: String,
    /// The article or the file number.
    basis: String,
    /// Why.
    reason: String,
    /// Whether it binds now.
    in_force: bool,
    /// When it ends by itself.
    until: Option<DateTime<Utc>>,
    /// How many customers it binds.
    customer_count: i64,
    /// Whom it binds; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ids: Option<Vec<Uuid>>,
    /// When it was laid.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
    /// When somebody ended it.
    released_at: Option<DateTime<Utc>>,
    /// Who did.
    released_by: Option<Uuid>,
}

impl From<HoldView> for LegalHoldBody {
    fn from(view: HoldView) -> Self {
        let HoldView { row, reason, in_force, customers } = view;
        Self {
            id: row.id,
            kind: row.kind,
            basis: row.basis,
            reason,
            in_force,
            until: row.until,
            customer_count: row.customers,
            customer_ids: customers,
            created_at: row.created_at,
            created_by: row.created_by,
            released_at: row.released_at,
            released_by: row.released_by,
        }
    }
}

/// An example for the document.
pub fn hold_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70", "kind": "litigation", "basis": "(2026)沪01民初123号", "reason": "Claim filed against us",
        "in_force": true, "until": null, "customer_count": 1, "customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"],
        "created_at": "2026-11-22T08:00:00Z", "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "released_at": null, "released_by": null})
}
