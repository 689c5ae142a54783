//! The log: what each call leaves in it, and that nothing in it was changed or says too much.

mod calls;
mod canaries;
mod canonical;
mod entries;
mod ledger;
mod refusals;
mod server_role;

pub use ledger::Ledger;
