//! Records: what hangs on a customer, sealed under the customer's key and seen through the customer's decision.

mod due;
mod funnel;
mod hand_over;
mod history;
mod list;
mod moving;
mod read;
mod reindex;
mod sealing;
mod seen;
mod write;

use custodian_domain::catalog::{CUSTOMER, RecordType};
use custodian_domain::kernel::DomainError;

pub use due::{FollowUp, Whose, follow_ups};
pub use funnel::{FunnelBy, FunnelQuery, funnel};
pub(crate) use hand_over::hand_over;
pub use history::{RecordChange, RecordVersion, history};
pub use list::{Found, Query, SearchTerm, list, of_customer, timeline};
pub(crate) use moving::move_all;
pub use read::{read, reveal};
pub(crate) use reindex::retag;
pub use seen::SeenRecord;
pub use write::{NewRecord, RecordPatch, create, delete, patch};

use crate::Call;

/// The record type of a code; the customer is none.
fn type_of<'c>(call: &'c Call, code: &str) -> Result<&'c RecordType, DomainError> {
    call.catalog().record_type(code).filter(|one| one.code != CUSTOMER).ok_or(DomainError::NotFound)
}
