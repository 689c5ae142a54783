//! Consents of two rows that are one person: copies of what goes along, each an event of this moment, so that what was true before stays true of before.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use custodian_domain::consents::{Standing, State, ended_by_opt_out, merged as judged, opt_out_stands};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, ConsentRow, Event};
use uuid::Uuid;

use super::withdraw::{By, stop};
use crate::events::{Event as News, EventType, Fact, publish_all};
use crate::{App, Call};

/// Lets the consents of one locked customer follow to another. Answers the records that were made for it.
pub(crate) async fn follow(
    app: &App,
    call: &Call,
    work: &Work,
    from: CustomerId,
    to: CustomerId,
) -> Result<Vec<Uuid>, DomainError> {
    let (stays, goes) = (stored::standings_of(work, to.uuid()).await?, stored::standings_of(work, from.uuid()).await?);
    let opted_out = stored::last_opt_outs(work, &[from.uuid(), to.uuid()]).await?;
    let (last, selling) = (opted_out.values().max().copied(), stored::selling(work).await?);
    let ended = |code: &str, one: &Standing| {
        last.is_some_and(|out| ended_by_opt_out(one, out)) && selling.iter().any(|known| known == code)
    };
    if opted_out.get(&from.uuid()).is_some_and(|out| carries(*out, &selling, &stays, &goes)) {
        let (kind, by) = (call.identity.caller.actor_kind(), call.identity.actor_id());
        // Before any yes that is taken over, for those were given since.
        let at = stored::moment(work).await?;
        stored::insert_opt_outs(work, &[(app.new_id(), to.uuid())], at, kind, by).await?;
    }
    let codes: BTreeSet<&String> = goes.iter().map(|(code, _)| code).collect();
    let of = |all: &[(String, Standing)], code: &str| -> Vec<Standing> {
        all.iter().filter(|(known, _)| known == code).map(|(_, standing)| standing.clone()).collect()
    };
    let mut adopted = Vec::new();
    for code in codes {
        let (stays, goes) = (of(&stays, code), of(&goes, code));
        let outcome = judged(&stays, &goes);
        for standing in outcome.stop.iter().filter_map(|at| stays.get(*at)) {
            let by = By { kind: call.identity.caller.actor_kind(), id: call.identity.actor_id(), reason: None };
            let listed = stored::find(work, standing.consent).await?.ok_or(DomainError::NotFound)?;
            stop(app, work, listed, by).await?;
        }
        let now = stored::moment(work).await?;
        for standing in outcome.adopt.iter().filter_map(|at| goes.get(*at)) {
            if ended(code, standing) {
                continue;
            }
            adopted.extend(adopt(app, call, work, to, standing, now).await?);
        }
    }
    Ok(adopted)
}

/// Whether the opt-out of the one that goes still means something: for some purpose that sells it stands, or it ends a yes that the other one gave before it.
fn carries(out: DateTime<Utc>, selling: &[String], stays: &[(String, Standing)], goes: &[(String, Standing)]) -> bool {
    let of = |all: &[(String, Standing)], code: &str| -> Vec<Standing> {
        all.iter().filter(|(known, _)| known == code).map(|(_, standing)| standing.clone()).collect()
    };
    let ends = |code: &str| of(stays, code).iter().any(|one| ended_by_opt_out(one, out));
    // Where nothing is sold yet, something may be later.
    selling.is_empty() || selling.iter().any(|code| opt_out_stands(out, &of(goes, code)) || ends(code))
}

/// Makes a copy of a record for the one that stays. A yes that does not hold any more by itself is not made to hold again.
async fn adopt(
    app: &App,
    call: &Call,
    work: &Work,
    to: CustomerId,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, DomainError> {
    let Some(listed) = stored::find(work, standing.consent).await? else { return Ok(None) };
    let over = standing.at < listed.renewed_from || standing.expires_at.is_some_and(|end| end <= now);
    if standing.state == State::Given && over {
        return Ok(None);
    }
    let copy =
        ConsentRow { id: app.new_id(), customer: to.uuid(), channel: standing.channel.clone(), ..listed.consent };
    stored::insert_records(work, std::slice::from_ref(&copy)).await?;
    put(work, &[event(app, call, &copy, standing.state, now)]).await?;
    if standing.state == State::Given {
        let news = News::about(EventType::ConsentsGiven, to)
            .with("consent_id", Fact::Person(copy.id))
            .with("purpose", Fact::Code(copy.purpose.clone()))
            .with("channel", Fact::Code(copy.channel.clone()));
        publish_all(app, work, vec![news]).await?;
    }
    Ok(Some(copy.id))
}

fn event(app: &App, call: &Call, consent: &ConsentRow, state: State, at: DateTime<Utc>) -> Event {
    Event {
        id: app.new_id(),
        consent: consent.id,
        customer: consent.customer,
        purpose: consent.purpose.clone(),
        channel: consent.channel.clone(),
        state: state.code(),
        notice: consent.notice,
        at,
        expires_at: consent.expires_at,
        by_kind: call.identity.caller.actor_kind().to_owned(),
        by: call.identity.actor_id(),
        reason: None,
    }
}

async fn put(work: &Work, events: &[Event]) -> Result<(), DomainError> {
    stored::insert_events(work, events).await?;
    Ok(stored::put_states(work, events).await?)
}

/// Takes a yes that was copied back where it still stands. What was stopped stays stopped: nobody is made to have agreed again.
pub(crate) async fn unfollow(
    app: &App,
    call: &Call,
    work: &Work,
    customer: CustomerId,
    adopted: &[Uuid],
) -> Result<(), DomainError> {
    let now = stored::moment(work).await?;
    for (_, standing) in stored::standings_of(work, customer.uuid()).await? {
        if standing.state != State::Given || !adopted.contains(&standing.consent) {
            continue;
        }
        if let Some(listed) = stored::find(work, standing.consent).await? {
            put(work, &[event(app, call, &listed.consent, State::Superseded, now)]).await?;
        }
    }
    Ok(())
}
