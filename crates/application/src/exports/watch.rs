//! What becomes of a file when its request is decided, when its time is over, and when its requester leaves.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::exports::Stage;
use custodian_domain::kernel::{DomainError, JobId, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_requests::RequestRow;
use custodian_persistence::exports as stored;
use custodian_persistence::jobs;
use uuid::Uuid;

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
    let rows = stored::lock_live_of(work, user).await?;
    let now = work.database_time().await?;
    for row in &rows {
        stored::end(work, row.id, Stage::Expired.as_str()).await?;
        jobs::finish(work, JobId::from(row.job), Err("requester_inactive"), now).await?;
        jobs::put_off(work, JobId::from(row.id), now).await?;
    }
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}
