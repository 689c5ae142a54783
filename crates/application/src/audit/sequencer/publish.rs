//! Makes the organisations' new heads leaves of the log of all logs, and carries its checkpoint out of the database.

use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use custodian_crypto::merkle::leaf_hash;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_outbound::AnchorFile;
use custodian_persistence::Work;
use custodian_persistence::audit::heads::{self, HeadRow};
use custodian_persistence::audit::log::{self as stored, LeafRow, LogHead};
use custodian_persistence::audit::tiles::{self, Tree};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::audit::Finding;
use crate::audit::edge::{self, EdgeError, Stored};

/// Heads published in one transaction.
const HEADS: i64 = 1000;

/// The canonical form of a leaf: members in the order of their names, as RFC 8785 wants them.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Whose head.
    pub organization: OrganizationId,
    /// Its root hash, in lower-case hexadecimal.
    pub root: String,
    /// Its size.
    pub size: u64,
    /// When it was published (RFC 3339, UTC).
    pub time: String,
    /// Version of this form.
    pub v: u8,
}

/// A line of the anchor file.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnchorLine {
    /// How far the security ledger was: what a backup is put back with must have at least that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<AnchoredLedger>,
    /// The signed checkpoint.
    pub note: String,
    /// When the line was written (RFC 3339, UTC).
    pub time: String,
    /// Version of this form.
    pub v: u8,
}

/// How far the security ledger was when an anchor line was written.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct AnchoredLedger {
    /// The number of its last line.
    pub sequence: u64,
    /// SHA-256 of that line, in hexadecimal.
    pub sha256: String,
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Publishes what has grown; answers the log's new size, or none when there was nothing to do or another instance is at it.
pub async fn publish(app: &App) -> Result<Option<u64>, DomainError> {
    let work = Work::begin_global(app.db()).await?;
    let Some(mut head) = stored::lock_head(&work).await? else {
        work.abandon().await;
        return Ok(None);
    };
    let grown = heads::lock_unpublished(&work, HEADS).await?;
    let (grown, foreign): (Vec<_>, Vec<_>) = grown.into_iter().partition(|head| is_ours(app, head));
    for head in &foreign {
        let says = "The newest checkpoint is not signed by a key of ours, or says something else than the head.";
        app.alarm(&Finding::of(Some(head.organization), "head", says)).await;
    }
    if grown.is_empty() {
        work.abandon().await;
        return Ok(None);
    }
    match extend(app, &work, &mut head, &grown).await {
        Ok(size) => {
            work.commit().await?;
            anchor(app, &head).await;
            Ok(Some(size))
        }
        Err(EdgeError::Unsound(says)) => {
            work.abandon().await;
            app.alarm(&Finding::of(None, "log_head", says)).await;
            Ok(None)
        }
        Err(EdgeError::Db(error)) => Err(error.into()),
    }
}

fn is_ours(app: &App, head: &HeadRow) -> bool {
    let origin = app.log().origin_of(head.organization);
    let head = Stored { origin: &origin, size: head.size, root: &head.root, note: &head.note };
    edge::signed(head, &app.log().keys()).is_ok()
}

async fn extend(app: &App, work: &Work, head: &mut LogHead, grown: &[HeadRow]) -> Result<u64, EdgeError> {
    let keys = app.log().keys();
    let stored = Stored { origin: app.log().origin(), size: head.size, root: &head.root, note: &head.note };
    let mut edge = edge::open(work, Tree::Heads, stored, &keys).await?;
    let unsound = |error: DomainError| EdgeError::Unsound(error.to_string());
    let leaves = grown.iter().zip(head.size..).map(|(grown, position)| leaf(app, grown, position));
    let leaves = leaves.collect::<Result<Vec<_>, _>>().map_err(unsound)?;
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(&leaf.leaf)).collect();
    let tiles =
        edge.append(&hashes).map_err(|error| EdgeError::Unsound(format!("The tree does not grow: {error}.")))?;
    let tiles: Vec<_> = tiles.into_iter().map(edge::row).collect();
    let (size, root) = (edge.size(), edge.root());
    head.note = keys.sign(app.log().origin(), size, root).map_err(unsound)?;
    head.size = i64::try_from(size).map_err(|_| EdgeError::Unsound("The tree is full.".to_owned()))?;
    head.root = root.to_vec();
    head.made_at = app.now();
    let places: Vec<_> = leaves.iter().map(|leaf| (leaf.organization.uuid(), leaf.size, leaf.position)).collect();
    tokio::try_join!(
        stored::append(work, &leaves),
        tiles::store(work, Tree::Heads, &tiles),
        heads::published(work, &places),
        stored::advance(work, head),
    )?;
    Ok(size)
}

