//! Audit entries: their canonical form, and reading the log; their places in trees that are signed, carried out, and checked.

mod edge;
mod entry;
mod export;
mod finding;
pub mod fsck;
mod list;
pub mod live;
mod log;
mod noted;
mod proofs;
mod published;
mod renamed;
mod retire;
pub mod sequencer;
mod signing;

pub use entry::{Detail, Draft, EntryActor, Shown, is_entry, record_all, seal_entry};
pub use export::{Export, export};
pub use finding::Finding;
pub use list::{EntryView, Page, Proof, customer_access_log, list_entries, own_activity};
pub use log::{AuditLog, LogSettings, rotate_key};
pub use noted::Noted;
pub use proofs::{Consistency, Inclusion, bundle, checkpoint, consistency, inclusion, tile};
pub use published::{Published, log_checkpoint, log_consistency, log_proof};
pub(crate) use renamed::{go_on_as, renamed};
pub use retire::{LEAST_RETENTION, due, retire};
pub use signing::LogKeys;
