//! Approval policies: which requests they speak of, and in which order who is asked.

use std::fmt;

use uuid::Uuid;

use super::Kind;
use crate::catalog::Classification;
use crate::kernel::UserId;

/// How long a right lasts when a request does not say, in minutes.
pub const DEFAULT_MINUTES: u32 = 24 * 60;
/// The longest that any policy may let a right last, in minutes.
pub const LONGEST_MINUTES: u32 = 90 * 24 * 60;
/// The longest that a request may wait, and a step before it escalates, in minutes.
pub const LONGEST_WAIT: u32 = 30 * 24 * 60;
/// The most steps of a policy.
pub const MOST_STEPS: usize = 5;

/// Who is asked at a step. On the wire `supervisor`, `department_head`, `role:<code>` or `user:<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approver {
    /// Whom the requester reports to.
    Supervisor,
    /// Who heads the requester's department, or the nearest one above that somebody else heads.
    DepartmentHead,
    /// Anybody who has this role.
    Role(String),
    /// This person.
    User(UserId),
}

impl Approver {
    /// Reads the wire form.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "supervisor" => Some(Self::Supervisor),
            "department_head" => Some(Self::DepartmentHead),
            _ => match text.split_once(':')? {
                ("role", code) if !code.is_empty() => Some(Self::Role(code.to_owned())),
                ("user", id) => id.parse().ok().map(Self::User),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supervisor => f.write_str("supervisor"),
            Self::DepartmentHead => f.write_str("department_head"),
            Self::Role(code) => write!(f, "role:{code}"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

/// One approval that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who is asked first.
    pub approver: Approver,
    /// After so many minutes those of `escalate_to` are asked as well.
    pub timeout_minutes: u32,
    /// Who is asked as well then.
    pub escalate_to: Vec<Approver>,
}

impl Step {
    /// A step that escalates after a day.
    pub fn of(approver: Approver, escalate_to: &[Approver]) -> Self {
        Self { approver, timeout_minutes: DEFAULT_MINUTES, escalate_to: escalate_to.to_vec() }
    }

    /// The same step with one person named in the place of another; `None` where it does not name the other.
    pub fn handed_over(&self, from: UserId, to: UserId) -> Option<Self> {
        let (old, new) = (Approver::User(from), Approver::User(to));
        let then = |one: &Approver| if *one == old { new.clone() } else { one.clone() };
        let mut escalate_to: Vec<Approver> = Vec::with_capacity(self.escalate_to.len());
        for one in self.escalate_to.iter().map(then) {
            if !escalate_to.contains(&one) {
                escalate_to.push(one);
            }
        }
        let names = self.approver == old || self.escalate_to.contains(&old);
        names.then(|| Self { approver: then(&self.approver), timeout_minutes: self.timeout_minutes, escalate_to })
    }
}

/// Which requests a policy speaks of; a member that is absent or empty holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Whose closest guarded field has one of these classifications.
    pub classifications: Vec<Classification>,
    /// About at least so many customers.
    pub min_customers: Option<u32>,
    /// About at most so many customers.
    pub max_customers: Option<u32>,
}

/// A request as far as policies look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub kind: Kind,
    /// Of its closest guarded field.
    pub classification: Classification,
    /// How many customers; for a file the rows that it may have.
    pub customers: u32,
}

impl Conditions {
    /// Whether they speak of this request.
    pub fn hold(&self, request: &Request) -> bool {
        let Self { kinds, classifications, min_customers, max_customers } = self;
        (kinds.is_empty() || kinds.contains(&request.kind))
            && (classifications.is_empty() || classifications.contains(&request.classification))
            && min_customers.is_none_or(|least| request.customers >= least)
            && max_customers.is_none_or(|most| request.customers <= most)
    }
}

/// An approval policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id; `None` for the one that the product brings.
    pub id: Option<Uuid>,
    /// The lowest that speaks of a request counts.
    pub priority: u32,
    /// Which requests it speaks of.
    pub conditions: Conditions,
    /// Who is asked, one after the other; never empty.
    pub steps: Vec<Step>,
    /// The longest that a right may last.
    pub max_duration_minutes: u32,
    /// A request that waits longer lapses.
    pub lapse_after_minutes: u32,
}

impl Policy {
    /// What counts where no policy speaks: the supervisor, then the head, then the data protection officer; a day at most.
    pub fn usual() -> Self {
        let escalate_to = [Approver::DepartmentHead, Approver::Role("dpo".to_owned())];
        Self {
            id: None,
            priority: u32::MAX,
            conditions: Conditions::default(),
            steps: vec![Step::of(Approver::Supervisor, &escalate_to)],
            max_duration_minutes: DEFAULT_MINUTES,
            lapse_after_minutes: 7 * 24 * 60,
        }
    }

    /// What counts for emergencies where no policy speaks: the data protection officer reviews them within three days; four hours at most.
    pub fn of_emergencies() -> Self {
        Self {
            steps: vec![Step::of(Approver::Role("dpo".to_owned()), &[Approver::Role("admin".to_owned())])],
            max_duration_minutes: 4 * 60,
            lapse_after_minutes: 3 * 24 * 60,
            ..Self::usual()
        }
    }

