//! Forms: what one may ask for, who must agree for a child, and what a page must prove to be let in.

mod check;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use check::{contacts, faults, is_origin};

use crate::catalog::Labels;
use crate::consents::is_under_fourteen;
use crate::kernel::{Fault, codes};
use crate::purposes::ConsentKind;

/// The most fields of a form.
pub const MOST_FIELDS: usize = 50;
/// How long a page may be filled in, in seconds: a token lives no longer.
pub const TOKEN_SECONDS: i64 = 7_200;
/// The most submissions about one person that wait for a decision; further ones are noted and change nothing.
pub const MOST_WAITING: i64 = 20;

codes! {
    /// Where a form stands.
    State {
        /// Nobody was ever shown it.
        Draft = "draft",
        /// Pages show its newest version.
        Published = "published",
        /// It takes nothing any more.
        Retired = "retired",
    }
}

codes! {
    /// Where a submission stands.
    Standing {
        /// It entered somebody who was not known.
        Entered = "entered",
        /// It is about somebody who is known, and changes nothing until a member of staff says so.
        Proposed = "proposed",
        /// Somebody said so.
        Accepted = "accepted",
        /// Somebody said no.
        Dismissed = "dismissed",
    }
}

/// A field that a form asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its key.
    pub key: String,
    /// Whether it must be filled in.
    pub required: bool,
}

/// A consent that a form asks for, beside that of its own purpose; always the person's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedConsent {
    /// Code of the purpose.
    pub purpose: String,
    /// Id of the version of the notice that tells of it.
    pub notice: Uuid,
}

/// A form at one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// What people see.
    pub labels: Labels,
    /// Code of the purpose that it collects for.
    pub purpose: String,
    /// Id of the version of the notice that is shown with it.
    pub notice: Uuid,
    /// Languages in which it is shown, the first where none is asked for.
    pub languages: Vec<String>,
    /// In order.
    pub fields: Vec<Asked>,
    /// In order.
    pub consents: Vec<AskedConsent>,
    /// Origins of the pages that show it.
    pub origins: Vec<String>,
    /// Who answers for those who come in by it.
    pub owner: Option<Uuid>,
    /// Their department.
    pub department: Option<Uuid>,
    /// Their source.
    pub source: String,
    /// Their stage.
    pub stage: Option<String>,
    /// Nobody fills it in faster, in seconds.
    pub min_seconds: u32,
    /// Leading zero bits that a page has to find; each doubles its work.
    pub proof_bits: u32,
    /// Submissions an hour from one address.
    pub hourly_per_source: u32,
    /// Submissions an hour in all.
    pub hourly: u32,
}

/// How many bits are zero at the beginning.
pub fn leading_zero_bits(digest: &[u8]) -> u32 {
    let whole = digest.iter().take_while(|byte| **byte == 0).count();
    let rest = digest.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).unwrap_or(u32::MAX).saturating_mul(8) + rest
}

/// Who agrees for a child, as a page sends it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardianPart {
    /// `mother`, `father` or `guardian`.
    pub relation: String,
    /// Their name.
    pub name: String,
    /// Where they are reached.
    pub mobile: String,
}

/// Whether a guardian has to agree: the purpose wants it of everybody, or the person is under fourteen (PIPL art. 31).
pub fn needs_guardian(kind: ConsentKind, born: Option<NaiveDate>, today: NaiveDate) -> bool {
    kind == ConsentKind::Guardian || born.is_some_and(|born| is_under_fourteen(born, today))
}

/// What is wrong with the guardian's part of a submission.
pub fn guardian_faults(needed: bool, agreed: Option<bool>) -> Vec<Fault> {
    match (needed, agreed) {
        (true, None) => vec![Fault::new("/guardian", "guardian_needed")],
        (_, Some(false)) => vec![Fault::new("/guardian/agreed", "consent_needed")],
        (_, _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
