//! Disclosures: what the keys of a third party were shown of whom, told by the log itself.

pub(crate) mod decoys;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, ThirdPartyId};
use custodian_domain::roles::Permission;
use custodian_persistence::disclosures::{self as stored, DisclosureFilter, DisclosureRow};
use uuid::Uuid;

pub use decoys::{Decoy, Disclosed};

use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A page of what a third party's keys were shown, newest first. Nothing can be left out of it that the log holds.
///
/// Errors: 404 for a third party that does not exist.
pub async fn list(
    app: &App,
    call: &Call,
    third_party: ThirdPartyId,
    filter: &DisclosureFilter,
    limit: usize,
) -> Result<(Vec<DisclosureRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::DisclosuresRead)?;
    let work = app.begin(call.organization()).await?;
    let known = stored::is_third_party(&work, third_party).await;
    let rows = stored::list(&work, third_party, filter, one_more(limit)).await;
    work.abandon().await;
    if !known? {
        return Err(DomainError::NotFound);
    }
    let mut rows = rows?;
    let next = cut(&mut rows, limit, |row| row.entry);
    let draft = Draft::of(Action::DisclosuresRead).with("third_party", Detail::Code(third_party.to_string()));
    app.record_read(call, draft).await?;
    Ok((rows, next))
}
