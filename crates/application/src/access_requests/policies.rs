//! Approval policies: made, changed, and tried out before they are saved.

use custodian_domain::access_requests::{
    Approver, Case, Conditions, Kind, LONGEST_MINUTES, LONGEST_WAIT, MOST_STEPS, Policy, Request, Step, choose,
    classification_of,
};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Classification;
use custodian_domain::kernel::{DomainError, Fault, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, PolicyRow};
use uuid::Uuid;

use super::ask::known_fields;
use super::stored_policy::{conditions_to_json, policy_of, steps_to_json};
use super::who::staffing;
use crate::audit::{Detail, Draft};
use crate::roles::all_roles;
use crate::{App, Call};

/// A step as it was sent.
#[derive(Clone, Debug)]
pub struct StepDraft {
    /// Who is asked.
    pub approver: String,
    /// After so many minutes those of `escalate_to` are asked as well.
    pub timeout_minutes: u32,
    /// Who is asked as well then.
    pub escalate_to: Vec<String>,
}

/// A policy as it was sent; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PolicyDraft {
    /// What people call it.
    pub name: Option<String>,
    /// The lowest that speaks of a request counts.
    pub priority: Option<u32>,
    /// Kinds, classifications, and the least and the most customers.
    pub conditions: Option<SentConditions>,
    /// Who is asked.
    pub steps: Option<Vec<StepDraft>>,
    /// The longest that a right may last.
    pub max_duration_minutes: Option<u32>,
    /// A request that waits longer lapses.
    pub lapse_after_minutes: Option<u32>,
}

/// A policy as it is read.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// As stored.
    pub row: PolicyRow,
    /// What it says.
    pub policy: Policy,
}

impl PolicyView {
    fn of(row: PolicyRow) -> Result<Self, DomainError> {
        Ok(Self { policy: policy_of(&row)?, row })
    }
}

/// Every policy in the order in which they are asked.
pub async fn list_policies(app: &App, call: &Call) -> Result<Vec<PolicyView>, DomainError> {
    call.needs(Permission::ApprovalPoliciesRead)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list_policies(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::ApprovalPoliciesRead)).await?;
    rows?.into_iter().map(PolicyView::of).collect()
}

/// One policy.
pub async fn find_policy(app: &App, call: &Call, id: Uuid) -> Result<PolicyView, DomainError> {
    call.needs(Permission::ApprovalPoliciesRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find_policy(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::ApprovalPoliciesRead)).await?;
    PolicyView::of(row)
}

/// Makes a policy.
///
/// Errors: 422 with every fault.
pub async fn create_policy(app: &App, call: &Call, work: &Work, draft: PolicyDraft) -> Result<PolicyView, DomainError> {
    call.needs(Permission::ApprovalPoliciesManage)?;
    let (now, by, id) = (app.now(), call.identity.actor_id(), app.new_id());
    let name = draft.name.clone().unwrap_or_default();
    let policy = onto(work, Policy { id: Some(id), priority: 100, ..Policy::usual() }, &draft).await?;
    let row = row_of(&policy, name, 1, (now, by))?;
    stored::insert_policy(work, &row).await?;
    app.record_change(work, call, entry(Action::ApprovalPoliciesCreate, id)).await?;
    PolicyView::of(row)
}

/// Changes a policy. Requests that were made before keep the steps that they were made under.
///
/// Errors: 412 unless `admits` the version; 422 with every fault.
pub async fn patch_policy(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: PolicyDraft,
) -> Result<PolicyView, DomainError> {
    call.needs(Permission::ApprovalPoliciesManage)?;
    let before = stored::lock_policy(work, id).await?.ok_or(DomainError::NotFound)?;
    admits(before.version)?;
    let policy = onto(work, policy_of(&before)?, &draft).await?;
    let name = draft.name.clone().unwrap_or_else(|| before.name.clone());
    let changed = row_of(&policy, name, before.version + 1, (app.now(), call.identity.actor_id()))?;
    let row = PolicyRow { created_at: before.created_at, created_by: before.created_by, ..changed };
    stored::update_policy(work, &row).await?;
    app.record_change(work, call, entry(Action::ApprovalPoliciesUpdate, id)).await?;
    PolicyView::of(row)
}

