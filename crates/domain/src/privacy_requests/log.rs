//! The log of requests: what the law wants to be kept of each for 24 months (11 CCR 7101). Nothing in it says whose a request was.

use chrono::{DateTime, Months, Utc};

use crate::kernel::codes;

/// For how many months after its end a request is kept.
pub const KEPT_MONTHS: u32 = 24;

/// What ended before this moment is kept no longer; `None` for a time that lies before all times.
pub fn kept_since(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    now.checked_sub_months(Months::new(KEPT_MONTHS))
}

codes! {
    /// How the log is written.
    LogFormat {
        /// A table (RFC 4180), with a line of names first.
        Csv = "csv",
        /// One JSON object a line.
        Ndjson = "ndjson",
    }
}

/// The members of a line, in order: date, nature and manner of the request, date and nature of the answer, basis of a denial.
pub const LOG_MEMBERS: [&str; 14] = [
    "id",
    "received_at",
    "right",
    "jurisdiction",
    "channel",
    "requester",
    "acknowledged_at",
    "due_on",
    "extended_at",
    "answered_at",
    "state",
    "ground",
    "article",
    "duplicate_of",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn two_years_are_counted_by_the_calendar_and_a_day_that_is_not_there_is_the_one_before() {
        let at = |year, month, day| Utc.with_ymd_and_hms(year, month, day, 9, 30, 0).unwrap();
        assert_eq!(kept_since(at(2026, 11, 23)), Some(at(2024, 11, 23)));
        assert_eq!(kept_since(at(2028, 2, 29)), Some(at(2026, 2, 28)));
        assert_eq!(kept_since(at(2026, 2, 28)), Some(at(2024, 2, 28)), "not the 29th: never a day early");
        assert_eq!(kept_since(DateTime::<Utc>::MIN_UTC), None);
    }
}
