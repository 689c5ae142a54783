//! Objection to a use that rests on another ground than consent: recorded like a refusal, for every channel, and decisions answer `objected` from then on.

use custodian_domain::consents::{EVERY_CHANNEL, Evidence, Standing, State};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::purposes::Purpose;
use custodian_persistence::consents::{self as stored, ConsentRow, Event, Whom};
use custodian_persistence::{Work, customers as people, notices, purposes};
use serde::Deserialize as _;
use uuid::Uuid;

use super::withdraw::TO_ACKNOWLEDGE;
use crate::api_keys::reading_permissions;
use crate::events::{Event as News, EventType, Fact, publish_as};
use crate::{App, Call};

/// Records that a person objects to these purposes; `request` is what proves it.
///
/// Errors: 404 for a customer or a purpose that is gone.
pub(crate) async fn object(
    app: &App,
    call: &Call,
    work: &Work,
    customer: CustomerId,
    codes: &[String],
    request: Uuid,
) -> Result<(), DomainError> {
    people::lock_on_file(work, customer).await?.ok_or(DomainError::NotFound)?;
    for code in codes {
        let purpose = purposes::find(work, code).await?.ok_or(DomainError::NotFound)?;
        let record = record(app, call, work, customer, &purpose, request).await?;
        let rows = stored::standings_of(work, customer.uuid()).await?;
        let own = rows.into_iter().filter(|(purpose, _)| purpose == code).map(|(_, standing)| standing);
        let before = own.filter(|one| one.state != State::Superseded);
        let mut events: Vec<Event> = before.map(|one| superseded(app, &record, one)).collect();
        events.push(event(app, &record, record.id, EVERY_CHANNEL, State::Refused, record.notice));
        stored::insert_records(work, std::slice::from_ref(&record)).await?;
        stored::insert_events(work, &events).await?;
        stored::put_states(work, &events).await?;
        let content = Purpose::deserialize(&purpose.content).map_err(|_| DomainError::internal("a stored purpose"))?;
        let named: Vec<String> = content.recipients.into_iter().map(|one| one.name).collect();
        // Recipients stop as they do after a withdrawal, and say so in the same time.
        let told = events.last().map(std::slice::from_ref).unwrap_or_default();
        let whom = Whom { named: &named, readers: &reading_permissions() };
        stored::open_cases(work, told, whom, record.at + TO_ACKNOWLEDGE).await?;
        let news = News::about(EventType::ConsentsRefused, customer)
            .with("consent_id", Fact::Person(record.id))
            .with("purpose", Fact::Code(code.clone()))
            .with("channel", Fact::Code(EVERY_CHANNEL.to_owned()));
        publish_as(app, work, told.iter().map(|event| (event.id, news.clone())).collect()).await?;
    }
    Ok(())
}

async fn record(
    app: &App,
    call: &Call,
    work: &Work,
    customer: CustomerId,
    purpose: &purposes::PurposeRow,
    request: Uuid,
) -> Result<ConsentRow, DomainError> {
    let told = notices::list(work, None, None).await?;
    let notice = told
        .into_iter()
        .filter(|row| row.state != "draft" && row.purposes.contains(&purpose.code))
        .map(|row| row.id)
        .max();
    let evidence =
        Evidence { method: "message".to_owned(), reference: Some(request.to_string()), sha256: None, place: None };
    Ok(ConsentRow {
        id: app.new_id(),
        customer: customer.uuid(),
        purpose: purpose.code.clone(),
        purpose_version: purpose.version,
        channel: EVERY_CHANNEL.to_owned(),
        // Nobody need have been told of a purpose to object to it.
        notice: notice.unwrap_or_else(Uuid::nil),
        outcome: "refused".to_owned(),
        evidence: serde_json::to_value(evidence).map_err(|_| DomainError::internal("evidence does not serialise"))?,
        guardian: None,
        at: stored::moment(work).await?,
        expires_at: None,
        by_kind: call.identity.caller.actor_kind().to_owned(),
        by: call.identity.actor_id(),
    })
}

/// What stood before ends as the objection begins.
fn superseded(app: &App, record: &ConsentRow, one: Standing) -> Event {
    event(app, record, one.consent, &one.channel, State::Superseded, one.notice)
}

fn event(app: &App, record: &ConsentRow, consent: Uuid, channel: &str, state: State, notice: Uuid) -> Event {
    Event {
        id: app.new_id(),
        consent,
        customer: record.customer,
        purpose: record.purpose.clone(),
        channel: channel.to_owned(),
        state: state.code(),
        notice,
        at: record.at,
        expires_at: None,
        by_kind: record.by_kind.clone(),
        by: record.by,
        reason: None,
    }
}
