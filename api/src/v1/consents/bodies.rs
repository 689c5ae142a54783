//! Consents as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::consents::{ConsentView, NewConsent};
use custodian_domain::consents::{EVERY_CHANNEL, Evidence, Guardian, Record};
use custodian_domain::kernel::{DomainError, Fault};
use custodian_persistence::consents::{ConsentRow, Listed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, fault_text};

/// How and where it was given, and what proves it. Ids and digests, no personal values.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceBody {
    /// `web_form`, `app`, `paper`, `electronic_signature`, `phone`, `in_person`, `email`, `message` or `import`.
    method: String,
    /// The id of the proof in the system that keeps it.
    #[schema(max_length = 200, pattern = "^[A-Za-z0-9._:/-]+$")]
    reference: Option<String>,
    /// SHA-256 of the proof, in hex; needed for written consent.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
    /// Where: a page, a shop, a call centre.
    #[schema(max_length = 200, pattern = "^[A-Za-z0-9._:/-]+$")]
    place: Option<String>,
}

/// Who agreed for a person under fourteen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardianBody {
    /// `mother`, `father` or `guardian`.
    #[schema(pattern = "^(mother|father|guardian)$")]
    relation: String,
    /// The id of the proof of guardianship in the system that keeps it.
    #[schema(min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._:/-]+$")]
    reference: String,
}

/// A consent or a refusal. When it was given is when it is recorded: nothing is backdated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsentBody {
    /// Code of the one purpose that it covers.
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    /// Id of the version of the notice that the person was shown.
    notice_version: Uuid,
    /// `given` or `refused`; `given` when absent.
    #[schema(pattern = "^(given|refused)$")]
    outcome: Option<String>,
    /// The way of contact that it covers; absent for every one of the purpose.
    #[schema(max_length = 40)]
    channel: Option<String>,
    /// How, where, and what proves it.
    evidence: EvidenceBody,
    /// Who agreed for a person under fourteen.
    guardian: Option<GuardianBody>,
    /// When it runs out.
    expires_at: Option<DateTime<Utc>>,
    /// The person came forward; nobody asked. Then neither the days after a refusal count nor the twelve months after an opt-out.
    #[serde(default)]
    unasked: bool,
}

impl Body for NewConsentBody {}

impl NewConsentBody {
    /// For this customer.
    pub fn into_new(self, customer: Uuid) -> NewConsent {
        let EvidenceBody { method, reference, sha256, place } = self.evidence;
        let record = Record {
            given: self.outcome.as_deref() != Some("refused"),
            channel: self.channel.unwrap_or_else(|| EVERY_CHANNEL.to_owned()),
            evidence: Evidence { method, reference, sha256, place },
            guardian: self.guardian.map(|GuardianBody { relation, reference }| Guardian { relation, reference }),
            expires_at: self.expires_at,
            unasked: self.unasked,
        };
        NewConsent { customer, purpose: self.purpose, notice: self.notice_version, record }
    }
}

/// A row of an intake.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntakeRowBody {
    /// Whose, by the id that the caller knows.
    customer_id: Uuid,
    /// The consent.
    consent: NewConsentBody,
}

/// Many consents at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntakeBody {
    /// Up to 10,000; each is answered for itself.
    #[schema(min_items = 1, max_items = 10000)]
    consents: Vec<IntakeRowBody>,
}

impl Body for IntakeBody {
    const LARGE: bool = true;
}

impl IntakeBody {
    /// The rows in their order.
    pub fn into_rows(self) -> Vec<NewConsent> {
        self.consents.into_iter().map(|row| row.consent.into_new(row.customer_id)).collect()
    }
}

/// Why a consent is withdrawn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawBody {
    /// Never needed; kept sealed.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl Body for WithdrawBody {}

impl WithdrawBody {
    /// Why, if it was said.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref().filter(|reason| !reason.trim().is_empty())
    }
}

/// How long a link works.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLinkBody {
    /// In days; 365 when absent.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u16>,
}

impl Body for NewLinkBody {}

impl NewLinkBody {
    /// In days.
    pub fn days(&self) -> u16 {
        self.days.unwrap_or(365)
    }
}

/// A link for the person whose consent it is.
#[derive(Serialize, ToSchema)]
pub struct LinkBody {
    /// For the body of `POST /v1/withdrawals`. Whoever holds it can withdraw this one consent and do nothing else.
    pub token: String,
    /// It works before this moment.
    pub expires_at: DateTime<Utc>,
}

/// A withdrawal by link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// From the link.
    #[schema(min_length = 1, max_length = 2000)]
    pub token: String,
}

impl Body for TokenBody {}

