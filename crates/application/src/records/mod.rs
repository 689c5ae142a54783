//! Records: what hangs on a customer, sealed under the customer's key and seen through the customer's decision.

mod bulk;
mod due;
mod forget;
mod funnel;
mod hand_over;
mod hand_over_due;
mod history;
mod list;
mod moving;
mod news;
mod own;
mod put_back;
mod read;
mod reindex;
mod remind;
mod sealing;
mod seen;
mod timeline;
mod write;

use custodian_domain::catalog::{CUSTOMER, RecordType};
use custodian_domain::kernel::{DomainError, RefusedAs};

pub(crate) use bulk::{change, held, made, may_enter, note_import};
pub use due::{FollowUp, Whose, follow_ups};
pub(crate) use forget::{Forgotten, forget_fields};
pub use funnel::{FunnelBy, FunnelQuery, funnel, tidy};
pub(crate) use hand_over::hand_over;
pub(crate) use hand_over_due::hand_over_due;
pub use history::{RecordChange, RecordVersion, history};
pub use list::{Found, Query, SearchTerm, list, of_customer};
pub(crate) use moving::move_all;
pub(crate) use own::{OwnRecord, own_records};
pub(crate) use put_back::{archive, put_back};
pub use read::{read, reveal};
pub(crate) use reindex::retag;
pub use remind::{remind, remind_all};
pub(crate) use sealing::tags;
pub use seen::SeenRecord;
pub use timeline::{Happened, Timeline, timeline};
pub use write::{NewRecord, RecordPatch, create, delete, patch};

use crate::Call;

/// The record type of a code; the customer is none.
fn type_of<'c>(call: &'c Call, code: &str) -> Result<&'c RecordType, DomainError> {
    call.catalog().record_type(code).filter(|one| one.code != CUSTOMER).ok_or(DomainError::NotFound)
}

/// The same for entering and changing, which a type out of use takes no more.
fn type_in_use<'c>(call: &'c Call, code: &str) -> Result<&'c RecordType, DomainError> {
    let retired = || DomainError::refused(RefusedAs::Conflict, "record_type_retired");
    type_of(call, code).and_then(|one| if one.in_use { Ok(one) } else { Err(retired()) })
}