/// Takes a policy away.
pub async fn delete_policy(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::ApprovalPoliciesManage)?;
    let row = stored::lock_policy(work, id).await?.ok_or(DomainError::NotFound)?;
    admits(row.version)?;
    stored::delete_policy(work, id).await?;
    app.record_change(work, call, entry(Action::ApprovalPoliciesDelete, id)).await
}

fn entry(action: Action, id: Uuid) -> Draft {
    Draft::of(action).with("approval_policy", Detail::Code(id.to_string()))
}

fn row_of(
    policy: &Policy,
    name: String,
    version: i32,
    (now, by): (chrono::DateTime<chrono::Utc>, Uuid),
) -> Result<PolicyRow, DomainError> {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(PolicyRow {
        id: policy.id.unwrap_or_default(),
        name,
        priority: count(policy.priority),
        conditions: conditions_to_json(&policy.conditions)?,
        steps: steps_to_json(&policy.steps)?,
        max_duration_minutes: count(policy.max_duration_minutes),
        lapse_after_minutes: count(policy.lapse_after_minutes),
        version,
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    })
}

/// A draft laid over a policy, with every fault of it.
async fn onto(work: &Work, base: Policy, draft: &PolicyDraft) -> Result<Policy, DomainError> {
    let mut faults = Vec::new();
    let conditions = match &draft.conditions {
        Some(conditions) => read_conditions(conditions, &mut faults),
        None => base.conditions,
    };
    let steps = match &draft.steps {
        Some(steps) => read_steps(work, steps, &mut faults).await?,
        None => base.steps,
    };
    let mut bounded = |given: Option<u32>, usual: u32, most: u32, pointer: &str| {
        let value = given.unwrap_or(usual);
        if value == 0 || value > most {
            faults.push(Fault::new(pointer, "out_of_range").with_arg(most.to_string()));
        }
        value
    };
    let max_duration_minutes =
        bounded(draft.max_duration_minutes, base.max_duration_minutes, LONGEST_MINUTES, "/max_duration_minutes");
    let lapse_after_minutes =
        bounded(draft.lapse_after_minutes, base.lapse_after_minutes, LONGEST_WAIT, "/lapse_after_minutes");
    let priority = draft.priority.unwrap_or(base.priority);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    Ok(Policy { id: base.id, priority, conditions, steps, max_duration_minutes, lapse_after_minutes })
}

/// Kinds, classifications, and the least and the most customers, as they were sent.
pub type SentConditions = (Vec<String>, Vec<String>, Option<u32>, Option<u32>);

fn read_conditions(sent: &SentConditions, faults: &mut Vec<Fault>) -> Conditions {
    let (kinds, classifications, min_customers, max_customers) = sent;
    let mut conditions =
        Conditions { min_customers: *min_customers, max_customers: *max_customers, ..Conditions::default() };
    for (index, code) in kinds.iter().enumerate() {
        match Kind::from_code(code) {
            Some(kind) => conditions.kinds.push(kind),
            None => {
                faults.push(not_a_choice(format!("/conditions/kinds/{index}"), Kind::ALL.iter().map(|k| k.as_str())))
            }
        }
    }
    for (index, code) in classifications.iter().enumerate() {
        let all = Classification::ALL.iter().map(|class| class.as_str());
        match Classification::from_code(code) {
            Some(class) => conditions.classifications.push(class),
            None => faults.push(not_a_choice(format!("/conditions/classifications/{index}"), all)),
        }
    }
    conditions
}

fn not_a_choice(pointer: String, all: impl Iterator<Item = &'static str>) -> Fault {
    Fault::new(pointer, "not_a_choice").with_arg(all.collect::<Vec<_>>().join(", "))
}

