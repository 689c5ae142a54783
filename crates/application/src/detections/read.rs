//! Reading alarms, and saying what came of them. Nobody sees those about themselves.

use custodian_domain::audit::Action;
use custodian_domain::detections::Outcome;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::detections::{self as stored, AlertFilter, AlertRow};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// An alarm as it is read.
pub type AlertView = AlertRow;

fn entry(action: Action, id: Uuid) -> Draft {
    Draft::of(action).with("alert", Detail::Code(id.to_string()))
}

/// A page of alarms, newest first.
pub async fn list(
    app: &App,
    call: &Call,
    filter: AlertFilter,
    limit: usize,
) -> Result<(Vec<AlertView>, Option<Uuid>), DomainError> {
    call.needs(Permission::AlertsRead)?;
    let filter = AlertFilter { reader: call.identity.actor_id(), ..filter };
    let mut rows =
        app.reading(call.organization(), async |work| stored::list(work, &filter, one_more(limit)).await).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::AlertsRead)).await?;
    Ok((rows, next))
}

/// One alarm.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<AlertView, DomainError> {
    call.needs(Permission::AlertsRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::lock(work, call.identity.actor_id(), id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::AlertsRead, id)).await?;
    Ok(row)
}

/// Says what came of an alarm, once, with the reason, which the audit log keeps.
///
/// Errors: 404 for one about the caller; 409 `alert_closed`.
pub async fn close(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    outcome: Outcome,
    reason: String,
) -> Result<AlertView, DomainError> {
    call.needs(Permission::AlertsClose)?;
    let by = call.identity.actor_id();
    let row = stored::lock(work, by, id).await?.ok_or(DomainError::NotFound)?;
    if row.closed_at.is_some() {
        return Err(DomainError::refused(RefusedAs::Conflict, "alert_closed"));
    }
    let row = stored::close(work, id, by, outcome.as_str()).await?.ok_or(DomainError::NotFound)?;
    let draft = Draft { reason: Some(reason), ..entry(Action::AlertsClose, id) };
    app.record_change(work, call, draft.with("outcome", Detail::Code(outcome.as_str().to_owned()))).await?;
    Ok(row)
}
