//! OpenDSR 2.0: discovery, requests, where they stand, taking them back.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::{Channel, Jurisdiction, State};
use custodian_domain::rights_protocols::Refused;
use custodian_domain::rights_protocols::opendsr::{
    IdentityFormat, IdentityType, Naming, Regulation, RequestType, Status, is_request_id,
};
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as requests, RequestRow};
use custodian_persistence::rights_protocols::{self as stored, ExchangeRow};
use serde_json::{Value, json};

use super::intake::{Contact, Incoming, callbacks, details, take};
pub use super::sign::Signed;
use super::{RightsPartner, entry, sign, tell};
use crate::App;
use crate::audit::Detail;
use crate::privacy_requests::take_back;

/// A request as it was sent; what is missing is missing.
pub struct Sent {
    /// Whose names it uses.
    pub naming: Naming,
    /// `regulation`.
    pub regulation: Option<String>,
    /// `subject_request_id`.
    pub subject_request_id: Option<String>,
    /// `subject_request_type`.
    pub subject_request_type: Option<String>,
    /// `submitted_time`.
    pub submitted_time: Option<String>,
    /// `subject_identities`.
    pub identities: Vec<Identity>,
    /// `extensions`: numbers of telephones under our own domain.
    pub phone_numbers: Vec<String>,
    /// `status_callback_urls`.
    pub status_callback_urls: Vec<String>,
}

/// One identity: type, value, format. Never printed.
#[derive(Default)]
pub struct Identity {
    /// `identity_type`.
    pub kind: Option<String>,
    /// `identity_value`.
    pub value: Option<String>,
    /// `identity_format`.
    pub format: Option<String>,
}

/// What a processor tells of itself (section 6).
pub fn discovery(app: &App, naming: Naming) -> Value {
    let domain = sign::domain(app);
    let base = app.tuning().issuer.trim_end_matches('/');
    let certificate = app.tuning().rights_certificate.as_ref().map(|_| format!("{base}/opendsr/certificate.pem"));
    let types: Vec<_> = RequestType::ALL.iter().map(|kind| kind.as_str()).collect();
    // Without a certificate answers are signed all the same, by a key that the protocol does not know of: it is said where that is.
    let own = match certificate {
        Some(_) => json!({"supported_identities": [{"identity_type": "phone_number", "identity_format": "raw"}]}),
        None => json!({"supported_identities": [{"identity_type": "phone_number", "identity_format": "raw"}],
            "signature_algorithm": "Ed25519", "jwks_uri": format!("{base}/.well-known/jwks.json")}),
    };
    json!({
        "api_version": naming.version(),
        "supported_identities": [{"identity_type": IdentityType::Email.as_str(), "identity_format": IdentityFormat::Raw.as_str()}],
        "supported_subject_request_types": types,
        "processor_certificate": certificate,
        "extensions": {domain: own},
    })
}

/// Signs an answer's body.
pub fn sign_answer(app: &App, body: &[u8]) -> Result<Signed, DomainError> {
    sign::signed(app, body)
}

/// The domain under which extensions are ours.
pub fn own_domain(app: &App) -> String {
    sign::domain(app)
}

/// What was understood of a request.
struct Read {
    jurisdiction: Jurisdiction,
    kind: RequestType,
    id: String,
    submitted: DateTime<Utc>,
    contacts: Vec<Contact>,
    callback_urls: Vec<String>,
}

/// One member that has to be one of these.
fn choice<T: Copy>(
    faults: &mut Vec<Fault>,
    pointer: &str,
    text: Option<&str>,
    of: fn(&str) -> Option<T>,
    choices: &str,
) -> Option<T> {
    match text {
        None => faults.push(Fault::new(pointer, "required")),
        Some(text) => match of(text) {
            Some(known) => return Some(known),
            None => faults.push(Fault::new(pointer, "not_a_choice").with_arg(choices)),
        },
    }
    None
}

/// The contact points that can be looked for. Identities of a known type that is not looked for are passed over, as long as there is one that is.
fn contacts(faults: &mut Vec<Fault>, sent: &Sent) -> Vec<Contact> {
    let mut found = Vec::new();
    for (at, identity) in sent.identities.iter().enumerate() {
        let pointer = |name: &str| format!("/subject_identities/{at}/{name}");
        let kind = identity.kind.as_deref();
        let kind = choice(faults, &pointer("identity_type"), kind, IdentityType::from_code, "the types of section 5.1");
        let format = identity.format.as_deref();
        let formats = "raw, sha1, md5, sha256";
        let format = choice(faults, &pointer("identity_format"), format, IdentityFormat::from_code, formats);
        match (&identity.value, kind, format) {
            (None, ..) => faults.push(Fault::new(pointer("identity_value"), "required")),
            (Some(value), Some(IdentityType::Email), Some(IdentityFormat::Raw)) => {
                let pointer = Some(pointer("identity_value"));
                found.push(Contact { field: "email", value: value.clone(), pointer });
            }
            _ => {}
        }
    }
    for value in &sent.phone_numbers {
        found.push(Contact { field: "mobile", value: value.clone(), pointer: None });
    }
    if found.is_empty() && faults.is_empty() {
        let code = if sent.identities.is_empty() { "required" } else { "not_a_choice" };
        faults.push(Fault::new("/subject_identities", code).with_arg("email raw"));
    }
    found
}

