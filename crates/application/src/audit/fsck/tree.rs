//! One stored tree, tile by tile: widths, each tile's root in the tile above, and the roots that were signed on the way.

use std::collections::HashMap;

use custodian_crypto::merkle::{self, Frontier, Hash, TileId, tile_width};
use custodian_domain::kernel::OrganizationId;
use custodian_persistence::audit::tiles::{self, Tree};
use custodian_persistence::{DbError, Work};

use crate::audit::Finding;
use crate::audit::edge::address;

/// Walks the tiles of level 0 of a tree of `size` leaves.
pub(super) struct TreeWalk {
    tree: Tree,
    organization: Option<OrganizationId>,
    /// Number of leaves; what grew since is not looked at.
    pub(super) size: u64,
    /// The tree over the tiles walked so far; only for a walk from the beginning.
    pub(super) frontier: Option<Frontier>,
}

impl TreeWalk {
    /// A walk that may begin anywhere.
    pub(super) fn anywhere(organization: Option<OrganizationId>, size: u64) -> Self {
        let tree = if organization.is_some() { Tree::Entries } else { Tree::Heads };
        Self { tree, organization, size, frontier: None }
    }

    /// A walk from the beginning, which works the roots out again.
    pub(super) fn whole(organization: Option<OrganizationId>, size: u64) -> Self {
        Self { frontier: Some(Frontier::new()), ..Self::anywhere(organization, size) }
    }

    fn finding(&self, code: &'static str, place: u64, says: String) -> Finding {
        Finding::of(self.organization, code, says).at(place)
    }

    /// The hashes of the tiles `first` to `first + count` of level 0, each cut to the size walked.
    pub(super) async fn tiles(
        &self,
        work: &Work,
        first: u64,
        count: u64,
        findings: &mut Vec<Finding>,
    ) -> Result<HashMap<u64, Vec<Hash>>, DbError> {
        let mut whole = HashMap::new();
        let (_, begin) = address(TileId { level: 0, number: first });
        let stored = tiles::range(work, self.tree, 0, begin, i64::try_from(count).unwrap_or(i64::MAX)).await?;
        let stored: HashMap<u64, Vec<u8>> =
            stored.into_iter().filter_map(|row| Some((u64::try_from(row.number).ok()?, row.hashes))).collect();
        for number in first..first.saturating_add(count) {
            let width = tile_width(TileId { level: 0, number }, self.size);
            if width == 0 {
                break;
            }
            match stored.get(&number).and_then(|bytes| bytes.as_chunks::<32>().0.get(..usize::from(width))) {
                Some(hashes) => drop(whole.insert(number, hashes.to_vec())),
                None => findings.push(self.finding("tile", number * 256, "Hashes of the tree are missing.".to_owned())),
            }
        }
        Ok(whole)
    }

    /// Holds a full tile of level 0 against the tiles above it, as far up as it completes them.
    pub(super) async fn above(
        &self,
        work: &Work,
        number: u64,
        hashes: &[Hash],
        findings: &mut Vec<Finding>,
    ) -> Result<(), DbError> {
        let (mut level, mut number, mut hashes, place) = (0_u8, number, hashes.to_vec(), number * 256);
        while hashes.len() == 256 && level < 7 {
            let id = TileId { level: level + 1, number: number / 256 };
            let found = tiles::find(work, self.tree, &[address(id)]).await?;
            let bytes = found.into_iter().next().map(|row| row.hashes).unwrap_or_default();
            let slot = usize::try_from(number % 256).unwrap_or(0);
            if bytes.as_chunks::<32>().0.get(slot) != Some(&merkle::root(&hashes)) {
                let says = format!("A hash of level {} of the tree is not that of the tile beneath it.", id.level);
                findings.push(self.finding("tile", place, says));
                return Ok(());
            }
            if slot != 255 {
                return Ok(());
            }
            (level, number) = (id.level, id.number);
            hashes = bytes.as_chunks::<32>().0.to_vec();
        }
        Ok(())
    }
}
