//! The access decision, told: who can see what of a customer and why, and what to do about a no. Refusals are recorded here too.

mod explain;
mod others;
mod refusals;

pub use explain::{Asked, Explained, FieldWhy, Remedy, Seer, Subject, Why, explain, who_sees};
pub(crate) use others::Other;
pub use refusals::record_refusal;
