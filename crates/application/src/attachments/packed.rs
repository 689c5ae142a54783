//! The files of one person for whom they are about: all of them, with what is told of each; and the names of files, for the sweep.

use custodian_crypto::DataKey;
use custodian_domain::attachments::State;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::CustomerRow;

use super::read::{AttachmentView, Download};
use super::sealing::{facts, file_key, key_of};
use crate::App;

/// Every file of a locked customer that may be taken away, oldest first.
pub(crate) async fn of_whom(
    app: &App,
    work: &Work,
    customer: &CustomerRow,
) -> Result<Vec<(AttachmentView, Download)>, DomainError> {
    let organization = work.organization();
    let rows = stored::of_customer(work, customer.id, None).await?;
    let own = key_of(app, organization, customer)?;
    let mut files = Vec::with_capacity(rows.len());
    for row in rows.into_iter().rev() {
        let (key, facts) = (file_key(&own, organization, &row)?, facts(&own, organization, &row)?);
        if facts.state == State::Ready.as_str() {
            let view = AttachmentView { name: facts.name.clone(), row };
            let download = Download::of(app, organization, view.row.id, &key, facts);
            files.push((view, download));
        }
    }
    Ok(files)
}

/// The name of a file; nothing for one that does not open.
pub(crate) fn name_of(own: &DataKey, organization: OrganizationId, row: &AttachmentRow) -> Option<String> {
    facts(own, organization, row).ok().map(|facts| facts.name)
}
