//! Gives committed events their places: runs in every server, one at a time per organisation. Whoever reads from a place on misses nothing, because no event
//! gets a place before one that somebody has read already.

use std::time::Duration;

use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::events as stored;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::tell_checkpoints;

use crate::{App, webhooks};

/// How often waiting events are looked for.
const WAKE: Duration = Duration::from_millis(100);
/// How often webhooks are told of checkpoints of the audit log.
const CHECKPOINTS: Duration = Duration::from_secs(60);
/// Transactions whose events are placed together.
const BATCH: i64 = 128;

/// Runs until `stop` says so. A transaction under way is finished first.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut told = None::<Instant>;
    while !*stop.borrow() {
        if told.is_none_or(|at| at.elapsed() >= CHECKPOINTS) {
            told = Some(Instant::now());
            if let Err(error) = tell_checkpoints(&app).await {
                tracing::warn!(%error, "checkpoints cannot be told of for now");
            }
        }
        let busy = place_all(&app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "events cannot be given their places for now");
            false
        });
        if !busy {
            let _ = timeout(WAKE, stop.changed()).await;
        }
    }
}

/// One round over the organisations that have events waiting. True when more may be waiting.
async fn place_all(app: &App) -> Result<bool, DomainError> {
    let mut more = false;
    for organization in stored::organizations_waiting(app.db()).await? {
        match place(app, organization).await {
            Ok(full) => more |= full,
            Err(error) => tracing::warn!(%organization, %error, "events cannot be given their places for now"),
        }
    }
    Ok(more)
}

async fn place(app: &App, organization: OrganizationId) -> Result<bool, DomainError> {
    let work = app.begin(organization).await?;
    let Some(last) = stored::lock_head(&work).await? else {
        work.abandon().await;
        return Ok(false);
    };
    let placed = stored::place(&work, last, BATCH).await?;
    webhooks::fan_out(app, &work, &placed).await?;
    work.commit().await?;
    let count = u64::try_from(placed.len()).unwrap_or(u64::MAX);
    metrics::counter!("custodian_events_total").increment(count);
    Ok(i64::try_from(placed.len()).is_ok_and(|count| count >= BATCH))
}
