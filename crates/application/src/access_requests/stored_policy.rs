//! Policies and steps as they are stored, and back.

use custodian_domain::access_requests::{Approver, Conditions, Kind, Policy, Step};
use custodian_domain::catalog::Classification;
use custodian_domain::kernel::DomainError;
use custodian_persistence::access_requests::PolicyRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
struct StoredStep {
    approver: String,
    timeout_minutes: u32,
    escalate_to: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredConditions {
    kinds: Vec<String>,
    classifications: Vec<String>,
    min_customers: Option<u32>,
    max_customers: Option<u32>,
}

fn unreadable() -> DomainError {
    // A rule that nobody can read any more must be noticed, not forgotten.
    DomainError::internal("a stored approval policy cannot be read")
}

pub(super) fn steps_to_json(steps: &[Step]) -> Result<Value, DomainError> {
    let of = |step: &Step| StoredStep {
        approver: step.approver.to_string(),
        timeout_minutes: step.timeout_minutes,
        escalate_to: step.escalate_to.iter().map(Approver::to_string).collect(),
    };
    serde_json::to_value(steps.iter().map(of).collect::<Vec<_>>()).map_err(|_| unreadable())
}

pub(super) fn steps_of(stored: &Value) -> Result<Vec<Step>, DomainError> {
    let stored: Vec<StoredStep> = serde_json::from_value(stored.clone()).map_err(|_| unreadable())?;
    let read = |text: &String| Approver::from_text(text).ok_or_else(unreadable);
    let of = |step: StoredStep| {
        let escalate_to = step.escalate_to.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Step { approver: read(&step.approver)?, timeout_minutes: step.timeout_minutes, escalate_to })
    };
    stored.into_iter().map(of).collect()
}

pub(super) fn conditions_to_json(conditions: &Conditions) -> Result<Value, DomainError> {
    let Conditions { kinds, classifications, min_customers, max_customers } = conditions;
    let stored = StoredConditions {
        kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        classifications: classifications.iter().map(|class| class.as_str().to_owned()).collect(),
        min_customers: *min_customers,
        max_customers: *max_customers,
    };
    serde_json::to_value(stored).map_err(|_| unreadable())
}

fn conditions_of(stored: &Value) -> Result<Conditions, DomainError> {
    let stored: StoredConditions = serde_json::from_value(stored.clone()).map_err(|_| unreadable())?;
    let StoredConditions { kinds, classifications, min_customers, max_customers } = stored;
    let kinds = kinds.iter().map(|code| Kind::from_code(code).ok_or_else(unreadable));
    let classes = classifications.iter().map(|code| Classification::from_code(code).ok_or_else(unreadable));
    Ok(Conditions {
        kinds: kinds.collect::<Result<_, _>>()?,
        classifications: classes.collect::<Result<_, _>>()?,
        min_customers,
        max_customers,
    })
}

pub(super) fn policy_of(row: &PolicyRow) -> Result<Policy, DomainError> {
    let count = |stored: i32| u32::try_from(stored).map_err(|_| unreadable());
    Ok(Policy {
        id: Some(row.id),
        priority: count(row.priority)?,
        conditions: conditions_of(&row.conditions)?,
        steps: steps_of(&row.steps)?,
        max_duration_minutes: count(row.max_duration_minutes)?,
        lapse_after_minutes: count(row.lapse_after_minutes)?,
    })
}
