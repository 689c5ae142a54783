//! The access decision, told: who can see what of a customer and why, and what to do about a no. Refusals are recorded here too.

mod budget;
mod counted;
mod explain;
mod others;
mod refusals;

pub use budget::{Budget, own_budget, tidy};
pub(crate) use budget::{record_look, spend_in, spend_search, was_refused_search};
pub(crate) use counted::Counted;
pub use explain::{Asked, Explained, FieldWhy, Remedy, Seer, Subject, Why, explain, who_sees};
pub(crate) use others::Other;
pub use refusals::record_refusal;
