//! The two ways to run it: a private instance in a folder, and the production door.

mod migrations;
mod org;
mod private;
pub mod program;
mod stopping;
