//! The access decision: one example per sentence of the rule, and properties over random worlds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod examples;
mod hand_out;
mod properties;
mod subject;
mod worlds;
