//! Audit entries: their canonical form, and reading the log; their places in trees that are signed, carried out, and checked.

mod edge;
mod entry;
mod finding;
pub mod fsck;
mod list;
mod log;
mod retire;
pub mod sequencer;
mod signing;

pub use entry::{Detail, Draft, EntryActor, Shown, is_entry, record_all, seal_entry};
pub use finding::Finding;
pub use list::{EntryView, Page, customer_access_log, list_entries, view};
pub use log::{AuditLog, LogSettings};
pub use retire::{LEAST_RETENTION, due, retire};
pub use signing::LogKeys;
