//! Receipts: what a person agreed to, in the words of ISO/IEC TS 27560 or of Kantara, signed so that anybody checks them offline.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::jws;
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Catalog, Classification};
use custodian_domain::consents::EVERY_CHANNEL;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::notices::Texts;
use custodian_domain::purposes::{Law, Purpose, UNSTATED};
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{self as stored, EventRow};
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::{Work, notices, organizations, purposes};
use serde::Deserialize as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ConsentView, decoy, find};
use crate::audit::{Detail, Draft};
use crate::disclosures::decoys;
use crate::{App, Call};

/// The type that the signature names (RFC 7515, `typ`).
pub const TYP: &str = "consent-receipt+jws";

/// How a receipt is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ISO/IEC TS 27560 fields, as JSON-LD with terms of the Data Privacy Vocabulary.
    Iso27560,
    /// Kantara Consent Receipt 1.1.
    Kantara,
}

/// A receipt and its signature.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What is signed, readable.
    pub receipt: Value,
    /// The compact JWS (EdDSA) over that JSON.
    pub jws: String,
}

/// What a receipt tells of.
struct Facts<'a> {
    view: &'a ConsentView,
    purpose: Purpose,
    texts: Texts,
    events: Vec<EventRow>,
    controller: String,
    base: &'a str,
    catalog: &'a Catalog,
}

/// The receipt of one record, with its history until now.
///
/// Errors: those of [`find`].
pub async fn receipt(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    form: Form,
) -> Result<Receipt, DomainError> {
    let view = find(app, reader, call, id).await?;
    call.needs(Permission::ConsentsRead)?;
    let consent = &view.listed.consent;
    let ask = async |work: &Work| {
        let missing = || DomainError::internal("a consent names what is not there");
        let said = purposes::version_of(work, &consent.purpose, consent.purpose_version).await?.ok_or_else(missing)?;
        let notice = notices::find(work, consent.notice).await?.ok_or_else(missing)?;
        let events = stored::events_of(work, consent.customer, consent.id).await?;
        Ok::<_, DomainError>((said, notice, events, organizations::name(work).await?))
    };
    let (said, notice, mut events, controller) = app.reading(call.organization(), ask).await?;
    let nobody = decoys::meant(app, call, view.customer).await?.is_some();
    if nobody {
        events = vec![EventRow { state: consent.outcome.clone(), at: consent.at, by_kind: consent.by_kind.clone() }];
    }
    let unreadable = |_| DomainError::internal("a stored purpose or notice");
    let facts = Facts {
        purpose: Purpose::deserialize(&said).map_err(unreadable)?,
        texts: Texts::deserialize(&notice.texts).map_err(unreadable)?,
        view: &view,
        events,
        controller,
        base: &app.tuning().issuer,
        catalog: call.catalog(),
    };
    let receipt = match form {
        Form::Iso27560 => facts.iso_27560(),
        Form::Kantara => facts.kantara(&app.jwks()),
    };
    let payload = serde_json::to_vec(&receipt).map_err(|_| DomainError::internal("a receipt does not serialise"))?;
    let jws = jws::sign(&app.signing_key(), TYP, &payload);
    let about = Draft::about(Action::ConsentsRead, CustomerId::from(consent.customer));
    let draft = if nobody { decoy::looked() } else { about };
    app.record_read(call, draft.with("receipt", Detail::Code(consent.id.to_string()))).await?;
    Ok(Receipt { receipt, jws })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The state in the words of the vocabulary.
fn dpv_state(state: &str) -> &'static str {
    match state {
        "given" => "dpv:ConsentGiven",
        "refused" => "dpv:ConsentRefused",
        "withdrawn" => "dpv:ConsentWithdrawn",
        "expired" => "dpv:ConsentExpired",
        _ => "dpv:ConsentInvalidated",
    }
}

