//! The log: what each call leaves in it, and that nothing in it was changed or says too much.

mod ledger;

pub use ledger::Ledger;
