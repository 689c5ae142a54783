//! The log: what each call leaves in it, and that nothing in it was changed or says too much.

mod activity;
mod calls;
mod canaries;
mod canonical;
mod entries;
mod export;
mod handover;
mod ledger;
mod live;
mod maintenance;
mod pace;
mod proofs;
mod reader;
mod refusals;
pub mod scene;
mod sequencer;
mod server_role;
mod tampering;
mod tiles;
mod verify;
mod witness;

/// Logs as a sound server would write them; the one that the verifier's own tests use.
#[path = "../../../crates/verify/tests/generator/mod.rs"]
mod generator;

pub use ledger::Ledger;

/// Opens a transaction in which the owner may change entries.
pub const OPEN: &str = "BEGIN; ALTER TABLE audit_entries DISABLE TRIGGER audit_append_only";
/// Ends it with the guard as it was.
pub const CLOSE: &str = "ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_append_only; COMMIT";