impl Facts<'_> {
    fn notice_url(&self) -> String {
        format!("{}/v1/public/notices/{}", self.base, self.view.listed.consent.notice)
    }

    fn contact(&self) -> Option<&String> {
        self.texts.values().find_map(|text| text.elements.get("controller_contact"))
    }

    fn is_european(&self) -> bool {
        self.purpose.basis().is_some_and(|basis| basis.law == Law::Gdpr)
    }

    fn kinds(&self) -> Vec<Value> {
        let listed = |key: &str| self.purpose.fields.as_ref().is_none_or(|keys| keys.iter().any(|one| one == key));
        let kind = |field: &custodian_domain::catalog::Field| {
            json!({"pii_type": field.labels.en, "pii_attribute_id": field.key, "pii_optional": !self.purpose.necessary,
                "sensitive_pii_category": field.classification == Classification::Core})
        };
        self.catalog.customer().fields.iter().filter(|field| listed(field.key)).map(kind).collect()
    }

    fn retention(&self) -> String {
        self.purpose.retention_days.map_or_else(|| "as told in privacy_notice".to_owned(), |days| format!("P{days}D"))
    }

    fn iso_27560(&self) -> Value {
        let consent = &self.view.listed.consent;
        let conforms = if self.is_european() { "record-eu-gdpr" } else { "record" };
        let party = json!({"party_id": "controller", "party_name": self.controller, "party_type": "dpv:DataController",
            "party_contact": self.contact(), "party_address": self.contact()});
        let recipients = self.purpose.recipients.iter();
        json!({
            "@context": {"dpv": "https://w3id.org/dpv#", "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#", "dct": "http://purl.org/dc/terms/",
                "@vocab": "https://w3id.org/dpv/schema/dpv-27560#"},
            "@type": "dpv:ConsentReceipt",
            "dct:conformsTo": format!("https://w3id.org/dpv/schema/dpv-27560#{conforms}"),
            "schema_version": "ISO/IEC TS 27560:2023",
            "receipt_id": self.view.id,
            "record_id": self.view.id,
            "pii_principal_id": self.view.customer,
            "pii_processing": {
                "privacy_notice": self.notice_url(),
                "privacy_notice_sha256": self.texts.iter().map(|(code, text)| (code.clone(), json!(text.sha256))).collect::<serde_json::Map<_, _>>(),
                "language": self.texts.keys().collect::<Vec<_>>(),
                "purpose": {"code": consent.purpose, "version": consent.purpose_version, "name": self.purpose.labels.en, "description": self.purpose.description},
                "purpose_type": self.purpose.dpv,
                "lawful_basis": self.purpose.basis().and_then(|basis| basis.dpv).unwrap_or(UNSTATED),
                "lawful_basis_article": self.purpose.basis().map(|basis| format!("{} {}", basis.law.code().to_uppercase(), basis.article)),
                "consent_type": if self.purpose.consent_kind.code() == "consent" { "dpv:ExpressedConsent" } else { "dpv:ExplicitlyExpressedConsent" },
                "pii_information": self.kinds(),
                "pii_controllers": ["controller"],
                "collection_method": consent.evidence.get("method"),
                "processing_method": self.purpose.methods,
                "storage_locations": ["as told in privacy_notice"],
                "retention_period": self.retention(),
                "jurisdiction": self.purpose.jurisdictions,
                "geographic_restrictions": self.purpose.goes_abroad().then(|| self.purpose.recipients.iter().map(|one| one.country.clone()).collect::<Vec<_>>()),
                "recipient_third_parties": recipients.map(|one| json!({"party_name": one.name, "country": one.country})).collect::<Vec<_>>(),
                "withdrawal_method": format!("{}/v1/withdrawals", self.base),
                "channel": Some(&consent.channel).filter(|channel| *channel != EVERY_CHANNEL),
            },
            "party_identification": [party],
            "event": self.events.iter().map(|event| self.event(event)).collect::<Vec<_>>(),
            "state_now": dpv_state(self.view.state),
        })
    }

    fn event(&self, event: &EventRow) -> Value {
        let ends = self.view.listed.consent.expires_at;
        json!({"event_time": time(event.at), "validity_duration": ends.map(time), "entity_id": event.by_kind, "event_type": event.state,
            "event_state": dpv_state(&event.state)})
    }

    fn kantara(&self, keys: &str) -> Value {
        let consent = &self.view.listed.consent;
        let basis = self.purpose.basis().map_or(UNSTATED, |basis| basis.code);
        let third = self.purpose.recipients.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
        let purpose = json!({"purpose": self.purpose.description, "purposeCategory": [self.purpose.dpv.as_deref().unwrap_or(basis)],
            "consentType": "EXPLICIT", "piiCategory": self.kinds().iter().filter_map(|kind| kind.get("pii_attribute_id").cloned()).collect::<Vec<_>>(),
            "primaryPurpose": self.purpose.necessary, "termination": self.retention(), "thirdPartyDisclosure": !third.is_empty(),
            "thirdPartyName": third});
        let controller = json!({"piiController": self.controller, "onBehalf": false, "contact": self.contact(), "address": {}, "email": self.contact(),
            "phone": "", "piiControllerUrl": self.base});
        let public: Option<Value> = serde_json::from_str(keys).ok();
        json!({"version": "KI-CR-v1.1.0", "jurisdiction": self.purpose.jurisdictions.join(" "), "consentTimestamp": consent.at.timestamp(),
            "collectionMethod": consent.evidence.get("method"), "consentReceiptID": self.view.id, "publicKey": public,
            "language": self.texts.keys().next(), "piiPrincipalId": self.view.customer, "piiControllers": [controller], "policyUrl": self.notice_url(),
            "services": [{"service": self.purpose.labels.en, "purposes": [purpose]}], "sensitive": self.purpose.is_sensitive(self.catalog),
            "spiCat": if self.purpose.is_sensitive(self.catalog) { vec!["identity, financial account"] } else { Vec::new() }})
    }
}
