//! Approval policies as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::access_requests::{
    CaseDraft, PolicyDraft, PolicyView, SimulatedStep, Simulation, StepDraft,
};
use custodian_domain::access_requests::{Approver, Conditions, Kind, Step};
use custodian_domain::kernel::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// Which requests a policy speaks of; a member that is absent or empty holds for all.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionsBody {
    /// Of these kinds: `fields`, `emergency`, `export`.
    #[serde(default)]
    #[schema(max_items = 3)]
    kinds: Vec<String>,
    /// Whose closest guarded field is `public`, `internal`, `sensitive` or `core`.
    #[serde(default)]
    #[schema(max_items = 4)]
    classifications: Vec<String>,
    /// About at least so many customers, or rows of a file.
    #[schema(minimum = 0, maximum = 1_000_000)]
    min_customers: Option<u32>,
    /// About at most so many customers, or rows of a file.
    #[schema(minimum = 0, maximum = 1_000_000)]
    max_customers: Option<u32>,
}

/// One approval that a request needs.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyStepBody {
    /// `supervisor`, `department_head`, `role:<code>` or `user:<id>`.
    #[schema(min_length = 1, max_length = 60)]
    approver: String,
    /// After so many minutes those of `escalate_to` are asked as well; a day when absent.
    #[schema(minimum = 1, maximum = 43_200)]
    timeout_minutes: Option<u32>,
    /// Who is asked as well then.
    #[serde(default)]
    #[schema(max_items = 5)]
    escalate_to: Vec<String>,
}

impl From<PolicyStepBody> for StepDraft {
    fn from(body: PolicyStepBody) -> Self {
        let PolicyStepBody { approver, timeout_minutes, escalate_to } = body;
        Self { approver, timeout_minutes: timeout_minutes.unwrap_or(1_440), escalate_to }
    }
}

impl From<&Step> for PolicyStepBody {
    fn from(step: &Step) -> Self {
        Self {
            approver: step.approver.to_string(),
            timeout_minutes: Some(step.timeout_minutes),
            escalate_to: step.escalate_to.iter().map(Approver::to_string).collect(),
        }
    }
}

/// A policy to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicyBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Of the policies that speak of a request the lowest counts; 100 when absent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    priority: Option<u32>,
    /// Which requests it speaks of; all when absent.
    conditions: Option<ConditionsBody>,
    /// Who is asked, one after the other.
    #[schema(min_items = 1, max_items = 5)]
    steps: Vec<PolicyStepBody>,
    /// The longest that a right may last; a day when absent.
    #[schema(minimum = 1, maximum = 129_600)]
    max_duration_minutes: Option<u32>,
    /// A request that waits longer lapses; a week when absent.
    #[schema(minimum = 1, maximum = 43_200)]
    lapse_after_minutes: Option<u32>,
}

impl Body for NewPolicyBody {}

/// A change of a policy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchPolicyBody {
    /// New name.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// New priority.
    #[schema(minimum = 0, maximum = 1_000_000, nullable = false)]
    priority: Option<u32>,
    /// New conditions, replaced whole.
    #[schema(nullable = false)]
    conditions: Option<ConditionsBody>,
    /// New steps, replaced whole.
    #[schema(min_items = 1, max_items = 5, nullable = false)]
    steps: Option<Vec<PolicyStepBody>>,
    /// New longest duration.
    #[schema(minimum = 1, maximum = 129_600, nullable = false)]
    max_duration_minutes: Option<u32>,
    /// New waiting time.
    #[schema(minimum = 1, maximum = 43_200, nullable = false)]
    lapse_after_minutes: Option<u32>,
}

impl Body for PatchPolicyBody {}

impl From<PatchPolicyBody> for PolicyDraft {
    fn from(body: PatchPolicyBody) -> Self {
        let PatchPolicyBody { name, priority, conditions, steps, max_duration_minutes, lapse_after_minutes } = body;
        let told = |one: ConditionsBody| (one.kinds, one.classifications, one.min_customers, one.max_customers);
        let steps = steps.map(|steps| steps.into_iter().map(StepDraft::from).collect());
        Self { name, priority, conditions: conditions.map(told), steps, max_duration_minutes, lapse_after_minutes }
    }
}

impl From<NewPolicyBody> for PolicyDraft {
    fn from(body: NewPolicyBody) -> Self {
        let NewPolicyBody { name, priority, conditions, steps, max_duration_minutes, lapse_after_minutes } = body;
        let (name, steps) = (Some(name), Some(steps));
        PatchPolicyBody { name, priority, conditions, steps, max_duration_minutes, lapse_after_minutes }.into()
    }
}