async fn read_steps(work: &Work, sent: &[StepDraft], faults: &mut Vec<Fault>) -> Result<Vec<Step>, DomainError> {
    if sent.is_empty() || sent.len() > MOST_STEPS {
        faults.push(Fault::new("/steps", "out_of_range").with_arg(MOST_STEPS.to_string()));
    }
    let (roles, people) = (all_roles(work).await?, staffing(work).await?.people);
    let known = |approver: &Approver| match approver {
        Approver::Supervisor | Approver::DepartmentHead => true,
        Approver::Role(code) => roles.contains_key(code),
        Approver::User(user) => people.contains_key(user),
    };
    let read = |text: &str| Approver::from_text(text).filter(known);
    let mut steps = Vec::with_capacity(sent.len());
    for (index, step) in sent.iter().enumerate() {
        let pointer = format!("/steps/{index}");
        let mut approver = |text: &str, at: String| {
            let found = read(text);
            if found.is_none() {
                faults.push(Fault::new(at, "unknown_approver"));
            }
            found
        };
        let first = approver(&step.approver, format!("{pointer}/approver"));
        let more = step.escalate_to.iter().enumerate();
        let more: Vec<Approver> =
            more.filter_map(|(at, text)| approver(text, format!("{pointer}/escalate_to/{at}"))).collect();
        if step.timeout_minutes == 0 || step.timeout_minutes > LONGEST_WAIT {
            let fault = Fault::new(format!("{pointer}/timeout_minutes"), "out_of_range");
            faults.push(fault.with_arg(LONGEST_WAIT.to_string()));
        }
        let timeout_minutes = step.timeout_minutes;
        steps.extend(first.map(|approver| Step { approver, timeout_minutes, escalate_to: more }));
    }
    Ok(steps)
}

/// A request that a policy is tried on.
#[derive(Clone, Debug)]
pub struct CaseDraft {
    /// Who would ask.
    pub requester: Uuid,
    /// What kind.
    pub kind: Kind,
    /// Keys of the fields.
    pub fields: Vec<String>,
    /// About how many customers.
    pub customers: u32,
}

/// What would happen to a request.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Whether the policy would be the one that counts.
    pub applies: bool,
    /// The policy that would count: this one has no id yet when it is new.
    pub policy: Option<Uuid>,
    /// Whether somebody could decide every step, a different person each.
    pub can_be_decided: bool,
    /// The steps.
    pub steps: Vec<SimulatedStep>,
}

/// Who would be asked at a step.
#[derive(Clone, Debug)]
pub struct SimulatedStep {
    /// The step.
    pub step: Step,
    /// Who would be asked first.
    pub first: Vec<UserId>,
    /// Who would be asked as well after the time-out.
    pub then: Vec<UserId>,
}

/// Tries a policy out before it is saved: whether it would count for a request beside those that exist, and whom it would ask. With `id`, in the place of
/// the one that exists.
pub async fn simulate(
    app: &App,
    call: &Call,
    id: Option<Uuid>,
    draft: PolicyDraft,
    case: CaseDraft,
) -> Result<Simulation, DomainError> {
    call.needs(Permission::ApprovalPoliciesManage)?;
    let work = app.begin(call.organization()).await?;
    let simulated = tried(call, &work, id, &draft, &case).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::ApprovalPoliciesSimulate)).await?;
    simulated
}

async fn tried(
    call: &Call,
    work: &Work,
    id: Option<Uuid>,
    draft: &PolicyDraft,
    case: &CaseDraft,
) -> Result<Simulation, DomainError> {
    let fields = known_fields(call.catalog(), &case.fields)?;
    let classification = classification_of(fields.into_iter());
    let request = Request { kind: case.kind, classification, customers: case.customers };
    let staff = staffing(work).await?;
    let requester = UserId::from(case.requester);
    if !staff.people.contains_key(&requester) {
        return Err(DomainError::invalid("/case/requester_id", "unknown_user"));
    }
    let rows = stored::list_policies(work).await?;
    let mut policies: Vec<Policy> = rows.iter().map(policy_of).collect::<Result<_, _>>()?;
    let known = id.and_then(|id| policies.iter().position(|one| one.id == Some(id)));
    let base = match (id, known) {
        (None, _) => Policy { id: None, priority: 100, ..Policy::usual() },
        (Some(_), Some(at)) => policies.swap_remove(at),
        (Some(_), None) => return Err(DomainError::NotFound),
    };
    let trial = onto(work, base, draft).await?;
    policies.push(trial.clone());
    let counts = choose(&policies, &request);
    let steps = counts.steps_for(&request);
    let applies = counts == trial;
    let asked = Case { requester, decided: &[] };
    let people = |step: &Step, escalated| staff.deciders(&asked, step, escalated).into_iter().map(|one| one.user);
    let simulated = steps.iter().map(|step| {
        let first: Vec<UserId> = people(step, false).collect();
        let then = people(step, true).filter(|user| !first.contains(user)).collect();
        SimulatedStep { step: step.clone(), first, then }
    });
    Ok(Simulation {
        applies,
        policy: counts.id,
        can_be_decided: staff.can_be_decided(requester, &steps),
        steps: simulated.collect(),
    })
}
