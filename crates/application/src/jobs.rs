//! Long work as its owner follows it.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::roles::Permission;
use custodian_persistence::imports::{self as imports_stored, ImportError};
use custodian_persistence::jobs::{self as stored, JobRow};
use uuid::Uuid;

use crate::audit::Draft;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// How many faults a job's own answer lists; all of them are a download.
const LISTED: i64 = 100;

/// One job with the first of its faults.
#[derive(Clone, Debug)]
pub struct JobView {
    /// The job.
    pub row: JobRow,
    /// Its first faults.
    pub errors: Vec<ImportError>,
}

/// Who may see a job: its creator, and who may read the audit log or manage the organisation's imports for everybody.
fn sees(call: &Call, row: &JobRow) -> bool {
    row.created_by == call.identity.actor_id() || call.identity.caller.holds(Permission::AuditRead)
}

/// One job.
pub async fn find(app: &App, call: &Call, id: JobId) -> Result<JobView, DomainError> {
    call.needs(Permission::JobsRead)?;
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, id).await?.filter(|row| sees(call, row));
    let errors = match &row {
        Some(row) if row.error_count > 0 => imports_stored::errors(&work, id, None, LISTED).await?,
        _ => Vec::new(),
    };
    work.abandon().await;
    let row = row.ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::JobsRead)).await?;
    Ok(JobView { row, errors })
}

/// A page of jobs, newest first: the caller's own, or everybody's for readers of the audit log.
pub async fn list(
    app: &App,
    call: &Call,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<JobRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::JobsRead)?;
    let creator = if call.identity.caller.holds(Permission::AuditRead) { None } else { Some(call.identity.actor_id()) };
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, creator, before, one_more(limit)).await?;
    work.abandon().await;
    let next = cut(&mut rows, limit, |row| row.id.uuid());
    app.record_read(call, Draft::of(Action::JobsRead)).await?;
    Ok((rows, next))
}
