//! The rounds of retention, of reminders and those that end erasures: by the clock, in every server; two at once do no harm to each other.

use std::time::{Duration, Instant};

use custodian_application::{App, backups, detections, erasures, privacy_requests, records, retention};
use tokio::sync::watch;

/// How often is looked for what is to be erased unasked: it is proposed, not done, and days are left for it.
const PROPOSE: Duration = Duration::from_secs(3_600);

/// Goes round until `stop` says so. A round that is cut off is gone on with by the next, here or elsewhere.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let every = app.custody().every;
    let mut proposed: Option<Instant> = None;
    while !*stop.borrow() {
        let propose = proposed.is_none_or(|at| at.elapsed() >= PROPOSE);
        if propose {
            proposed = Some(Instant::now());
        }
        tokio::select! {
            () = round(&app, propose) => {}
            _ = stop.changed() => return,
        }
        let _ = tokio::time::timeout(every, stop.changed()).await;
    }
}

/// Whoever is due goes first, so that the same round takes them further.
async fn round(app: &App, propose: bool) {
    if propose && let Err(error) = erasures::propose_all(app).await {
        tracing::warn!(%error, "what is to be erased unasked cannot be proposed");
    }
    if propose && let Err(error) = backups::watch(app).await {
        tracing::warn!(%error, "it cannot be said how the backups stand");
    }
    if propose && let Err(error) = detections::watch_backups(app).await {
        tracing::warn!(%error, "nobody can be told of backups that are too old");
    }
    if let Err(error) = retention::run_all(app).await {
        tracing::warn!(%error, "retention policies cannot be carried out");
    }
    if let Err(error) = privacy_requests::remind_recipients(app).await {
        tracing::warn!(%error, "recipients cannot be reminded");
    }
    if let Err(error) = records::remind_all(app).await {
        tracing::warn!(%error, "nobody can be reminded of what is due");
    }
    if let Err(error) = erasures::settle_all(app).await {
        tracing::warn!(%error, "erasures cannot be taken further");
    }
}
