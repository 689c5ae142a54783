//! Detections: what is noticed when somebody tries many doors, and from how many doors on.

use chrono::Duration;

use crate::kernel::codes;

codes! {
    /// What was noticed.
    Rule {
        /// Log-ins failed for many accounts from one network address.
        PasswordSpraying = "password_spraying",
        /// One caller was refused many different customers or records.
        RefusalProbing = "refusal_probing",
        /// One caller searched for many values that nobody has.
        SearchProbing = "search_probing",
        /// A package that was fetched before was asked for again: one of two fetched what is somebody's alone.
        PackageAgain = "package_again",
    }
}

codes! {
    /// What whoever looked into an alarm says of it.
    Outcome {
        /// It was what it looked like.
        Confirmed = "confirmed",
        /// There was a good reason.
        Harmless = "harmless",
    }
}

/// From how many different things within a window on an alarm is raised; 0 raises none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The window.
    pub window: Duration,
    /// Accounts that log-ins failed for, from one address.
    pub accounts: u32,
    /// Customers and records that one caller was refused.
    pub refusals: u32,
    /// Values that one caller searched for in vain.
    pub searches: u32,
}

impl Thresholds {
    /// How many different things raise this alarm; `None` when it is switched off.
    pub const fn of(&self, rule: Rule) -> Option<u32> {
        let most = match rule {
            Rule::PasswordSpraying => self.accounts,
            Rule::RefusalProbing => self.refusals,
            Rule::SearchProbing => self.searches,
            // Once is enough.
            Rule::PackageAgain => 1,
        };
        if most == 0 { None } else { Some(most) }
    }

    /// Whether so many are an alarm.
    pub fn is_reached(&self, rule: Rule, counted: u32) -> bool {
        self.of(rule).is_some_and(|least| counted >= least)
    }
}

/// Whether a refusal with this problem code tells that somebody tries what is not theirs. A consent that is missing, a second factor that is due or a
/// state that does not fit befalls whoever does their work.
pub fn is_probing(code: &str) -> bool {
    matches!(
        code,
        "not_found" | "forbidden" | "erased" | "field_hidden" | "field_not_revealable" | "reveal_budget_exhausted"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(accounts: u32) -> Thresholds {
        Thresholds { window: Duration::minutes(10), accounts, refusals: 30, searches: 300 }
    }

    #[test]
    fn an_alarm_is_raised_at_its_threshold_and_not_below() {
        for (rule, least) in [(Rule::PasswordSpraying, 20), (Rule::RefusalProbing, 30), (Rule::SearchProbing, 300)] {
            assert!(!thresholds(20).is_reached(rule, least - 1) && thresholds(20).is_reached(rule, least), "{rule:?}");
        }
    }

    #[test]
    fn nothing_raises_an_alarm_that_is_switched_off() {
        assert!(!thresholds(0).is_reached(Rule::PasswordSpraying, u32::MAX));
        assert!(thresholds(0).is_reached(Rule::RefusalProbing, u32::MAX));
    }

    #[test]
    fn what_befalls_whoever_works_is_no_probing() {
        for code in ["no_consent", "step_up_required", "purpose_required", "duplicate_value", "rate_limited"] {
            assert!(!is_probing(code), "{code}");
        }
        assert!(is_probing("not_found") && is_probing("forbidden"));
    }
}
