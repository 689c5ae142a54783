//! Purposes: why personal data is used, on what legal ground, with which fields, and what a change of them means for consents.

mod bases;
mod change;
mod check;
mod rules;
mod starters;

use serde::{Deserialize, Serialize};

pub use bases::{LEGAL_BASES, Law, LegalBasis};
pub use change::{Changed, changes};
pub use check::faults;
pub use rules::{Evidence, LEGAL_RULES, LegalRule, law_of, source_of};
pub use starters::{Starter, starters};

use crate::access::PurposeFacts;
use crate::catalog::{Catalog, Classification, Field, Labels};

/// What kind of agreement a purpose needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// None: the ground is another.
    None,
    /// Informed and voluntary.
    Consent,
    /// Specific and explicit, for this one thing.
    Separate,
    /// In writing.
    Written,
    /// A guardian's.
    Guardian,
}

impl ConsentKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::None, Self::Consent, Self::Separate, Self::Written, Self::Guardian];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Consent => "consent",
            Self::Separate => "separate",
            Self::Written => "written",
            Self::Guardian => "guardian",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Whoever the data is given to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recipient {
    /// The name of the third party, as its keys carry it.
    pub name: String,
    /// ISO 3166-1 alpha-2 country.
    pub country: String,
}

/// A purpose at one version. Lists keep the order in which they were given; none names anything twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// Names for people.
    pub labels: Labels,
    /// What is done, in a sentence or two.
    pub description: String,
    /// Code of a [`LegalBasis`]; `unstated` for one that was in use before purposes were kept.
    pub legal_basis: String,
    /// What kind of agreement it needs.
    pub consent_kind: ConsentKind,
    /// The service cannot be given without it, so that a refusal may end the service (PIPL art. 16).
    pub necessary: bool,
    /// Keys of the fields it uses; `None` for all.
    pub fields: Option<Vec<String>>,
    /// How the data is processed.
    pub methods: Vec<String>,
    /// Whom it is given to.
    pub recipients: Vec<Recipient>,
    /// Ways of contact that it covers.
    pub channels: Vec<String>,
    /// For how long the data is kept for it, in days; `None` where another measure decides.
    pub retention_days: Option<u32>,
    /// ISO 3166-1 countries whose law it is held to.
    pub jurisdictions: Vec<String>,
    /// Term of the W3C Data Privacy Vocabulary.
    pub dpv: Option<String>,
    /// Days after a refusal in which nobody is asked again.
    pub cool_down_days: u32,
}

/// A ground that nobody named yet.
pub const UNSTATED: &str = "unstated";

impl Purpose {
    /// The ground; none where it is unstated.
    pub fn basis(&self) -> Option<&'static LegalBasis> {
        LegalBasis::of(&self.legal_basis)
    }

    /// Whether it reaches only people who have agreed.
    pub fn needs_consent(&self) -> bool {
        self.consent_kind != ConsentKind::None
    }

    /// Whether its consent may stand with no other one: one notice, one question (PIPL art. 14, 29; GDPR art. 7(2)).
    pub fn asks_alone(&self) -> bool {
        matches!(self.consent_kind, ConsentKind::Separate | ConsentKind::Written | ConsentKind::Guardian)
    }

    /// Whether it uses what the law calls sensitive, or what is guarded as core. `catalog` is the organisation's.
    pub fn is_sensitive(&self, catalog: &Catalog) -> bool {
        let sensitive = |field: &Field| field.classification == Classification::Core || field.is_sensitive_pi();
        match &self.fields {
            None => catalog.customer().fields.iter().any(sensitive),
            Some(names) => names.iter().filter_map(|name| catalog.named(name)).any(sensitive),
        }
    }

    /// Whether it sells or shares data, or follows people to advertise to them: what an opt-out signal speaks of (GPC, 11 CCR 7025).
    /// The database holds the same rule (column `purposes.sells_or_shares`), by which lists leave people out: whoever changes one changes the other.
    pub fn sells_or_shares(&self) -> bool {
        const TERMS: [&str; 5] = [
            "dpv:Advertising",
            "dpv:PersonalisedAdvertising",
            "dpv:TargetedAdvertising",
            "dpv:SellDataToThirdParties",
            "dpv:SocialMediaMarketing",
        ];
        let named = self.dpv.as_deref().is_some_and(|term| TERMS.contains(&term));
        named || !self.recipients.is_empty() || self.channels.iter().any(|channel| channel == "ads")
    }

    /// Whether a person may end it by objecting, without having agreed to anything: by its ground, or because data is sold or shared (CCPA 1798.120).
    pub fn may_object(&self) -> bool {
        !self.needs_consent() && (self.basis().is_some_and(|basis| basis.may_object) || self.sells_or_shares())
    }

    /// Whether PIPL is among the laws that it is held to.
    pub fn is_held_to_pipl(&self) -> bool {
        self.jurisdictions.iter().any(|code| code == "CN")
    }

    /// Whether a recipient sits outside China.
    pub fn goes_abroad(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.country != "CN")
    }

    /// What the access decision needs to know.
    pub fn facts(&self, code: &str) -> PurposeFacts {
        PurposeFacts {
            code: code.to_owned(),
            needs_consent: self.needs_consent(),
            fields: self.fields.as_ref().map(|keys| keys.iter().cloned().collect()),
            open_under_restriction: self.basis().is_some_and(|basis| basis.open_under_restriction),
            may_object: self.may_object(),
        }
    }
}

#[cfg(test)]
mod tests;
