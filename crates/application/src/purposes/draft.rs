//! A purpose as it comes in: of a change, what is absent stays.

use custodian_domain::catalog::{Catalog, Labels};
use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::purposes::{ConsentKind, Purpose, Recipient, UNSTATED, faults};

/// What a purpose says, as typed.
#[derive(Clone, Debug, Default)]
pub struct PurposeDraft {
    /// Names in English and Chinese.
    pub labels: Option<(String, String)>,
    /// What is done.
    pub description: Option<String>,
    /// Code of the ground.
    pub legal_basis: Option<String>,
    /// Code of the kind of consent.
    pub consent_kind: Option<String>,
    /// The service cannot be given without it.
    pub necessary: Option<bool>,
    /// Field keys.
    pub fields: Option<Vec<String>>,
    /// Ways of processing.
    pub methods: Option<Vec<String>>,
    /// Name and country of each recipient.
    pub recipients: Option<Vec<(String, String)>>,
    /// Ways of contact.
    pub channels: Option<Vec<String>>,
    /// Days; `Some(None)` leaves it to another measure.
    pub retention_days: Option<Option<u32>>,
    /// Countries.
    pub jurisdictions: Option<Vec<String>>,
    /// Term of the Data Privacy Vocabulary.
    pub dpv: Option<Option<String>>,
    /// Days after a refusal in which nobody is asked again.
    pub cool_down_days: Option<u32>,
}

/// A purpose that says nothing yet.
pub(super) fn empty() -> Purpose {
    Purpose {
        labels: Labels::new("", ""),
        description: String::new(),
        legal_basis: UNSTATED.to_owned(),
        consent_kind: ConsentKind::None,
        necessary: false,
        fields: None,
        methods: Vec::new(),
        recipients: Vec::new(),
        channels: Vec::new(),
        retention_days: None,
        jurisdictions: Vec::new(),
        dpv: None,
        cool_down_days: 0,
    }
}

impl PurposeDraft {
    /// The purpose that `base` becomes, or every fault of it.
    pub(super) fn onto(self, base: Purpose, catalog: &Catalog) -> Result<Purpose, DomainError> {
        let kind = self.consent_kind.as_deref().map(ConsentKind::from_code);
        let recipient = |(name, country)| Recipient { name, country };
        let purpose = Purpose {
            labels: self.labels.map_or(base.labels, |(en, zh)| Labels { en, zh }),
            description: self.description.unwrap_or(base.description),
            legal_basis: self.legal_basis.unwrap_or(base.legal_basis),
            consent_kind: kind.flatten().unwrap_or(base.consent_kind),
            necessary: self.necessary.unwrap_or(base.necessary),
            fields: self.fields.or(base.fields),
            methods: self.methods.unwrap_or(base.methods),
            recipients: self.recipients.map_or(base.recipients, |given| given.into_iter().map(recipient).collect()),
            channels: self.channels.unwrap_or(base.channels),
            retention_days: self.retention_days.unwrap_or(base.retention_days),
            jurisdictions: self.jurisdictions.unwrap_or(base.jurisdictions),
            dpv: self.dpv.unwrap_or(base.dpv),
            cool_down_days: self.cool_down_days.unwrap_or(base.cool_down_days),
        };
        let mut found = faults(&purpose, catalog);
        if kind == Some(None) {
            let known = ConsentKind::ALL.map(ConsentKind::code).join(", ");
            found.retain(|fault| fault.pointer != "/consent_kind");
            found.push(Fault::new("/consent_kind", "not_a_choice").with_arg(known));
        }
        if found.is_empty() { Ok(purpose) } else { Err(DomainError::Invalid(found)) }
    }
}
