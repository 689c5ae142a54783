//! The door of the people whom data is about: a code to a contact point on file opens it, and it shows nobody but themselves.

mod data;
mod portal;
mod preferences;
mod requests;
mod sessions;

pub(crate) use data::in_force as purposes_in_use;
pub use data::{DataView, OwnRecordView, own_data, own_proof};
pub use portal::issue_portal;
pub use preferences::{Agreement, Preferences, agree, preferences, set_preferences};
pub use requests::{OwnRequest, cancel_own, create_own, find_own, list_own, own_package};
pub use sessions::{Began, Tokens, answer_visits, begin, end, purge, redeem};

use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, lock_on_file};

use crate::Call;

/// The person that a call comes from. No other kind of caller gets here.
fn oneself(call: &Call) -> Result<CustomerId, DomainError> {
    call.identity.subject().ok_or(DomainError::refused(RefusedAs::Unauthorized, "invalid_token"))
}

/// The same on file, and locked until the transaction ends: what they write comes before an erasure, and goes with it, or does not come at all.
///
/// Errors: 401 `session_ended` for who was erased, or is somebody else by now.
async fn oneself_locked(call: &Call, work: &Work) -> Result<CustomerRow, DomainError> {
    let found = lock_on_file(work, oneself(call)?).await?;
    found.ok_or(DomainError::refused(RefusedAs::Unauthorized, "session_ended"))
}