/// A withdrawal by link, done.
#[derive(Serialize, ToSchema)]
pub struct WithdrawnBody {
    /// `withdrawn`.
    pub state: &'static str,
    /// Code of the purpose.
    pub purpose: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// A record of consent or refusal.
#[derive(Serialize, ToSchema)]
pub struct ConsentBody {
    /// Its id.
    id: Uuid,
    /// Whose, by the id that the caller knows.
    customer_id: Uuid,
    /// Code of the purpose.
    purpose: String,
    /// The purpose's version then.
    purpose_version: i32,
    /// The way of contact that it covers; null for every one of the purpose.
    channel: Option<String>,
    /// Id of the version of the notice.
    notice_version: Uuid,
    /// `given` or `refused`: what was said.
    outcome: String,
    /// Where it stands now: `given`, `refused`, `withdrawn`, `superseded`, `expired` or `needs_renewal`.
    state: &'static str,
    /// How, where, and what proves it.
    #[schema(value_type = Object)]
    evidence: Value,
    /// Who agreed for a person under fourteen.
    #[schema(value_type = Option<Object>)]
    guardian: Option<Value>,
    /// When it was given, by the database's clock.
    at: DateTime<Utc>,
    /// When it runs out.
    expires_at: Option<DateTime<Utc>>,
    /// When it was last changed by somebody.
    changed_at: DateTime<Utc>,
    /// `staff`, `partner` or `subject`.
    recorded_by_kind: String,
    /// Who recorded it; null for partners.
    recorded_by: Option<Uuid>,
}

impl ConsentBody {
    /// As staff, or a partner, may know it.
    pub fn of(view: ConsentView, staff: bool) -> Self {
        let ConsentView { listed, customer, id, state } = view;
        let Listed { consent, changed_at, .. } = listed;
        let ConsentRow { purpose, purpose_version, channel, notice, outcome, evidence, guardian, .. } = consent;
        Self {
            id,
            customer_id: customer,
            purpose,
            purpose_version,
            channel: Some(channel).filter(|channel| channel != EVERY_CHANNEL),
            notice_version: notice,
            outcome,
            state,
            evidence,
            guardian,
            at: consent.at,
            expires_at: consent.expires_at,
            changed_at,
            recorded_by_kind: consent.by_kind,
            recorded_by: Some(consent.by).filter(|_| staff),
        }
    }
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
pub struct IntakeResultBody {
    /// Its place in the body, from 0.
    index: usize,
    /// Id of the record; null where it was refused.
    consent_id: Option<Uuid>,
    /// The code of the refusal; null where it was recorded.
    code: Option<String>,
    /// Every fault, its place within the row.
    errors: Vec<RowFaultBody>,
}

/// One fault of a row.
#[derive(Serialize, ToSchema)]
pub struct RowFaultBody {
    /// JSON Pointer into the row's `consent`.
    pointer: String,
    /// Stable.
    code: &'static str,
    /// One sentence.
    detail: String,
}

impl IntakeResultBody {
    /// Of one row; a failure of ours fails the whole intake.
    pub fn of(index: usize, outcome: Result<ConsentView, DomainError>) -> Result<Self, DomainError> {
        let refused = |code: &str, errors| Self { index, consent_id: None, code: Some(code.to_owned()), errors };
        match outcome {
            Ok(view) => Ok(Self { index, consent_id: Some(view.id), code: None, errors: Vec::new() }),
            Err(DomainError::Invalid(faults)) => Ok(refused("invalid_body", faults.into_iter().map(told).collect())),
            Err(DomainError::NotFound) => Ok(refused("not_found", Vec::new())),
            Err(DomainError::Refused { code, .. }) => Ok(refused(code, Vec::new())),
            Err(other) => Err(other),
        }
    }

    /// Whether it was recorded.
    pub fn is_recorded(&self) -> bool {
        self.consent_id.is_some()
    }
}

fn told(fault: Fault) -> RowFaultBody {
    let arg = fault.arg.unwrap_or_default();
    let detail = fault_text(fault.code).map_or_else(String::new, |text| text.en.replace("{}", &arg));
    RowFaultBody { pointer: fault.pointer, code: fault.code, detail }
}

/// What became of an intake.
#[derive(Serialize, ToSchema)]
pub struct IntakeDoneBody {
    /// How many were recorded.
    pub recorded: usize,
    /// How many were refused.
    pub refused: usize,
    /// Each row, in its order.
    pub results: Vec<IntakeResultBody>,
}

/// For the document.
pub fn new_example() -> Value {
    json!({"purpose": "marketing", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "channel": "sms",
        "evidence": {"method": "web_form", "reference": "form-2026-11-22-7", "place": "shop.example/offers"}})
}

/// For the document.
pub fn consent_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "purpose": "marketing", "purpose_version": 1,
        "channel": "sms", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "outcome": "given", "state": "given",
        "evidence": {"method": "web_form", "reference": "form-2026-11-22-7", "sha256": null, "place": "shop.example/offers"}, "guardian": null,
        "at": "2026-11-22T08:00:00Z", "expires_at": null, "changed_at": "2026-11-22T08:00:00Z", "recorded_by_kind": "staff",
        "recorded_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"})
}