fn read(app: &App, by: &RightsPartner, sent: &Sent, now: DateTime<Utc>) -> Result<Read, DomainError> {
    let mut faults = Vec::new();
    let law = match (sent.naming, &sent.regulation) {
        // Version 1 knew one law alone, and did not name it.
        (Naming::OpenGdpr, None) => Some(Regulation::Gdpr),
        (_, text) => choice(&mut faults, "/regulation", text.as_deref(), Regulation::from_code, "gdpr, ccpa"),
    };
    let kind = sent.subject_request_type.as_deref();
    let types = "access, portability, erasure";
    let kind = choice(&mut faults, "/subject_request_type", kind, RequestType::from_code, types);
    let id = sent.subject_request_id.clone();
    match &id {
        None => faults.push(Fault::new("/subject_request_id", "required")),
        Some(id) if !is_request_id(id) => {
            faults.push(Fault::new("/subject_request_id", "invalid_format").with_arg("a lower-case UUID v4"));
        }
        Some(_) => {}
    }
    let submitted = sent.submitted_time.as_deref().map(DateTime::parse_from_rfc3339);
    let submitted = match submitted {
        None => Err("required"),
        Some(Err(_)) => Err("invalid_datetime"),
        Some(Ok(time)) if time > now => Err("in_the_future"),
        Some(Ok(time)) => Ok(time.with_timezone(&Utc)),
    };
    let submitted = submitted.map_err(|code| faults.push(Fault::new("/submitted_time", code))).ok();
    let contacts = contacts(&mut faults, sent);
    let callback_urls = callbacks(app, by, &sent.status_callback_urls, "/status_callback_urls", &mut faults);
    match (law, kind, id, submitted) {
        (Some(law), Some(kind), Some(id), Some(submitted)) if faults.is_empty() => {
            Ok(Read { jurisdiction: law.jurisdiction(), kind, id, submitted, contacts, callback_urls })
        }
        _ => Err(DomainError::Invalid(faults)),
    }
}

/// Takes a request in. The clock runs from when the person asked, as the partner says.
///
/// Errors: 409 `request_exists`; with every fault of what was sent.
pub async fn open(app: &App, by: &RightsPartner, sent: Sent) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let done = open_in(app, by, &work, sent).await;
    work.settle(done).await
}

async fn open_in(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    sent: Sent,
) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let now = work.database_time().await?;
    let Read { jurisdiction, kind, id, submitted, contacts, callback_urls } = read(app, by, &sent, now)?;
    let incoming = Incoming {
        right: kind.right(),
        jurisdiction,
        channel: Channel::OpenDsr,
        contacts,
        // "Controller verifies the request and submits it to Processors" (section 3.2).
        claims_proof: true,
        received_at: Some(submitted),
        details: details(by, format!("OpenDSR {} {id}", by.row.identifier), None),
        external_id: Some(id),
        asked: kind.as_str(),
        naming: sent.naming.as_str(),
        callback_urls,
    };
    take(app, by, work, incoming).await
}

async fn own(work: &Work, by: &RightsPartner, id: &str) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let exchange = stored::exchange_by_external(work, by.row.id, id).await?.ok_or(DomainError::NotFound)?;
    let row = requests::lock(work, exchange.id).await?.ok_or(DomainError::NotFound)?;
    Ok((exchange, row))
}

/// The same as the partner is told of it.
async fn told(work: &Work, by: &RightsPartner, id: &str) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let (exchange, row) = own(work, by, id).await?;
    Ok((exchange, tell::as_told(work, row).await?))
}

/// Where a request of the partner's own stands. A duplicate stands where the one that answered it does.
pub async fn status(app: &App, by: &RightsPartner, id: &str) -> Result<Value, DomainError> {
    let (exchange, row) = app.reading(by.call.organization(), async |work| told(work, by, id).await).await?;
    let read = entry(Action::RightsExchangesRead, by.row.id);
    app.record_read(&by.call, read.with("privacy_request", Detail::Code(row.id.to_string()))).await?;
    status_body(app, &exchange, &row)
}

/// Takes a request back, as long as nobody has begun with it. Answers when.
///
/// Errors: 404; 409 `request_not_pending`.
pub async fn cancel(app: &App, by: &RightsPartner, id: &str) -> Result<(ExchangeRow, DateTime<Utc>), DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let done = cancel_in(app, by, &work, id).await;
    work.settle(done).await
}

async fn cancel_in(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    id: &str,
) -> Result<(ExchangeRow, DateTime<Utc>), DomainError> {
    requests::hold(work).await?;
    let (exchange, row) = own(work, by, id).await?;
    if Status::of(tell::state_of(&row)?) != Status::Pending {
        return Err(DomainError::refused(RefusedAs::Conflict, Refused::RequestNotPending.as_str()));
    }
    let now = work.database_time().await?;
    take_back(app, &by.call, work, row).await?;
    Ok((exchange, now))
}

/// Where a request stands, as it is told (sections 8.3 and 8.6). One that was turned down is `cancelled`, with the ground as an error's detail: the protocol
/// has no word for it.
pub(super) fn status_body(app: &App, exchange: &ExchangeRow, row: &RequestRow) -> Result<Value, DomainError> {
    let state = tell::state_of(row)?;
    let naming = Naming::from_code(&exchange.naming).unwrap_or(Naming::OpenDsr);
    let mut body = json!({
        "controller_id": exchange.partner,
        "expected_completion_time": row.due_at,
        "subject_request_id": exchange.external_id,
        "request_status": Status::of(state).as_str(),
        "api_version": naming.version(),
    });
    if let (State::Rejected, Some((code, text)), Some(members)) = (state, tell::refusal(row), body.as_object_mut()) {
        let error = json!({"code": 200, "message": "The request was turned down.",
            "errors": [{"domain": sign::domain(app), "reason": code, "message": text}]});
        members.insert("error".to_owned(), error);
    }
    Ok(body)
}
