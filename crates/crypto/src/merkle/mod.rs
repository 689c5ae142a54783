//! Merkle trees of RFC 9162, section 2.1, over SHA-256: hashes, roots, proofs, ranges and tiles.
//!
//! A tree of `size` leaves is addressed by its perfect subtrees: [`Node`] `(level, index)` spans the leaves
//! `index << level` to `(index + 1) << level`. Such a node never changes once its leaves are there; every proof is made of them.

mod frontier;
mod proof;
mod range;
mod tile_path;
mod tiles;

#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod tests;

pub use frontier::{Frontier, Misplaced};
pub use proof::{
    ProofError, consistency, consistency_nodes, inclusion, inclusion_nodes, verify_consistency, verify_inclusion,
};
pub use range::{RangeError, RangeRoot, left_nodes, right_nodes};
pub use tile_path::{parse_tile_path, tile_path};
pub use tiles::{RightEdge, TILE_WIDTH, Tile, TileError, TileId, TileSet, edge_tiles, tile_width};

use ring::digest::{Context, SHA256};

use crate::mac::{fixed, sha256};

/// A SHA-256 digest of a leaf or of a node.
pub type Hash = [u8; 32];

/// The largest tree: what a signed 64-bit number holds.
pub const MAX_SIZE: u64 = i64::MAX.unsigned_abs();

/// A perfect subtree: the leaves `index << level` to `(index + 1) << level`; level 0 is a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves, 0 to 62.
    pub level: u8,
    /// Place among the nodes of its level, from the left.
    pub index: u64,
}

/// The hash of a leaf: SHA-256(0x00 | data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(data);
    fixed(context.finish().as_ref())
}

/// The hash of an inner node: SHA-256(0x01 | left | right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    let (prefix, rest) = bytes.split_at_mut(1);
    let (to_left, to_right) = rest.split_at_mut(32);
    prefix.copy_from_slice(&[1]);
    to_left.copy_from_slice(left);
    to_right.copy_from_slice(right);
    sha256(&bytes)
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// The root over these leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    frontier.root()
}

/// The perfect subtrees, as large as they can be, that together span the leaves `start` to `end`, from the left.
fn cover(mut start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while start < end {
        let fits = (end - start).ilog2();
        let level = start.trailing_zeros().min(fits);
        nodes.push(Node { level: u8::try_from(level).unwrap_or(u8::MAX), index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// Joins hashes of ever smaller subtrees from the right, as the right edge of a tree is joined.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    let (last, rest) = hashes.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// The root of a perfect subtree over a power of two of hashes; none for any other number.
fn perfect(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut frontier = Frontier::new();
    hashes.iter().for_each(|hash| frontier.append(*hash));
    Some(frontier.root())
}
