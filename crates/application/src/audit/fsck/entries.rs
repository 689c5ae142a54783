//! The entries of one log in the order of their places, held against their MACs, their leaf hashes and the columns beside them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_crypto::MacKey;
use custodian_crypto::merkle::{Hash, leaf_hash};
use custodian_domain::kernel::OrganizationId;
use custodian_persistence::audit::bundles::{self, Bundle};
use custodian_persistence::audit::log as stored;
use custodian_persistence::audit::walk::{self, WholeEntry};
use custodian_persistence::{DbError, Work};
use serde::Deserialize;
use uuid::Uuid;

use super::tree::TreeWalk;
use crate::App;
use crate::audit::sequencer::time_of;
use crate::audit::{Finding, is_entry};

/// Bundles read at once: their entries are a few MiB.
const AT_ONCE: u64 = 16;
/// How far behind the latest time before it an entry may be: transactions overlap, as far as the verifier allows for.
const BEHIND: chrono::Duration = chrono::Duration::seconds(60);

/// What of an entry's bytes stands in columns too.
#[derive(Deserialize)]
struct Known<'a> {
    action: &'a str,
    actor: KnownActor,
    customer: Option<Uuid>,
    time: DateTime<Utc>,
    verdict: &'a str,
}

#[derive(Deserialize)]
struct KnownActor {
    id: Uuid,
}

/// Walks one organisation's log.
pub(super) struct EntryWalk {
    organization: OrganizationId,
    mac: MacKey,
    /// Entries before this id were let go with the operator's say.
    retired: Uuid,
    latest: DateTime<Utc>,
    /// The tree beneath.
    pub(super) tree: TreeWalk,
    /// What was found so far.
    pub(super) findings: Vec<Finding>,
    /// Entries looked at.
    pub(super) entries: u64,
}

impl EntryWalk {
    pub(super) fn new(app: &App, organization: OrganizationId, tree: TreeWalk, retired: Uuid) -> Self {
        let (mac, latest) = (app.keys().audit_mac(organization), DateTime::UNIX_EPOCH);
        Self { organization, mac, retired, latest, tree, findings: Vec::new(), entries: 0 }
    }

    fn find(&mut self, code: &'static str, place: u64, entry: Option<Uuid>, says: &str) {
        let finding = Finding::of(Some(self.organization), code, says).at(place);
        self.findings.push(Finding { subject: entry, ..finding });
    }

    /// Bundles `first` to `first + count`, as far as the tree goes. Stops early once there is more to tell than anybody reads.
    pub(super) async fn bundles(&mut self, work: &Work, first: u64, count: u64) -> Result<(), DbError> {
        // What was walked through before may lie behind these: the newest are looked at first.
        self.latest = DateTime::UNIX_EPOCH;
        let end = first.saturating_add(count).min(self.tree.size.div_ceil(256));
        let mut from = first;
        while from < end && self.findings.len() < super::MOST {
            let many = AT_ONCE.min(end - from);
            self.some(work, from, many).await?;
            from += many;
        }
        Ok(())
    }

    async fn some(&mut self, work: &Work, first: u64, count: u64) -> Result<(), DbError> {
        let (begin, many) = (i64::try_from(first).unwrap_or(i64::MAX), i64::try_from(count).unwrap_or(0));
        let found = bundles::range(work, begin, many).await?;
        let mut found: HashMap<i64, Bundle> = found.into_iter().map(|bundle| (bundle.number, bundle)).collect();
        let tiles = self.tree.tiles(work, first, count, &mut self.findings).await?;
        let ids: Vec<Uuid> = found.values().flat_map(|bundle| bundle.entries.iter().copied()).collect();
        let entries = walk::entries(work, &ids).await?;
        let published = match &self.tree.frontier {
            Some(tree) => stored::leaves_of(work, i64::try_from(tree.size()).unwrap_or(i64::MAX), many * 256).await?,
            None => Vec::new(),
        };
        let published = published.into_iter().map(|leaf| (leaf.size, leaf.root)).collect();
        for (number, stored) in (first..first + count).zip(begin..) {
            let hashes = tiles.get(&number).cloned().unwrap_or_default();
            match found.remove(&stored) {
                Some(bundle) => self.bundle(number, &bundle, &hashes, &entries),
                None => self.find("bundle", number * 256, None, "It is not known which entries have these places."),
            }
            self.tree.above(work, number, &hashes, &mut self.findings).await?;
            self.grow(&hashes, &published);
        }
        Ok(())
    }

    /// Lets the tree that is worked out again grow, and compares its root at each size that was published.
    fn grow(&mut self, hashes: &[Hash], published: &HashMap<i64, Vec<u8>>) {
        let Some(mut frontier) = self.tree.frontier.take() else {
            return;
        };
        for hash in hashes {
            frontier.append(*hash);
            let told = i64::try_from(frontier.size()).ok().and_then(|size| published.get(&size));
            if told.is_some_and(|told| frontier.root().as_slice() != told) {
                self.find(
                    "published",
                    frontier.size() - 1,
                    None,
                    "The log up to here is not the one that was published.",
                );
            }
        }
        self.tree.frontier = Some(frontier);
    }

    fn bundle(&mut self, number: u64, bundle: &Bundle, hashes: &[Hash], entries: &HashMap<Uuid, WholeEntry>) {
        let place = number * 256;
        let (least, greatest) = (bundle.entries.iter().min(), bundle.entries.iter().max());
        if bundle.entries.len() < hashes.len() {
            self.find("bundle", place, None, "Entries have no place although the tree has their hashes.");
        }
        if least != Some(&bundle.first) || greatest != Some(&bundle.last) {
            self.find("bundle", place, None, "The bounds that entries are found by are not theirs.");
        }
        for ((place, id), hash) in (place..).zip(&bundle.entries).zip(hashes) {
            self.entries += 1;
            match entries.get(id) {
                Some(entry) => self.entry(place, *id, entry, hash),
                None if *id < self.retired => {}
                None => self.find("missing", place, Some(*id), "The entry of this place is gone."),
            }
        }
    }

    fn entry(&mut self, place: u64, id: Uuid, entry: &WholeEntry, hash: &Hash) {
        let sound = self.mac.verify(&entry.canonical, &entry.mac);
        if leaf_hash(&entry.canonical) != *hash {
            let says = if sound {
                "The entry is one of ours, but not the one that this place was given to."
            } else {
                "The entry is not the one that this place was given to."
            };
            return self.find("leaf", place, Some(id), says);
        }
        if !sound {
            return self.find("mac", place, Some(id), "The entry's MAC is not that of its bytes.");
        }
        let known = serde_json::from_slice::<Known<'_>>(&entry.canonical);
        let Some(known) = known.ok().filter(|_| is_entry(&entry.canonical, self.organization, id)) else {
            return self.find("leaf", place, Some(id), "The bytes are those of another entry.");
        };
        let beside = known.action == entry.action
            && known.verdict == entry.verdict
            && known.actor.id == entry.actor
            && known.customer == entry.customer;
        if !beside {
            self.find(
                "columns",
                place,
                Some(id),
                "The columns that the entry is found by say something else than its bytes.",
            );
        }
        let apart = time_of(id).is_none_or(|at| (at - known.time).abs() > BEHIND);
        if apart || known.time < self.latest - BEHIND {
            self.find("time", place, Some(id), "The entry's time goes backwards, or is not that of its id.");
        }
        self.latest = self.latest.max(known.time);
    }
}
