//! What is done with a request on its way: its receipt confirmed, given to somebody, given more time, taken back.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, JobId, RefusedAs, UserId};
use custodian_domain::privacy_requests::{Right, State};
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::users::UserRow;
use custodian_persistence::{Work, jobs, users};
use serde_json::json;
use uuid::Uuid;

use super::read::{RequestView, view_of};
use super::{Doer, codes, conflict, duplicates, entry, letters, note, tell, times, to_handle, watch};
use crate::audit::{Detail, Draft};
use crate::erasures::call_off;
use crate::events::EventType;
use crate::roles::all_roles;
use crate::{App, Call};

/// Confirms the receipt, where that has a time of its own and everywhere else. A second time changes nothing.
///
/// Errors: 404; 409 `request_closed`.
pub async fn acknowledge(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<RequestView, DomainError> {
    let (mut row, now) = to_handle(call, work, id).await?;
    if row.acknowledged_at.is_none() {
        row.acknowledged_at = Some(now);
        stored::update(work, &row).await?;
        note(app, work, &row, Doer::of(call), "acknowledged", json!({})).await?;
        let due = row.due_on;
        let text = [
            format!("It was received; an answer is due by {due}."),
            format!("我们已收到您的请求，最迟于 {due} 前答复。"),
        ];
        letters::tell(app, work, &row, text).await?;
    }
    app.record_change(work, call, entry(Action::PrivacyRequestsAcknowledge, &row)).await?;
    view_of(app, call, work, row).await
}

/// Gives a request to a colleague.
///
/// Errors: 404; 409 `request_closed`; 422 for somebody who is no active colleague, or may not answer requests.
pub async fn assign(app: &App, call: &Call, work: &Work, id: Uuid, user: Uuid) -> Result<RequestView, DomainError> {
    let (mut row, _) = to_handle(call, work, id).await?;
    let known = users::find(work, UserId::from(user)).await?.filter(|found| found.state == "active");
    let known = known.ok_or_else(|| DomainError::invalid("/user_id", "unknown_user"))?;
    // It would leave everybody's inbox and come to one that cannot answer it.
    if !may_handle(work, &known).await? {
        return Err(DomainError::invalid("/user_id", "unknown_user"));
    }
    row.assignee = Some(user);
    stored::update(work, &row).await?;
    note(app, work, &row, Doer::of(call), "assigned", json!({"user_id": user})).await?;
    let draft = entry(Action::PrivacyRequestsAssign, &row).with("user", Detail::Code(user.to_string()));
    app.record_change(work, call, draft).await?;
    view_of(app, call, work, row).await
}

/// Whether somebody's roles let them answer requests.
async fn may_handle(work: &Work, user: &UserRow) -> Result<bool, DomainError> {
    let roles = all_roles(work).await?;
    let handles = |code: &String| {
        roles.get(code).is_some_and(|role| role.permissions.contains(&Permission::PrivacyRequestsManage))
    };
    Ok(user.roles.iter().any(handles))
}

/// Open requests that somebody who leaves has taken on go to the successor, or back to everybody where that person may not handle them; how many there
/// were. Asks nobody's permission: the caller of this has.
pub(crate) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    from: UserId,
    heir: &UserRow,
) -> Result<u64, DomainError> {
    let to = may_handle(work, heir).await?.then_some(heir.id.uuid());
    stored::hold(work).await?;
    let mut count = 0;
    for id in stored::open_of(work, from).await? {
        // Of many people: to hold them all as well would meet whoever holds two of them in another order.
        let Some(mut row) = stored::lock_alone(work, id).await? else { continue };
        row.assignee = to;
        stored::update(work, &row).await?;
        note(app, work, &row, Doer::of(call), "assigned", json!({"user_id": to})).await?;
        let draft = entry(Action::PrivacyRequestsAssign, &row);
        let user = to.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
        app.record_change(work, call, draft.with("user", Detail::Code(user))).await?;
        count += 1;
    }
    Ok(count)
}

/// Gives a request more time: once, with a reason, before its first last day is over, where the law lets it.
///
/// Errors: 409 `no_extension`, `already_extended`, `request_closed`, `duplicate_request`; 422 `window_closed`.
pub async fn extend(app: &App, call: &Call, work: &Work, id: Uuid, reason: String) -> Result<RequestView, DomainError> {
    let (mut row, now) = to_handle(call, work, id).await?;
    let codes = codes(&row)?;
    if codes.rule.longest.is_none() {
        return Err(conflict("no_extension"));
    }
    if row.extended_at.is_some() {
        return Err(conflict("already_extended"));
    }
    stands(&row)?;
    if now >= row.window_ends_at {
        return Err(DomainError::refused(RefusedAs::Unprocessable, "window_closed"));
    }
    row.extended_at = Some(now);
    row.told = 0;
    times::Times::load(work, codes.jurisdiction).await?.set(&mut row)?;
    stored::update(work, &row).await?;
    note(app, work, &row, Doer::of(call), "extended", json!({"due_on": row.due_on})).await?;
    jobs::put_off(work, JobId::from(id), watch::first_look(&row)).await?;
    let due = row.due_on;
    let text = [
        format!("More time is needed, until {due}. Reason: {reason}"),
        format!("需要延长处理时间至 {due}。原因：{reason}"),
    ];
    letters::tell(app, work, &row, text).await?;
    let draft = Draft { reason: Some(reason), ..entry(Action::PrivacyRequestsExtend, &row) };
    app.record_change(work, call, draft).await?;
    view_of(app, call, work, row).await
}

/// Takes a request back, as its requester said.
///
/// Errors: 404; 409 `request_closed`.
pub async fn cancel(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<RequestView, DomainError> {
    let (row, _) = to_handle(call, work, id).await?;
    take_back(app, call, work, row).await
}

/// Ends a held request at its requester's word, whoever passes it on.
pub(crate) async fn take_back(
    app: &App,
    call: &Call,
    work: &Work,
    row: RequestRow,
) -> Result<RequestView, DomainError> {
    if row.closed_at.is_some() {
        return Err(conflict("request_closed"));
    }
    let row = end(app, call, work, row, State::Cancelled).await?;
    note(app, work, &row, Doer::of(call), "cancelled", json!({})).await?;
    app.record_change(work, call, entry(Action::PrivacyRequestsCancel, &row)).await?;
    view_of(app, call, work, row).await
}

/// Ends a request, stops its clock, and sees to those that point to it.
pub(super) async fn end(
    app: &App,
    call: &Call,
    work: &Work,
    mut row: RequestRow,
    state: State,
) -> Result<RequestRow, DomainError> {
    let now = work.database_time().await?;
    row.state = state.as_str().to_owned();
    row.closed_at = Some(now);
    row.paused_at = None;
    stored::update(work, &row).await?;
    tell(app, work, EventType::PrivacyRequestsClosed, &row).await?;
    duplicates::release(app, work, &row, Doer::of(call)).await?;
    if let (true, Some(customer)) = (row.right == Right::Erasure.as_str(), row.customer) {
        call_off(app, call, work, CustomerId::from(customer)).await?;
    }
    jobs::finish(work, JobId::from(row.id), Ok(json!({"state": row.state})), now).await?;
    Ok(row)
}

/// Refuses what is to be done to the one that stands.
pub(super) fn stands(row: &RequestRow) -> Result<(), DomainError> {
    if row.duplicate_of.is_some() { Err(conflict("duplicate_request")) } else { Ok(()) }
}
