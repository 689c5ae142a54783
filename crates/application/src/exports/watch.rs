//! What becomes of a file when its request is decided, when its time is over, and when its requester leaves.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::exports::Stage;
use custodian_domain::kernel::{CustomerId, DomainError, JobId, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_requests::RequestRow;
use custodian_persistence::exports::{self as stored, ExportRow};
use custodian_persistence::jobs;
use uuid::Uuid;

use super::link::prepare_anew;
use super::{KIND, entry, news};
use crate::App;
use crate::audit::record_all;

/// How often a file that is still to come is looked after, in hours.
const LOOK_HOURS: i64 = 1;

/// Queues the job of an approved file.
pub(crate) async fn approved(work: &Work, request: &RequestRow) -> Result<(), DomainError> {
    let row = stored::find(work, request.id).await?.ok_or_else(|| DomainError::internal("an export has no file"))?;
    let now = work.database_time().await?;
    jobs::insert(work, JobId::from(row.job), KIND, row.requester.uuid(), now).await?;
    Ok(jobs::put_off(work, JobId::from(request.id), now + TimeDelta::hours(LOOK_HOURS)).await?)
}

/// Forgets whom a file that will never be would have been about.
pub(crate) async fn dropped(work: &Work, request: &RequestRow) -> Result<(), DomainError> {
    Ok(stored::end(work, request.id, Stage::Expired.as_str()).await?)
}

/// Takes away what is left of a file whose time is over. When to look again, if ever.
pub(crate) async fn look(
    app: &App,
    work: &Work,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DomainError> {
    let Some(row) = stored::lock(work, id).await? else { return Ok(None) };
    match Stage::from_code(&row.stage) {
        Some(Stage::Waiting | Stage::Preparing) => Ok(Some(now + TimeDelta::hours(LOOK_HOURS))),
        Some(Stage::Ready) => Ok(row.expires_at),
        Some(Stage::Expired) if row.wrapped_key.is_some() => {
            stored::end(work, id, Stage::Expired.as_str()).await?;
            let entry = app.own_entry(work.organization(), entry(Action::ExportsExpire, id)).await?;
            record_all(work, &[&entry]).await?;
            news::ended(app, work, &row, Stage::Expired).await.map(|()| None)
        }
        Some(stage) => Ok(stored::end(work, id, stage.as_str()).await.map(|()| None)?),
        None => Err(DomainError::internal("an export in an unknown state")),
    }
}

/// Ends every file of a person, with its job; how many there were.
pub(crate) async fn end_all_of(work: &Work, user: UserId) -> Result<u64, DomainError> {
    let mut ended = 0;
    for row in stored::live_of(work, user).await? {
        if stop(work, &row, "requester_inactive").await?.is_some_and(Stage::is_live) {
            stored::end(work, row.id, Stage::Expired.as_str()).await?;
            jobs::put_off(work, JobId::from(row.id), work.database_time().await?).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Somebody is gone for good: every file that they may be in is written anew without them, from the end of this transaction on.
pub(crate) async fn without(app: &App, work: &Work, customer: CustomerId) -> Result<(), DomainError> {
    for row in stored::live_with(work, customer).await? {
        if matches!(stop(work, &row, "superseded").await?, Some(Stage::Preparing | Stage::Ready)) {
            prepare_anew(app, work, &row).await?;
        }
    }
    Ok(())
}

/// Takes the job from whoever writes the file, and then holds the file, in the order in which they do; where it stands then. `None` where another job
/// has it by now.
async fn stop(work: &Work, row: &ExportRow, why: &'static str) -> Result<Option<Stage>, DomainError> {
    if row.stage != Stage::Ready.as_str() {
        jobs::finish(work, JobId::from(row.job), Err(why), work.database_time().await?).await?;
    }
    let held = stored::lock(work, row.id).await?.filter(|held| held.job == row.job);
    Ok(held.and_then(|held| Stage::from_code(&held.stage)))
}
