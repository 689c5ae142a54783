//! The rounds of retention and those that end erasures: by the clock, in every server; two at once do no harm to each other.

use custodian_application::{App, erasures, retention};
use tokio::sync::watch;

/// Goes round until `stop` says so. A round that is cut off is gone on with by the next, here or elsewhere.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let every = app.custody().every;
    while !*stop.borrow() {
        tokio::select! {
            () = round(&app) => {}
            _ = stop.changed() => return,
        }
        let _ = tokio::time::timeout(every, stop.changed()).await;
    }
}

/// Whoever is due goes first, so that the same round takes them further.
async fn round(app: &App) {
    if let Err(error) = retention::run_all(app).await {
        tracing::warn!(%error, "retention policies cannot be carried out");
    }
    if let Err(error) = erasures::settle_all(app).await {
        tracing::warn!(%error, "erasures cannot be taken further");
    }
}
