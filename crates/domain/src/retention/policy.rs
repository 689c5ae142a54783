//! Retention policies: who is due, and when nothing may be destroyed by the clock alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::catalog::Field;
use crate::kernel::codes;

codes! {
    /// What happens to who is due.
    Action {
        /// Whoever follows events is told, once for each person.
        Warn = "warn",
        /// Taken out of use, as by deleting.
        Archive = "archive",
        /// What is personal is destroyed, and what is not stays for counts: of customers stage, source, region and times, as by erasing them; of what hangs on
        /// them the fields that the catalog says are not personal; of a field its values.
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
        /// When it last changed; a customer also by whatever hangs on it.
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
    /// Whether it can be done to the values of one field.
    pub const fn fits_fields(self) -> bool {
        !matches!(self, Self::Archive)
    }

    /// Whether it may take the values of this field away and leave what they stand in, which is a customer where `of_customer` says so. What everybody must
    /// have is not taken away alone; a record whose personal values go may be left without one, for that is what is asked for.
    pub fn may_take(self, field: &Field, of_customer: bool) -> bool {
        match self {
            Self::Warn => true,
            Self::Archive => false,
            Self::Anonymise => field.is_personal() && !(field.required && of_customer),
            Self::Destroy => !field.required,
        }
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
    use crate::catalog::built_in_type;
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
    fn what_is_not_personal_is_not_anonymised_and_nobody_is_left_without_a_name() {
        let of = |code: &str, key: &str| built_in_type(code).and_then(|of| of.field(key)).unwrap().clone();
        let (name, address, company) = (of("customer", "name"), of("customer", "address"), of("customer", "company"));
        assert!(Action::Anonymise.may_take(&address, true) && Action::Destroy.may_take(&address, true));
        assert!(!Action::Anonymise.may_take(&company, true) && Action::Destroy.may_take(&company, true));
        assert!(!Action::Anonymise.may_take(&name, true) && !Action::Destroy.may_take(&name, true));
        let subject = of("ticket", "subject");
        assert!(subject.required && Action::Anonymise.may_take(&subject, false));
        assert!(!Action::Destroy.may_take(&subject, false), "the record goes with it or not at all");
        assert!(Action::ALL.iter().all(|one| one.fits_fields() == one.may_take(&address, true)));
    }

    #[test]
    fn every_code_comes_back() {
        assert!(Action::ALL.iter().all(|one| Action::from_code(one.as_str()) == Some(*one)));
        assert!(Since::ALL.iter().all(|one| Since::from_code(one.as_str()) == Some(*one)));
        assert!(PolicyState::ALL.iter().all(|one| PolicyState::from_code(one.as_str()) == Some(*one)));
    }
}
