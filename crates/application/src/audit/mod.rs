//! Audit entries: their canonical form, and reading the log.

mod entry;
mod list;

pub use entry::{Detail, Draft, EntryActor, Shown, record_all, seal_entry};
pub use list::{EntryView, Page, customer_access_log, list_entries, view};
