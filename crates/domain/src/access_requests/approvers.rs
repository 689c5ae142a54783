//! Who may decide about a request at a step. Nobody decides about their own, whichever way it would come to them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Approver, Step};
use crate::kernel::{DepartmentId, UserId};

/// A member of staff as far as approvals are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colleague {
    /// Active, and holds the right to decide.
    pub may_decide: bool,
    /// Whom this person reports to.
    pub supervisor: Option<UserId>,
    /// The path of the department, root first, own department last.
    pub department_path: Vec<DepartmentId>,
    /// Codes of the roles held.
    pub roles: Vec<String>,
    /// Who stands in while this person is away; `None` for somebody who is there.
    pub stand_in: Option<UserId>,
}

/// Everybody of an organisation, and who heads which department, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Staffing {
    /// People by id.
    pub people: BTreeMap<UserId, Colleague>,
    /// Heads by department.
    pub heads: BTreeMap<DepartmentId, UserId>,
}

/// A request as far as the question who decides about it is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Who asks.
    pub requester: UserId,
    /// Who decided about it at an earlier step.
    pub decided: &'a [UserId],
}

/// Somebody who may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// Who.
    pub user: UserId,
    /// For whom, where the one who is meant is away.
    pub on_behalf_of: Option<UserId>,
}

impl Staffing {
    /// Those who may decide at a step, each once; with `escalated`, those whom it escalates to as well. Nobody who decided at an earlier step,
    /// not the requester, nobody who stands in for the requester, and nobody who may not decide at all.
    pub fn deciders(&self, case: &Case<'_>, step: &Step, escalated: bool) -> Vec<Decider> {
        let barred = self.barred(case.requester);
        let mut found: Vec<Decider> = Vec::new();
        for decider in self.asked(case.requester, step, escalated) {
            let may = self.people.get(&decider.user).is_some_and(|one| one.may_decide);
            let known = found.iter().any(|one| one.user == decider.user);
            if may && !known && !barred.contains(&decider.user) && !case.decided.contains(&decider.user) {
                found.push(decider);
            }
        }
        found
    }

    /// Whether this person would decide at the step, were it not as good as their own request.
    pub fn is_barred(&self, case: &Case<'_>, step: &Step, user: UserId) -> bool {
        user == case.requester
            || self.barred(case.requester).contains(&user)
                && self.asked(case.requester, step, true).iter().any(|one| one.user == user)
    }

    /// Whether every step finds somebody, a different person each, with all that it may escalate to.
    pub fn can_be_decided(&self, requester: UserId, steps: &[Step]) -> bool {
        let case = Case { requester, decided: &[] };
        let open: Vec<Vec<UserId>> = steps
            .iter()
            .map(|step| self.deciders(&case, step, true).into_iter().map(|one| one.user).collect())
            .collect();
        let mut taken: BTreeMap<UserId, usize> = BTreeMap::new();
        (0..open.len()).all(|step| seat(&open, step, &mut taken, &mut BTreeSet::new()))
    }

    /// The requester and whoever stands in for the requester now, near or far: their yes would be the requester's own.
    fn barred(&self, requester: UserId) -> BTreeSet<UserId> {
        let mut barred = BTreeSet::from([requester]);
        let mut last = requester;
        while let Some(next) = self.people.get(&last).and_then(|one| one.stand_in) {
            if !barred.insert(next) {
                break;
            }
            last = next;
        }
        barred
    }

    fn asked(&self, requester: UserId, step: &Step, escalated: bool) -> Vec<Decider> {
        let more = step.escalate_to.iter().filter(|_| escalated);
        let meant = std::iter::once(&step.approver).chain(more).flat_map(|approver| self.meant(requester, approver));
        let mut asked = Vec::new();
        for user in meant {
            asked.push(Decider { user, on_behalf_of: None });
            let stand_in = self.stand_in(user).filter(|one| *one != user);
            asked.extend(stand_in.map(|one| Decider { user: one, on_behalf_of: Some(user) }));
        }
        asked
    }

    /// The people whom a step means, there or away.
    fn meant(&self, requester: UserId, approver: &Approver) -> Vec<UserId> {
        let own = self.people.get(&requester);
        match approver {
            Approver::Supervisor => own.and_then(|one| one.supervisor).into_iter().collect(),
            Approver::DepartmentHead => {
                let path = own.map(|one| one.department_path.as_slice()).unwrap_or_default();
                let heads = path.iter().rev().filter_map(|department| self.heads.get(department));
                heads.copied().find(|head| *head != requester).into_iter().collect()
            }
            Approver::Role(code) => {
                let holds = |one: &Colleague| one.roles.contains(code);
                self.people.iter().filter(|(_, one)| holds(one)).map(|(user, _)| *user).collect()
            }
            Approver::User(user) => vec![*user],
        }
    }

    /// Who acts for somebody: the end of the chain of those who stand in. A chain that comes back on itself has none.
    fn stand_in(&self, user: UserId) -> Option<UserId> {
        let (mut seen, mut last) = (BTreeSet::from([user]), user);
        while let Some(next) = self.people.get(&last).and_then(|one| one.stand_in) {
            if !seen.insert(next) {
                return None;
            }
            last = next;
        }
        Some(last)
    }
}

/// Gives the step a person of its own, moving others on if need be.
fn seat(open: &[Vec<UserId>], step: usize, taken: &mut BTreeMap<UserId, usize>, tried: &mut BTreeSet<UserId>) -> bool {
    for user in open.get(step).into_iter().flatten() {
        if !tried.insert(*user) {
            continue;
        }
        let other = taken.get(user).copied();
        if other.is_none_or(|other| seat(open, other, taken, tried)) {
            taken.insert(*user, step);
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "approvers_tests.rs"]
mod tests;
