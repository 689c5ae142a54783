//! A tree kept in tiles of 256 hashes (C2SP tlog-tiles): what an append rewrites, and where a node is found.
//!
//! Level 0 holds leaf hashes; each hash of a higher level is the root of one full tile of the level below.

use std::collections::BTreeMap;

use super::{Frontier, Hash, MAX_SIZE, Node, perfect};

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;

/// Which tile: its level in steps of eight tree levels, and its place in it from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes; 7 at most for the sizes that are allowed.
    pub level: u8,
    /// From 0.
    pub number: u64,
}

/// A tile as it is stored: its hashes one after the other, 32 bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which one.
    pub id: TileId,
    /// The hashes, 32 to 8,192 bytes.
    pub bytes: Vec<u8>,
}

impl Tile {
    /// Number of hashes, 1 to 256.
    pub fn width(&self) -> u16 {
        u16::try_from(self.bytes.len() / 32).unwrap_or(TILE_WIDTH)
    }
}

/// Why tiles do not give what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The tile was not handed in.
    #[error("tile {number} of level {level} is missing", level = .0.level, number = .0.number)]
    Missing(TileId),
    /// The tile holds another number of hashes than the tree's size asks for.
    #[error("tile {number} of level {level} has a wrong width", level = .0.level, number = .0.number)]
    Width(TileId),
    /// The tree would outgrow the largest size.
    #[error("the tree is full")]
    Full,
    /// No proof of that kind exists.
    #[error(transparent)]
    Proof(#[from] super::ProofError),
}

/// How many hashes the tile has in a tree of `size` leaves: 0 when it does not exist, 256 when it is full.
pub fn tile_width(id: TileId, size: u64) -> u16 {
    let hashes = 8u32.checked_mul(id.level.into()).and_then(|shift| size.checked_shr(shift)).unwrap_or(0);
    let before = id.number.saturating_mul(TILE_WIDTH.into());
    u16::try_from(hashes.saturating_sub(before).min(TILE_WIDTH.into())).unwrap_or(TILE_WIDTH)
}

/// The tiles at the right edge of a tree of `size` leaves that are not full, with their widths: all that an append has to know.
pub fn edge_tiles(size: u64) -> Vec<(TileId, u16)> {
    let edge = (0u8..8).map(|level| {
        let id = TileId { level, number: (size >> (8 * level)) / u64::from(TILE_WIDTH) };
        (id, tile_width(id, size))
    });
    edge.filter(|(_, width)| *width > 0).collect()
}

fn hashes(bytes: &[u8]) -> Option<&[Hash]> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then_some(hashes)
}

/// The right edge of a tree kept in tiles: takes leaves, gives the tiles to write, and the root.
#[derive(Clone, Debug)]
pub struct RightEdge {
    size: u64,
    levels: [Vec<Hash>; 8],
}

impl RightEdge {
    /// The edge of a tree of `size` leaves from the stored tiles of [`edge_tiles`], in any order; others are not looked at.
    pub fn new(size: u64, tiles: &[Tile]) -> Result<Self, TileError> {
        if size > MAX_SIZE {
            return Err(TileError::Full);
        }
        let mut edge = Self { size, levels: Default::default() };
        for (id, width) in edge_tiles(size) {
            let tile = tiles.iter().find(|tile| tile.id == id).ok_or(TileError::Missing(id))?;
            let found = hashes(&tile.bytes).filter(|found| found.len() == usize::from(width));
            let found = found.ok_or(TileError::Width(id))?.to_vec();
            if let Some(level) = edge.levels.get_mut(usize::from(id.level)) {
                *level = found;
            }
        }
        Ok(edge)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds leaves by their hashes and gives every tile that is new or rewritten, whole; nothing for no leaves.
    ///
    /// Of the tiles that stood there before only those of [`edge_tiles`] are among them, grown.
    pub fn append(&mut self, leaves: &[Hash]) -> Result<Vec<Tile>, TileError> {
        let added = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        let grown = self.size.checked_add(added).filter(|size| *size <= MAX_SIZE).ok_or(TileError::Full)?;
        let (mut tiles, mut carried) = (Vec::new(), leaves.to_vec());
        for (level, kept) in (0u8..).zip(self.levels.iter_mut()) {
            if carried.is_empty() {
                break;
            }
            let first = (self.size >> (8 * level)) / u64::from(TILE_WIDTH);
            kept.append(&mut carried);
            for (number, wide) in (first..).zip(kept.chunks(TILE_WIDTH.into())) {
                tiles.push(Tile { id: TileId { level, number }, bytes: wide.as_flattened().to_vec() });
            }
            let (full, rest) = kept.as_chunks::<{ TILE_WIDTH as usize }>();
            carried = full.iter().filter_map(|tile| perfect(tile)).collect();
            *kept = rest.to_vec();
        }
        self.size = grown;
        Ok(tiles)
    }

    /// The tree's right edge as perfect subtrees.
    pub fn frontier(&self) -> Frontier {
        let mut frontier = Frontier::new();
        for (level, kept) in (0u8..8).zip(self.levels.iter()).rev() {
            for hash in kept {
                // Widths were checked against the size, so every node finds its place.
                crate::sure(frontier.append_node(8 * level, *hash));
            }
        }
        frontier
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }
}

/// Where a node is found: its tile, the first of its hashes there, and how many of them it spans (1 to 128).
impl Node {
    /// The tile that holds the node, or the hashes that it is worked out from.
    pub fn tile(self) -> TileId {
        TileId { level: self.level / 8, number: self.index.checked_shr(u32::from(8 - self.level % 8)).unwrap_or(0) }
    }

    fn within(self) -> (usize, usize) {
        let count = 1usize << (self.level % 8);
        let slots = usize::from(TILE_WIDTH) / count;
        let slot = usize::try_from(self.index % (slots as u64)).unwrap_or(0);
        (slot * count, count)
    }
}

/// Tiles at hand, and the nodes they give: the source that proofs are made from.
#[derive(Clone, Debug, Default)]
pub struct TileSet(BTreeMap<TileId, Vec<u8>>);

impl TileSet {
    /// No tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// The different tiles that these nodes need, in order.
    pub fn needed(nodes: &[Node]) -> Vec<TileId> {
        let mut ids: Vec<_> = nodes.iter().map(|node| node.tile()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Adds a tile, or replaces it.
    pub fn insert(&mut self, tile: Tile) {
        self.0.insert(tile.id, tile.bytes);
    }

    /// The hash of the node (level, index).
    pub fn node(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        let node = Node { level, index };
        let id = node.tile();
        let bytes = self.0.get(&id).ok_or(TileError::Missing(id))?;
        let (first, count) = node.within();
        hashes(bytes).and_then(|all| all.get(first..first + count)).and_then(perfect).ok_or(TileError::Width(id))
    }
}
