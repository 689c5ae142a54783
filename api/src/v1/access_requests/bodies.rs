//! Requests as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::access_requests::{NewRequest, RequestView, Wanted};
use custodian_domain::access_requests::Kind;
use custodian_domain::kernel::{Fault, UserId};
use custodian_persistence::access_requests::{GrantRow, RequestRow};
use custodian_persistence::customers::Filter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// Which customers, by what stands beside their fields; every member given must match.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterBody {
    /// Stage code.
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// Source code.
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// The member of staff who answers for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<Uuid>,
    /// Their department.
    #[serde(skip_serializing_if = "Option::is_none")]
    department_id: Option<Uuid>,
    /// ISO 3166-2 code.
    #[schema(max_length = 10)]
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// Changed at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_since: Option<DateTime<Utc>>,
    /// Codes of tags that they carry, all of them.
    #[schema(max_items = 10)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

impl From<FilterBody> for Filter {
    fn from(body: FilterBody) -> Self {
        let FilterBody { stage, source, owner_id, department_id, region, updated_since, tags } = body;
        Self {
            stage,
            source,
            owner: owner_id,
            department: department_id,
            region,
            updated_since,
            codes: tags.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// A request to be made. Exactly one of `customer_ids` and `filter` is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequestBody {
    /// `fields`, or `emergency` for at once and reviewed afterwards.
    #[schema(pattern = "^(fields|emergency)$")]
    kind: String,
    /// These customers.
    #[schema(min_items = 1, max_items = 1_000)]
    customer_ids: Option<Vec<Uuid>>,
    /// Those who match now.
    filter: Option<FilterBody>,
    /// Keys of the fields.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    /// Code of the purpose; that of `Processing-Purpose` when absent. A right that was given for a purpose does not count under another.
    #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
    purpose: Option<String>,
    /// Why; kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// How long the right is to last; a day when absent.
    #[schema(minimum = 1, maximum = 129_600)]
    duration_minutes: Option<u32>,
}

impl Body for NewRequestBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let given = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        if given("customer_ids") == given("filter") {
            faults.push(Fault::new("", "one_of").with_arg("customer_ids, filter"));
        }
        let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        if reason.chars().count() >= 3 && reason.trim().chars().count() < 3 {
            faults.push(Fault::new("/reason", "too_short").with_arg("3"));
        }
        faults
    }
}

impl NewRequestBody {
    /// The request; `None` for a body that the schema had to refuse.
    pub fn into_request(self) -> Option<NewRequest> {
        let Self { kind, customer_ids, filter, fields, purpose, reason, duration_minutes } = self;
        let wanted = match (customer_ids, filter) {
            (Some(ids), None) => Wanted::Customers(ids),
            (None, Some(filter)) => Wanted::Matching(filter.into()),
            _ => return None,
        };
        Some(NewRequest { kind: Kind::from_code(&kind)?, wanted, fields, purpose, reason, duration_minutes })
    }
}

/// A word about a decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideBody {
    /// Why; kept sealed.
    #[schema(max_length = 500)]
    comment: Option<String>,
}

impl Body for DecideBody {}

impl DecideBody {
    /// Why, if it was said.
    pub fn comment(self) -> Option<String> {
        self.comment.filter(|text| !text.trim().is_empty())
    }
}

/// The end of a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewOutcomeBody {
    /// `justified`, or `unjustified`: then what it gave ends now.
    #[schema(pattern = "^(justified|unjustified)$")]
    outcome: String,
    /// Why; kept sealed.
    #[schema(max_length = 500)]
    comment: Option<String>,
}

impl Body for ReviewOutcomeBody {}

impl ReviewOutcomeBody {
    /// Whether it was justified, and why.
    pub fn into_parts(self) -> (bool, Option<String>) {
        (self.outcome == "justified", self.comment.filter(|text| !text.trim().is_empty()))
    }
}

/// A request.
#[derive(Serialize, ToSchema)]
pub struct RequestBody {
    /// Its id; that of the export, too, for one of kind `export`.
    id: Uuid,
    /// `fields`, `emergency` or `export`.
    kind: String,
    /// `pending`, `approved`, `denied`, `cancelled`, `lapsed`, `expired` or `revoked`.
    state: String,
    /// Who asks.
    requester_id: Uuid,
    /// Keys of the fields.
    fields: Vec<String>,
    /// Of the closest guarded of them.
    classification: String,
    /// How many customers.
    customer_count: i32,
    /// The customers as they were fixed; left out of lists, and of what is asked for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ids: Option<Vec<Uuid>>,
    /// Code of the purpose.
    purpose: Option<String>,
    /// Why.
    reason: String,
    /// How long the right lasts.
    duration_minutes: i32,
    /// The policy; null for the one that the product brings.
    policy_id: Option<Uuid>,
    /// The approvals that it needs, in order.
    steps: Vec<StepBody>,
    /// Who may decide now.
    approver_ids: Vec<Uuid>,
    /// Still pending then, it lapses.
    lapses_at: DateTime<Utc>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ended.
    closed_at: Option<DateTime<Utc>>,
    /// The right that came of it.
    grant: Option<GrantBody>,
    /// The review of an emergency: `open`, `justified` or `unjustified`; null for other kinds. Open after `lapses_at` it is overdue.
    review: Option<&'static str>,
}

