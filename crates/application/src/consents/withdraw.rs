//! Withdrawal: one call, no reason needed, at once.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::consents::{EVERY_CHANNEL, Standing, State};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, Event, Listed, Whom};
use custodian_persistence::purposes::{self, PurposeRow};
use serde::Deserialize as _;
use uuid::Uuid;

use super::copies::{hold, stop_all};
use super::remind::watch;
use super::{ConsentView, meant, view};
use crate::api_keys::reading_permissions;
use crate::audit::{Detail, Draft};
use crate::customers::{decide_row, refuse};
use crate::events::{Event as News, EventType, Fact, publish_as};
use crate::keys::{OrganizationKeys, own_place, seal_own};
use crate::{App, Call};

/// Who says stop.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub kind: &'a str,
    pub id: Uuid,
    pub reason: Option<&'a str>,
}

/// Withdraws what a record says yes to, for its channel, or for all where it covers all. From the commit on nothing is allowed on it. A second
/// withdrawal changes nothing and is answered alike. Copies of it that went along with merges end with it, and what it was copied from.
///
/// Errors: 404 for a record, or a customer, out of sight.
pub async fn withdraw(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: Option<&str>,
) -> Result<ConsentView, DomainError> {
    call.needs(Permission::ConsentsWithdraw)?;
    let id = meant(call, id)?;
    let listed = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    let held = hold(work, &listed.consent).await?;
    refuse(decide_row(app, call, held.row()?, Permission::ConsentsWithdraw).outcome, Permission::ConsentsWithdraw)?;
    let by = By { kind: call.identity.caller.actor_kind(), id: call.identity.actor_id(), reason };
    let (listed, now, stopped) = stop_all(app, work, listed, &held, by).await?;
    app.record_change(work, call, entry(&listed, stopped)).await?;
    Ok(view(call, listed, now))
}

pub(super) fn entry(listed: &Listed, stopped: usize) -> Draft {
    Draft::about(Action::ConsentsWithdraw, CustomerId::from(listed.consent.customer))
        .with("consent", Detail::Code(listed.consent.id.to_string()))
        .with("purpose_code", Detail::Code(listed.consent.purpose.clone()))
        .with("channel", Detail::Code(listed.consent.channel.clone()))
        .with("stopped", Detail::Count(u32::try_from(stopped).unwrap_or(u32::MAX)))
}

/// Withdraws again what a database that was put back still says yes to. False where it knows no such record.
pub(crate) async fn withdraw_again(app: &App, work: &Work, id: Uuid) -> Result<bool, DomainError> {
    let Some(listed) = stored::find(work, id).await? else { return Ok(false) };
    let by = By { kind: "system", id: Uuid::nil(), reason: None };
    let held = hold(work, &listed.consent).await?;
    stop_all(app, work, listed, &held, by).await?;
    Ok(true)
}

/// What is to be stopped, and when.
pub(super) struct Stopping {
    pub now: DateTime<Utc>,
    pub events: Vec<Event>,
    /// Names of those whom the purpose hands data to.
    recipients: Vec<String>,
}

/// Ends everything that a record, or whatever took its place, allows on its channel. The customer must be locked.
pub(super) async fn stop(
    app: &App,
    work: &Work,
    listed: Listed,
    by: By<'_>,
) -> Result<(Listed, DateTime<Utc>, usize), DomainError> {
    let stopping = stopping(app, work, &listed, by).await?;
    let (now, count) = (stopping.now, stopping.events.len());
    Ok((store(app, work, listed, stopping).await?, now, count))
}

/// What the withdrawal of a record stops now, also of somebody who was deleted. The customer must be locked.
async fn stopping(app: &App, work: &Work, listed: &Listed, by: By<'_>) -> Result<Stopping, DomainError> {
    let consent = &listed.consent;
    let (now, rows, purpose) = tokio::try_join!(
        biased;
        stored::moment(work),
        stored::standings_of(work, consent.customer),
        purposes::find(work, &consent.purpose),
    )?;
    let own = rows.into_iter().filter(|(purpose, _)| *purpose == consent.purpose);
    let standings: Vec<Standing> = own.map(|(_, standing)| standing).collect();
    let keys = app.keys().open_organization(work).await?;
    let events = events_of(app, work, &keys, consent, &standings, now, &by);
    Ok(Stopping { now, events, recipients: recipients(purpose)? })
}

/// Names of those whom a purpose hands data to.
pub(super) fn recipients(purpose: Option<PurposeRow>) -> Result<Vec<String>, DomainError> {
    let purpose = purpose.ok_or(DomainError::NotFound)?;
    let purpose = Purpose::deserialize(&purpose.content).map_err(|_| DomainError::internal("a stored purpose"))?;
    Ok(purpose.recipients.into_iter().map(|one| one.name).collect())
}