    /// The steps for this request. A core field needs two people, whatever the policy says: the data protection officer is the second.
    pub fn steps_for(&self, request: &Request) -> Vec<Step> {
        let mut steps = self.steps.clone();
        if request.kind == Kind::Emergency {
            // It is given already; one person looks at it afterwards.
            steps.truncate(1);
            return steps;
        }
        if request.classification == Classification::Core && steps.len() < 2 {
            steps.push(Step::of(Approver::Role("dpo".to_owned()), &[Approver::Role("admin".to_owned())]));
        }
        steps
    }
}

/// The policy that counts for a request: of those that speak of it the one of the lowest priority, the older of two alike. Of emergencies those alone speak
/// that name them.
pub fn choose(policies: &[Policy], request: &Request) -> Policy {
    let speaking = policies.iter().filter(|policy| policy.conditions.hold(request));
    let usual = if request.kind == Kind::Emergency { Policy::of_emergencies } else { Policy::usual };
    let named = |policy: &&Policy| request.kind != Kind::Emergency || policy.conditions.kinds.contains(&request.kind);
    speaking.filter(named).min_by_key(|policy| (policy.priority, policy.id)).cloned().unwrap_or_else(usual)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ASKED: Request = Request { kind: Kind::Fields, classification: Classification::Sensitive, customers: 10 };

    fn policy(id: u128, priority: u32, conditions: Conditions) -> Policy {
        Policy { id: Some(Uuid::from_u128(id)), priority, conditions, ..Policy::usual() }
    }

    #[test]
    fn approvers_read_back_and_nothing_else_does() {
        let user = format!("user:{}", Uuid::from_u128(7));
        for text in ["supervisor", "department_head", "role:dpo", user.as_str()] {
            assert_eq!(Approver::from_text(text).unwrap().to_string(), text);
        }
        for text in ["", "role:", "role", "user:", "user:7", "group:x", "Supervisor"] {
            assert_eq!(Approver::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let narrow = Conditions {
            kinds: vec![Kind::Fields],
            classifications: vec![Classification::Sensitive],
            min_customers: Some(10),
            max_customers: Some(10),
        };
        assert!(narrow.hold(&ASKED) && Conditions::default().hold(&ASKED));
        for other in [
            Request { kind: Kind::Export, ..ASKED },
            Request { classification: Classification::Core, ..ASKED },
            Request { customers: 9, ..ASKED },
            Request { customers: 11, ..ASKED },
        ] {
            assert!(!narrow.hold(&other), "{other:?}");
        }
    }

    #[test]
    fn the_lowest_priority_that_speaks_counts_and_the_usual_one_where_none_does() {
        let exports = Conditions { kinds: vec![Kind::Export], ..Conditions::default() };
        let all =
            [policy(1, 1, exports.clone()), policy(3, 5, Conditions::default()), policy(2, 5, Conditions::default())];
        assert_eq!(choose(&all, &ASKED).id, Some(Uuid::from_u128(2)));
        assert_eq!(choose(&all, &Request { kind: Kind::Export, ..ASKED }).id, Some(Uuid::from_u128(1)));
        assert_eq!(choose(&[policy(1, 1, exports)], &ASKED), Policy::usual());
    }

    #[test]
    fn an_emergency_is_reviewed_once_by_whom_a_policy_names_for_it() {
        let core = Request { kind: Kind::Emergency, classification: Classification::Core, customers: 1 };
        assert_eq!(choose(&[policy(1, 1, Conditions::default())], &core), Policy::of_emergencies());
        let named = Conditions { kinds: vec![Kind::Emergency], ..Conditions::default() };
        assert_eq!(choose(&[policy(1, 1, named)], &core).id, Some(Uuid::from_u128(1)));
        assert_eq!(Policy::of_emergencies().steps_for(&core).len(), 1);
    }

    #[test]
    fn a_core_field_always_has_two_steps() {
        let core = Request { classification: Classification::Core, ..ASKED };
        let two = Policy { steps: vec![Policy::usual().steps[0].clone(); 2], ..Policy::usual() };
        assert_eq!(Policy::usual().steps_for(&ASKED).len(), 1);
        assert_eq!(Policy::usual().steps_for(&core).len(), 2);
        assert_eq!(two.steps_for(&core), two.steps);
    }

    #[test]
    fn who_takes_over_is_named_in_the_place_of_who_left() {
        let id = |number| UserId::from(Uuid::from_u128(number));
        let (left, heir, other) = (id(1), id(2), id(3));
        let step = Step::of(Approver::User(left), &[Approver::User(heir), Approver::User(left), Approver::Supervisor]);
        let handed = step.handed_over(left, heir).unwrap();
        let expected = Step::of(Approver::User(heir), &[Approver::User(heir), Approver::Supervisor]);
        assert_eq!(handed, expected, "each once, in their order");
        assert_eq!(step.handed_over(other, heir), None, "who is not named takes nobody along");
        assert_eq!(Step::of(Approver::Role("dpo".into()), &[]).handed_over(left, heir), None);
    }
}
