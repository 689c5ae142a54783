//! Emergencies: given at once, with an alarm, and looked at afterwards by somebody else.

use custodian_domain::access_requests::{Kind, State, Verdict};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self as stored, RequestRow};
use custodian_persistence::{Work, jobs};
use uuid::Uuid;

use super::ask::{Filed, NewRequest, Wanted};
use super::decide::note;
use super::read::{RequestView, decisions_of, sees_all, view_of};
use super::who::{Standing, staffing};
use super::{entry, letters, news};
use crate::audit::Detail;
use crate::{App, Call};

/// The most customers of an emergency: what concerns more is not one.
const MOST: usize = 50;
/// How long the right lasts when the request does not say, in minutes.
pub(super) const USUAL_MINUTES: u32 = 60;

/// Refuses what is no emergency, and whom the right is shut to.
///
/// Errors: 403 naming `access_requests.emergency`, `emergency_shut` as long as an earlier one waits for a review that is overdue; 422 for a filter or too many customers.
pub(super) async fn check(call: &Call, work: &Work, new: &NewRequest) -> Result<(), DomainError> {
    call.needs(Permission::AccessRequestsEmergency)?;
    match &new.wanted {
        Wanted::Matching(_) => return Err(DomainError::invalid("/filter", "not_allowed")),
        Wanted::Customers(ids) if ids.len() > MOST => {
            let fault = Fault::new("/customer_ids", "too_many").with_arg(MOST.to_string());
            return Err(DomainError::Invalid(vec![fault]));
        }
        Wanted::Customers(_) => {}
    }
    let Some(user) = call.identity.user() else { return Err(DomainError::NotFound) };
    if stored::review_overdue(work, user).await? {
        return Err(DomainError::refused(RefusedAs::Forbidden, "emergency_shut"));
    }
    Ok(())
}

/// Gives what was asked for, now, and raises the alarm.
pub(super) async fn give(app: &App, work: &Work, filed: &mut Filed) -> Result<(), DomainError> {
    filed.row.state = State::Approved.as_str().to_owned();
    stored::update(work, &filed.row).await?;
    let grant = stored::insert_grant(work, app.new_id(), filed.row.id).await?;
    jobs::put_off(work, JobId::from(filed.row.id), grant.ends_at.min(filed.row.lapses_at)).await?;
    news::given(app, work, &grant).await?;
    tracing::warn!(alert = "high", access_request = %filed.row.id, "fields were opened in an emergency");
    metrics::counter!("custodian_emergencies_total").increment(1);
    letters::alarm(app, work, &filed.row, &filed.asked).await
}

/// Whether this is an emergency that nobody has reviewed.
pub(super) fn waits_for_review(row: &RequestRow, reviewed: bool) -> bool {
    row.kind == Kind::Emergency.as_str() && !reviewed
}

/// Closes the review of an emergency. What was not justified ends now, if it has not ended.
///
/// Errors: 403 `own_request`, `not_the_approver`; 409 `already_decided`; 404 for who is not asked, and for what is no emergency.
pub async fn review(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    justified: bool,
    comment: Option<&str>,
) -> Result<RequestView, DomainError> {
    call.needs(Permission::AccessRequestsDecide)?;
    let user = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let row = stored::lock(work, id).await?.filter(|row| row.kind == Kind::Emergency.as_str());
    let row = row.ok_or(DomainError::NotFound)?;
    if row.requester == user {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_request"));
    }
    let (decisions, staff) = (decisions_of(work, id).await?, staffing(work).await?);
    let standing = Standing::of(&row, &decisions)?;
    if standing.is_barred(&staff, user) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_request"));
    }
    if !sees_all(call) && !standing.concerns(&staff, user) {
        return Err(DomainError::NotFound);
    }
    if !decisions.is_empty() {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_decided"));
    }
    let now = work.database_time().await?;
    let mine = standing.deciders(&staff, now).into_iter().find(|one| one.user == user);
    let decider = mine.ok_or(DomainError::refused(RefusedAs::Forbidden, "not_the_approver"))?;
    let verdict = if justified { Verdict::Approve } else { Verdict::Deny };
    note(app, work, &row, &decider, verdict, comment).await?;
    let row = if justified { row } else { end(app, work, row, user.uuid()).await? };
    let outcome = if justified { "justified" } else { "unjustified" };
    let draft = entry(Action::AccessRequestsReview, id)
        .with("requester", Detail::Code(row.requester.to_string()))
        .with("outcome", Detail::Code(outcome.to_owned()));
    app.record_change(work, call, draft).await?;
    view_of(app, work, row, true).await
}

/// Ends the right of an emergency that was none.
async fn end(app: &App, work: &Work, mut row: RequestRow, by: Uuid) -> Result<RequestRow, DomainError> {
    for grant in stored::grants_of(work, &[row.id]).await?.into_iter().filter(|grant| grant.in_force) {
        stored::revoke_grant(work, grant.id, by).await?;
        news::ended(app, work, &grant, State::Revoked.as_str()).await?;
        row.state = State::Revoked.as_str().to_owned();
        row.closed_at = Some(work.database_time().await?);
        stored::update(work, &row).await?;
    }
    Ok(row)
}
