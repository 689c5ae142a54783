//! Which requests of one person repeat each other, and which of them stands.

use std::collections::BTreeSet;

use super::{Jurisdiction, Right};

/// What a request asks for, as far as another one may ask for the same.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The right.
    pub right: Right,
    /// The law.
    pub jurisdiction: Jurisdiction,
    /// Codes of the purposes that it is about, in any order; all when empty.
    pub purposes: &'a [String],
}

impl Matter<'_> {
    /// Whether an answer to the one is an answer to the other: the same right under the same law, for the same purposes. None named means all, which
    /// is more than any that are named.
    pub fn repeats(&self, other: &Self) -> bool {
        // Two rectifications ask for different things, by their corrections or in words: an answer to one says nothing of the other.
        let comparable = self.right != Right::Rectification;
        comparable
            && self.right == other.right
            && self.jurisdiction == other.jurisdiction
            && set(self.purposes) == set(other.purposes)
    }
}

fn set(purposes: &[String]) -> BTreeSet<&str> {
    purposes.iter().map(String::as_str).collect()
}

/// Whether the newer of two open requests that repeat each other takes the older one's place. Only proof of identity does that: what a stranger sends in
/// somebody's name never displaces anything.
pub const fn displaces(newer_verified: bool, older_verified: bool) -> bool {
    newer_verified && !older_verified
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(right: Right, purposes: &[String]) -> Matter<'_> {
        Matter { right, jurisdiction: Jurisdiction::Eu, purposes }
    }

    #[test]
    fn only_proof_displaces() {
        assert!(displaces(true, false));
        assert!(!displaces(false, false) && !displaces(false, true) && !displaces(true, true));
    }

    #[test]
    fn requests_repeat_each_other_only_where_they_ask_for_the_same() {
        let named = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let (none, ads, both) = (named(&[]), named(&["ads"]), named(&["ads", "care"]));
        let (care, turned) = (named(&["care"]), named(&["care", "ads", "care"]));
        for right in [Right::Objection, Right::WithdrawConsent, Right::Restriction, Right::Access] {
            assert!(of(right, &ads).repeats(&of(right, &ads)));
            assert!(of(right, &none).repeats(&of(right, &none)), "all and all");
            assert!(of(right, &both).repeats(&of(right, &turned)), "their order tells nothing");
            for other in [&care, &both, &none] {
                let (one, other) = (of(right, &ads), of(right, other));
                assert!(!one.repeats(&other) && !other.repeats(&one), "{}", right.as_str());
            }
            let elsewhere = Matter { jurisdiction: Jurisdiction::Cn, ..of(right, &ads) };
            assert!(!elsewhere.repeats(&of(right, &ads)));
        }
        assert!(!of(Right::Objection, &ads).repeats(&of(Right::Restriction, &ads)));
        assert!(!of(Right::Rectification, &none).repeats(&of(Right::Rectification, &none)));
    }
}
