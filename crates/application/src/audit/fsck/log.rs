//! The log of all logs: its head, its leaves, and the logs that they name.

use std::collections::HashMap;

use custodian_crypto::merkle::{Hash, leaf_hash};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::audit::heads;
use custodian_persistence::audit::log::{self as stored, LeafRow, LogHead};
use custodian_persistence::audit::tiles::Tree;
use custodian_persistence::{DbError, Work};

use super::MOST;
use super::anchors::{self, Anchors};
use super::tree::TreeWalk;
use crate::App;
use crate::audit::Finding;
use crate::audit::edge::{self, EdgeError, Stored};
use crate::audit::sequencer::{Leaf, hex};

/// Leaves read at once.
const PAGE: u64 = 16;

/// The head of the log of all logs, and its size if it is sound.
pub(crate) async fn head(app: &App, work: &Work, findings: &mut Vec<Finding>) -> Result<(LogHead, u64), DbError> {
    let head = stored::head(work).await?;
    let origin = app.log().origin();
    if head.origin.as_deref() != Some(origin) {
        findings.push(Finding::of(None, "log_head", "The log goes by another name than it was begun under."));
    }
    let signed = Stored { origin, size: head.size, root: &head.root, note: &head.note };
    match edge::open(work, Tree::Heads, signed, &app.log().keys()).await {
        Ok(edge) => Ok((head, edge.size())),
        Err(EdgeError::Db(error)) => Err(error),
        Err(EdgeError::Unsound(says)) => {
            if stored::head(work).await?.size == head.size {
                findings.push(Finding::of(None, "log_head", says));
            }
            let size = u64::try_from(head.size).unwrap_or(0);
            Ok((head, size))
        }
    }
}

/// Whether each log is still at least what was last published of it.
pub(super) async fn heads(app: &App, work: &Work, findings: &mut Vec<Finding>) -> Result<(), DomainError> {
    let newest = stored::newest(work).await?;
    let heads: HashMap<OrganizationId, i64> =
        heads::all(app.db()).await?.into_iter().map(|head| (head.organization, head.size)).collect();
    for leaf in newest {
        let organization = Some(leaf.organization);
        match heads.get(&leaf.organization) {
            None => {
                let says = format!("The log is gone; {} entries were published of it.", leaf.size);
                findings.push(Finding::of(organization, "gone", says));
            }
            Some(size) if *size < leaf.size => {
                let says = format!("The log has {size} entries; {} were published.", leaf.size);
                findings.push(Finding::of(organization, "shorter", says));
            }
            Some(_) => {
                let of = app.begin(leaf.organization).await?;
                let root = edge::root_at(&of, Tree::Entries, u64::try_from(leaf.size).unwrap_or(u64::MAX)).await;
                of.abandon().await;
                if root?.is_none_or(|root| root.as_slice() != leaf.root) {
                    let says = format!("The log is not the one of {} entries that was published.", leaf.size);
                    findings.push(Finding::of(organization, "published", says));
                }
            }
        }
    }
    Ok(())
}

/// Every leaf, held against its columns and its hash; the roots on the way against the anchor file's checkpoints.
async fn leaves(
    work: &Work,
    walk: &mut TreeWalk,
    mut carried: Option<Anchors>,
    findings: &mut Vec<Finding>,
) -> Result<(), DbError> {
    let mut sizes: HashMap<OrganizationId, u64> = HashMap::new();
    let mut anchor = carried.as_mut().and_then(Anchors::next);
    let mut first = 0;
    while first * 256 < walk.size && findings.len() < MOST {
        let tiles = walk.tiles(work, first, PAGE, findings).await?;
        let begin = i64::try_from(first * 256).unwrap_or(i64::MAX);
        let leaves = stored::leaves(work, begin, i64::try_from(PAGE * 256).unwrap_or(0)).await?;
        let leaves: HashMap<i64, LeafRow> = leaves.into_iter().map(|leaf| (leaf.position, leaf)).collect();
        for number in first..first + PAGE {
            let hashes = tiles.get(&number).map(Vec::as_slice).unwrap_or_default();
            for (place, hash) in (number * 256..).zip(hashes) {
                let leaf = i64::try_from(place).ok().and_then(|place| leaves.get(&place));
                if let Some(says) = fault(leaf, hash, &mut sizes) {
                    findings.push(Finding::of(None, "log_leaf", says).at(place));
                }
            }
            walk.above(work, number, hashes, findings).await?;
            for hash in hashes {
                let Some(frontier) = &mut walk.frontier else { continue };
                frontier.append(*hash);
                while let Some(Ok(due)) =
                    anchor.as_ref().filter(|next| matches!(next, Ok(due) if due.size <= frontier.size()))
                {
                    if due.size == frontier.size() && due.root != frontier.root() {
                        findings.push(anchors::forked(due.size));
                        carried = None;
                    }
                    anchor = carried.as_mut().and_then(Anchors::next);
                }
            }
        }
        first += PAGE;
    }
    match anchor {
        Some(Err(finding)) => findings.push(finding),
        Some(Ok(due))
            if findings.is_empty() && stored::head(work).await?.size < i64::try_from(due.size).unwrap_or(i64::MAX) =>
        {
            findings.push(anchors::shorter(walk.size, due.size))
        }
        _ => {}
    }
    Ok(())
}

fn fault(leaf: Option<&LeafRow>, hash: &Hash, sizes: &mut HashMap<OrganizationId, u64>) -> Option<&'static str> {
    let Some(leaf) = leaf else {
        return Some("A published head is gone.");
    };
    if leaf_hash(&leaf.leaf) != *hash {
        return Some("A published head is not the one that was published at this place.");
    }
    let told = serde_json::from_slice::<Leaf>(&leaf.leaf).ok();
    let same = |told: &Leaf| {
        told.organization == leaf.organization
            && i64::try_from(told.size) == Ok(leaf.size)
            && told.root == hex(&leaf.root)
    };
    let Some(told) = told.filter(same) else {
        return Some("The columns beside a published head say something else than its bytes.");
    };
    let before = sizes.insert(told.organization, told.size);
    before.is_some_and(|before| before >= told.size).then_some("A log was published again without having grown.")
}

/// Everything about the log of all logs.
pub(super) async fn whole(app: &App, findings: &mut Vec<Finding>) -> Result<u64, DomainError> {
    let work = Work::begin_global(app.db()).await?;
    let (head, size) = head(app, &work, findings).await?;
    let mut walk = TreeWalk::whole(None, size);
    let carried = Anchors::open(app, true).unwrap_or_else(|finding| {
        findings.push(finding);
        None
    });
    leaves(&work, &mut walk, carried, findings).await?;
    let root = walk.frontier.as_ref().map(|frontier| (frontier.size(), frontier.root()));
    if root.is_some_and(|(at, root)| at == size && root.as_slice() != head.root) {
        findings.push(Finding::of(None, "log_root", "The published heads do not lead to the signed root."));
    }
    heads(app, &work, findings).await?;
    work.abandon().await;
    Ok(size)
}
