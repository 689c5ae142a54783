//! Curiosity budgets: how many people a day somebody may look at closely.

use super::{Caller, Who};
use crate::roles::{Permission, Role};

/// What somebody may spend in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Different people whose sensitive fields are revealed or read in full.
    pub reveals: u32,
    /// Searches by the last four characters of a value.
    pub last4_searches: u32,
}

impl Allowance {
    /// The most generous of these roles, among those that show customers at all; `usual` stands for a role that names no figure of its own.
    pub fn of_roles<'r>(roles: impl Iterator<Item = &'r Role>, usual: Self) -> Self {
        let shows = |role: &&Role| {
            [Permission::CustomersRead, Permission::CustomersReveal, Permission::CustomersHistory]
                .iter()
                .any(|permission| role.permissions.contains(permission))
        };
        roles.filter(shows).fold(Self::default(), |widest, role| Self {
            reveals: widest.reveals.max(role.budgets.reveals.unwrap_or(usual.reveals)),
            last4_searches: widest.last4_searches.max(role.budgets.last4_searches.unwrap_or(usual.last4_searches)),
        })
    }

    /// What this caller may spend. A key reads for its purposes and not out of curiosity, but it too may not walk through all last digits;
    /// neither people who look at themselves nor the system are counted.
    pub fn of(caller: &Caller, usual: Self) -> Self {
        match &caller.who {
            Who::Staff(staff) => Self::of_roles(staff.roles.iter().map(AsRef::as_ref), usual),
            Who::Partner(_) => Self { reveals: u32::MAX, last4_searches: usual.last4_searches },
            Who::Subject(_) | Who::System { .. } => Self { reveals: u32::MAX, last4_searches: u32::MAX },
        }
    }

    /// Whether this is more of anything than `other`.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.reveals > other.reveals || self.last4_searches > other.last4_searches
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::roles::{Budgets, built_in_role};

    const USUAL: Allowance = Allowance { reveals: 500, last4_searches: 100 };

    fn with(code: &str, reveals: Option<u32>) -> Role {
        Role { budgets: Budgets { reveals, last4_searches: None }, ..built_in_role(code).unwrap().clone() }
    }

    #[test]
    fn the_most_generous_role_counts_and_one_without_a_figure_has_the_usual_one() {
        let of = |roles: &[Role]| Allowance::of_roles(roles.iter(), USUAL).reveals;
        assert_eq!(of(&[with("sales", None)]), 500);
        assert_eq!(of(&[with("sales", Some(7))]), 7);
        assert_eq!(of(&[with("sales", Some(7)), with("support", Some(9))]), 9);
        assert_eq!(of(&[with("sales", Some(0))]), 0);
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn a_role_that_shows_no_customer_brings_no_budget() {
        let clerk = Role { permissions: [Permission::RolesRead].into(), ..with("sales", Some(10_000)) };
        assert_eq!(Allowance::of_roles([clerk].iter(), USUAL), Allowance::default());
    }

    #[test]
    fn more_of_either_is_more() {
        let less = Allowance { reveals: 499, last4_searches: 100 };
        assert!(USUAL.exceeds(&less) && !less.exceeds(&USUAL));
        assert!(Allowance { reveals: 0, last4_searches: 101 }.exceeds(&USUAL));
        assert!(!USUAL.exceeds(&USUAL));
    }
}
