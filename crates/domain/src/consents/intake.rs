//! What a record of consent must hold, by the kind that its purpose needs.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{EVERY_CHANNEL, Standing, State};
use crate::kernel::Fault;
use crate::purposes::{ConsentKind, Purpose};

/// Ways in which consent is given.
pub const METHODS: [&str; 9] =
    ["web_form", "app", "paper", "electronic_signature", "phone", "in_person", "email", "message", "import"];

/// How and where it was given, and what proves it. Codes, ids and digests, no personal values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// One of [`METHODS`].
    pub method: String,
    /// The id of the proof in the system that keeps it.
    pub reference: Option<String>,
    /// SHA-256 of the proof, in hex.
    pub sha256: Option<String>,
    /// Where: a page, a shop, a call centre.
    pub place: Option<String>,
}

/// Who agreed for a person under fourteen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guardian {
    /// `mother`, `father` or `guardian`.
    pub relation: String,
    /// The id of the proof of guardianship in the system that keeps it.
    pub reference: String,
}

/// A record as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `true` for yes.
    pub given: bool,
    /// A channel, or [`EVERY_CHANNEL`].
    pub channel: String,
    /// How it was given.
    pub evidence: Evidence,
    /// Who agreed for a child.
    pub guardian: Option<Guardian>,
    /// When it runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// The person came forward; nobody asked.
    pub unasked: bool,
}

/// Every fault of a record about a purpose, under a notice that tells of these purposes.
pub fn faults(record: &Record, purpose: &Purpose, told: &[String], now: DateTime<Utc>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if record.channel != EVERY_CHANNEL && !purpose.channels.contains(&record.channel) {
        faults.push(Fault::new("/channel", "not_a_choice").with_arg(purpose.channels.join(", ")));
    }
    if !METHODS.contains(&record.evidence.method.as_str()) {
        faults.push(Fault::new("/evidence/method", "not_a_choice").with_arg(METHODS.join(", ")));
    }
    if record.expires_at.is_some_and(|end| end <= now) {
        faults.push(Fault::new("/expires_at", "in_the_past"));
    }
    let objectable = purpose.basis().is_some_and(|basis| basis.may_object);
    if !purpose.needs_consent() && (record.given || !objectable) {
        faults.push(Fault::new("/purpose", "basis_needs_no_consent"));
    }
    if record.given && purpose.asks_alone() && told.len() != 1 {
        faults.push(Fault::new("/notice_version", "separate_consent_bundled"));
    }
    let written = matches!(record.evidence.method.as_str(), "paper" | "electronic_signature");
    if record.given && purpose.consent_kind == ConsentKind::Written && !(written && record.evidence.sha256.is_some()) {
        faults.push(Fault::new("/evidence", "written_evidence_needed"));
    }
    if record.given && purpose.consent_kind == ConsentKind::Guardian && record.guardian.is_none() {
        faults.push(Fault::new("/guardian", "guardian_needed"));
    }
    faults
}

impl Record {
    /// Whether people may not be asked yet: they refused, and the purpose's days have not passed since.
    pub fn comes_too_soon(&self, purpose: &Purpose, standings: &[Standing], now: DateTime<Utc>) -> bool {
        let about = |one: &&Standing| {
            one.state == State::Refused
                && (one.channel == self.channel || one.channel == EVERY_CHANNEL || self.channel == EVERY_CHANNEL)
        };
        let rest = TimeDelta::days(i64::from(purpose.cool_down_days));
        !self.unasked && standings.iter().filter(about).any(|one| one.at + rest > now)
    }
}

/// Whether somebody born on this day is under fourteen on another.
pub fn is_under_fourteen(born: NaiveDate, on: NaiveDate) -> bool {
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    on.year() - born.year() - i32::from(!had_birthday) < 14
}
