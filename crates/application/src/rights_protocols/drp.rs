//! The Data Rights Protocol 1.0: an agent's token, its requests, where they stand, taking them back.

use chrono::{DateTime, Utc};
use custodian_crypto::Opaque;
use custodian_domain::audit::Action;
use custodian_domain::catalog::spotted;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::{Channel, Jurisdiction, State};
use custodian_domain::rights_protocols::drp::{Claims, Exercise, Unfit, contact_faults, standing, version_fault};
use custodian_domain::rights_protocols::{Refused, is_plain_id};
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as requests, RequestRow};
use custodian_persistence::rights_protocols::{self as stored, ExchangeRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::intake::{Contact, Incoming, callbacks, details, take};
use super::{RightsPartner, entry, keep, tell};
use crate::App;
use crate::audit::Detail;
use crate::privacy_requests::take_back;

/// The longest reference to a power of attorney, and the longest hints together.
const LONGEST_REFERENCE: usize = 500;
const LONGEST_HINTS: usize = 1000;

/// A message whose signature was found to be the agent's.
pub struct Message<'a> {
    /// Who it is from and for, and when it holds.
    pub claims: Claims<'a>,
    /// `drp.version`; what is no text is no version, and empty here.
    pub version: Option<&'a str>,
    /// The message with its signature, as bytes.
    pub signed: &'a [u8],
}

/// What an agent exercises; what is missing is missing.
pub struct Sent {
    /// `agent-request-id`.
    pub agent_request_id: Option<String>,
    /// `exercise`.
    pub exercise: Option<String>,
    /// `regime`.
    pub regime: Option<String>,
    /// `relationships`.
    pub relationships: Vec<String>,
    /// `status_callback`.
    pub status_callback: Option<String>,
    /// `email`, and whether the agent has verified it. Never printed.
    pub email: Option<(String, bool)>,
    /// `phone_number`, and whether the agent has verified it. Never printed.
    pub phone_number: Option<(String, bool)>,
    /// `power_of_attorney`.
    pub power_of_attorney: Option<String>,
    /// Members of another type than the specification gives them: those are missing above.
    pub faults: Vec<Fault>,
}

/// Checks a message, in the protocol's order, and takes it once: by the database's clock.
///
/// Errors: 403 `wrong_agent`, `wrong_business`; 400 `not_yet_in_force`, `message_expired`; 409 `message_replayed`.
async fn admit(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    message: &Message<'_>,
) -> Result<DateTime<Utc>, DomainError> {
    let now = work.database_time().await?;
    let business = by.row.business.as_deref().unwrap_or_default();
    message.claims.check(&by.row.identifier, business, now).map_err(|unfit| {
        let (status, code) = match unfit {
            Unfit::Agent => (RefusedAs::Forbidden, Refused::WrongAgent),
            Unfit::Business => (RefusedAs::Forbidden, Refused::WrongBusiness),
            Unfit::NotYet => (RefusedAs::BadRequest, Refused::NotYetInForce),
            Unfit::Expired => (RefusedAs::BadRequest, Refused::MessageExpired),
        };
        DomainError::refused(status, code.as_str())
    })?;
    let until = message.claims.expires_at.unwrap_or(now);
    let text = message.signed.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let digest = app.keys().lookup("rights-message", &text);
    if !stored::take_message(work, by.row.id, &digest, until).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, Refused::MessageReplayed.as_str()));
    }
    Ok(now)
}

/// Gives an agent a token for its signed word; the one until now ends at once.
///
/// Errors: as a message is refused; `invalid_body` for another version of the protocol.
pub async fn set_up(app: &App, by: &RightsPartner, message: &Message<'_>) -> Result<Opaque, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let done = set_up_in(app, by, &work, message).await;
    work.settle(done).await
}

