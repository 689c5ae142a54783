//! One yes under several ids: the copies that went along with merges, and what they were copied from. A stop reaches them all.

use chrono::{DateTime, Utc};
use custodian_domain::consents::State;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, ConsentRow, Listed};
use custodian_persistence::customers::{self as people, CustomerRow};

use super::withdraw::{By, stop};
use crate::App;

/// Locks the customer of a record, also one who was deleted or merged. Answers the row that access is decided on: that of the one that they are by now.
///
/// Errors: 404 for somebody who was erased.
pub(super) async fn hold(work: &Work, consent: &ConsentRow) -> Result<CustomerRow, DomainError> {
    let customer = CustomerId::from(consent.customer);
    // Whom they were merged into is held first, as where both are erased.
    if let Some(survivor) = people::merged_into(work, customer).await? {
        people::lock_any(work, survivor).await?;
    }
    let own = lock(work, customer).await?.ok_or(DomainError::NotFound)?;
    // Asked again under the lock: a merge may have been undone meanwhile.
    match people::merged_into(work, customer).await? {
        Some(survivor) => lock(work, survivor).await?.ok_or(DomainError::NotFound),
        None => Ok(own),
    }
}

/// The customer, locked; none where they were erased.
async fn lock(work: &Work, customer: CustomerId) -> Result<Option<CustomerRow>, DomainError> {
    let locked = people::lock_any(work, customer).await?;
    Ok(locked.and_then(|(row, erased)| (!erased).then_some(row)))
}

/// Ends what a record allows, and its copies, and what it was copied from. Answers the record as withdrawn where any of that was stopped or had been,
/// the moment, and how much was stopped now. The record's customer must be held.
pub(super) async fn stop_all(
    app: &App,
    work: &Work,
    listed: Listed,
    by: By<'_>,
) -> Result<(Listed, DateTime<Utc>, usize), DomainError> {
    let mut reached = Vec::new();
    let mut copies = 0;
    for customer in others(work, &listed.consent).await? {
        if lock(work, customer).await?.is_none() {
            continue;
        }
        let consent = ConsentRow { customer: customer.uuid(), ..listed.consent.clone() };
        let (_, _, stopped) = stop(app, work, Listed { consent, ..listed.clone() }, by).await?;
        copies += stopped;
        reached.push(customer);
    }
    let (listed, now, own) = stop(app, work, listed, by).await?;
    reached.push(CustomerId::from(listed.consent.customer));
    let stopped = own + copies;
    Ok((answered(work, listed, &reached, (stopped > 0).then_some(now)).await?, now, stopped))
}

/// Those whom a stop reaches beside the record's own customer: the one that they are by now, whom it was copied from, and the ones that those are.
async fn others(work: &Work, consent: &ConsentRow) -> Result<Vec<CustomerId>, DomainError> {
    let own = CustomerId::from(consent.customer);
    let origins = people::copied_from(work, own, consent.id).await?;
    let mut others: Vec<CustomerId> = Vec::new();
    for id in std::iter::once(own).chain(origins.iter().copied()) {
        others.extend(people::merged_into(work, id).await?);
    }
    others.extend(origins);
    let mut distinct = Vec::with_capacity(others.len());
    for id in others {
        if id != own && !distinct.contains(&id) {
            distinct.push(id);
        }
    }
    Ok(distinct)
}

/// The record as its withdrawal is answered: whoever said stop under an id that a later one replaced is not told that nothing happened.
async fn answered(
    work: &Work,
    listed: Listed,
    reached: &[CustomerId],
    stopped_at: Option<DateTime<Utc>>,
) -> Result<Listed, DomainError> {
    if listed.state != State::Superseded.code() {
        return Ok(listed);
    }
    let mut at: Option<DateTime<Utc>> = None;
    for customer in reached {
        let standings = stored::standings_of(work, customer.uuid()).await?;
        let own = standings.into_iter().filter(|(code, one)| {
            *code == listed.consent.purpose && one.channel == listed.consent.channel && one.state == State::Withdrawn
        });
        at = at.max(own.map(|(_, one)| one.at).max());
    }
    // As it was stored, so that a second use is answered alike.
    Ok(match at.or(stopped_at) {
        Some(changed_at) => Listed { state: State::Withdrawn.code().to_owned(), changed_at, ..listed },
        None => listed,
    })
}
