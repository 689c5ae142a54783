//! Following the token keys: whichever instance or command changes them, each instance goes by them within seconds.

use std::time::Duration;

use custodian_application::App;
use tokio::sync::watch;

/// How often they are read again; a new key waits several times as long before it signs.
const EVERY: Duration = Duration::from_secs(2);

/// Goes on until `stop` says so.
pub async fn keys(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = app.follow_token_keys().await {
            tracing::warn!(%error, "the token keys cannot be read again");
        }
        let _ = tokio::time::timeout(EVERY, stop.changed()).await;
    }
}
