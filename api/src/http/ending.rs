//! That the server is about to stop: an answer that would go on for long ends then, so that nobody waits for it.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Hears of the end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Listens for SIGINT and SIGTERM beside the server itself; where those do not stop it, the end never comes this way.
    pub fn listen(signals: bool) -> Self {
        let (tell, hear) = watch::channel(false);
        if signals {
            tokio::spawn(async move {
                let (Ok(mut one), Ok(mut other)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
                else {
                    return;
                };
                tokio::select! {
                    _ = one.recv() => {}
                    _ = other.recv() => {}
                }
                let _ = tell.send(true);
            });
        }
        Self(hear)
    }

    /// Returns when the end has come.
    pub async fn come(&self) {
        let mut own = self.0.clone();
        if own.wait_for(|ending| *ending).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