/// A policy.
#[derive(Serialize, ToSchema)]
pub struct ApprovalPolicyBody {
    /// Its id.
    id: Uuid,
    /// Counts changes.
    version: i32,
    /// What people call it.
    name: String,
    /// Of the policies that speak of a request the lowest counts.
    priority: u32,
    /// Which requests it speaks of.
    conditions: ConditionsBody,
    /// Who is asked, one after the other.
    steps: Vec<PolicyStepBody>,
    /// The longest that a right may last.
    max_duration_minutes: u32,
    /// A request that waits longer lapses.
    lapse_after_minutes: u32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<PolicyView> for ApprovalPolicyBody {
    fn from(view: PolicyView) -> Self {
        let PolicyView { row, policy } = view;
        let Conditions { kinds, classifications, min_customers, max_customers } = policy.conditions;
        let conditions = ConditionsBody {
            kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            classifications: classifications.iter().map(|class| class.as_str().to_owned()).collect(),
            min_customers,
            max_customers,
        };
        Self {
            id: row.id,
            version: row.version,
            name: row.name,
            priority: policy.priority,
            conditions,
            steps: policy.steps.iter().map(PolicyStepBody::from).collect(),
            max_duration_minutes: policy.max_duration_minutes,
            lapse_after_minutes: policy.lapse_after_minutes,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A policy to be tried out, and a request to try it on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateBody {
    /// An existing policy that this would replace; a new one when absent.
    id: Option<Uuid>,
    /// What it would say; what is absent stays as it is.
    policy: PatchPolicyBody,
    /// The request.
    case: CaseBody,
}

/// A request to try a policy on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseBody {
    /// Who would ask.
    requester_id: Uuid,
    /// `fields`, `emergency` or `export`.
    #[schema(pattern = "^(fields|emergency|export)$")]
    kind: String,
    /// Keys of the fields.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    /// About how many customers.
    #[schema(minimum = 0, maximum = 1_000_000)]
    customers: u32,
}

impl Body for SimulateBody {}

impl SimulateBody {
    /// The policy that would be replaced, what it would say, and the request; `None` for a body that the schema had to refuse.
    pub fn into_parts(self) -> Option<(Option<Uuid>, PolicyDraft, CaseDraft)> {
        let CaseBody { requester_id, kind, fields, customers } = self.case;
        let case = CaseDraft { requester: requester_id, kind: Kind::from_code(&kind)?, fields, customers };
        Some((self.id, self.policy.into(), case))
    }
}

/// What would happen to the request.
#[derive(Serialize, ToSchema)]
pub struct PolicySimulationBody {
    /// Whether the policy tried out is the one that would count.
    applies: bool,
    /// The policy that would count; null for a new one, and for the one that the product brings.
    policy_id: Option<Uuid>,
    /// Whether every step would find somebody, a different person each.
    can_be_decided: bool,
    /// Who would be asked.
    steps: Vec<SimulatedStepBody>,
}

/// Who would be asked at a step.
#[derive(Serialize, ToSchema)]
pub struct SimulatedStepBody {
    /// The step.
    step: PolicyStepBody,
    /// Who would be asked first.
    approver_ids: Vec<Uuid>,
    /// Who would be asked as well after the time-out.
    escalation_ids: Vec<Uuid>,
}

impl From<Simulation> for PolicySimulationBody {
    fn from(simulation: Simulation) -> Self {
        let Simulation { applies, policy, can_be_decided, steps } = simulation;
        let ids = |users: Vec<UserId>| users.into_iter().map(UserId::uuid).collect();
        let step = |one: SimulatedStep| SimulatedStepBody {
            step: PolicyStepBody::from(&one.step),
            approver_ids: ids(one.first),
            escalation_ids: ids(one.then),
        };
        Self { applies, policy_id: policy, can_be_decided, steps: steps.into_iter().map(step).collect() }
    }
}

/// For the document.
pub fn policy_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "version": 1, "name": "Many people at once", "priority": 10,
        "conditions": {"kinds": ["fields"], "classifications": ["sensitive", "core"], "min_customers": 100, "max_customers": null},
        "steps": [{"approver": "supervisor", "timeout_minutes": 480, "escalate_to": ["department_head"]}, {"approver": "role:dpo", "timeout_minutes": 1440, "escalate_to": []}],
        "max_duration_minutes": 480, "lapse_after_minutes": 4320, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}
