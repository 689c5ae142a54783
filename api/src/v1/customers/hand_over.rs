//! Handing customers over to a colleague or a department.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, HandedOver, NewHandOver, Outcomes, Whom};
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, UserId};
use custodian_persistence::Work;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::archive::blank_reason;
use super::may::HandOverCustomers;
use crate::http::{Body, May, Problem, Reply, Valid, WriteProblems, once};
use crate::v1::access_requests::FilterBody;

/// Customers to hand over. Exactly one of `customer_ids`, `filter` and `handed_over_from` is given, and at least one of `owner_id` and `department_id`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverBody {
    /// These customers.
    #[schema(min_items = 1, max_items = 10_000)]
    customer_ids: Option<Vec<Uuid>>,
    /// Those in the caller's reach who match now, 10,000 at most.
    filter: Option<FilterBody>,
    /// Those in the caller's reach that the offboarding of this colleague, or the directory's `active:false`, handed to a successor whose they are still, 10,000 at
    /// most.
    handed_over_from: Option<Uuid>,
    /// The active colleague whose they become; without one they are the department's alone.
    owner_id: Option<Uuid>,
    /// The department that they go to; by default the owner's.
    department_id: Option<Uuid>,
    /// Why; kept sealed in the entry of each customer.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// Whether what the former owner had to follow up on them goes along.
    #[serde(default)]
    follow_ups: bool,
}

impl Body for HandOverBody {
    const LARGE: bool = true;

    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let given = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        let mut faults = blank_reason(value);
        let ways = ["customer_ids", "filter", "handed_over_from"];
        if ways.iter().filter(|way| given(way)).count() != 1 {
            faults.push(Fault::new("", "one_of").with_arg(ways.join(", ")));
        }
        if !given("owner_id") && !given("department_id") {
            faults.push(Fault::new("/owner_id", "required"));
        }
        faults
    }
}

impl HandOverBody {
    fn into_new(self) -> NewHandOver {
        let Self { customer_ids, filter, handed_over_from, owner_id, department_id, reason, follow_ups } = self;
        let whom = match (customer_ids, handed_over_from) {
            (Some(ids), _) => Whom::Customers(ids),
            (None, Some(user)) => Whom::Formerly(UserId::from(user)),
            (None, None) => Whom::Matching(filter.map(Into::into).unwrap_or_default()),
        };
        let (owner, department) = (owner_id.map(UserId::from), department_id.map(DepartmentId::from));
        NewHandOver { whom, owner, department, reason, follow_ups }
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub struct HandedOverBody {
    /// How many changed hands.
    handed_over: usize,
    /// How many stood there already.
    unchanged: usize,
    /// How much of what is due on them went along.
    follow_ups: usize,
    /// Ids of those that there are not, or not for this caller.
    skipped: Vec<Uuid>,
}

/// A hand-over that goes on.
#[derive(Serialize, ToSchema)]
pub struct HandOverQueuedBody {
    /// The job to follow.
    id: Uuid,
    /// `queued`.
    state: &'static str,
}

fn reply(outcome: Outcomes) -> Result<Reply, DomainError> {
    match outcome {
        Outcomes::Done(HandedOver { handed_over, unchanged, follow_ups, skipped }) => {
            Reply::ok(&HandedOverBody { handed_over, unchanged, follow_ups, skipped })
        }
        Outcomes::Queued(id) => {
            Reply::accepted(&format!("/v1/jobs/{id}"), &HandOverQueuedBody { id: id.uuid(), state: "queued" })
        }
    }
}

/// Hand customers over.
///
/// By their ids, by a filter, or all that a colleague who left handed over, to a colleague or a department within the caller's own reach. Each customer gets a version, an entry with the reason and an event of
/// its own. Up to 200 at once; more go as a job (`202`), whose `result` counts them.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    request_body(content = HandOverBody, example = json!({"customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"],
        "owner_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "reason": "Takes over the region", "follow_ups": true})),
    responses((status = 200, description = "Done.", body = HandedOverBody, example = json!({"handed_over": 1, "unchanged": 0, "follow_ups": 2, "skipped": []})),
        (status = 202, description = "Queued.", body = HandOverQueuedBody, headers(("Location" = String, description = "The job to follow")),
            example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a14", "state": "queued"})), WriteProblems))]
#[post("/customers/hand-over")]
pub async fn hand_over_customers(
    may: May<HandOverCustomers>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<HandOverBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let new = body.into_inner().into_new();
    let act = async |work: &Work| reply(customers::hand_over_many(&app, &may, work, new).await?);
    once(&app, &may, &req, &digest, act).await
}
