//! Hands the checkpoints of the log of all logs to witnesses, and keeps what they sign.

use custodian_crypto::merkle::{Hash, TileSet, consistency, consistency_nodes};
use custodian_crypto::note::{Note, VerifierKey};
use custodian_domain::kernel::DomainError;
use custodian_outbound::{WitnessClient, WitnessError};
use custodian_persistence::Work;
use custodian_persistence::audit::log as stored;
use custodian_persistence::audit::tiles::{self, Tree};

use crate::App;
use crate::audit::Finding;
use crate::audit::edge;

/// Somebody outside who remembers the largest tree seen and cosigns only what continues it (C2SP tlog-witness).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Where it answers.
    pub url: String,
    /// The key that it cosigns with.
    pub key: VerifierKey,
}

/// Hands the newest checkpoint to one witness. True when it has signed it, now or before.
pub async fn hand_over(app: &App, client: &WitnessClient, witness: &Witness) -> Result<bool, DomainError> {
    let name = witness.key.name();
    let known = stored::witnessed(app.db(), name).await?.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let work = Work::begin_global(app.db()).await?;
    let head = stored::head(&work).await;
    work.abandon().await;
    let head = head?;
    let size = u64::try_from(head.size).unwrap_or(0);
    if size <= known {
        return Ok(size == known);
    }
    let note = Note::parse(&head.note).map_err(|error| DomainError::internal(error.to_string()))?;
    let mut from = known;
    // A second try where it has seen more, or less, than we remember.
    for _ in 0..2 {
        let proof = proof(app, from, size).await?;
        match client.add_checkpoint(&witness.url, &witness.key, from, &proof, &note).await {
            Ok(cosignature) => {
                stored::keep_cosignature(app.db(), head.size, name, &cosignature.line, app.now()).await?;
                metrics::counter!("custodian_audit_cosignatures_total").increment(1);
                return Ok(true);
            }
            Err(WitnessError::Conflict(seen)) if seen <= size && seen != from => from = seen,
            Err(error) => {
                if let Some(says) = contradiction(&error, name, from, size) {
                    app.alarm(&Finding::of(None, "witness", says)).await;
                }
                tracing::warn!(witness = name, %error, "a witness does not sign");
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// What a witness's refusal says of the log, if it says that there are two.
fn contradiction(error: &WitnessError, name: &str, from: u64, size: u64) -> Option<String> {
    match error {
        WitnessError::Conflict(seen) if *seen > size => {
            Some(format!("The witness {name} has seen a log of {seen} published heads; this one has {size}."))
        }
        WitnessError::Conflict(seen) if *seen == from => Some(format!("The witness {name} has seen another log.")),
        WitnessError::BadProof => Some(format!("The witness {name} has seen another log.")),
        _ => None,
    }
}

async fn proof(app: &App, from: u64, to: u64) -> Result<Vec<Hash>, DomainError> {
    let broken = |error: String| DomainError::internal(format!("consistency proof: {error}"));
    let nodes = consistency_nodes(from, to).map_err(|error| broken(error.to_string()))?;
    let wanted: Vec<_> = TileSet::needed(&nodes).into_iter().map(edge::address).collect();
    let mut set = TileSet::new();
    let work = Work::begin_global(app.db()).await?;
    let rows = tiles::find(&work, Tree::Heads, &wanted).await;
    work.abandon().await;
    rows?.into_iter().filter_map(edge::tile).for_each(|tile| set.insert(tile));
    consistency(from, to, |level, index| set.node(level, index)).map_err(|error| broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_contradicts_the_log_is_an_alarm() {
        let says = |error| contradiction(&error, "w", 3, 5);
        assert!(says(WitnessError::Conflict(6)).is_some_and(|says| says.contains("6 published heads; this one has 5")));
        assert!(says(WitnessError::Conflict(3)).is_some());
        assert!(says(WitnessError::BadProof).is_some());
        for harmless in
            [WitnessError::Unreachable, WitnessError::Late, WitnessError::Conflict(4), WitnessError::Status(503)]
        {
            assert_eq!(says(harmless), None);
        }
    }
}
