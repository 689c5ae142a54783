//! Partner keys: made once, bound to what was agreed, ended at once.

mod bounds;
mod life;
mod pseudonyms;
mod rotate;