fn leaf(app: &App, head: &HeadRow, position: i64) -> Result<LeafRow, DomainError> {
    let leaf = Leaf {
        organization: head.organization,
        root: hex(&head.root),
        size: u64::try_from(head.size).unwrap_or(0),
        time: app.now().to_rfc3339_opts(SecondsFormat::Micros, true),
        v: 1,
    };
    let bytes = serde_json::to_vec(&leaf).map_err(|error| DomainError::internal(format!("leaf: {error}")))?;
    Ok(LeafRow { position, organization: head.organization, size: head.size, root: head.root.clone(), leaf: bytes })
}

/// Adds the checkpoint to the anchor file. What fails is said and made good by the next one: a file that lags is behind, not wrong.
pub(super) async fn anchor(app: &App, head: &LogHead) {
    let Some(file) = app.log().settings().anchor.clone() else {
        return;
    };
    let (note, size, now) = (head.note.clone(), head.size, app.now());
    let ledger = app.custody().ledger.clone();
    let written = tokio::task::spawn_blocking(move || {
        let ledger = ledger.map(|ledger| crate::erasures::position(&ledger)).transpose()?.flatten();
        let ledger = ledger.map(|at| AnchoredLedger { sequence: at.sequence, sha256: at.sha256 });
        write(&file, note, size, (now, ledger))
    })
    .await;
    let failed = match written {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    metrics::gauge!("custodian_audit_anchor_failing").set(f64::from(u8::from(failed.is_some())));
    if let Some(error) = failed {
        tracing::error!(error, "a checkpoint cannot be added to the anchor file");
    }
}

/// Carries out that the ledger has grown, although the log has not.
pub(crate) async fn anchor_ledger(app: &App) -> Result<(), DomainError> {
    let work = Work::begin_global(app.db()).await?;
    let head = stored::head(&work).await;
    work.abandon().await;
    let head = head?;
    if head.size > 0 {
        anchor(app, &head).await;
    }
    Ok(())
}

fn write(
    file: &Arc<AnchorFile>,
    note: String,
    size: i64,
    (now, ledger): (chrono::DateTime<Utc>, Option<AnchoredLedger>),
) -> std::io::Result<()> {
    let told = ledger.as_ref().map_or(0, |ledger| ledger.sequence);
    let line = AnchorLine { ledger, note, time: now.to_rfc3339_opts(SecondsFormat::Micros, true), v: 1 };
    let line = serde_json::to_string(&line)?;
    // Two instances may share the file: sizes never get smaller in it, nor does what it says of the ledger.
    file.append(&line, |last| last.and_then(said_by).is_none_or(|last| last < (size, told)))
}

/// The size in an anchor line, unverified, and how far it says that the ledger was.
fn said_by(line: &str) -> Option<(i64, u64)> {
    let line: AnchorLine = serde_json::from_str(line).ok()?;
    let told = line.ledger.as_ref().map_or(0, |ledger| ledger.sequence);
    Some((line.note.lines().nth(1)?.parse().ok()?, told))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_leaf_is_canonical_and_reads_back() {
        let leaf = Leaf {
            organization: OrganizationId::from(uuid::Uuid::from_u128(7)),
            root: hex(&[0xab; 32]),
            size: 12,
            time: "2026-11-22T00:00:00.000000Z".into(),
            v: 1,
        };
        let text = serde_json::to_string(&leaf).unwrap();
        let expected = format!(
            r#"{{"organization":"00000000-0000-0000-0000-000000000007","root":"{}","size":12,"time":"2026-11-22T00:00:00.000000Z","v":1}}"#,
            "ab".repeat(32)
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Leaf>(&text).unwrap(), leaf);
        assert!(serde_json::from_str::<Leaf>(&text.replace("\"v\"", "\"w\"")).is_err());
    }

    #[test]
    fn the_size_of_an_anchor_line_is_in_its_note() {
        let mut line =
            AnchorLine { ledger: None, note: "host/audit\n42\nroot\n\n— a b\n".into(), time: String::new(), v: 1 };
        assert_eq!(said_by(&serde_json::to_string(&line).unwrap()), Some((42, 0)));
        line.ledger = Some(AnchoredLedger { sequence: 7, sha256: "ab".into() });
        assert_eq!(said_by(&serde_json::to_string(&line).unwrap()), Some((42, 7)));
        assert_eq!(said_by("{}"), None);
    }
}
