//! Files told of beside what else there is of a customer: on the timeline, and to the person.

use custodian_domain::access::Outcome;
use custodian_domain::attachments::State;
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::{CustomerReader, CustomerRow};

use super::open_to;
use super::read::{AttachmentView, views};
use crate::audit::{Detail, Draft};
use crate::consents::{agreed, still_agreed};
use crate::customers::{decide_row, guard};
use crate::{App, Call};

/// The files of a customer that the list of them would tell this caller of, newest first: every one, or none where that list is refused.
pub(crate) async fn in_reach(
    app: &App,
    call: &Call,
    work: &Work,
    customer: &CustomerRow,
) -> Result<Vec<AttachmentRow>, DomainError> {
    let permission = Permission::AttachmentsRead;
    let allowed = call.needs(permission).is_ok()
        && decide_row(app, call, customer, permission).outcome == Outcome::Allowed
        && open_to(call, customer).is_ok()
        && agreed(call, customer).is_ok();
    if allowed { Ok(stored::of_customer(work, customer.id, None).await?) } else { Ok(Vec::new()) }
}

/// Opens what is known of these files and has it on record as the list of files does; nothing is where there are none.
pub(crate) async fn told(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: &CustomerRow,
    rows: Vec<AttachmentRow>,
) -> Result<Vec<AttachmentView>, DomainError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let views = guard(app, call, customer.id, views(app, call, customer, rows)).await?;
    let count = Detail::Count(u32::try_from(views.len()).unwrap_or(u32::MAX));
    app.record_read(call, Draft::about(Action::AttachmentsList, customer.id).with("attachments", count)).await?;
    still_agreed(reader, call, customer.id).await?;
    Ok(views)
}

/// The files of the person that a package would hold or name, newest first. What waits for a scanner is nobody's to see.
pub(crate) async fn of_oneself(
    app: &App,
    call: &Call,
    work: &Work,
    customer: &CustomerRow,
) -> Result<Vec<AttachmentView>, DomainError> {
    let rows = stored::of_customer(work, customer.id, None).await?;
    let mut views = views(app, call, customer, rows)?;
    views.retain(|view| view.row.state == State::Ready.as_str());
    Ok(views)
}
