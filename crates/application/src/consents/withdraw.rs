//! Withdrawal: one call, no reason needed, at once.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::audit::Action;
use custodian_domain::consents::{EVERY_CHANNEL, Standing, State};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{self as stored, Asked, Event, Listed};
use custodian_persistence::{Work, customers as people, purposes};
use serde::Deserialize as _;
use uuid::Uuid;

use super::remind::watch;
use super::{ConsentView, meant, view};
use crate::audit::{Detail, Draft};
use crate::customers::{decide_row, refuse};
use crate::events::{Event as News, EventType, Fact, publish_all};
use crate::keys::{own_place, seal_own};
use crate::{App, Call};

/// Who says stop.
pub(super) struct By<'a> {
    pub kind: &'a str,
    pub id: Uuid,
    pub reason: Option<&'a str>,
}

/// Withdraws what a record says yes to, for its channel, or for all where it covers all. From the commit on nothing is allowed on it. A second
/// withdrawal changes nothing and is answered alike.
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
    let listed = stored::find(work, meant(call, id)?).await?.ok_or(DomainError::NotFound)?;
    let customer = CustomerId::from(listed.consent.customer);
    let row = people::lock(work, customer).await?.ok_or(DomainError::NotFound)?;
    refuse(decide_row(app, call, &row, Permission::ConsentsWithdraw).outcome, Permission::ConsentsWithdraw)?;
    let by = By { kind: call.identity.caller.actor_kind(), id: call.identity.actor_id(), reason };
    let (listed, now, stopped) = stop(app, work, listed, by).await?;
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

/// Ends everything that a record, or whatever took its place, allows on its channel. The customer must be locked.
pub(super) async fn stop(
    app: &App,
    work: &Work,
    listed: Listed,
    by: By<'_>,
) -> Result<(Listed, DateTime<Utc>, usize), DomainError> {
    let consent = &listed.consent;
    let now = stored::moment(work).await?;
    let asked = Asked { customers: &[consent.customer], scope: &RowScope::everything(), purpose: &consent.purpose };
    let rows = stored::standings_now(work, asked).await?;
    let standings: Vec<Standing> = rows.into_iter().filter_map(|row| row.standing).collect();
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
    let keys = app.keys().open_organization(work).await?;
    let events: Vec<Event> = ended
        .into_iter()
        .map(|one| {
            let id = app.new_id();
            let place = own_place(work.organization(), "consent_events", id, "reason", 1);
            let reason = by.reason.map(|text| seal_own(&keys, &place, text, app.rng()));
            event(consent, one, now, id, &by, reason)
        })
        .collect();
    if !events.is_empty() {
        stored::insert_events(work, &events).await?;
        stored::put_states(work, &events).await?;
        tell(work, consent, &events, now).await?;
        publish_all(app, work, events.iter().map(news).collect()).await?;
    }
    let fresh = stored::find(work, consent.id).await?.ok_or(DomainError::NotFound)?;
    Ok((fresh, now, events.len()))
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

/// Opens the case with every recipient of the purpose, in the withdrawal's own transaction.
async fn tell(
    work: &Work,
    consent: &stored::ConsentRow,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let row = purposes::find(work, &consent.purpose).await?.ok_or(DomainError::NotFound)?;
    let purpose = Purpose::deserialize(&row.content).map_err(|_| DomainError::internal("a stored purpose"))?;
    let named: Vec<String> = purpose.recipients.into_iter().map(|one| one.name).collect();
    let due_at = now + TO_ACKNOWLEDGE;
    if stored::open_cases(work, events, &named, due_at).await? > 0 {
        watch(work, events, due_at).await?;
    }
    Ok(())
}

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
