//! The stored tiles of a tree against those that its entries make.

use std::collections::HashMap;

use custodian_crypto::merkle::{Hash, RightEdge, TileId, edge_tiles};
use custodian_persistence::audit::tiles::{self as stored, Tree};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use super::items::Item;
use super::{Amiss, Broken, What};
use crate::audit::edge::{address, tile};

const OTHER: &str = "what stands there is not what the place was given to: its hash is another";
const ABOVE: &str = "a hash of the tree above it is missing or another";
const EDGE: &str = "the stored tree before it is not whole";

/// A tree that grows with what is read.
pub(super) struct Tiles {
    tree: Tree,
    edge: RightEdge,
}

fn hash(place: u64, entry: Option<Uuid>, says: &'static str) -> Amiss {
    Amiss { what: What::Hash, place, entry, says }
}

impl Tiles {
    /// The tree before a place, as it is stored.
    pub(super) async fn before(work: &Work, tree: Tree, from: u64) -> Result<Self, Broken> {
        let widths: HashMap<TileId, u16> = edge_tiles(from).into_iter().collect();
        let wanted: Vec<_> = widths.keys().copied().map(address).collect();
        let mut tiles: Vec<_> = stored::find(work, tree, &wanted).await?.into_iter().filter_map(tile).collect();
        for tile in &mut tiles {
            tile.bytes.truncate(usize::from(widths.get(&tile.id).copied().unwrap_or(0)) * 32);
        }
        let edge = RightEdge::new(from, &tiles).map_err(|_| Broken::Amiss(hash(from, None, EDGE)))?;
        Ok(Self { tree, edge })
    }

    /// Adds leaves. Answers the first whose hash, or a hash above it, is not the stored one, with how many leaves before it are sound.
    pub(super) async fn hold(
        &mut self,
        work: &Work,
        items: &[Item],
        leaves: &[Hash],
    ) -> Result<Option<Amiss>, DbError> {
        let from = self.edge.size();
        let Ok(grown) = self.edge.append(leaves) else {
            return Ok(Some(hash(from, None, EDGE)));
        };
        let wanted: Vec<_> = grown.iter().map(|tile| address(tile.id)).collect();
        let stored = stored::find(work, self.tree, &wanted).await?.into_iter().filter_map(tile);
        let stored: HashMap<TileId, Vec<u8>> = stored.map(|tile| (tile.id, tile.bytes)).collect();
        let wrong = grown.iter().filter_map(|tile| {
            let kept = stored.get(&tile.id).map_or(&[][..], Vec::as_slice).as_chunks::<32>().0;
            let made = tile.bytes.as_chunks::<32>().0;
            let slot = (0_u64..)
                .zip(made)
                .find(|(slot, hash)| usize::try_from(*slot).ok().and_then(|slot| kept.get(slot)) != Some(*hash))?;
            Some(((tile.id.number * 256 + slot.0) << (8 * tile.id.level), tile.id.level))
        });
        // Where a leaf and the hash above it are both other ones, the leaf is what is named.
        let first = wrong.min_by_key(|(place, level)| (*level > 0, *place));
        Ok(first.map(|(place, level)| {
            let at = usize::try_from(place.saturating_sub(from)).unwrap_or(usize::MAX);
            let entry = items.get(at).and_then(|item| item.id).filter(|_| level == 0);
            hash(place, entry, if level == 0 { OTHER } else { ABOVE })
        }))
    }

    /// The root over all that was added.
    pub(super) fn root(&self) -> Hash {
        self.edge.root()
    }
}
