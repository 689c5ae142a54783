//! Imports: a file comes in sealed, is checked and stored record by record, and goes on where it stood after a restart.

mod accept;
mod bounds;
mod file;
mod lanes;
mod mapping;
mod options;
mod owners;
mod pieces;
mod reached;
mod records;
mod run;
mod sample;
mod store;
mod undo;
mod upload;
mod workbook;

pub use mapping::{Mapping, Target};
pub use options::{Format, OnConflict, UploadOptions};
pub use run::{KIND, run};
pub use undo::{UNDO, UNDO_DAYS, kept, run_undo, undo};
pub use upload::Upload;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::roles::Permission;
use custodian_persistence::imports::{self as stored, ImportError};
use custodian_persistence::jobs;
use futures_util::FutureExt;

use crate::audit::Draft;
use crate::{App, Call};

/// A page of an import's faults in line order; the caller must be its creator or a reader of the audit log.
pub async fn errors(
    app: &App,
    call: &Call,
    id: JobId,
    after: Option<&ImportError>,
    limit: usize,
) -> Result<Vec<ImportError>, DomainError> {
    call.needs(Permission::JobsRead)?;
    let work = app.begin(call.organization()).await?;
    let job = jobs::find(&work, id).await?.filter(|row| {
        row.kind == KIND
            && (row.created_by == call.identity.actor_id() || call.identity.caller.holds(Permission::AuditRead))
    });
    let page = match job {
        Some(_) => Ok(stored::errors(&work, id, after, i64::try_from(limit).unwrap_or(200)).await?),
        None => Err(DomainError::NotFound),
    };
    work.abandon().await;
    if page.is_ok() && after.is_none() {
        app.record_read(call, Draft::of(Action::ImportsErrors)).await?;
    }
    page
}

/// Drops the pieces of uploads that were broken off more than a day ago, and what can no longer be undone, organisation by organisation.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    let before = app.now() - chrono::Duration::days(1);
    let oldest =
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(before.timestamp_millis()).unwrap_or(0), &[0; 10])
            .into_uuid();
    let undone_until = app.now() - chrono::Duration::days(UNDO_DAYS);
    app.in_each(|work| stored::forget_orphans(work, oldest).boxed()).await?;
    app.in_each(|work| stored::forget_changes(work, undone_until).boxed()).await
}
