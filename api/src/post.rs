//! The post: hands letters over and answers forgotten passwords, apart from the jobs, so that no long import keeps a letter waiting.

use std::time::Duration;

use custodian_application::{App, auth, mail, self_service};
use tokio::sync::watch;

/// How often an idle post looks for letters.
const LOOK: Duration = Duration::from_millis(200);
/// How long it waits after a failure of ours.
const REST: Duration = Duration::from_secs(2);

/// Works until `stop` says so. A letter under way is handed over once more by whoever comes next.
pub async fn post(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let round = tokio::select! {
            round = round(&app) => round,
            _ = stop.changed() => return,
        };
        let pause = match round {
            Ok(true) => continue,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "letters cannot be handed over");
                REST
            }
        };
        let _ = tokio::time::timeout(pause, stop.changed()).await;
    }
}

async fn round(app: &App) -> Result<bool, custodian_domain::kernel::DomainError> {
    let answered = auth::answer_forgotten(app).await? | self_service::answer_visits(app).await?;
    Ok(mail::deliver_one(app).await? || answered)
}
