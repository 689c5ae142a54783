//! The house as a whole: what holds for every operation, every role, every organisation and every file.

mod attacks;
mod bodies;
mod document;
mod fresh;
mod layers;
mod operations;
mod permissions;
mod roles;
mod strangers;
mod targets;
mod tenants;
mod tidy;

pub use operations::{Targets, fresh_code, operations};
