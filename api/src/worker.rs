//! The second door: claims due jobs and runs the same use cases.

use std::time::Duration;

use custodian_application::{
    App, access, access_requests, access_reviews, attachments, auth, catalog, consents, customers, detections,
    erasures, events, exports, idempotency, imports, privacy_requests, records, rights_protocols, segments,
    self_service, webhooks,
};
use custodian_domain::kernel::DomainError;
use custodian_persistence::jobs::{self, Claim};
use tokio::sync::watch;

/// How often an idle worker looks for due jobs.
const LOOK: Duration = Duration::from_millis(200);
/// How long a claim holds without a sign of life.
const LEASE_SECONDS: f64 = 10.0;
/// How often old answers are dropped.
const TIDY: Duration = Duration::from_secs(3600);
/// Failures of our own after which a job is given up.
const ATTEMPTS: i32 = 10;

/// Works until `stop` says so. A job that is under way is given back, to be gone on with elsewhere.
pub async fn work(app: App, mut stop: watch::Receiver<bool>) {
    let mut tidied = tokio::time::Instant::now();
    while !*stop.borrow() {
        let claim = match jobs::claim(app.db(), app.new_id(), LEASE_SECONDS).await {
            Ok(claim) => claim,
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be claimed");
                None
            }
        };
        match claim {
            Some(claim) => one(&app, &claim, &mut stop).await,
            None => {
                let _ = tokio::time::timeout(LOOK, stop.changed()).await;
            }
        }
        if tidied.elapsed() > TIDY {
            tidied = tokio::time::Instant::now();
            tidy(&app).await;
        }
    }
}

/// Drops what nobody will ask for again.
async fn tidy(app: &App) {
    if let Err(error) = idempotency::purge(app).await {
        tracing::warn!(%error, "old answers cannot be dropped");
    }
    if let Err(error) = access::tidy(app).await {
        tracing::warn!(%error, "old budgets cannot be dropped");
    }
    if let Err(error) = detections::tidy(app).await {
        tracing::warn!(%error, "old counts cannot be dropped");
    }
    if let Err(error) = auth::purge_tokens(app).await {
        tracing::warn!(%error, "ended tokens cannot be dropped");
    }
    if let Err(error) = webhooks::purge(app).await {
        tracing::warn!(%error, "old deliveries cannot be dropped");
    }
    if let Err(error) = rights_protocols::purge(app).await {
        tracing::warn!(%error, "old callbacks cannot be dropped");
    }
    if let Err(error) = events::purge(app).await {
        tracing::warn!(%error, "old events cannot be dropped");
    }
    if let Err(error) = self_service::purge(app).await {
        tracing::warn!(%error, "ended visits cannot be dropped");
    }
    if let Err(error) = attachments::tidy(app).await {
        tracing::warn!(%error, "broken-off files cannot be dropped");
    }
    if let Err(error) = records::tidy(app).await {
        tracing::warn!(%error, "sums of opportunities cannot be folded");
    }
    if let Err(error) = imports::tidy(app).await {
        tracing::warn!(%error, "broken-off uploads cannot be dropped");
    }
}

async fn one(app: &App, claim: &Claim, stop: &mut watch::Receiver<bool>) {
    let outcome = tokio::select! {
        outcome = run(app, claim) => outcome,
        _ = stop.changed() => Err(DomainError::unavailable("stopping")),
    };
    let Err(error) = outcome else { return };
    let ours = matches!(error, DomainError::Internal { .. } | DomainError::Integrity | DomainError::Invalid(_));
    if ours {
        tracing::error!(job = %claim.job, kind = %claim.kind, attempt = claim.attempts, %error, "a job failed");
    } else {
        tracing::warn!(job = %claim.job, kind = %claim.kind, %error, "a job is put off");
    }
    let wait = if *stop.borrow() { 0.0 } else { 2_f64.powi(claim.attempts.min(6)) };
    let put_off = if ours && claim.attempts >= ATTEMPTS {
        give_up(app, claim).await
    } else {
        jobs::release(app.db(), claim, wait).await.map_err(DomainError::from)
    };
    if let Err(error) = put_off {
        // The lease ends by itself and another worker takes over.
        tracing::warn!(job = %claim.job, %error, "a job cannot be given back");
    }
}

async fn give_up(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    let of_catalog = claim.kind == catalog::KIND;
    if of_catalog {
        catalog::give_up(app, &work, claim).await?;
    }
    jobs::finish(&work, claim.job, Err("internal_error"), app.now()).await?;
    work.commit().await?;
    if of_catalog {
        catalog::note_change(app);
    }
    Ok(())
}

async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    match claim.kind.as_str() {
        imports::KIND => imports::run(app, claim).await,
        imports::UNDO => imports::run_undo(app, claim).await,
        consents::KIND => consents::remind(app, claim).await,
        access_requests::KIND => access_requests::run(app, claim).await,
        privacy_requests::KIND => privacy_requests::run(app, claim).await,
        privacy_requests::RECOMPUTE => privacy_requests::recompute(app, claim).await,
        rights_protocols::KIND => rights_protocols::run(app, claim).await,
        access_reviews::KIND => access_reviews::run(app, claim).await,
        exports::KIND => exports::run(app, claim).await,
        erasures::BATCH_KIND => erasures::run_batch(app, claim).await,
        catalog::KIND => catalog::run(app, claim).await,
        segments::KIND => segments::run(app, claim).await,
        attachments::KIND => attachments::run(app, claim).await,
        customers::HAND_OVER => customers::run_hand_over(app, claim).await,
        _ => Err(DomainError::internal("a job of unknown kind")),
    }
}
