//! The check while the service runs: the newest of everything each time, and the rest piece by piece, once around in a day at the latest.

use std::collections::HashMap;

use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::audit::walk;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::entries::EntryWalk;
use super::tree::TreeWalk;
use super::{Finding, anchors, guards, log, organization};
use crate::App;

/// Bundles of one log looked at in a round, at least.
const BUNDLES: u64 = 64;
/// Customers of one organisation looked at in a round.
const CUSTOMERS: i64 = 1000;
/// Rounds that a whole log takes at most, whatever its size: a day of minutes.
const ROUNDS: u64 = 1440;

/// Where the next round goes on.
#[derive(Debug, Default)]
pub struct Cursor(HashMap<OrganizationId, Place>);

#[derive(Debug, Default)]
struct Place {
    bundle: u64,
    entry: Uuid,
    customer: Uuid,
}

/// Runs until `stop` says so.
pub async fn watch(app: &App, mut stop: watch::Receiver<bool>) {
    let Some(every) = app.log().settings().check_every else {
        return;
    };
    let mut cursor = Cursor::default();
    while !*stop.borrow() {
        if timeout(every, stop.changed()).await.is_ok() {
            continue;
        }
        let begun = Instant::now();
        match round(app, &mut cursor).await {
            Ok(findings) => {
                metrics::gauge!("custodian_audit_findings")
                    .set(f64::from(u32::try_from(findings.len()).unwrap_or(u32::MAX)));
                for finding in &findings {
                    app.alarm(finding).await;
                }
            }
            Err(error) => tracing::warn!(%error, "the log cannot be checked for now"),
        }
        metrics::histogram!("custodian_audit_check_seconds").record(begun.elapsed().as_secs_f64());
    }
}

/// One round: what is newest, and the next piece of every log.
pub async fn round(app: &App, cursor: &mut Cursor) -> Result<Vec<Finding>, DomainError> {
    let mut findings = Vec::new();
    guards(app, &mut findings).await?;
    for organization in walk::organizations(app.db()).await? {
        piece(app, organization, cursor.0.entry(organization).or_default(), &mut findings).await?;
    }
    let work = Work::begin_global(app.db()).await?;
    let (_, size) = log::head(app, &work, &mut findings).await?;
    log::heads(app, &work, &mut findings).await?;
    anchors::newest(app, &work, size, &mut findings).await?;
    work.abandon().await;
    Ok(findings)
}

async fn piece(
    app: &App,
    organization: OrganizationId,
    place: &mut Place,
    findings: &mut Vec<Finding>,
) -> Result<(), DomainError> {
    let work = app.begin(organization).await?;
    if organization::queue(app, &work, findings).await? > 0 {
        let says = "Entries have waited for their place for more than ten seconds.";
        findings.push(Finding::of(Some(organization), "waiting", says));
    }
    if let Some((_, size)) = organization::head(app, &work, findings).await? {
        let all = size.div_ceil(256);
        let many = BUNDLES.max(all / ROUNDS + 1);
        let retired = organization::retired(app, &work).await?;
        let mut walk = EntryWalk::new(app, organization, TreeWalk::anywhere(Some(organization), size), retired);
        // The newest entries each time, the others in turn.
        walk.bundles(&work, all.saturating_sub(1), 1).await?;
        walk.bundles(&work, place.bundle, many).await?;
        place.bundle = if place.bundle + many >= all { 0 } else { place.bundle + many };
        findings.append(&mut walk.findings);
    }
    place.entry = organization::unplaced(app, &work, place.entry, findings).await?.unwrap_or_default();
    let customer = super::customers::check(&work, organization, place.customer, CUSTOMERS, findings).await?;
    place.customer = customer.unwrap_or_default();
    work.abandon().await;
    Ok(())
}