/// One approval that a request needs.
#[derive(Serialize, ToSchema)]
pub struct StepBody {
    /// `supervisor`, `department_head`, `role:<code>` or `user:<id>`.
    approver: String,
    /// After so many minutes those of `escalate_to` are asked as well.
    timeout_minutes: u32,
    /// Who is asked as well then.
    escalate_to: Vec<String>,
    /// `approve`, `deny`, or null as long as it waits.
    decision: Option<String>,
    /// By whom.
    decided_by: Option<Uuid>,
    /// For whom, where somebody stood in.
    on_behalf_of: Option<Uuid>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// A word about it.
    comment: Option<String>,
}

impl From<RequestView> for RequestBody {
    fn from(view: RequestView) -> Self {
        let RequestView { row, reason, customers, steps, decisions, deciders, grant } = view;
        let step = |(at, step): (usize, &custodian_domain::access_requests::Step)| {
            let decision = decisions.iter().find(|one| usize::try_from(one.row.step) == Ok(at));
            StepBody {
                approver: step.approver.to_string(),
                timeout_minutes: step.timeout_minutes,
                escalate_to: step.escalate_to.iter().map(ToString::to_string).collect(),
                decision: decision.map(|one| one.row.decision.clone()),
                decided_by: decision.map(|one| one.row.approver),
                on_behalf_of: decision.and_then(|one| one.row.on_behalf_of),
                decided_at: decision.map(|one| one.row.decided_at),
                comment: decision.and_then(|one| one.comment.clone()),
            }
        };
        let steps = steps.iter().enumerate().map(step).collect();
        let reviewed = decisions.first().map_or("open", |one| match one.row.decision.as_str() {
            "approve" => "justified",
            _ => "unjustified",
        });
        let review = (row.kind == Kind::Emergency.as_str()).then_some(reviewed);
        let RequestRow { id, kind, state, requester, fields, classification, customer_count, purpose, .. } = row;
        Self {
            id,
            kind,
            state,
            requester_id: requester.uuid(),
            fields,
            classification,
            customer_count,
            customer_ids: customers,
            purpose,
            reason,
            duration_minutes: row.duration_minutes,
            policy_id: row.policy,
            steps,
            approver_ids: deciders.into_iter().map(UserId::uuid).collect(),
            lapses_at: row.lapses_at,
            created_at: row.created_at,
            closed_at: row.closed_at,
            grant: grant.map(GrantBody::from),
            review,
        }
    }
}

/// A right that ends by itself.
#[derive(Serialize, ToSchema)]
pub struct GrantBody {
    /// Its id.
    id: Uuid,
    /// The request that it came from.
    access_request_id: Uuid,
    /// `fields` or `emergency`.
    kind: String,
    /// Who has it.
    user_id: Uuid,
    /// Keys of the fields that it opens to be read.
    fields: Vec<String>,
    /// The purpose that it was given for.
    purpose: Option<String>,
    /// To how many customers; the request names them.
    customer_count: i32,
    /// Whether it is in force, by the database's clock.
    in_force: bool,
    /// From then on.
    starts_at: DateTime<Utc>,
    /// Until then.
    ends_at: DateTime<Utc>,
    /// When it was ended before its time.
    revoked_at: Option<DateTime<Utc>>,
    /// By whom.
    revoked_by: Option<Uuid>,
    /// When it was first used; null for one that never was.
    first_used_at: Option<DateTime<Utc>>,
}

impl From<GrantRow> for GrantBody {
    fn from(row: GrantRow) -> Self {
        let GrantRow {
            id,
            request,
            kind,
            user,
            fields,
            purpose,
            customer_count,
            starts_at,
            ends_at,
            revoked_at,
            revoked_by,
            first_used_at,
            in_force,
        } = row;
        Self {
            id,
            access_request_id: request,
            kind,
            user_id: user.uuid(),
            fields,
            purpose,
            customer_count,
            in_force,
            starts_at,
            ends_at,
            revoked_at,
            revoked_by,
            first_used_at,
        }
    }
}

/// For the document.
pub fn request_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40", "kind": "fields", "state": "approved", "requester_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13",
        "fields": ["mobile"], "classification": "sensitive", "customer_count": 1, "customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"], "purpose": "sales",
        "reason": "Contract to be signed today needs the number checked", "duration_minutes": 120, "policy_id": null,
        "steps": [{"approver": "supervisor", "timeout_minutes": 1440, "escalate_to": ["department_head", "role:dpo"], "decision": "approve",
            "decided_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "on_behalf_of": null, "decided_at": "2026-11-22T08:05:00Z", "comment": null}],
        "approver_ids": [], "lapses_at": "2026-11-29T08:00:00Z", "created_at": "2026-11-22T08:00:00Z", "closed_at": null, "grant": grant_example(), "review": null})
}

/// For the document.
pub fn grant_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a41", "access_request_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40", "kind": "fields",
        "user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "fields": ["mobile"], "purpose": "sales", "customer_count": 1, "in_force": true,
        "starts_at": "2026-11-22T08:05:00Z", "ends_at": "2026-11-22T10:05:00Z", "revoked_at": null, "revoked_by": null, "first_used_at": null})
}
