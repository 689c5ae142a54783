//! Access requests: who asks for what, who decides, and what a request can become.

mod approvers;
mod policy;

pub use approvers::{Case, Colleague, Decider, Staffing};
pub use policy::{
    Approver, Conditions, DEFAULT_MINUTES, LONGEST_MINUTES, LONGEST_WAIT, MOST_STEPS, Policy, Request, Step, choose,
};

use crate::catalog::{Classification, Field};
use crate::kernel::codes;

codes! {
    /// What is asked for.
    Kind {
        /// To read fields of customers for a while.
        Fields = "fields",
        /// The same at once, with a review afterwards.
        Emergency = "emergency",
        /// To take a file away.
        Export = "export",
    }
}

codes! {
    /// Where a request stands.
    State {
        /// Somebody is asked.
        Pending = "pending",
        /// Everybody who was asked agreed.
        Approved = "approved",
        /// Somebody said no.
        Denied = "denied",
        /// The requester took it back.
        Cancelled = "cancelled",
        /// Nobody answered in time.
        Lapsed = "lapsed",
        /// What it gave has ended by itself.
        Expired = "expired",
        /// What it gave was ended before its time.
        Revoked = "revoked",
    }
}

impl State {
    /// Whether a request may go from here to there.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Approved | Self::Denied | Self::Cancelled | Self::Lapsed)
                | (Self::Approved, Self::Expired | Self::Revoked)
        )
    }
}

codes! {
    /// What somebody who is asked says.
    Verdict {
        /// Yes.
        Approve = "approve",
        /// No.
        Deny = "deny",
    }
}

/// The closest guarded of these fields: what a request is judged by.
pub fn classification_of<'f>(fields: impl Iterator<Item = &'f Field>) -> Classification {
    fields.map(|field| field.classification).max().unwrap_or(Classification::Public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_stays_ended() {
        for from in State::ALL {
            let next: Vec<_> = State::ALL.iter().filter(|to| from.may_become(**to)).collect();
            let ends = !matches!(from, State::Pending | State::Approved);
            assert_eq!(ends, next.is_empty(), "{}", from.as_str());
            assert!(!from.may_become(*from));
            assert!(!from.may_become(State::Pending), "nothing is asked twice");
        }
        assert!(!State::Pending.may_become(State::Expired), "what was never given cannot end");
    }

    #[test]
    fn codes_read_back() {
        assert!(State::ALL.iter().all(|state| State::from_code(state.as_str()) == Some(*state)));
        assert!(Kind::ALL.iter().all(|kind| Kind::from_code(kind.as_str()) == Some(*kind)));
        assert!(Verdict::ALL.iter().all(|verdict| Verdict::from_code(verdict.as_str()) == Some(*verdict)));
        assert_eq!(State::from_code("reopened"), None);
    }
}
