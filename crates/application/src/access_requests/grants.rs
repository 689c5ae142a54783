//! Rights that end by themselves: read, and ended before their time.

use custodian_domain::access_requests::{Kind, State};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self as stored, GrantFilter, GrantRow};
use custodian_persistence::{Work, jobs};
use serde_json::json;
use uuid::Uuid;

use super::read::sees_all;
use super::{letters, news};
use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

fn entry(action: Action, grant: Uuid) -> Draft {
    Draft::of(action).with("grant", Detail::Code(grant.to_string()))
}

/// A page of rights, newest first: everybody's for who watches over them, else those that one has or gave.
pub async fn list_grants(
    app: &App,
    call: &Call,
    mut filter: GrantFilter,
    limit: usize,
) -> Result<(Vec<GrantRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::GrantsRead)?;
    if !sees_all(call) {
        filter.concerning = Some(call.identity.actor_id());
    }
    let mut rows = app
        .reading(call.organization(), async |work| stored::list_grants(work, &filter, one_more(limit)).await)
        .await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::GrantsRead)).await?;
    Ok((rows, next))
}

/// Whether the caller may know of a right: its holder, who decided about it, and who watches over all.
async fn sees(call: &Call, work: &Work, row: &GrantRow) -> Result<bool, DomainError> {
    if sees_all(call) || Some(row.user) == call.identity.user() {
        return Ok(true);
    }
    decided(call, work, row).await
}

async fn decided(call: &Call, work: &Work, row: &GrantRow) -> Result<bool, DomainError> {
    let own = call.identity.actor_id();
    Ok(stored::decisions(work, &[row.request]).await?.iter().any(|(_, decision)| decision.approver == own))
}

/// One right.
pub async fn find_grant(app: &App, call: &Call, id: Uuid) -> Result<GrantRow, DomainError> {
    call.needs(Permission::GrantsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = match stored::find_grant(&work, id).await? {
        Some(row) if sees(call, &work, &row).await? => Some(row),
        _ => None,
    };
    work.abandon().await;
    let found = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::GrantsRead, id)).await?;
    Ok(found)
}

/// Ends a right for every call that begins after this: by its holder, by who decided about it, or by who watches over all.
///
/// Errors: 403 naming `grants.revoke` for somebody who may only read it; 409 `grant_ended`.
pub async fn revoke_grant(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<GrantRow, DomainError> {
    call.needs(Permission::GrantsRead)?;
    let row = stored::lock_grant(work, id).await?.ok_or(DomainError::NotFound)?;
    if !sees(call, work, &row).await? {
        return Err(DomainError::NotFound);
    }
    let own = Some(row.user) == call.identity.user();
    if !own && !call.identity.caller.holds(Permission::GrantsRevoke) && !decided(call, work, &row).await? {
        return Err(DomainError::Forbidden { permission: Permission::GrantsRevoke.code() });
    }
    if !row.in_force {
        return Err(DomainError::refused(RefusedAs::Conflict, "grant_ended"));
    }
    end(app, work, &row, call.identity.actor_id(), own).await?;
    let draft = entry(Action::GrantsRevoke, id)
        .with("access_request", Detail::Code(row.request.to_string()))
        .with("user", Detail::Code(row.user.to_string()));
    app.record_change(work, call, draft).await?;
    stored::find_grant(work, id).await?.ok_or_else(|| DomainError::internal("a right was not stored"))
}

/// Ends a right that a review found to be needed no more. Whether it was in force until now. Asks nobody's permission: the caller of this has.
pub(crate) async fn end_grant(app: &App, work: &Work, id: Uuid, by: Uuid) -> Result<bool, DomainError> {
    let Some(row) = stored::lock_grant(work, id).await?.filter(|row| row.in_force) else { return Ok(false) };
    end(app, work, &row, by, false).await?;
    Ok(true)
}

async fn end(app: &App, work: &Work, row: &GrantRow, by: Uuid, own: bool) -> Result<(), DomainError> {
    stored::revoke_grant(work, row.id, by).await?;
    close_request(app, work, row, own).await?;
    news::ended(app, work, row, State::Revoked.as_str()).await
}

async fn close_request(app: &App, work: &Work, grant: &GrantRow, own: bool) -> Result<(), DomainError> {
    let Some(mut request) = stored::lock(work, grant.request).await? else {
        return Ok(());
    };
    let now = work.database_time().await?;
    request.state = State::Revoked.as_str().to_owned();
    request.closed_at = Some(now);
    stored::update(work, &request).await?;
    if request.kind == Kind::Emergency.as_str() {
        // Its review goes on.
        jobs::put_off(work, JobId::from(request.id), request.lapses_at).await?;
    } else {
        jobs::finish(work, JobId::from(request.id), Ok(json!({"state": "revoked"})), now).await?;
    }
    if own {
        return Ok(());
    }
    letters::tell_requester(app, work, &request, now + chrono::TimeDelta::days(7)).await
}
