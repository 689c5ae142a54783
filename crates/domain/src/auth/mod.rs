//! How well a session has proved its person, and what it may do before it has.

use chrono::{DateTime, Duration, Utc};

/// How long a proof counts as fresh.
pub fn fresh_for() -> Duration {
    Duration::minutes(5)
}

/// Wrong codes of one person that cost no waiting.
const FREE: i32 = 5;
/// The longest wait after a wrong code, in seconds: about a hundred guesses a day, of a million codes.
const LONGEST: i64 = 900;

/// What is known of a session's proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proofs {
    /// Whether the person has a second factor.
    pub enrolled: bool,
    /// Whether a role of the person must show one.
    pub required: bool,
    /// When the session last proved the person, by any means.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// When it last showed the second factor.
    pub mfa_at: Option<DateTime<Utc>>,
}

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Whatever its roles give.
    Full,
    /// Nothing but to enrol a second factor.
    MustEnrol,
    /// Nothing but to show the second factor that the person has.
    MustShowFactor,
}

impl Proofs {
    /// What the session may do. A factor shown to a provider that is trusted for it counts too.
    pub fn standing(&self) -> Standing {
        match (self.required, self.enrolled, self.mfa_at) {
            (false, ..) | (_, _, Some(_)) => Standing::Full,
            (true, true, None) => Standing::MustShowFactor,
            (true, false, None) => Standing::MustEnrol,
        }
    }

    /// Until when the session counts as freshly proved; nothing when it never was. Who has a second factor must have shown that one.
    pub fn fresh_until(&self) -> Option<DateTime<Utc>> {
        let proved = if self.enrolled { self.mfa_at } else { self.authenticated_at };
        proved.map(|at| at + fresh_for())
    }

    /// Whether the session was proved within the last five minutes.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.fresh_until().is_some_and(|until| now < until)
    }
}

/// Seconds until another code may be tried: 1, 2, 4 … 900 from the fifth wrong one on.
pub fn wait_for_next_code(failures: i32, failed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> i64 {
    let (over, Some(failed_at)) = (failures - FREE, failed_at) else {
        return 0;
    };
    let Ok(over) = u32::try_from(over) else {
        return 0;
    };
    let wait = 1_i64.checked_shl(over.min(10)).unwrap_or(LONGEST).min(LONGEST);
    let left = (failed_at + Duration::seconds(wait) - now).num_milliseconds().clamp(0, LONGEST * 1000);
    (left + 999) / 1000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    const NOTHING: Proofs = Proofs { enrolled: false, required: false, authenticated_at: None, mfa_at: None };

    #[test]
    fn a_role_that_must_show_a_factor_waits_for_it() {
        let shown = Some(at(0));
        for (required, enrolled, mfa_at, standing) in [
            (false, false, None, Standing::Full),
            (false, true, None, Standing::Full),
            (true, false, None, Standing::MustEnrol),
            (true, false, shown, Standing::Full),
            (true, true, None, Standing::MustShowFactor),
            (true, true, shown, Standing::Full),
        ] {
            assert_eq!(Proofs { required, enrolled, mfa_at, ..NOTHING }.standing(), standing);
        }
    }

    #[test]
    fn a_proof_is_fresh_for_five_minutes() {
        let password = Proofs { authenticated_at: Some(at(0)), ..NOTHING };
        assert!(password.is_fresh(at(0)) && password.is_fresh(at(299)));
        assert!(!password.is_fresh(at(300)) && !NOTHING.is_fresh(at(0)));
    }

    #[test]
    fn who_has_a_second_factor_is_fresh_by_that_one_alone() {
        let password = Proofs { enrolled: true, authenticated_at: Some(at(100)), ..NOTHING };
        assert!(!password.is_fresh(at(101)));
        let shown = Proofs { mfa_at: Some(at(100)), ..password };
        assert!(shown.is_fresh(at(399)) && !shown.is_fresh(at(400)));
    }

    #[test]
    fn waiting_begins_at_the_fifth_wrong_code_and_grows_to_a_quarter_of_an_hour() {
        for (failures, wait) in [(0, 0), (4, 0), (5, 1), (6, 2), (10, 32), (15, 900), (i32::MAX, 900)] {
            assert_eq!(wait_for_next_code(failures, Some(at(0)), at(0)), wait, "{failures}");
            assert_eq!(wait_for_next_code(failures, Some(at(0)), at(wait)), 0, "{failures}");
        }
        assert_eq!(wait_for_next_code(9, None, at(0)), 0);
    }
}
