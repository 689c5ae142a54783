//! A value turned up elsewhere: which file did it come from, and who had it; or which partner's key was shown it?

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::exports as stored;

use super::ask::one;
use super::{ExportView, entry, tag_of};
use crate::audit::{Detail, Draft};
use crate::disclosures::{Disclosed, decoys};
use crate::{App, Call};

/// Where a value came from.
#[derive(Clone, Debug)]
pub enum Traced {
    /// This file.
    Export(Box<ExportView>),
    /// The answers to this key of a partner.
    Partner(Box<Disclosed>),
}

/// Names the file of a decoy's value, however it is typed, with its requester, its approvers and the reason; or the partner's key that was shown it. The
/// value is kept nowhere.
///
/// Errors: 404 for a value of no decoy.
pub async fn trace(app: &App, call: &Call, value: &str) -> Result<Traced, DomainError> {
    call.needs(Permission::LeakTracesRun)?;
    let tag = tag_of(app, call.organization(), value);
    let found = app.reading(call.organization(), async |work| found(app, work, &tag).await).await?;
    let draft = match &found {
        Some(Traced::Export(view)) => entry(Action::LeakTracesTrace, view.row.id),
        Some(Traced::Partner(shown)) => {
            Draft::of(Action::LeakTracesTrace).with("api_key", Detail::Code(shown.key.id.to_string()))
        }
        None => Draft { verdict: Verdict::Failed, ..Draft::of(Action::LeakTracesTrace) },
    };
    app.record_read(call, draft).await?;
    found.ok_or(DomainError::NotFound)
}

async fn found(app: &App, work: &Work, tag: &[u8]) -> Result<Option<Traced>, DomainError> {
    let export = match stored::by_decoy(work, tag).await? {
        Some(id) => stored::find(work, id).await?,
        None => None,
    };
    match export {
        Some(row) => Ok(Some(Traced::Export(Box::new(one(app, work, row).await?)))),
        None => Ok(decoys::disclosed(work, tag).await?.map(|shown| Traced::Partner(Box::new(shown)))),
    }
}
