//! The right edge of a growing tree: the hashes of its largest perfect subtrees, enough for its root and for every later leaf.

use super::{Hash, MAX_SIZE, cover, empty_root, fold, node_hash};

/// A node was appended where the tree has no place for one of its size, or hashes do not belong to the size named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hashes do not fit the size of the tree")]
pub struct Misplaced;

/// A tree known by its right edge: 32 bytes for each bit set in its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of `size` leaves whose largest perfect subtrees have these hashes, from the left; refused when their number is wrong.
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, Misplaced> {
        if size > MAX_SIZE || hashes.len() != cover(0, size).len() {
            return Err(Misplaced);
        }
        Ok(Self { size, hashes })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the largest perfect subtrees, from the left: those of [`super::left_nodes`] of the size.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Adds a leaf by its hash.
    pub fn append(&mut self, leaf: Hash) {
        self.join(leaf, self.size);
        self.size += 1;
    }

    /// Adds a whole perfect subtree of `1 << level` leaves; refused unless the size is a multiple of that.
    pub fn append_node(&mut self, level: u8, hash: Hash) -> Result<(), Misplaced> {
        let leaves = 1u64.checked_shl(level.into()).filter(|leaves| *leaves <= MAX_SIZE).ok_or(Misplaced)?;
        let grown = self.size.checked_add(leaves).filter(|size| *size <= MAX_SIZE).ok_or(Misplaced)?;
        if !self.size.is_multiple_of(leaves) {
            return Err(Misplaced);
        }
        self.join(hash, self.size >> level);
        self.size = grown;
        Ok(())
    }

    /// Puts the node of `index` at its level to the edge, joined with each left neighbour that it completes.
    fn join(&mut self, mut hash: Hash, mut index: u64) {
        while index & 1 == 1
            && let Some(left) = self.hashes.pop()
        {
            hash = node_hash(&left, &hash);
            index >>= 1;
        }
        self.hashes.push(hash);
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        fold(&self.hashes).unwrap_or_else(empty_root)
    }
}
