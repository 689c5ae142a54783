//! The end of the log: requests that ended longer ago than they are kept go, with everything that was said in them.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::privacy_requests::kept_since;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as people, lock_any};
use custodian_persistence::privacy_requests as stored;
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft, record_all};

/// How many requests one round takes: their ids stand in one entry.
const TOGETHER: i64 = 100;

/// Whether there is a request that is kept no longer.
pub(crate) async fn any_ended(work: &Work, now: DateTime<Utc>) -> Result<bool, DomainError> {
    match kept_since(now) {
        Some(before) => Ok(!stored::ended_before(work, before, 1).await?.is_empty()),
        None => Ok(false),
    }
}

/// Removes requests that are kept no longer; `now` is a time that can be believed. How many went, which the audit log says as well.
pub(crate) async fn forget_ended(
    app: &App,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<usize, DomainError> {
    let Some(before) = kept_since(now) else { return Ok(0) };
    let work = app.begin(organization).await?;
    let found = stored::ended_before(&work, before, TOGETHER).await?;
    if found.is_empty() {
        work.abandon().await;
        return Ok(0);
    }
    stored::hold(&work).await?;
    lock_people(&work, &found).await?;
    let ids: Vec<Uuid> = found.into_iter().map(|(id, _)| id).collect();
    let gone = stored::remove_ended(&work, before, &ids).await?;
    if gone.is_empty() {
        work.abandon().await;
        return Ok(0);
    }
    let draft = Draft::of(Action::PrivacyRequestsExpire)
        .with("count", Detail::Count(u32::try_from(gone.len()).unwrap_or(u32::MAX)))
        .with("privacy_requests", Detail::Codes(gone.iter().map(Uuid::to_string).collect()));
    record_all(&work, &[&app.own_entry(organization, draft).await?]).await?;
    work.commit().await?;
    Ok(gone.len())
}

/// Locks whose they were, so that no hold is laid on any of them meanwhile, in the order in which holds lock them.
async fn lock_people(work: &Work, found: &[(Uuid, Option<Uuid>)]) -> Result<(), DomainError> {
    let mut customers: Vec<Uuid> = found.iter().filter_map(|(_, customer)| *customer).collect();
    for id in customers.clone() {
        customers.extend(people::merged_into(work, CustomerId::from(id)).await?.map(|survivor| survivor.uuid()));
    }
    customers.sort_unstable();
    customers.dedup();
    for id in customers {
        lock_any(work, CustomerId::from(id)).await?;
    }
    Ok(())
}
