//! Retention policies: who is due, and when nothing may be destroyed by the clock alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::codes;

codes! {
    /// What happens to who is due.
    Action {
        /// Whoever follows events is told, once for each person.
        Warn = "warn",
        /// Taken out of use, as by deleting.
        Archive = "archive",
        /// Values and keys are destroyed as by erasing; stage, source, region and times stay, which are nobody's any more.
        Anonymise = "anonymise",
        /// Erased for good, on the ground that retention is over.
        Destroy = "destroy",
    }
}

codes! {
    /// From when the time is counted.
    Since {
        /// When the customer was entered.
        CreatedAt = "created_at",
        /// When it last changed.
        UpdatedAt = "updated_at",
        /// When it was taken out of use: put into the archive, or deleted. Those in use are not meant.
        ArchivedAt = "archived_at",
    }
}

codes! {
    /// Where a policy stands.
    PolicyState {
        /// Made; does nothing but be previewed.
        DryRun = "dry_run",
        /// In force.
        Active = "active",
        /// Was in force.
        Paused = "paused",
    }
}

impl Action {
    /// Whether it can be done to what hangs on a customer. Whoever stays has one key for all of theirs: what hangs on them is theirs as long as it is there, and
    /// cannot become nobody's.
    pub const fn fits_records(self) -> bool {
        matches!(self, Self::Warn | Self::Archive | Self::Destroy)
    }

    /// Whether it can be done to the values of one field.
    pub const fn fits_fields(self) -> bool {
        matches!(self, Self::Warn | Self::Destroy)
    }

    /// Whether it ends in a certificate.
    pub const fn erases(self) -> bool {
        matches!(self, Self::Anonymise | Self::Destroy)
    }
}

/// How far the clock may go between two looks before nothing is destroyed without a person's word.
pub const LONGEST_STEP: TimeDelta = TimeDelta::hours(1);

/// Whether the clock can be believed: it went on since the last look, and by no more than a round and an hour. A service that was down for longer cannot
/// tell an outage from a jump, and asks as well.
pub fn is_steady(last: DateTime<Utc>, now: DateTime<Utc>, round: TimeDelta) -> bool {
    let step = now - last;
    step >= TimeDelta::zero() && step <= LONGEST_STEP + round
}

/// Who was last touched before this moment is due; `None` for a time that lies before all times.
pub fn due_before(now: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::days(i64::from(days)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::TimeZone;

    fn at(hour: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + TimeDelta::hours(hour)
    }

    #[test]
    fn a_clock_that_jumps_either_way_is_not_believed() {
        let round = TimeDelta::minutes(1);
        assert!(is_steady(at(0), at(0), round) && is_steady(at(0), at(1) + round, round));
        assert!(!is_steady(at(0), at(1) + round + TimeDelta::seconds(1), round), "an hour more than a round");
        assert!(!is_steady(at(0), at(24 * 400), round));
        assert!(!is_steady(at(1), at(0), round), "backwards");
    }

    #[test]
    fn who_was_touched_within_the_days_is_not_due() {
        assert_eq!(due_before(at(48), 1), Some(at(24)));
        assert_eq!(due_before(at(0), 0), Some(at(0)));
    }

    #[test]
    fn what_fits_a_field_fits_what_it_stands_in_and_nobody_is_anonymised_in_part() {
        assert!(Action::ALL.iter().all(|one| !one.fits_fields() || one.fits_records()));
        assert!(!Action::Anonymise.fits_records() && !Action::Archive.fits_fields());
    }

    #[test]
    fn every_code_comes_back() {
        assert!(Action::ALL.iter().all(|one| Action::from_code(one.as_str()) == Some(*one)));
        assert!(Since::ALL.iter().all(|one| Since::from_code(one.as_str()) == Some(*one)));
        assert!(PolicyState::ALL.iter().all(|one| PolicyState::from_code(one.as_str()) == Some(*one)));
    }
}
