//! Gives committed entries their places, publishes heads, carries checkpoints out, and has the log checked: runs in every server.
//!
//! Nothing here is awaited by a request. Whatever number of servers run, each log is extended by one of them at a time: the row of its
//! head, held for the length of a transaction, is the fence.

mod place;
mod publish;
mod witnesses;

use std::time::Duration;

use custodian_domain::kernel::DomainError;
use custodian_outbound::WitnessClient;
use custodian_persistence::audit::{partitions, queue};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::App;

pub use place::{Placed, place, time_of};
pub(crate) use publish::anchor_ledger;
pub use publish::{AnchorLine, AnchoredLedger, Leaf, hex, publish};
pub use witnesses::{Witness, hand_over};

/// How often waiting entries are looked for.
const WAKE: Duration = Duration::from_millis(200);
/// How often heads are published, at most: each is a leaf for good, and a line of the anchor file.
const PUBLISH: Duration = Duration::from_millis(500);
/// Organisations extended at the same time.
const ABREAST: usize = 4;
/// How often the partitions of the months to come are looked after.
const UPKEEP: Duration = Duration::from_secs(24 * 3600);

/// Runs until `stop` says so. A transaction under way is finished first.
pub async fn run(app: App, stop: watch::Receiver<bool>) {
    let published = watch::Sender::new(0);
    let witnesses = app.log().settings().witnesses.clone();
    let client = app.log().settings().witness_client.clone();
    let pairs = client.into_iter().flat_map(|client| witnesses.iter().map(move |witness| (client.clone(), witness)));
    let told: Vec<_> =
        pairs.map(|(client, witness)| tell(&app, client, witness, published.subscribe(), stop.clone())).collect();
    tokio::join!(
        sequence(&app, &published, stop.clone()),
        super::fsck::watch(&app, stop.clone()),
        futures_util::future::join_all(told),
    );
}

async fn sequence(app: &App, published: &watch::Sender<u64>, mut stop: watch::Receiver<bool>) {
    let (mut last, mut kept_up) = (None::<Instant>, None::<Instant>);
    while !*stop.borrow() {
        if kept_up.is_none_or(|at| at.elapsed() >= UPKEEP) {
            kept_up = Some(Instant::now());
            if let Err(error) = partitions::make(app.db()).await {
                tracing::error!(%error, "the log's partitions cannot be made; entries go to the default one");
            }
        }
        let busy = place_all(app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "entries cannot be given their places for now");
            false
        });
        if last.is_none_or(|at| at.elapsed() >= PUBLISH) {
            last = Some(Instant::now());
            match publish(app).await {
                Ok(Some(size)) => drop(published.send_replace(size)),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "heads cannot be published for now"),
            }
            measure(app).await;
        }
        if !busy {
            let _ = timeout(WAKE, stop.changed()).await;
        }
    }
}

/// One round over the organisations that have entries waiting. True when some are still waiting for sure.
pub async fn place_all(app: &App) -> Result<bool, DomainError> {
    let waiting = queue::organizations(app.db()).await?;
    let begun = Instant::now();
    let placed: Vec<_> = stream::iter(waiting)
        .map(|organization| async move {
            let placed = place(app, organization).await;
            if let Err(error) = &placed {
                tracing::warn!(%organization, %error, "entries of a log cannot be given their places for now");
            }
            placed.unwrap_or_default()
        })
        .buffer_unordered(ABREAST)
        .collect()
        .await;
    let entries: usize = placed.iter().map(|placed| placed.entries).sum();
    if entries > 0 {
        metrics::counter!("custodian_audit_entries_placed_total").increment(u64::try_from(entries).unwrap_or(0));
        metrics::histogram!("custodian_audit_placing_seconds").record(begun.elapsed().as_secs_f64());
    }
    Ok(placed.iter().any(|placed| placed.more))
}

/// How long the queue is and how old the oldest entry in it.
async fn measure(app: &App) {
    if let Ok((length, oldest)) = queue::length(app.db()).await {
        let lag = oldest.and_then(time_of).map_or(0, |at| (app.now() - at).num_milliseconds().max(0));
        // Exact up to 2^53, far beyond any of these.
        metrics::gauge!("custodian_audit_queue_entries").set(length as f64);
        metrics::gauge!("custodian_audit_lag_seconds").set(lag as f64 / 1000.0);
    }
}

/// Tells one witness of each checkpoint, the newest if several came meanwhile.
async fn tell(
    app: &App,
    client: WitnessClient,
    witness: &Witness,
    mut published: watch::Receiver<u64>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => return,
            changed = published.changed() => if changed.is_err() { return },
        }
        if let Err(error) = hand_over(app, &client, witness).await {
            tracing::warn!(witness = witness.key.name(), %error, "a checkpoint cannot be handed to a witness for now");
        }
    }
}
