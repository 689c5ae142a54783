//! Segments: filters that are kept, counted as each reader may count, and views of the list, one's own.

mod keep;
mod live;
mod saved;
mod scheduled;
mod tier;
mod views;

pub use keep::{SegmentDraft, SegmentView, create, delete, find, list, patch};
pub use live::narrow;
pub use saved::{Saved, SavedFilter, Terms};
pub use scheduled::{KIND, run};
pub use tier::{Differing, Told, apply, differing};
pub use views::{ViewDraft, ViewView, create_view, delete_view, find_view, list_views, patch_view};

use custodian_domain::kernel::{DomainError, RefusedAs};
use uuid::Uuid;

use crate::Call;

/// The most segments that one person makes.
const MOST_SEGMENTS: i64 = 200;
/// The most views of one person.
const MOST_VIEWS: usize = 50;

/// Segments and views are things of staff.
fn user(call: &Call) -> Result<Uuid, DomainError> {
    let staff_only = DomainError::refused(RefusedAs::Forbidden, "staff_only");
    call.identity.user().map(|user| user.uuid()).ok_or(staff_only)
}