async fn set_up_in(app: &App, by: &RightsPartner, work: &Work, message: &Message<'_>) -> Result<Opaque, DomainError> {
    let mut row = stored::lock(work, by.row.id).await?.filter(|row| row.disabled_at.is_none());
    let row = row.as_mut().ok_or(DomainError::NotFound)?;
    let now = admit(app, by, work, message).await?;
    if let Some(fault) = version_fault(message.version) {
        return Err(DomainError::Invalid(vec![fault]));
    }
    let token = keep::draw(app, row.id);
    row.token_digest = Some(app.auth().digest_key(token.expose()).to_vec());
    row.token_since = Some(now);
    stored::update(work, row).await?;
    app.record_change(work, &by.call, entry(Action::RightsPartnersToken, row.id)).await?;
    Ok(token)
}

/// Takes a request in. Answers where it stands.
///
/// Errors: as a message is refused; 400 `unsupported_right`, `unsupported_regime`; 409 `request_exists`; with every other fault of what was sent.
pub async fn exercise(app: &App, by: &RightsPartner, message: &Message<'_>, sent: Sent) -> Result<Value, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let done = exercise_in(app, by, &work, message, sent).await;
    let (exchange, row) = work.settle(done).await?;
    status_body(&exchange, &row)
}

async fn exercise_in(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    message: &Message<'_>,
    sent: Sent,
) -> Result<(ExchangeRow, RequestRow), DomainError> {
    // Before the message is taken, as where one is taken back: whoever has the one never waits for the other.
    requests::hold(work).await?;
    let now = admit(app, by, work, message).await?;
    let incoming = read(app, by, message.version, sent, now)?;
    take(app, by, work, incoming).await
}

fn read(
    app: &App,
    by: &RightsPartner,
    version: Option<&str>,
    mut sent: Sent,
    now: DateTime<Utc>,
) -> Result<Incoming, DomainError> {
    let bad = |why: Refused| DomainError::refused(RefusedAs::BadRequest, why.as_str());
    sent.faults.extend(version_fault(version));
    if !sent.faults.is_empty() {
        return Err(DomainError::Invalid(sent.faults));
    }
    let exercise = sent.exercise.as_deref().ok_or_else(|| DomainError::invalid("/exercise", "required"))?;
    let exercise = Exercise::of(exercise).ok_or_else(|| bad(Refused::UnsupportedRight))?;
    let right = exercise.right().ok_or_else(|| bad(Refused::UnsupportedRight))?;
    let jurisdiction = match sent.regime.as_deref() {
        None => Jurisdiction::from_code(&by.row.jurisdiction).unwrap_or(Jurisdiction::UsCa),
        Some("ccpa") => Jurisdiction::UsCa,
        Some(_) => return Err(bad(Refused::UnsupportedRegime)),
    };
    let mut faults = value_faults(&sent);
    let callback_urls = callbacks(app, by, sent.status_callback.as_slice(), "/status_callback", &mut faults);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let named: Vec<_> = [("email", sent.email), ("mobile", sent.phone_number)]
        .into_iter()
        .filter_map(|(field, given)| given.map(|(value, verified)| (field, value, verified)))
        .collect();
    let words = [vec![exercise.as_str().to_owned()], sent.relationships].concat().join(", ");
    let reference = sent.power_of_attorney.unwrap_or_else(|| format!("DRP {}", by.row.identifier));
    Ok(Incoming {
        right,
        jurisdiction,
        channel: Channel::Drp,
        claims_proof: !named.is_empty() && named.iter().all(|(.., verified)| *verified),
        contacts: named.into_iter().map(|(field, value, _)| Contact { field, value, pointer: None }).collect(),
        received_at: Some(now),
        details: details(by, reference, Some(words)),
        external_id: sent.agent_request_id,
        asked: exercise.as_str(),
        naming: "drp",
        callback_urls,
    })
}

