//! What was checked, when nothing is wrong.

use serde::Serialize;

/// The outcome of a check that found nothing wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries and leaves that were hashed.
    pub entries: u64,
    /// Whether keys were given that the logs' signatures were checked with.
    pub signatures_checked: bool,
    /// Entries whose MACs were checked.
    pub macs_checked: u64,
    /// Each log that something was given of, by its origin.
    pub logs: Vec<LogReport>,
    /// Each anchor file.
    pub anchors: Vec<AnchorReport>,
    /// Witnesses' cosignatures that verified.
    pub cosigned: Vec<Cosigned>,
    /// Heads that the global log names and that were compared with entries.
    pub heads_compared: u64,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// Its name.
    pub origin: String,
    /// Different trees of it that were signed, all shown to be of one log.
    pub checkpoints: usize,
    /// The ranges of its entries that were checked, each from the first place to the one after the last.
    pub ranges: Vec<(u64, u64)>,
}

/// One anchor file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnchorReport {
    /// Its name.
    pub file: String,
    /// Its lines.
    pub lines: usize,
    /// Whether its last line was cut off by a crash and says nothing.
    pub cut: bool,
}

/// A witness's cosignature on one of the checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cosigned {
    /// The log.
    pub origin: String,
    /// Its size then.
    pub size: u64,
    /// The witness.
    pub witness: String,
    /// Seconds since 1970.
    pub time: u64,
}
