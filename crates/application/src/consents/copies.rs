//! One yes under several ids: the copies that went along with merges, and what they were copied from. A stop reaches them all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use custodian_domain::consents::State;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, ConsentRow, Listed};
use custodian_persistence::customers::{self as people, CustomerRow};

use super::withdraw::{By, stop};
use crate::App;

/// Everybody whom a stop of a record reaches, locked until the transaction ends.
pub(super) struct Held {
    own: CustomerId,
    /// Who that is by now.
    by_now: CustomerId,
    /// The rows of all, without those of whoever was erased.
    rows: BTreeMap<CustomerId, CustomerRow>,
}

impl Held {
    /// The row that access is decided on: that of the one that the record's customer is by now.
    ///
    /// Errors: 404 for somebody who was erased.
    pub fn row(&self) -> Result<&CustomerRow, DomainError> {
        let own = self.rows.get(&self.own);
        own.and_then(|_| self.rows.get(&self.by_now)).ok_or(DomainError::NotFound)
    }
}

/// Locks everybody whom a stop of a record reaches, also those who were deleted or merged.
pub(super) async fn hold(work: &Work, consent: &ConsentRow) -> Result<Held, DomainError> {
    let own = CustomerId::from(consent.customer);
    let mut seen: BTreeMap<CustomerId, Option<CustomerRow>> = BTreeMap::new();
    loop {
        let (by_now, order) = reached(work, consent).await?;
        let missing: Vec<CustomerId> = order.into_iter().filter(|id| !seen.contains_key(id)).collect();
        if missing.is_empty() {
            let rows = seen.into_iter().filter_map(|(id, row)| Some((id, row?))).collect();
            return Ok(Held { own, by_now, rows });
        }
        // Asked again once they are held: until then they could be merged, or told apart.
        for id in missing {
            seen.insert(id, lock(work, id).await?);
        }
    }
}

/// The customer, locked; none where they were erased.
async fn lock(work: &Work, customer: CustomerId) -> Result<Option<CustomerRow>, DomainError> {
    let locked = people::lock_any(work, customer).await?;
    Ok(locked.and_then(|(row, erased)| (!erased).then_some(row)))
}

/// Ends what a record allows, and its copies, and what it was copied from. Answers the record as withdrawn where any of that was stopped or had been,
/// the moment, and how much was stopped now.
pub(super) async fn stop_all(
    app: &App,
    work: &Work,
    listed: Listed,
    held: &Held,
    by: By<'_>,
) -> Result<(Listed, DateTime<Utc>, usize), DomainError> {
    let mut reached = Vec::new();
    let mut copies = 0;
    for customer in held.rows.keys().copied().filter(|id| *id != held.own) {
        let consent = ConsentRow { customer: customer.uuid(), ..listed.consent.clone() };
        let (_, _, stopped) = stop(app, work, Listed { consent, ..listed.clone() }, by).await?;
        copies += stopped;
        reached.push(customer);
    }
    let (listed, now, own) = stop(app, work, listed, by).await?;
    reached.push(held.own);
    let stopped = own + copies;
    Ok((answered(work, listed, &reached, (stopped > 0).then_some(now)).await?, now, stopped))
}

/// Who a record's customer is by now; and all whom a stop reaches, in the order in which they are locked: the customer, whom it was copied from, and the ones that
/// those are by now.
async fn reached(work: &Work, consent: &ConsentRow) -> Result<(CustomerId, Vec<CustomerId>), DomainError> {
    let own = CustomerId::from(consent.customer);
    let (survivor, origins) = tokio::try_join!(
        biased;
        people::merged_into(work, own),
        people::copied_from(work, own, consent.id),
    )?;
    let mut known = vec![(own, survivor)];
    for origin in origins {
        known.push((origin, people::merged_into(work, origin).await?));
    }
    // By id, as a merge locks its two; but whoever is another one by now comes last, as a merge and an erasure of that one reach them.
    let mut order: BTreeSet<(bool, CustomerId)> = BTreeSet::new();
    for (id, survivor) in known {
        order.insert((survivor.is_some(), id));
        order.extend(survivor.map(|survivor| (false, survivor)));
    }
    Ok((survivor.unwrap_or(own), order.into_iter().map(|(_, id)| id).collect()))
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
