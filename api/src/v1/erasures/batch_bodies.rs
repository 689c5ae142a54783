//! Erasures of many as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::erasures::{BatchPreview, BatchView, NewBatch};
use custodian_domain::erasures::Ground;
use custodian_domain::kernel::Fault;
use custodian_persistence::erasures::MemberRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::KeptBody;
use crate::http::Body;
use crate::v1::access_requests::FilterBody;

/// A filter that names nothing would mean everybody.
fn named(value: &Value) -> Vec<Fault> {
    let filter = value.get("filter").and_then(Value::as_object);
    let empty = filter.is_some_and(|members| members.values().all(Value::is_null));
    if empty { vec![Fault::new("/filter", "required")] } else { Vec::new() }
}

/// Whom an erasure of many would be about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewErasureBatchBody {
    /// Of those in the caller's reach; at least one member.
    pub filter: FilterBody,
}

impl Body for PreviewErasureBatchBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        named(value)
    }
}

/// An erasure of many to be proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasureBatchBody {
    /// Of those in the caller's reach; at least one member. Who matches now is fixed.
    filter: FilterBody,
    /// `subject_request`, `consent_withdrawn`, `purpose_done`, `retention_over`, `unlawful`, `objection` or `legal_duty`.
    #[schema(
        pattern = "^(subject_request|consent_withdrawn|purpose_done|retention_over|unlawful|objection|legal_duty)$"
    )]
    ground: String,
    /// Why; kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for NewErasureBatchBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        named(value)
    }
}

impl NewErasureBatchBody {
    /// The proposal; `None` for a body that the schema had to refuse.
    pub fn into_new(self) -> Option<NewBatch> {
        let Self { filter, ground, reason } = self;
        let sent = serde_json::to_value(&filter).ok()?;
        Some(NewBatch { filter: filter.into(), sent, ground: Ground::from_code(&ground)?, reason })
    }
}

/// Allows an erasure of many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveErasureBatchBody {
    /// How many it is about, as the proposal says.
    #[schema(minimum = 1)]
    pub customers: i32,
}

impl Body for ApproveErasureBatchBody {}

/// Refuses an erasure of many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DenyErasureBatchBody {
    /// Why; kept sealed in the log.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

impl Body for DenyErasureBatchBody {}

/// What an erasure of many would come to.
#[derive(Serialize, ToSchema)]
pub struct ErasureBatchPreviewBody {
    /// How many match; the others of these counts are among them.
    customers: usize,
    /// How many a legal hold keeps as they are.
    held: i64,
    /// How many wait, restricted, for a statutory term.
    blocked: i64,
    /// How many have had processing restricted: left out on any ground but `subject_request`. A hold or a term may bind them as well.
    restricted: usize,
    /// How many rows go, by what they are, if nothing stands against anybody.
    goes: BTreeMap<&'static str, i64>,
    /// What stays, and on what ground.
    stays: Vec<KeptBody>,
    /// Some of those who match.
    sample: Vec<Uuid>,
}

impl From<BatchPreview> for ErasureBatchPreviewBody {
    fn from(preview: BatchPreview) -> Self {
        let BatchPreview { customers, held, blocked, restricted, goes, stays, sample } = preview;
        let (goes, stays) = (goes.into_iter().collect(), stays.into_iter().map(KeptBody::from).collect());
        Self { customers, held, blocked, restricted, goes, stays, sample }
    }
}

/// An erasure of many.
#[derive(Serialize, ToSchema)]
pub struct ErasureBatchBody {
    /// Its id.
    pub id: Uuid,
    /// `asked` by a person, or `unasked`: proposed by the service where the law has such data erased by itself (PIPL art. 47).
    origin: String,
    /// On what ground.
    ground: String,
    /// Whom it was about, as it was sent.
    #[schema(value_type = Object)]
    filter: Value,
    /// Why, as typed.
    reason: Option<String>,
    /// `pending`, `running`, `done`, `denied` or `cancelled`.
    state: String,
    /// How many it is about.
    customers: i32,
    /// How many came to which outcome: `erased`, `erased_before`, `blocked`, `held`, `restricted`, `failed`.
    outcomes: BTreeMap<String, i64>,
    /// Who proposed it; null for the service.
    requested_by: Option<Uuid>,
    /// When.
    requested_at: DateTime<Utc>,
    /// Who decided.
    decided_by: Option<Uuid>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// The job that carries it out.
    pub job_id: Option<Uuid>,
    /// When everybody's outcome was known.
    finished_at: Option<DateTime<Utc>>,
}

impl From<BatchView> for ErasureBatchBody {
    fn from(view: BatchView) -> Self {
        let BatchView { row, reason, outcomes } = view;
        Self {
            id: row.id,
            origin: row.origin,
            ground: row.ground,
            filter: row.filter,
            reason,
            state: row.state,
            customers: row.customers,
            outcomes,
            requested_by: Some(row.requested_by).filter(|by| !by.is_nil()),
            requested_at: row.requested_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            job_id: row.job,
            finished_at: row.finished_at,
        }
    }
}

/// One of those whom an erasure of many is about.
#[derive(Serialize, ToSchema)]
pub struct ErasureBatchMemberBody {
    /// Who.
    customer_id: Uuid,
    /// `erased`, `erased_before`, `blocked`, `held`, `restricted` or `failed`; null before.
    outcome: Option<String>,
    /// Their erasure, with a certificate of its own.
    erasure_id: Option<Uuid>,
    /// The legal holds that kept them, or that they wait for.
    held_by: Vec<Uuid>,
    /// When.
    at: Option<DateTime<Utc>>,
}

impl From<MemberRow> for ErasureBatchMemberBody {
    fn from(row: MemberRow) -> Self {
        let MemberRow { customer, outcome, erasure, held_by, at } = row;
        Self { customer_id: customer, outcome, erasure_id: erasure, held_by, at }
    }
}

/// An example for the document.
pub fn batch_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a95", "origin": "asked", "ground": "purpose_done", "filter": {"stage": "lost"}, "reason": "The campaign is over",
        "state": "pending", "customers": 312, "outcomes": {}, "requested_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "requested_at": "2026-11-22T08:00:00Z",
        "decided_by": null, "decided_at": null, "job_id": null, "finished_at": null})
}

/// An example for the document.
pub fn batch_preview_example() -> Value {
    json!({"customers": 312, "held": 2, "blocked": 5, "restricted": 3, "goes": {"blind_indexes": 1240, "versions": 310, "records": 87},
        "stays": [{"what": "consents", "rows": 290, "ground": "proof of what was agreed to, without values: GDPR 7(1), PIPL 69(1)"}],
        "sample": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"]})
}

/// An example for the document.
pub fn member_example() -> Value {
    json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "outcome": "erased", "erasure_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a80", "held_by": [],
        "at": "2026-11-22T08:05:00Z"})
}
