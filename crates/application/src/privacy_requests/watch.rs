//! The job behind each request: says once that it is due soon, and once that it is overdue.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use serde_json::json;

use super::{Doer, entry, letters, note, tell};
use crate::App;
use crate::audit::record_all;
use crate::events::EventType;

/// The kind of these jobs.
pub const KIND: &str = "privacy_request";

const LEASE_SECONDS: f64 = 10.0;
/// How long before its end it is said that a request is due soon.
const SOON: TimeDelta = TimeDelta::days(3);
/// How often a request is looked at whose clock stands still, or that is overdue.
const AGAIN: TimeDelta = TimeDelta::days(1);

/// When a request is to be looked at first.
pub(super) fn first_look(row: &RequestRow) -> DateTime<Utc> {
    row.due_at - SOON
}

/// Looks at a request whose time has come.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    // Before the job's own row, in the order in which whoever answers a request takes the two.
    stored::hold(&work).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let now = work.database_time().await?;
    let open = stored::lock(&work, claim.job.uuid()).await?.filter(|row| row.closed_at.is_none());
    match open {
        Some(row) => {
            let next = look(app, &work, row, now).await?;
            jobs::put_off(&work, claim.job, next).await?;
        }
        None => jobs::finish(&work, claim.job, Ok(json!({})), now).await?,
    }
    Ok(work.commit().await?)
}

/// When to look again.
async fn look(app: &App, work: &Work, row: RequestRow, now: DateTime<Utc>) -> Result<DateTime<Utc>, DomainError> {
    if row.paused_at.is_some() || row.told >= 2 {
        return Ok(now + AGAIN);
    }
    if now < first_look(&row) {
        return Ok(first_look(&row));
    }
    let overdue = now >= row.due_at;
    if overdue || row.told < 1 {
        say(app, work, row.clone(), overdue).await?;
    }
    Ok(if overdue { now + AGAIN } else { row.due_at })
}

async fn say(app: &App, work: &Work, mut row: RequestRow, overdue: bool) -> Result<(), DomainError> {
    row.told = if overdue { 2 } else { 1 };
    stored::update(work, &row).await?;
    let kind = if overdue { "overdue" } else { "due_soon" };
    note(app, work, &row, Doer::SYSTEM, kind, json!({"due_on": row.due_on})).await?;
    letters::remind(app, work, &row, overdue).await?;
    let event = if overdue { EventType::PrivacyRequestsOverdue } else { EventType::PrivacyRequestsDueSoon };
    tell(app, work, event, &row).await?;
    let action = if overdue { Action::PrivacyRequestsOverdue } else { Action::PrivacyRequestsDueSoon };
    let entry = app.own_entry(work.organization(), entry(action, &row)).await?;
    record_all(work, &[&entry]).await
}
