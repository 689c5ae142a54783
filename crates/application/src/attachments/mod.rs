//! Attachments: files that hang on customers, sealed, looked through before they are taken in, and never shown where they could run.

mod held;
mod moving;
mod packed;
mod read;
mod sealing;
mod told;
mod upload;

use futures_util::FutureExt;
use std::sync::Arc;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::attachments as stored;
use custodian_persistence::customers::{CustomerReader, CustomerRow};
use uuid::Uuid;

pub use held::{KIND, run};
pub(crate) use moving::move_all;
pub(crate) use packed::{name_of, of_whom};
pub use read::{AttachmentView, Download, delete, download, find, list};
pub(crate) use told::{in_reach, of_oneself, told};
pub use upload::Upload;

use crate::audit::{Detail, Draft};
use crate::customers::{decide_row, find as find_customer, refuse, unrestricted};
use crate::{App, Call};

/// A file may hold anything and cannot be masked: it is for staff, in calls of no purpose or of one that lists every field. Of somebody whose processing is
/// restricted none is touched, but for a purpose that the law leaves open.
fn open_to(call: &Call, row: &CustomerRow) -> Result<(), DomainError> {
    if call.identity.user().is_none() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    }
    if call.purpose_facts().is_some_and(|purpose| purpose.fields.is_some()) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden"));
    }
    unrestricted(call, row)
}

/// The customer, for whom the caller's roles reach: a right to some fields of somebody opens no file.
async fn reached(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    permission: Permission,
) -> Result<Arc<CustomerRow>, DomainError> {
    let row = find_customer(app, reader, call, customer, permission).await?;
    refuse(decide_row(app, call, &row, permission).outcome, permission)?;
    open_to(call, &row)?;
    Ok(row)
}

fn entry(action: Action, customer: CustomerId, id: Uuid) -> Draft {
    Draft::about(action, customer).with("attachment", Detail::Code(id.to_string()))
}

/// Drops the pieces of uploads that were broken off more than a day ago, organisation by organisation.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    let before = app.now() - chrono::Duration::days(1);
    let millis = u64::try_from(before.timestamp_millis()).unwrap_or(0);
    let oldest = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    app.in_each(|work| stored::forget_orphans(work, oldest).boxed()).await
}
