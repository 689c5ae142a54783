//! Who stands in for whom while somebody is away.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, DelegationRow};
use uuid::Uuid;

use super::who::staffing;
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// The longest that somebody stands in.
const LONGEST: TimeDelta = TimeDelta::days(92);

/// Somebody is to stand in for the caller.
#[derive(Clone, Copy, Debug)]
pub struct NewDelegation {
    /// Who.
    pub delegate: UserId,
    /// From then on; at once when absent.
    pub from: Option<DateTime<Utc>>,
    /// Until then.
    pub until: DateTime<Utc>,
}

/// Those that the caller gave and was given, as far as they have not ended.
pub async fn list_delegations(app: &App, call: &Call) -> Result<Vec<DelegationRow>, DomainError> {
    call.needs(Permission::AccessRequestsDecide)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list_delegations(&work, call.identity.actor_id()).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::ApprovalPoliciesRead)).await?;
    Ok(rows?)
}

/// Lets a colleague decide in the caller's place for a while. The caller may go on deciding.
///
/// Errors: 422 for a colleague who may not decide, oneself, and times that are past, turned round or too far; 409 `already_delegated` for two at a time.
pub async fn delegate(app: &App, call: &Call, work: &Work, new: NewDelegation) -> Result<DelegationRow, DomainError> {
    call.needs(Permission::AccessRequestsDecide)?;
    let user = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let now = work.database_time().await?;
    let from = new.from.unwrap_or(now);
    let mut faults = Vec::new();
    let may = staffing(work).await?.people.get(&new.delegate).is_some_and(|one| one.may_decide);
    if new.delegate == user || !may {
        faults.push(Fault::new("/delegate_id", "unknown_user"));
    }
    if new.until <= now.max(from) {
        faults.push(Fault::new("/until", "in_the_past"));
    } else if new.until > now + LONGEST {
        faults.push(Fault::new("/until", "too_far"));
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    if !stored::delegations(work, user.uuid(), from, new.until).await?.is_empty() {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_delegated"));
    }
    let (id, delegate) = (app.new_id(), new.delegate.uuid());
    let row =
        DelegationRow { id, user: user.uuid(), delegate, from, until: new.until, ended_at: None, created_at: now };
    stored::insert_delegation(work, &row).await?;
    app.record_change(work, call, entry(Action::DelegationsCreate, &row)).await?;
    Ok(row)
}

/// Ends one of the caller's own.
pub async fn end_delegation(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<DelegationRow, DomainError> {
    call.needs(Permission::AccessRequestsDecide)?;
    let row = stored::end_delegation(work, call.identity.actor_id(), id).await?.ok_or(DomainError::NotFound)?;
    app.record_change(work, call, entry(Action::DelegationsEnd, &row)).await?;
    Ok(row)
}

fn entry(action: Action, row: &DelegationRow) -> Draft {
    Draft::of(action)
        .with("delegation", Detail::Code(row.id.to_string()))
        .with("delegate", Detail::Code(row.delegate.to_string()))
}