/// What happens to a customer's standings when a record is withdrawn.
pub(super) fn events_of(
    app: &App,
    work: &Work,
    keys: &OrganizationKeys,
    consent: &stored::ConsentRow,
    standings: &[Standing],
    now: DateTime<Utc>,
    by: &By<'_>,
) -> Vec<Event> {
    let made = |one| {
        let id = app.new_id();
        let place = own_place(work.organization(), "consent_events", id, "reason", 1);
        let reason = by.reason.map(|text| seal_own(keys, &place, text, app.rng()));
        event(consent, one, now, id, by, reason)
    };
    ended(consent, standings).into_iter().map(made).collect()
}

/// What of a customer's standings the withdrawal of a record ends.
fn ended(consent: &stored::ConsentRow, standings: &[Standing]) -> Vec<Standing> {
    let mut ended: Vec<Standing> = standings
        .iter()
        .filter(|one| one.state == State::Given)
        .filter(|one| consent.channel == EVERY_CHANNEL || one.channel == consent.channel)
        .cloned()
        .collect();
    let everywhere = standings.iter().find(|one| one.channel == EVERY_CHANNEL && one.state == State::Given);
    let own = standings.iter().any(|one| one.channel == consent.channel && one.state != State::Superseded);
    if let (true, false, Some(everywhere)) = (ended.is_empty(), own, everywhere) {
        // A later yes for every channel covers this one, which alone is stopped.
        ended.push(Standing { channel: consent.channel.clone(), ..everywhere.clone() });
    }
    ended
}

/// Stores what is stopped, opens the case with every recipient of the purpose, and tells of it: in the withdrawal's own transaction, and together.
async fn store(app: &App, work: &Work, listed: Listed, stopping: Stopping) -> Result<Listed, DomainError> {
    let Stopping { now, events, recipients } = stopping;
    if !events.is_empty() {
        let (told, opened) = tokio::join!(
            biased;
            store_events(app, work, &events),
            open_cases(work, &events, &recipients, now),
        );
        DomainError::first_cause([told, opened])?;
    }
    match withdrawn(&listed, &events, now) {
        Some(listed) => Ok(listed),
        None => stored::find(work, listed.consent.id).await?.ok_or(DomainError::NotFound),
    }
}

/// A record as it stands after these events; none where they are not its own.
pub(super) fn withdrawn(listed: &Listed, events: &[Event], now: DateTime<Utc>) -> Option<Listed> {
    let own = |event: &Event| event.consent == listed.consent.id && event.channel == listed.consent.channel;
    let stopped = Listed { state: State::Withdrawn.code().to_owned(), changed_at: now, ..listed.clone() };
    events.iter().any(own).then_some(stopped)
}

/// Stores what happened and tells of it.
pub(super) async fn store_events(app: &App, work: &Work, events: &[Event]) -> Result<(), DomainError> {
    let (happened, stand, told) = tokio::join!(
        biased;
        stored::insert_events(work, events),
        stored::put_states(work, events),
        publish_as(app, work, events.iter().map(|event| (event.id, news(event))).collect()),
    );
    let stored = [happened, stand].map(|step| step.map_err(DomainError::from));
    DomainError::first_cause(stored).and(told)
}

/// Opens the cases of withdrawals from one purpose, and has them looked at again in time.
pub(super) async fn open_cases(
    work: &Work,
    events: &[Event],
    recipients: &[String],
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let due_at = now + TO_ACKNOWLEDGE;
    let whom = Whom { named: recipients, readers: &reading_permissions() };
    if stored::open_cases(work, events, whom, due_at).await? > 0 {
        watch(work, events, due_at).await?;
    }
    Ok(())
}

fn news(event: &Event) -> News {
    News::about(EventType::ConsentsWithdrawn, CustomerId::from(event.customer))
        .with("consent_id", Fact::Person(event.consent))
        .with("withdrawal_id", Fact::Person(event.id))
        .with("purpose", Fact::Code(event.purpose.clone()))
        .with("channel", Fact::Code(event.channel.clone()))
}

/// How long a recipient has to acknowledge a withdrawal before it loses the purpose.
pub(super) const TO_ACKNOWLEDGE: TimeDelta = TimeDelta::hours(72);

fn event(
    consent: &stored::ConsentRow,
    ended: Standing,
    at: DateTime<Utc>,
    id: Uuid,
    by: &By<'_>,
    reason: Option<Vec<u8>>,
) -> Event {
    Event {
        id,
        consent: ended.consent,
        customer: consent.customer,
        purpose: consent.purpose.clone(),
        channel: ended.channel,
        state: State::Withdrawn.code(),
        notice: ended.notice,
        at,
        expires_at: ended.expires_at,
        by_kind: by.kind.to_owned(),
        by: by.id,
        reason,
    }
}
