//! Approving, denying and taking back. One decision counts, whoever else decides at the same moment.

use custodian_domain::access_requests::{Decider, Kind, State, Verdict};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self as stored, DecisionRow, RequestRow};
use custodian_persistence::{Work, jobs};
use serde_json::json;
use uuid::Uuid;

use super::read::{RequestView, decisions_of, sees_all, view_of};
use super::who::{Standing, staffing};
use super::{entry, letters, news};
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::keys::{own_place, seal_own};
use crate::{App, Call, exports};

fn refused(status: RefusedAs, code: &'static str) -> DomainError {
    DomainError::refused(status, code)
}

fn already_decided() -> DomainError {
    refused(RefusedAs::Conflict, "already_decided")
}

/// Says yes to the present step. With the last one the right begins, in this transaction.
///
/// Errors: 403 `own_request`, `not_the_approver`, `step_up_required`; 409 `already_decided`; 404 for who is not asked and watches over nothing.
pub async fn approve(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    comment: Option<&str>,
) -> Result<RequestView, DomainError> {
    let (mut row, standing, decider) = to_decide(call, work, id).await?;
    require_step_up(app, call, work).await?;
    note(app, work, &row, &decider, Verdict::Approve, comment).await?;
    row.step += 1;
    row.step_started_at = work.database_time().await?;
    row.escalated = false;
    let last = usize::try_from(row.step).is_ok_and(|step| step >= standing.steps.len());
    let mut draft = told(Action::AccessRequestsApprove, &row, &decider);
    if last {
        row.state = State::Approved.as_str().to_owned();
        stored::update(work, &row).await?;
        draft = give(app, work, &row, draft).await?;
    } else {
        stored::update(work, &row).await?;
        let decisions = decisions_of(work, id).await?;
        let standing = Standing::of(&row, &decisions)?;
        jobs::put_off(work, JobId::from(id), standing.escalates_at().min(row.lapses_at)).await?;
        let asked = standing.deciders(&staffing(work).await?, row.step_started_at);
        letters::ask(app, work, &row, &asked).await?;
    }
    app.record_change(work, call, draft).await?;
    view_of(app, work, row, true).await
}

/// What an approved request gives.
async fn give(app: &App, work: &Work, row: &RequestRow, draft: Draft) -> Result<Draft, DomainError> {
    if row.kind == Kind::Export.as_str() {
        exports::approved(work, row).await?;
        letters::tell_requester(app, work, row, row.lapses_at).await?;
        news::decided(app, work, row).await?;
        return Ok(draft.with("export", Detail::Code(row.id.to_string())));
    }
    let grant = stored::insert_grant(work, app.new_id(), row.id).await?;
    jobs::put_off(work, JobId::from(row.id), grant.ends_at).await?;
    letters::tell_requester(app, work, row, grant.ends_at).await?;
    news::decided(app, work, row).await?;
    news::given(app, work, &grant).await?;
    Ok(draft.with("grant", Detail::Code(grant.id.to_string())))
}

/// Says no: the request has ended.
///
/// Errors: those of [`approve`], but for `step_up_required`: a no opens nothing.
pub async fn deny(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    comment: Option<&str>,
) -> Result<RequestView, DomainError> {
    let (row, _, decider) = to_decide(call, work, id).await?;
    note(app, work, &row, &decider, Verdict::Deny, comment).await?;
    let draft = told(Action::AccessRequestsDeny, &row, &decider);
    let row = end(app, work, row, State::Denied).await?;
    letters::tell_requester(app, work, &row, row.lapses_at).await?;
    app.record_change(work, call, draft).await?;
    view_of(app, work, row, true).await
}

/// Takes one's own request back.
///
/// Errors: 409 `already_decided`; 404 for anybody else.
pub async fn cancel(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<RequestView, DomainError> {
    call.needs(Permission::AccessRequestsCreate)?;
    let row = stored::lock(work, id).await?.filter(|row| Some(row.requester) == call.identity.user());
    let row = row.ok_or(DomainError::NotFound)?;
    if row.state != State::Pending.as_str() {
        return Err(already_decided());
    }
    let row = end(app, work, row, State::Cancelled).await?;
    app.record_change(work, call, entry(Action::AccessRequestsCancel, id)).await?;
    view_of(app, work, row, true).await
}

async fn end(app: &App, work: &Work, mut row: RequestRow, state: State) -> Result<RequestRow, DomainError> {
    row.state = state.as_str().to_owned();
    row.closed_at = Some(work.database_time().await?);
    stored::update(work, &row).await?;
    if row.kind == Kind::Export.as_str() {
        exports::dropped(work, &row).await?;
    }
    jobs::finish(work, JobId::from(row.id), Ok(json!({"state": row.state})), row.closed_at.unwrap_or_default()).await?;
    news::decided(app, work, &row).await?;
    Ok(row)
}

fn told(action: Action, row: &RequestRow, decider: &Decider) -> Draft {
    let draft = entry(action, row.id)
        .with("requester", Detail::Code(row.requester.to_string()))
        .with("step", Detail::Count(u32::try_from(row.step).unwrap_or_default()));
    match decider.on_behalf_of {
        Some(user) => draft.with("on_behalf_of", Detail::Code(user.to_string())),
        None => draft,
    }
}

/// The locked request, if the caller may decide about it now.
async fn to_decide(call: &Call, work: &Work, id: Uuid) -> Result<(RequestRow, Standing, Decider), DomainError> {
    call.needs(Permission::AccessRequestsDecide)?;
    let user = call.identity.user().ok_or(refused(RefusedAs::Forbidden, "staff_only"))?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.requester == user {
        return Err(refused(RefusedAs::Forbidden, "own_request"));
    }
    let (decisions, staff) = (decisions_of(work, id).await?, staffing(work).await?);
    let standing = Standing::of(&row, &decisions)?;
    if standing.is_barred(&staff, user) {
        return Err(refused(RefusedAs::Forbidden, "own_request"));
    }
    if !sees_all(call) && !standing.concerns(&staff, user) {
        return Err(DomainError::NotFound);
    }
    let decided = decisions.iter().any(|one| UserId::from(one.approver) == user);
    if row.state != State::Pending.as_str() || decided {
        return Err(already_decided());
    }
    let now = work.database_time().await?;
    let mine = standing.deciders(&staff, now).into_iter().find(|one| one.user == user);
    let decider = mine.ok_or(refused(RefusedAs::Forbidden, "not_the_approver"))?;
    Ok((row, standing, decider))
}

pub(super) async fn note(
    app: &App,
    work: &Work,
    row: &RequestRow,
    decider: &Decider,
    verdict: Verdict,
    comment: Option<&str>,
) -> Result<(), DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let field = format!("comment/{}", row.step);
    let place = own_place(work.organization(), "access_request", row.id, &field, 1);
    let decision = DecisionRow {
        step: row.step,
        approver: decider.user.uuid(),
        on_behalf_of: decider.on_behalf_of.map(UserId::uuid),
        decision: verdict.as_str().to_owned(),
        sealed_comment: comment.map(|text| seal_own(&keys, &place, text, app.rng())),
        decided_at: work.database_time().await?,
    };
    Ok(stored::insert_decision(work, row.id, &decision).await?)
}
