//! How far an import has come: committed together with the rows that it came by.

use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::imports::{self as stored, ImportError};
use custodian_persistence::jobs::{self, Claim};

use super::run::LEASE_SECONDS;
use crate::App;

/// What an import has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub done: i64,
    pub created: i64,
    pub updated: i64,
    pub rejected: i64,
}

impl Counts {
    /// The sum of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            created: self.created + other.created,
            updated: self.updated + other.updated,
            rejected: self.rejected + other.rejected,
        }
    }
}

/// Commits a batch together with the place that the import has reached by it, which is answered. `None` when another worker holds the job now: then
/// nothing of the batch was written.
pub(super) async fn commit(
    app: &App,
    claim: &Claim,
    work: Work,
    counts: Counts,
    faults: &[ImportError],
) -> Result<Option<Counts>, DomainError> {
    let Counts { done, created, updated, rejected } = counts;
    let (held, (), (), ()) = tokio::try_join!(
        biased;
        jobs::hold(&work, claim, LEASE_SECONDS),
        stored::insert_errors(&work, claim.job, faults),
        stored::checkpoint(&work, claim.job, done, created, updated, rejected),
        jobs::progress(&work, claim.job, done, None, rejected, app.now()),
    )?;
    if !held {
        work.abandon().await;
        return Ok(None);
    }
    work.commit().await?;
    Ok(Some(counts))
}

pub(super) fn len(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Faults come grouped by line; a record with three faults is one refused record.
pub(super) fn distinct_lines(faults: &[ImportError]) -> i64 {
    let lines: std::collections::BTreeSet<i64> = faults.iter().map(|fault| fault.line).collect();
    len(lines.len())
}
