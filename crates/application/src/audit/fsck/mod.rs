//! Recomputes the log from its entries and holds it against everything that was signed or carried out: whole, on command, or piece by
//! piece while the service runs.

mod anchors;
mod customers;
mod entries;
mod log;
mod organization;
mod tree;
mod watch;

use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::tiles::Tree;
use custodian_persistence::audit::{checks, walk};

use super::Finding;
use crate::App;

pub(crate) use anchors::newest as newest_anchors;
pub(crate) use log::head;
pub use watch::{Cursor, round, watch};

/// Findings after which a walk of one log stops: nobody reads more, and one is enough.
pub(crate) const MOST: usize = 20;

/// What a whole check has found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is not as it was left; nothing for a sound log.
    pub findings: Vec<Finding>,
    /// Logs looked at.
    pub logs: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Heads in the log of all logs.
    pub published: u64,
    /// Logs with entries that have waited for more than ten seconds: no server is running, or it cannot keep up.
    pub waiting: u64,
}

/// Checks everything, once. The service may be running.
pub async fn whole(app: &App) -> Result<Report, DomainError> {
    let mut report = Report::default();
    guards(app, &mut report.findings).await?;
    for organization in walk::organizations(app.db()).await? {
        let (entries, late) = organization::whole(app, organization, &mut report.findings).await?;
        report.logs += 1;
        report.entries += entries;
        report.waiting += late;
    }
    report.published = log::whole(app, &mut report.findings).await?;
    Ok(report)
}

/// Rights, fences, triggers and keys.
async fn guards(app: &App, findings: &mut Vec<Finding>) -> Result<(), DomainError> {
    findings.extend(checks::guards(app.db()).await?.into_iter().map(|says| Finding::of(None, "guards", says)));
    if let Err(says) = app.reload_log_keys().await {
        findings.push(Finding::of(None, "key", says));
    }
    Ok(())
}
