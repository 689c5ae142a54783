//! What a partner is told of a request, and that it is queued with whatever changes the request.

use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::privacy_requests::{State, ground};
use custodian_domain::rights_protocols::{CallbackState, Protocol, drp as words_of_drp, opendsr as words_of_opendsr};
use custodian_persistence::privacy_requests::{self as requests, RequestRow};
use custodian_persistence::rights_protocols::{self as stored, CallbackRow, ExchangeRow};
use custodian_persistence::{Work, jobs};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{drp, opendsr, send};
use crate::App;

pub(super) fn state_of(row: &RequestRow) -> Result<State, DomainError> {
    State::from_code(&row.state).ok_or_else(|| DomainError::internal("a stored request of a person"))
}

/// A request as its partner is told of it: a duplicate that ended because the one that stood was answered, as that one ended. One that was taken back
/// before is cancelled, as its requester said. Whether it was proved itself does not count: a registered partner speaks for the person, and is told what became
/// of the wish.
pub(super) async fn as_told(work: &Work, row: RequestRow) -> Result<RequestRow, DomainError> {
    let Some(standing) = row.duplicate_of.filter(|_| row.state == State::Cancelled.as_str()) else { return Ok(row) };
    // Both ended in one transaction, at one moment, where the one answered the other.
    Ok(match requests::find(work, standing).await?.filter(|found| found.closed_at == row.closed_at) {
        Some(RequestRow { state, ground, article, remedy, .. }) => RequestRow { state, ground, article, remedy, ..row },
        None => row,
    })
}

/// Where a request stands in a protocol's words, as far as a change of it is told: under DRP a new date as well (its section 3.08).
pub(super) fn words(protocol: &str, row: &RequestRow) -> Result<String, DomainError> {
    let state = state_of(row)?;
    if protocol == Protocol::OpenDsr.as_str() {
        return Ok(words_of_opendsr::Status::of(state).as_str().to_owned());
    }
    let (status, reason) = words_of_drp::standing(state, row.ground.as_deref());
    Ok(format!("{}/{}/{}", status.as_str(), reason.map_or("", words_of_drp::Reason::as_str), row.due_on))
}

/// Why a request was turned down, in words for whoever asked.
pub(super) fn refusal(row: &RequestRow) -> Option<(&'static str, String)> {
    let found = ground(row.ground.as_deref()?)?;
    let article = row.article.as_deref().unwrap_or_default();
    let remedy = row.remedy.as_ref().and_then(|remedy| remedy.get("en")).and_then(Value::as_str).unwrap_or_default();
    Some((found.code, format!("{} ({article}) {remedy}", found.text[0])))
}

/// Queues the word to the partner that passed a request on, where it has changed its standing. To be called in the transaction that changes it.
pub(crate) async fn follow(app: &App, work: &Work, row: &RequestRow) -> Result<(), DomainError> {
    if Protocol::from_code(&row.channel).is_none() {
        return Ok(());
    }
    // While it is being filed there is none yet.
    let Some(exchange) = stored::find_exchange(work, row.id).await? else { return Ok(()) };
    let row = &as_told(work, row.clone()).await?;
    let now = words(&exchange.protocol, row)?;
    if now == exchange.told {
        return Ok(());
    }
    stored::note_told(work, row.id, &now).await?;
    queue(app, work, &exchange, row).await
}

/// Queues one callback to each address that the partner named.
pub(super) async fn queue(app: &App, work: &Work, exchange: &ExchangeRow, row: &RequestRow) -> Result<(), DomainError> {
    let now = work.database_time().await?;
    for url in &exchange.callback_urls {
        let mut body = match exchange.protocol.as_str() {
            "opendsr" => opendsr::status_body(app, exchange, row)?,
            _ => drp::status_body(exchange, row)?,
        };
        if let (Some(members), "opendsr") = (body.as_object_mut(), exchange.protocol.as_str()) {
            members.insert("status_callback_url".to_owned(), json!(url));
        }
        let callback = CallbackRow {
            id: app.new_id(),
            exchange: exchange.id,
            url: url.clone(),
            body: body.to_string(),
            state: CallbackState::Pending.as_str().to_owned(),
            failed_tries: 0,
            tries: json!([]),
            created_at: now,
            settled_at: None,
        };
        stored::insert_callback(work, &callback).await?;
        jobs::insert(work, JobId::from(callback.id), send::KIND, Uuid::nil(), now).await?;
    }
    Ok(())
}
