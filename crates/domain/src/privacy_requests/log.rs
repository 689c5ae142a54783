//! The log of requests: what the law wants to be kept of each for 24 months (11 CCR 7101). Nothing in it says whose a request was.

use crate::kernel::codes;

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
