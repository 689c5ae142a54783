//! Files of a customer: listed, taken away piece by piece, taken off.

use custodian_domain::attachments::State;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::{self as people, CustomerReader, CustomerRow};
use uuid::Uuid;

use super::sealing::{Facts, FileKey, facts, file_key, key_of};
use super::{entry, open_to, reached};
use crate::access::record_look;
use crate::audit::{Detail, Draft};
use crate::consents::{agreed, refreshed, still_agreed};
use crate::customers::{decide_row, guard, refuse};
use crate::pieces::{Outgoing, Pieces};
use crate::retention::unbound;
use crate::{App, Call};

/// A file as it is told.
#[derive(Clone, Debug)]
pub struct AttachmentView {
    /// Its name.
    pub name: String,
    /// As stored.
    pub row: AttachmentRow,
}

/// The files of a customer, newest first.
pub async fn list(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
) -> Result<Vec<AttachmentView>, DomainError> {
    let customer = reached(app, reader, call, customer, Permission::AttachmentsRead).await?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::of_customer(&work, customer.id, None).await;
    work.abandon().await;
    let views = guard(app, call, customer.id, views(app, call, &customer, rows?)).await?;
    let count = Detail::Count(u32::try_from(views.len()).unwrap_or(u32::MAX));
    app.record_read(call, Draft::about(Action::AttachmentsList, customer.id).with("attachments", count)).await?;
    still_agreed(reader, call, customer.id).await?;
    Ok(views)
}

pub(super) fn views(
    app: &App,
    call: &Call,
    customer: &CustomerRow,
    rows: Vec<AttachmentRow>,
) -> Result<Vec<AttachmentView>, DomainError> {
    let own = key_of(app, call.organization(), customer)?;
    let view = |row: AttachmentRow| {
        facts(&own, call.organization(), &row).map(|facts| AttachmentView { name: facts.name, row })
    };
    rows.into_iter().map(view).collect()
}

/// One file, without its bytes.
pub async fn find(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    id: Uuid,
) -> Result<AttachmentView, DomainError> {
    let (customer, row) = known(app, reader, call, customer, id).await?;
    let mut views = guard(app, call, customer.id, views(app, call, &customer, vec![row])).await?;
    app.record_read(call, entry(Action::AttachmentsList, customer.id, id)).await?;
    still_agreed(reader, call, customer.id).await?;
    views.pop().ok_or(DomainError::NotFound)
}

async fn known(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    id: Uuid,
) -> Result<(std::sync::Arc<CustomerRow>, AttachmentRow), DomainError> {
    let customer = reached(app, reader, call, customer, Permission::AttachmentsRead).await?;
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, customer.id, id).await;
    work.abandon().await;
    Ok((customer, row?.ok_or(DomainError::NotFound)?))
}

/// A file on its way out.
pub struct Download {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    id: Uuid,
    file: Outgoing,
}

/// A file, to be taken away. The entry is durable before this returns, and the customer counts against the caller's budget: a file shows whatever it holds.
///
/// Errors: 403 `reveal_budget_exhausted`; 404; 409 `customer_restricted`, `attachment_held`.
pub async fn download(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    id: Uuid,
) -> Result<Download, DomainError> {
    let (customer, row) = known(app, reader, call, customer, id).await?;
    let organization = call.organization();
    let opened = key_of(app, organization, &customer)
        .and_then(|own| Ok((file_key(&own, organization, &row)?, facts(&own, organization, &row)?)));
    let (key, facts) = guard(app, call, customer.id, opened).await?;
    if facts.state != State::Ready.as_str() {
        return Err(DomainError::refused(RefusedAs::Conflict, "attachment_held"));
    }
    let draft = entry(Action::AttachmentsDownload, customer.id, id);
    record_look(app, call, draft.with("sha256", Detail::Code(facts.sha256.clone())), &[customer.id]).await?;
    still_agreed(reader, call, customer.id).await?;
    Ok(Download::of(app, organization, id, &key, facts))
}

impl Download {
    pub(super) fn of(app: &App, organization: OrganizationId, id: Uuid, key: &FileKey, facts: Facts) -> Self {
        Self {
            name: facts.name,
            media_type: facts.media_type,
            size: u64::try_from(facts.size).unwrap_or_default(),
            id,
            file: Outgoing::new(app, Pieces::new(organization, "attachment", id, key.key()), facts.chunks),
        }
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        let id = self.id;
        self.file.next(async |work, at| stored::chunk(work, id, at).await).await
    }
}

/// Takes a file off a customer, for good.
///
/// Errors: 404; 409 `customer_restricted`, `legal_hold` with the ids of the holds.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    customer: Uuid,
    id: Uuid,
    admits: impl Fn(i64) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::AttachmentsWrite)?;
    let customer = call.identity.meant_customer(customer)?;
    let mut row = people::lock(work, customer).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut row).await?;
    refuse(decide_row(app, call, &row, Permission::AttachmentsWrite).outcome, Permission::AttachmentsWrite)?;
    agreed(call, &row)?;
    let file = stored::find(work, customer, id).await?.ok_or(DomainError::NotFound)?;
    open_to(call, &row)?;
    admits(1)?;
    unbound(work, customer).await?;
    stored::delete(work, customer, file.id).await?;
    app.record_change(work, call, entry(Action::AttachmentsDelete, customer, id)).await
}
