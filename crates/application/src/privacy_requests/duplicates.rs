//! Several open requests of one person for the same right: one stands, the others point to it. The organisation's requests must be held.

use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::privacy_requests::{Right, State, displaces};
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::{Work, jobs};
use serde_json::json;
use uuid::Uuid;

use super::{Doer, note, tell};
use crate::App;
use crate::events::EventType;

/// Two rectifications ask for different things, by their corrections or in words: an answer to one says nothing of the other.
fn stands_alone(row: &RequestRow) -> bool {
    row.right == Right::Rectification.as_str()
}

async fn others(work: &Work, row: &RequestRow) -> Result<Vec<RequestRow>, DomainError> {
    let Some(customer) = row.customer else { return Ok(Vec::new()) };
    let mut open = stored::lock_open(work, customer, &row.right, &row.jurisdiction).await?;
    open.retain(|one| one.id != row.id);
    Ok(open)
}

/// Finds this request its place among those that are open: beside the one that stands, or, proved where that one is not, in its place.
pub(super) async fn settle(app: &App, work: &Work, row: &mut RequestRow, by: Doer) -> Result<(), DomainError> {
    if stands_alone(row) {
        row.duplicate_of = None;
        return Ok(());
    }
    let open = others(work, row).await?;
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

async fn point(app: &App, work: &Work, open: Vec<RequestRow>, to: Uuid, by: Doer) -> Result<(), DomainError> {
    for mut one in open {
        one.duplicate_of = Some(to);
        stored::update(work, &one).await?;
        note(app, work, &one, by, "linked", json!({"duplicate_of": to})).await?;
    }
    Ok(())
}

/// What becomes of those that point to one that has ended. An answer to somebody who was proved ends them all; where it was not proved, or was taken
/// back, the next one stands: the proved before the others, then the oldest.
pub(super) async fn release(app: &App, work: &Work, ended: &RequestRow, by: Doer) -> Result<(), DomainError> {
    let mut open = others(work, ended).await?;
    open.retain(|one| one.duplicate_of == Some(ended.id));
    let answered = ended.verified_at.is_some() && ended.state != State::Cancelled.as_str();
    // Rectifications that an older version has linked are still to be done.
    if answered && !stands_alone(ended) {
        for mut one in open {
            one.state = State::Cancelled.as_str().to_owned();
            one.closed_at = ended.closed_at;
            stored::update(work, &one).await?;
            tell(app, work, EventType::PrivacyRequestsClosed, &one).await?;
            note(app, work, &one, by, "answered_in_other", json!({"duplicate_of": ended.id})).await?;
            jobs::finish(work, JobId::from(one.id), Ok(json!({})), ended.closed_at.unwrap_or_default()).await?;
        }
        return Ok(());
    }
    open.sort_by_key(|one| (one.verified_at.is_none(), one.id));
    let mut open = open.into_iter();
    let Some(mut next) = open.next() else { return Ok(()) };
    next.duplicate_of = None;
    stored::update(work, &next).await?;
    note(app, work, &next, by, "stands", json!({})).await?;
    point(app, work, open.collect(), next.id, by).await
}
