//! Detections: who tries many doors is noticed, whichever instance they knock at. Counting happens on what failed alone: an answer that shows something
//! waits for none of it.

mod overdue;
mod raise;
mod read;
mod watch;

pub(crate) use overdue::look_at_backups;
pub use overdue::watch_backups;
pub use read::{AlertView, close, find, list};
pub use watch::note_refusal;
pub(crate) use watch::{
    note_failed_login, note_malware, note_package_again, note_refresh_reuse, note_success, note_vain_search,
};

use custodian_persistence::detections as stored;
use futures_util::FutureExt;

use crate::App;
use custodian_domain::kernel::DomainError;

/// Drops counts that no window reaches back to any more.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    stored::purge_logins(app.db()).await?;
    app.in_each(|work| stored::purge_probes(work).boxed()).await
}
