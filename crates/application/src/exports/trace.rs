//! A value turned up elsewhere: which file did it come from, and who had it?

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::exports as stored;

use super::ask::one;
use super::{ExportView, entry, tag_of};
use crate::audit::Draft;
use crate::{App, Call};

/// Names the file of a decoy's value, however it is typed, with its requester, its approvers and the reason. The value is kept nowhere.
///
/// Errors: 404 for a value of no decoy.
pub async fn trace(app: &App, call: &Call, value: &str) -> Result<ExportView, DomainError> {
    call.needs(Permission::LeakTracesRun)?;
    let tag = tag_of(app, call.organization(), value);
    let work = app.begin(call.organization()).await?;
    let found = match stored::by_decoy(&work, &tag).await? {
        Some(id) => stored::find(&work, id).await?,
        None => None,
    };
    let found = match found {
        Some(row) => Some(one(app, &work, row).await?),
        None => None,
    };
    work.abandon().await;
    let draft = match &found {
        Some(view) => entry(Action::LeakTracesTrace, view.row.id),
        None => Draft { verdict: Verdict::Failed, ..Draft::of(Action::LeakTracesTrace) },
    };
    app.record_read(call, draft).await?;
    found.ok_or(DomainError::NotFound)
}
