//! The root of a whole tree from a part of its leaves and the hashes of what stands left and right of them.

use super::{Frontier, Hash, MAX_SIZE, Node, cover};

/// Why a range does not give a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The bounds are not `from <= to <= size`.
    #[error("the bounds do not lie in the tree in order")]
    Bounds,
    /// The hashes left of the range are not as many as its left bound asks for.
    #[error("a wrong number of hashes stands left of the range")]
    Left,
    /// The leaves are not as many as the bounds say.
    #[error("the range has a wrong number of leaves")]
    Leaves,
    /// The hashes right of the range are not as many as its bounds ask for.
    #[error("a wrong number of hashes stands right of the range")]
    Right,
}

/// The nodes that span the leaves before `from`, from the left: the largest perfect subtrees.
pub fn left_nodes(from: u64) -> Vec<Node> {
    cover(0, from)
}

/// The nodes that span the leaves from `to` to `size`, from the left.
pub fn right_nodes(to: u64, size: u64) -> Vec<Node> {
    cover(to, size)
}

/// A tree worked out again from a range of its leaves, one after the other, in the memory of its right edge.
#[derive(Clone, Debug)]
pub struct RangeRoot {
    frontier: Frontier,
    to: u64,
    size: u64,
}

impl RangeRoot {
    /// Begins with the hashes of [`left_nodes`] for the range `from` to `to` of a tree of `size` leaves.
    pub fn new(from: u64, to: u64, size: u64, left: &[Hash]) -> Result<Self, RangeError> {
        if from > to || to > size || size > MAX_SIZE {
            return Err(RangeError::Bounds);
        }
        let frontier = Frontier::from_hashes(from, left.to_vec()).map_err(|_| RangeError::Left)?;
        Ok(Self { frontier, to, size })
    }

    /// Adds the next leaf by its hash; refused beyond the range.
    pub fn leaf(&mut self, leaf: Hash) -> Result<(), RangeError> {
        if self.frontier.size() >= self.to {
            return Err(RangeError::Leaves);
        }
        self.frontier.append(leaf);
        Ok(())
    }

    /// The tree up to the last leaf added: its size and its root can be compared with a checkpoint of that size.
    pub fn so_far(&self) -> &Frontier {
        &self.frontier
    }

    /// The root of the whole tree, with the hashes of [`right_nodes`]; refused unless every leaf of the range was added.
    pub fn finish(mut self, right: &[Hash]) -> Result<Hash, RangeError> {
        if self.frontier.size() != self.to {
            return Err(RangeError::Leaves);
        }
        let nodes = right_nodes(self.to, self.size);
        if nodes.len() != right.len() {
            return Err(RangeError::Right);
        }
        for (node, hash) in nodes.iter().zip(right) {
            self.frontier.append_node(node.level, *hash).map_err(|_| RangeError::Right)?;
        }
        Ok(self.frontier.root())
    }
}
