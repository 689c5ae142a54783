//! Detections: what is noticed when somebody tries many doors, and from how many doors on.

use chrono::Duration;

use crate::kernel::codes;

codes! {
    /// What was noticed.
    Rule {
        /// Log-ins failed for many accounts from one network address.
        PasswordSpraying = "password_spraying",
        /// Log-ins failed for many of an organisation's accounts, wherever they came from: many more than is usual there.
        DistributedSpraying = "distributed_password_spraying",
        /// A spent refresh token came back: two hold what one was given.
        RefreshReuse = "refresh_token_reuse",
        /// One caller was refused many different customers or records.
        RefusalProbing = "refusal_probing",
        /// One caller searched for many values that nobody has.
        SearchProbing = "search_probing",
        /// A scanner found malicious software in a file of a caller's.
        MaliciousFile = "malicious_file",
        /// A package that was fetched before was asked for again: one of two fetched what is somebody's alone.
        PackageAgain = "package_again",
        /// The last good backup is older than the settings allow.
        BackupOverdue = "backup_overdue",
        /// The last time that a backup was put back to try it, and stood the trial, is longer ago than the settings allow.
        DrillOverdue = "backup_drill_overdue",
    }
}

codes! {
    /// What whoever looked into an alarm says of it.
    Outcome {
        /// It was what it looked like.
        Confirmed = "confirmed",
        /// There was a good reason.
        Harmless = "harmless",
        /// What it told of ended, and the alarm with it. Nobody says so of another one.
        Resolved = "resolved",
    }
}

/// From how many different things within a window on an alarm is raised; 0 raises none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The window.
    pub window: Duration,
    /// Accounts that log-ins failed for, from one address.
    pub accounts: u32,
    /// Accounts of one organisation that log-ins failed for, from wherever.
    pub accounts_together: u32,
    /// Customers and records that one caller was refused.
    pub refusals: u32,
    /// Values that one caller searched for in vain.
    pub searches: u32,
    /// Hours that the last good backup may be old.
    pub backup_hours: u32,
    /// Days that the last good trial of a backup may lie back.
    pub drill_days: u32,
}

impl Thresholds {
    /// How long what a rule about time tells of may lie back; `None` for every other rule, and when it is switched off.
    pub fn longest(&self, rule: Rule) -> Option<Duration> {
        let longest = match rule {
            Rule::BackupOverdue => Duration::hours(i64::from(self.backup_hours)),
            Rule::DrillOverdue => Duration::days(i64::from(self.drill_days)),
            _ => Duration::zero(),
        };
        Some(longest).filter(|longest| !longest.is_zero())
    }

    /// How many different things raise this alarm; `None` when it is switched off.
    pub const fn of(&self, rule: Rule) -> Option<u32> {
        let most = match rule {
            Rule::PasswordSpraying => self.accounts,
            Rule::DistributedSpraying => self.accounts_together,
            // There is no good reason for even one.
            Rule::RefreshReuse => 1,
            Rule::RefusalProbing => self.refusals,
            Rule::SearchProbing => self.searches,
            Rule::MaliciousFile => 1,
            // Once is enough.
            Rule::PackageAgain => 1,
            Rule::BackupOverdue => self.backup_hours,
            Rule::DrillOverdue => self.drill_days,
        };
        if most == 0 { None } else { Some(most) }
    }

    /// Whether so many are an alarm.
    pub fn is_reached(&self, rule: Rule, counted: u32) -> bool {
        self.of(rule).is_some_and(|least| counted >= least)
    }
}

/// Days before today that say what is usual.
pub const USUAL_DAYS: u32 = 7;
/// How many times the usual is unusual.
const TIMES: u32 = 3;

impl Thresholds {
    /// Whether so many are an alarm in an organisation whose busiest windows of the last [`USUAL_DAYS`] days come to this sum: where many people work, many
    /// mistype every morning. The mean counts and not the highest, so that one bad day does not make the next one look usual.
    pub fn is_unusual(&self, rule: Rule, counted: u32, sum_of_days: u32) -> bool {
        let usual = sum_of_days.div_ceil(USUAL_DAYS).saturating_mul(TIMES);
        self.is_reached(rule, counted) && counted >= usual
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
        let window = Duration::minutes(10);
        Thresholds {
            window,
            accounts,
            accounts_together: 50,
            refusals: 30,
            searches: 300,
            backup_hours: 26,
            drill_days: 31,
        }
    }

    #[test]
    fn an_alarm_is_raised_at_its_threshold_and_not_below() {
        let all = [
            (Rule::PasswordSpraying, 20),
            (Rule::DistributedSpraying, 50),
            (Rule::RefreshReuse, 1),
            (Rule::RefusalProbing, 30),
            (Rule::SearchProbing, 300),
        ];
        for (rule, least) in all {
            assert!(!thresholds(20).is_reached(rule, least - 1) && thresholds(20).is_reached(rule, least), "{rule:?}");
        }
    }

    #[test]
    fn what_is_usual_for_an_organisation_is_no_alarm() {
        let unusual = |counted, sum| thresholds(20).is_unusual(Rule::DistributedSpraying, counted, sum);
        // Nothing is known of the days before, or little happened: the threshold counts.
        assert!(unusual(50, 0) && !unusual(49, 0) && unusual(50, 7 * 16));
        // A large house where forty mistype at the same time on each of five days of the week.
        assert!(!unusual(86, 5 * 40) && unusual(87, 5 * 40));
        assert!(unusual(u32::MAX, u32::MAX), "no overflow");
        let off = Thresholds { accounts_together: 0, ..thresholds(20) };
        assert!(!off.is_unusual(Rule::DistributedSpraying, u32::MAX, 0));
    }

    #[test]
    fn nothing_raises_an_alarm_that_is_switched_off() {
        assert!(!thresholds(0).is_reached(Rule::PasswordSpraying, u32::MAX));
        assert!(thresholds(0).is_reached(Rule::RefusalProbing, u32::MAX));
    }

    #[test]
    fn only_backups_and_their_trials_grow_too_old_and_only_where_that_is_wanted() {
        let aged: Vec<_> = Rule::ALL.iter().filter_map(|rule| thresholds(20).longest(*rule)).collect();
        assert_eq!(aged, [Duration::hours(26), Duration::days(31)]);
        let off = Thresholds { backup_hours: 0, ..thresholds(20) };
        assert_eq!((off.longest(Rule::BackupOverdue), off.of(Rule::BackupOverdue)), (None, None));
        assert!(off.longest(Rule::DrillOverdue).is_some());
    }

    #[test]
    fn what_befalls_whoever_works_is_no_probing() {
        for code in ["no_consent", "step_up_required", "purpose_required", "duplicate_value", "rate_limited"] {
            assert!(!is_probing(code), "{code}");
        }
        assert!(is_probing("not_found") && is_probing("forbidden"));
    }
}
