//! Erasure: where it stands, on what ground somebody is erased, what stays and why.

mod batch;
mod traces;

use crate::kernel::codes;

pub use batch::{BatchOutcome, BatchState, Origin};
pub use traces::{Trace, close, plain, stands_alone, traces};

codes! {
    /// Where an erasure stands.
    State {
        /// Waits for its turn in a job of many.
        Scheduled = "scheduled",
        /// A duty to keep still runs; processing is restricted until it ends.
        Blocked = "blocked",
        /// Unreadable through every path; copies of the key are being made useless.
        Erasing = "erasing",
        /// Unreadable everywhere, with a certificate.
        Erased = "erased",
    }
}

codes! {
    /// Why somebody is erased.
    Ground {
        /// The person asked for it: PIPL 47, GDPR 17(1), CCPA 1798.105.
        SubjectRequest = "subject_request",
        /// The consent that all rested on was withdrawn: PIPL 47(1)(3), GDPR 17(1)(b).
        ConsentWithdrawn = "consent_withdrawn",
        /// The purpose is reached, out of reach, or does not need the data any more: PIPL 47(1)(1), GDPR 17(1)(a).
        PurposeDone = "purpose_done",
        /// The time for which it was to be kept is over, or the service ends: PIPL 47(1)(2), GDPR 5(1)(e).
        RetentionOver = "retention_over",
        /// It was processed against the law or an agreement: PIPL 47(1)(4), GDPR 17(1)(d).
        Unlawful = "unlawful",
        /// The person objected, and nothing outweighs it: GDPR 17(1)(c).
        Objection = "objection",
        /// A law or an order of an authority demands it: PIPL 47(1)(5), GDPR 17(1)(e).
        LegalDuty = "legal_duty",
    }
}

/// Something kept about a person that holds no value of theirs, and the ground that it stays on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub what: &'static str,
    /// The ground.
    pub ground: &'static str,
}

/// What stays: ids, times and codes that others may demand to see. Whatever is not listed here goes, or the certificate is not given.
pub const KEPT: &[Kept] = &[
    Kept {
        what: "tombstone",
        ground: "the id, so that it is answered as erased and never comes back: GDPR 5(2), PIPL 9",
    },
    Kept {
        what: "record_tombstones",
        ground: "the ids of what hung on the person, so that they are answered as erased: GDPR 5(2), PIPL 9",
    },
    Kept {
        what: "aggregates",
        ground: "stage, source and region without any value, name or key, which are nobody's: PIPL 73(4), GDPR recital 26",
    },
    Kept { what: "audit_entries", ground: "who saw what and when, without values: CSL 23(3), GDPR 5(2)" },
    Kept { what: "consents", ground: "proof of what was agreed to, without values: GDPR 7(1), PIPL 69(1)" },
    Kept { what: "opt_outs", ground: "proof that the person opted out, without values: 11 CCR 7101(a)" },
    Kept { what: "notice_showings", ground: "proof of what was told, without values: GDPR 5(2), PIPL 17" },
    Kept {
        what: "access_requests",
        ground: "who asked for access and who decided, without values: PIPL 51, GDPR 5(2)",
    },
    Kept { what: "events", ground: "that something happened, without values, for thirty days: GDPR 5(2)" },
    Kept {
        what: "privacy_requests",
        ground: "the log of requests, without what was said in words: 11 CCR 7101(a), GDPR 5(2)",
    },
    Kept { what: "legal_holds", ground: "which duties to keep were met: GDPR 5(2)" },
    Kept { what: "erasure_batches", ground: "that the erasure was decided by somebody else: GDPR 5(2), PIPL 69(1)" },
    Kept { what: "erasures", ground: "proof of the erasure itself: GDPR 5(2), PIPL 69(1)" },
];

/// What stays of everybody and is not a matter of rows about one person.
pub const UNCOUNTED: &[&str] = &["audit_entries", "events"];

/// The ground on which something stays.
pub fn kept(what: &str) -> Option<&'static Kept> {
    KEPT.iter().find(|kept| kept.what == what)
}

/// The columns whose ids stay on those grounds: table and column.
const ID_PLACES: &[(&str, &str)] = &[
    ("access_request_customers", "customer_id"),
    ("consent_events", "by_id"),
    ("consent_events", "customer_id"),
    ("consent_states", "customer_id"),
    ("consents", "by_id"),
    ("consents", "customer_id"),
    ("customers", "id"),
    ("erased_records", "customer_id"),
    ("erasure_batch_customers", "customer_id"),
    ("erasures", "customer_id"),
    ("events", "customer_id"),
    ("legal_hold_customers", "customer_id"),
    ("notice_showings", "by_id"),
    ("notice_showings", "customer_id"),
    ("opt_outs", "by_id"),
    ("opt_outs", "customer_id"),
    ("privacy_arrangements", "customer_id"),
    ("privacy_notifications", "customer_id"),
    ("privacy_requests", "customer_id"),
    ("privacy_restrictions", "customer_id"),
    ("withdrawal_recipients", "customer_id"),
];

/// Whether the id of somebody who was erased may stand in a column.
pub fn keeps_ids(table: &str, column: &str) -> bool {
    ID_PLACES.contains(&(table, column))
}

/// What a certificate does not say, in so many words.
pub const LIMITS: &[&str] = &[
    "A copy of the key store from before destroyed_at opens a copy of the database from before destroyed_at; such copies must be gone by final_after. After unreadable_at such a copy \
     holds, sealed, the identifiers that the sweep looked for and, for up to three days, the letter that told the person of the erasure, with their address.",
    "As long as a copy of the database from before unreadable_at is kept, who holds the live index key can test a guessed value against it.",
    "Colleagues' reasons in the log stay sealed under the organisation's own key; numbers and addresses of people are refused in them when typed.",
    "Names, companies, places and days are shared by many and are not searched for in other people's texts.",
    "Of files that hang on others the names are looked through, and not what stands in them.",
    "What was handed to others before is theirs to erase.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_and_everything_kept_has_its_ground() {
        assert!(State::ALL.iter().all(|state| State::from_code(state.as_str()) == Some(*state)));
        assert!(Ground::ALL.iter().all(|ground| Ground::from_code(ground.as_str()) == Some(*ground)));
        assert!(KEPT.iter().all(|one| !one.ground.is_empty() && kept(one.what) == Some(one)));
        assert_eq!(kept("fields"), None);
    }
}
