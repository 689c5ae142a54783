//! Who decides about a request now.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access_requests::{Case, Colleague, Decider, Staffing, Step};
use custodian_domain::kernel::{DepartmentId, DomainError, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self as stored, DecisionRow, RequestRow};
use custodian_persistence::{Work, departments};

use super::stored_policy::steps_of;
use crate::roles::all_roles;

/// Everybody as the rules see them at this moment.
pub(super) async fn staffing(work: &Work) -> Result<Staffing, DomainError> {
    let (rows, tree, roles) = (stored::staff(work).await?, departments::list(work).await?, all_roles(work).await?);
    let paths: HashMap<DepartmentId, Vec<DepartmentId>> = tree.iter().map(|row| (row.id, row.path.clone())).collect();
    let decides = |code: &String| {
        roles.get(code).is_some_and(|role| role.permissions.contains(&Permission::AccessRequestsDecide))
    };
    let people = rows.into_iter().map(|row| {
        let colleague = Colleague {
            may_decide: row.active && row.roles.iter().any(decides),
            supervisor: row.supervisor,
            department_path: row.department.and_then(|own| paths.get(&own)).cloned().unwrap_or_default(),
            roles: row.roles,
            stand_in: row.stand_in,
        };
        (row.user, colleague)
    });
    let heads = tree.iter().filter_map(|row| Some((row.id, row.head?))).collect();
    Ok(Staffing { people: people.collect(), heads })
}

/// A request with what is needed to say who decides about it.
pub(super) struct Standing {
    pub steps: Vec<Step>,
    decided: Vec<UserId>,
    requester: UserId,
    step: usize,
    escalates_at: DateTime<Utc>,
}

impl Standing {
    pub fn of(row: &RequestRow, decisions: &[DecisionRow]) -> Result<Self, DomainError> {
        let steps = steps_of(&row.steps)?;
        let step = usize::try_from(row.step).map_err(|_| DomainError::internal("a step before the first"))?;
        let minutes = steps.get(step).map_or(0, |step| step.timeout_minutes);
        Ok(Self {
            steps,
            decided: decisions.iter().map(|one| UserId::from(one.approver)).collect(),
            requester: row.requester,
            step,
            escalates_at: row.step_started_at + TimeDelta::minutes(i64::from(minutes)),
        })
    }

    fn case(&self) -> Case<'_> {
        Case { requester: self.requester, decided: &self.decided }
    }

    /// When the present step asks more people.
    pub fn escalates_at(&self) -> DateTime<Utc> {
        self.escalates_at
    }

    /// Who may decide about the present step at this time.
    pub fn deciders(&self, staff: &Staffing, now: DateTime<Utc>) -> Vec<Decider> {
        let Some(step) = self.steps.get(self.step) else { return Vec::new() };
        staff.deciders(&self.case(), step, now >= self.escalates_at)
    }

    /// Whether this person is, was or will be asked at some step.
    pub fn concerns(&self, staff: &Staffing, user: UserId) -> bool {
        let case = Case { requester: self.requester, decided: &[] };
        self.decided.contains(&user)
            || self.steps.iter().any(|step| staff.deciders(&case, step, true).iter().any(|one| one.user == user))
    }

    /// Whether this person would be asked, were it not as good as their own request.
    pub fn is_barred(&self, staff: &Staffing, user: UserId) -> bool {
        self.steps.iter().any(|step| staff.is_barred(&self.case(), step, user))
    }
}
