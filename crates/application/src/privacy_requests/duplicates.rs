//! Several open requests of one person for the same: one stands, the others point to it. The organisation's requests must be held.

use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::privacy_requests::{Matter, State, displaces};
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::{Work, jobs};
use serde_json::json;
use uuid::Uuid;

use super::{Codes, Doer, KIND, codes, note, tell, watch};
use crate::events::EventType;
use crate::{App, Call};

fn matter(row: &RequestRow) -> Result<Matter<'_>, DomainError> {
    let Codes { right, jurisdiction, .. } = codes(row)?;
    Ok(Matter { right, jurisdiction, purposes: &row.purposes })
}

/// The other open requests of the person for this right under this law: those that ask for the same, and those that do not.
async fn others(work: &Work, row: &RequestRow) -> Result<[Vec<RequestRow>; 2], DomainError> {
    let (mut same, mut different) = (Vec::new(), Vec::new());
    let Some(customer) = row.customer else { return Ok([same, different]) };
    let own = matter(row)?;
    for one in stored::lock_open(work, customer, &row.right, &row.jurisdiction).await? {
        if one.id == row.id {
            continue;
        }
        let repeats = matter(&one)?.repeats(&own);
        if repeats { same.push(one) } else { different.push(one) }
    }
    Ok([same, different])
}

/// Finds this request its place among those that are open: beside the one that stands, or, proved where that one is not, in its place.
pub(super) async fn settle(app: &App, work: &Work, row: &mut RequestRow, by: Doer) -> Result<(), DomainError> {
    let [open, _] = others(work, row).await?;
    let Some(standing) = open.iter().find(|one| one.duplicate_of.is_none()) else {
        row.duplicate_of = None;
        return Ok(());
    };
    if displaces(row.verified_at.is_some(), standing.verified_at.is_some()) {
        row.duplicate_of = None;
        point(app, work, open, row.id, by).await
    } else {
        row.duplicate_of = Some(standing.id);
        Ok(())
    }
}

/// Finds those their place anew that the undoing of a merge gave back, and opens again what was answered with a request that is somebody else's now. The
/// organisation's requests and both customers must be held.
pub(crate) async fn part(app: &App, call: &Call, work: &Work, back: &[Uuid]) -> Result<(), DomainError> {
    let mut all = back.to_vec();
    for row in stored::answered_apart(work, back).await? {
        all.push(row.id);
        reopen(app, work, row, Doer::of(call)).await?;
    }
    regroup(app, call, work, &all).await
}

/// The person was sent somebody else's data, or nothing: the request stands again where it stood, with the days it had.
async fn reopen(app: &App, work: &Work, mut row: RequestRow, by: Doer) -> Result<(), DomainError> {
    let is_open =
        |code: &str| matches!(State::from_code(code), Some(State::Received | State::Verifying | State::InProgress));
    let events = stored::events(work, row.id).await?;
    let before = events.into_iter().rev().find(|event| is_open(&event.state));
    row.state = before.map_or_else(|| State::Received.as_str().to_owned(), |event| event.state);
    row.closed_at = None;
    row.duplicate_of = None;
    stored::update(work, &row).await?;
    tell(app, work, EventType::PrivacyRequestsReopened, &row).await?;
    note(app, work, &row, by, "reopened", json!({})).await?;
    jobs::reopen(work, JobId::from(row.id), KIND, watch::first_look(&row)).await?;
    Ok(())
}

/// Finds open requests their place anew that a merge gave to another customer, or its undoing gave back, and those that pointed to them. The organisation's
/// requests and both customers must be held.
pub(crate) async fn regroup(app: &App, call: &Call, work: &Work, moved: &[Uuid]) -> Result<(), DomainError> {
    let pointing = stored::pointing_to(work, moved).await?;
    for id in moved.iter().chain(&pointing) {
        let open = stored::lock_alone(work, *id).await?.filter(|row| row.closed_at.is_none());
        let Some(row) = open else { continue };
        elect(app, work, row, Doer::of(call)).await?;
    }
    Ok(())
}

/// Has one stand of those that ask for the same as this one, and the others point to it: the proved before the others, then one that stood, then the oldest.
async fn elect(app: &App, work: &Work, row: RequestRow, by: Doer) -> Result<(), DomainError> {
    let [mut all, _] = others(work, &row).await?;
    all.push(row);
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let points = |one: &RequestRow| one.duplicate_of.is_some_and(|of| ids.contains(&of));
    all.sort_by_key(|one| (one.verified_at.is_none(), points(one), one.id));
    let mut all = all.into_iter();
    let Some(mut first) = all.next() else { return Ok(()) };
    if first.duplicate_of.take().is_some() {
        stored::update(work, &first).await?;
        note(app, work, &first, by, "stands", json!({})).await?;
    }
    point(app, work, all.collect(), first.id, by).await
}

async fn point(app: &App, work: &Work, open: Vec<RequestRow>, to: Uuid, by: Doer) -> Result<(), DomainError> {
    for mut one in open.into_iter().filter(|one| one.duplicate_of != Some(to)) {
        one.duplicate_of = Some(to);
        stored::update(work, &one).await?;
        note(app, work, &one, by, "linked", json!({"duplicate_of": to})).await?;
    }
    Ok(())
}

/// What becomes of those that point to one that has ended, or that turned out to be somebody else's. An answer to somebody who was proved ends them all;
/// where it was not proved, or was taken back, the next one stands: the proved before the others, then the oldest.
pub(super) async fn release(app: &App, work: &Work, ended: &RequestRow, by: Doer) -> Result<(), DomainError> {
    let [mut same, mut different] = others(work, ended).await?;
    same.retain(|one| one.duplicate_of == Some(ended.id));
    different.retain(|one| one.duplicate_of == Some(ended.id));
    place_anew(app, work, different, by).await?;
    if ended.verified_at.is_some() && ended.state != State::Cancelled.as_str() {
        return answered(app, work, same, ended, by).await;
    }
    same.sort_by_key(|one| (one.verified_at.is_none(), one.id));
    let mut same = same.into_iter();
    let Some(mut next) = same.next() else { return Ok(()) };
    next.duplicate_of = None;
    stored::update(work, &next).await?;
    note(app, work, &next, by, "stands", json!({})).await?;
    point(app, work, same.collect(), next.id, by).await
}

async fn answered(
    app: &App,
    work: &Work,
    same: Vec<RequestRow>,
    ended: &RequestRow,
    by: Doer,
) -> Result<(), DomainError> {
    for mut one in same {
        one.state = State::Cancelled.as_str().to_owned();
        one.closed_at = ended.closed_at;
        stored::update(work, &one).await?;
        tell(app, work, EventType::PrivacyRequestsClosed, &one).await?;
        note(app, work, &one, by, "answered_in_other", json!({"duplicate_of": ended.id})).await?;
        jobs::finish(work, JobId::from(one.id), Ok(json!({})), ended.closed_at.unwrap_or_default()).await?;
    }
    Ok(())
}

/// Requests that an older version has linked although they ask for something else are still to be done: each finds the place that it should have had.
async fn place_anew(app: &App, work: &Work, linked: Vec<RequestRow>, by: Doer) -> Result<(), DomainError> {
    for mut one in linked {
        settle(app, work, &mut one, by).await?;
        stored::update(work, &one).await?;
        match one.duplicate_of {
            Some(standing) => note(app, work, &one, by, "linked", json!({"duplicate_of": standing})).await?,
            None => note(app, work, &one, by, "stands", json!({})).await?,
        }
    }
    Ok(())
}
