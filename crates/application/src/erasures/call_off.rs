//! A waiting erasure whose request came to nothing: it is not carried out, and the person's data is in use again.

use custodian_domain::audit::Action;
use custodian_domain::erasures::State;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::lock_any;
use custodian_persistence::{Work, erasures as stored};
use uuid::Uuid;

use super::entry;
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// Calls off what waits to be erased of this customer, where it answers a request that was taken back or turned down. An erasure that rests on anything else
/// stands.
pub(crate) async fn call_off(app: &App, call: &Call, work: &Work, customer: CustomerId) -> Result<(), DomainError> {
    // Nobody is locked where nothing waits: an erasure under way locks the person first and their requests after.
    let waits = stored::of_customer(work, customer).await?.is_some_and(|row| row.state == State::Blocked.as_str());
    if !waits || lock_any(work, customer).await?.is_none() {
        return Ok(());
    }
    match called_off(work, customer).await? {
        Some(draft) => app.record_change(work, call, draft).await,
        None => Ok(()),
    }
}

/// The same for a locked customer; the entry that tells of it, where there was something to call off.
pub(super) async fn called_off(work: &Work, customer: CustomerId) -> Result<Option<Draft>, DomainError> {
    let ended = stored::call_off(work, customer).await?;
    let draft = |(erasure, request): (Uuid, Uuid)| {
        entry(Action::ErasuresCallOff, customer, erasure).with("privacy_request", Detail::Code(request.to_string()))
    };
    Ok(ended.map(draft))
}