/// What is wrong with what members say, as far as it can be told from them alone.
fn value_faults(sent: &Sent) -> Vec<Fault> {
    let email = sent.email.as_ref().map(|(value, _)| value.as_str());
    let phone_number = sent.phone_number.as_ref().map(|(value, _)| value.as_str());
    let mut faults = contact_faults(email, phone_number);
    if sent.agent_request_id.as_deref().is_some_and(|id| !is_plain_id(id) || !spotted(id).is_empty()) {
        faults.push(Fault::new("/agent-request-id", "invalid_plain_id"));
    }
    if sent.power_of_attorney.as_ref().is_some_and(|text| text.chars().count() > LONGEST_REFERENCE) {
        faults.push(Fault::new("/power_of_attorney", "too_long").with_arg(LONGEST_REFERENCE.to_string()));
    }
    if sent.relationships.iter().map(String::len).sum::<usize>() > LONGEST_HINTS {
        faults.push(Fault::new("/relationships", "too_long").with_arg(LONGEST_HINTS.to_string()));
    }
    faults
}

/// The agent's own request. One of another agent, and one that there is not, are refused alike.
///
/// Errors: 403 `wrong_agent`.
async fn own(work: &Work, by: &RightsPartner, id: &str) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let refused = || DomainError::refused(RefusedAs::Forbidden, Refused::WrongAgent.as_str());
    let id = Uuid::try_parse(id).map_err(|_| refused())?;
    let exchange = stored::find_exchange(work, id).await?.filter(|one| one.partner == by.row.id).ok_or_else(refused)?;
    let row = requests::lock(work, id).await?.ok_or_else(refused)?;
    Ok((exchange, row))
}

/// The same as the agent is told of it.
async fn told(work: &Work, by: &RightsPartner, id: &str) -> Result<(ExchangeRow, RequestRow), DomainError> {
    let (exchange, row) = own(work, by, id).await?;
    Ok((exchange, tell::as_told(work, row).await?))
}

/// Where a request of the agent's own stands. A duplicate stands where the one that answered it does.
///
/// Errors: 403 `wrong_agent`.
pub async fn status(app: &App, by: &RightsPartner, id: &str) -> Result<Value, DomainError> {
    let (exchange, row) = app.reading(by.call.organization(), async |work| told(work, by, id).await).await?;
    let read = entry(Action::RightsExchangesRead, by.row.id);
    app.record_read(&by.call, read.with("privacy_request", Detail::Code(row.id.to_string()))).await?;
    status_body(&exchange, &row)
}

/// Takes a request back at the person's word. The message need hold no claim of its own; those that it holds must hold.
///
/// Errors: 403 `wrong_agent`; as a message is refused; 409 `request_closed`.
pub async fn revoke(app: &App, by: &RightsPartner, message: &Message<'_>, id: &str) -> Result<Value, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let done = revoke_in(app, by, &work, message, id).await;
    let (exchange, row) = work.settle(done).await?;
    status_body(&exchange, &row)
}

async fn revoke_in(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    message: &Message<'_>,
    id: &str,
) -> Result<(ExchangeRow, RequestRow), DomainError> {
    requests::hold(work).await?;
    if message.claims != Claims::default() {
        admit(app, by, work, message).await?;
    }
    if let Some(fault) = message.version.and_then(|version| version_fault(Some(version))) {
        return Err(DomainError::Invalid(vec![fault]));
    }
    let (exchange, row) = own(work, by, id).await?;
    let row = take_back(app, &by.call, work, row).await?.row;
    Ok((exchange, row))
}

/// Where a request stands, as it is told (section 3.03).
pub(super) fn status_body(exchange: &ExchangeRow, row: &RequestRow) -> Result<Value, DomainError> {
    let state = tell::state_of(row)?;
    let (status, reason) = standing(state, row.ground.as_deref());
    let mut body = json!({
        "request_id": row.id,
        "received_at": row.created_at,
        "expected_by": row.due_at,
        "status": status.as_str(),
    });
    let extended = "More time is needed to answer; expected_by names the new date.".to_owned();
    let words = match (state, tell::refusal(row), row.extended_at) {
        (State::Rejected, Some((_, text)), _) => Some(text),
        (State::Received | State::Verifying | State::InProgress, _, Some(_)) => Some(extended),
        _ => None,
    };
    let more = [
        ("agent_request_id", exchange.external_id.clone()),
        ("reason", reason.map(|reason| reason.as_str().to_owned())),
        ("processing_details", words),
    ];
    if let Some(members) = body.as_object_mut() {
        members.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    }
    Ok(body)
}
