//! Webhooks: which events one is told, what an answer means, and when it is told again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::events::EventType;
use crate::kernel::codes;

/// The most webhooks of one organisation.
pub const MOST: usize = 50;
/// The longest wait that a receiver may ask for.
const LONGEST_ASKED: u32 = 24 * 3600;

codes! {
    /// Why a webhook is told nothing.
    Disabled {
        /// Somebody switched it off.
        ByHand = "by_hand",
        /// The receiver answered that it is gone for good (410).
        Gone = "gone",
        /// Everything that was tried for days failed.
        Failing = "failing",
    }
}

codes! {
    /// Where a delivery stands.
    State {
        /// It waits for its turn, or for its next one.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Every try failed.
        Failed = "failed",
        /// It was not to be told any more when its turn came.
        Dropped = "dropped",
    }
}

codes! {
    /// What came of one try.
    Outcome {
        /// 2xx.
        Delivered = "delivered",
        /// 410: it wants no more.
        Gone = "gone",
        /// 3xx: redirects are not followed.
        Redirect = "redirect",
        /// Any other status.
        Status = "status",
        /// The address is none that may be called.
        Blocked = "blocked_ip",
        /// No connection, a broken one, or a certificate that is not trusted.
        Unreachable = "unreachable",
        /// No whole answer in time.
        Late = "timeout",
        /// An answer that does not end.
        TooLarge = "too_large",
    }
}

impl Outcome {
    /// What a status means.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Delivered,
            300..=399 => Self::Redirect,
            410 => Self::Gone,
            _ => Self::Status,
        }
    }
}

/// Which events a webhook takes: those of its list, or every one that webhooks may be told. Checkpoints come without end: who wants them lists them.
pub fn takes(listed: &[String], third_party: bool, kind: EventType) -> bool {
    let may = kind != EventType::WebhooksPinged && (!third_party || kind.for_partners());
    may && (listed.is_empty() && kind != EventType::AuditCheckpoint || listed.iter().any(|code| code == kind.code()))
}

/// How long after so many failed tries the next one comes; `None` when that was the last. `jitter` in thousandths lengthens the wait by up to a tenth; a
/// receiver that says when to come back is not asked earlier.
pub fn next_try(failed: u32, asked: Option<u32>, jitter: u16) -> Option<TimeDelta> {
    const WAITS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    let place = usize::try_from(failed).ok()?.checked_sub(1)?;
    let wait = *WAITS.get(place)?;
    let lengthened = wait * 1000 + wait * i64::from(jitter.min(1000)) / 10;
    let asked = i64::from(asked.unwrap_or(0).min(LONGEST_ASKED)) * 1000;
    Some(TimeDelta::milliseconds(lengthened.max(asked)))
}

/// Whether a webhook that a delivery was given up on, and that has taken nothing since then, is worth trying no more.
pub fn fails_for_good(since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - since >= TimeDelta::days(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_delivery_is_tried_ten_times_over_four_days_and_then_given_up() {
        let waits: Vec<i64> = (1..=9).map(|failed| next_try(failed, None, 0).unwrap().num_seconds()).collect();
        assert_eq!(waits, [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(next_try(10, None, 0), None);
        assert_eq!(next_try(0, None, 0), None);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_within_reason() {
        assert_eq!(next_try(1, Some(120), 0).unwrap().num_seconds(), 120);
        assert_eq!(next_try(3, Some(120), 0).unwrap().num_seconds(), 1800, "not earlier than it would be anyway");
        assert_eq!(next_try(1, Some(u32::MAX), 0).unwrap().num_seconds(), 86_400);
    }

    #[test]
    fn one_delivery_that_nobody_takes_does_not_switch_a_webhook_off_that_takes_others() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        assert!(!fails_for_good(now - TimeDelta::hours(23), now) && fails_for_good(now - TimeDelta::hours(24), now));
    }

    #[test]
    fn statuses_mean_what_the_specification_says() {
        for (status, outcome) in [
            (200, Outcome::Delivered),
            (204, Outcome::Delivered),
            (301, Outcome::Redirect),
            (308, Outcome::Redirect),
            (400, Outcome::Status),
            (410, Outcome::Gone),
            (429, Outcome::Status),
            (503, Outcome::Status),
            (100, Outcome::Status),
        ] {
            assert_eq!(Outcome::of_status(status), outcome, "{status}");
        }
    }

    #[test]
    fn a_third_party_is_told_of_customers_alone_and_a_ping_goes_to_nobody_else() {
        let all: &[String] = &[];
        assert!(takes(all, false, EventType::UsersOffboarded) && !takes(all, true, EventType::UsersOffboarded));
        assert!(takes(all, true, EventType::ConsentsWithdrawn));
        assert!(!takes(all, false, EventType::WebhooksPinged));
        assert!(!takes(all, false, EventType::AuditCheckpoint));
        assert!(takes(&["audit.checkpoint".to_owned()], false, EventType::AuditCheckpoint));
        let listed = ["consents.withdrawn".to_owned()];
        assert!(
            takes(&listed, false, EventType::ConsentsWithdrawn) && !takes(&listed, false, EventType::CustomersCreated)
        );
        let listed = ["users.offboarded".to_owned()];
        assert!(!takes(&listed, true, EventType::UsersOffboarded), "asking does not help");
    }

    proptest! {
        #[test]
        fn jitter_lengthens_by_a_tenth_at_most(failed in 1_u32..10, jitter: u16) {
            let (plain, waits) = (next_try(failed, None, 0).unwrap(), next_try(failed, None, jitter).unwrap());
            prop_assert!(waits >= plain && waits.num_milliseconds() <= plain.num_milliseconds() * 11 / 10);
        }
    }
}
