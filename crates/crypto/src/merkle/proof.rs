//! Proofs that a leaf is in a tree and that one tree begins with another (RFC 9162, sections 2.1.3 and 2.1.4).

use super::{Hash, MAX_SIZE, Node, cover, empty_root, fold, node_hash};

/// Why a proof is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such leaf, or no such pair of trees.
    #[error("the tree has no such place")]
    Place,
    /// Too few hashes or too many.
    #[error("the proof has a wrong number of hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Leaves `start` to `end`: one hash of a proof.
type Part = (u64, u64);

/// The largest power of two below `n`, which is 2 or more.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

fn inclusion_parts(index: u64, size: u64) -> Result<Vec<Part>, ProofError> {
    if index >= size || size > MAX_SIZE {
        return Err(ProofError::Place);
    }
    let (mut start, mut end, mut parts) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            parts.push((middle, end));
            end = middle;
        } else {
            parts.push((start, middle));
            start = middle;
        }
    }
    parts.reverse();
    Ok(parts)
}

fn consistency_parts(from: u64, to: u64) -> Result<Vec<Part>, ProofError> {
    if from > to || to > MAX_SIZE {
        return Err(ProofError::Place);
    }
    if from == 0 {
        return Ok(Vec::new());
    }
    let (mut start, mut end, mut parts) = (0, to, Vec::new());
    while from != end {
        let middle = start + split(end - start);
        if from <= middle {
            parts.push((middle, end));
            end = middle;
        } else {
            parts.push((start, middle));
            start = middle;
        }
    }
    // The verifier knows the old root already; a part of the old tree it does not.
    if start > 0 {
        parts.push((start, end));
    }
    parts.reverse();
    Ok(parts)
}

fn nodes(parts: &[Part]) -> Vec<Node> {
    parts.iter().flat_map(|(start, end)| cover(*start, *end)).collect()
}

fn hashes<E>(parts: &[Part], mut source: impl FnMut(u8, u64) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let hash = |(start, end): &Part| {
        let nodes = cover(*start, *end).into_iter().map(|node| source(node.level, node.index));
        Ok(fold(&nodes.collect::<Result<Vec<_>, E>>()?).unwrap_or_else(empty_root))
    };
    parts.iter().map(hash).collect()
}

/// The nodes whose hashes [`inclusion`] will ask for, so that they can be fetched together.
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<Node>, ProofError> {
    inclusion_parts(index, size).map(|parts| nodes(&parts))
}

/// The proof that the tree of `size` leaves has its leaf `index`: sibling hashes from the leaf to the root.
///
/// `source` gives the hash of the node (level, index); its error ends the work. A leaf outside the tree is [`ProofError::Place`].
pub fn inclusion<E: From<ProofError>>(
    index: u64,
    size: u64,
    source: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    hashes(&inclusion_parts(index, size)?, source)
}

/// The nodes whose hashes [`consistency`] will ask for.
pub fn consistency_nodes(from: u64, to: u64) -> Result<Vec<Node>, ProofError> {
    consistency_parts(from, to).map(|parts| nodes(&parts))
}

/// The proof that the tree of `to` leaves begins with the tree of `from` leaves; empty for `from` 0 and for equal sizes.
///
/// `source` is as for [`inclusion`]; `from` above `to` is [`ProofError::Place`].
pub fn consistency<E: From<ProofError>>(
    from: u64,
    to: u64,
    source: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    hashes(&consistency_parts(from, to)?, source)
}

/// Whether `proof` shows `leaf` (a leaf hash) at `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size || size > MAX_SIZE {
        return Err(ProofError::Place);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            climb_left_edge(&mut at, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Skips the levels on which a last node without a sibling is carried up unchanged.
fn climb_left_edge(at: &mut u64, last: &mut u64) {
    while *at != 0 && *at & 1 == 0 {
        (*at, *last) = (*at >> 1, *last >> 1);
    }
}

/// Whether `proof` shows that the tree (`to`, `to_root`) begins with the tree (`from`, `from_root`).
///
/// Equal sizes need equal roots and no proof; from 0 the old root must be the empty one, and the proof empty.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if from > to || to > MAX_SIZE {
        return Err(ProofError::Place);
    }
    if from == 0 || from == to {
        let equal = if from == to { from_root == to_root } else { true };
        let sound = equal && (from != 0 || *from_root == empty_root());
        return match proof {
            [] if sound => Ok(()),
            [] => Err(ProofError::Root),
            _ => Err(ProofError::Length),
        };
    }
    let (first, rest) = match proof.split_first() {
        None => return Err(ProofError::Length),
        Some(_) if from.is_power_of_two() => (from_root, proof),
        Some(parts) => parts,
    };
    let (old, new) = climb(from, to, first, rest)?;
    if old == *from_root && new == *to_root { Ok(()) } else { Err(ProofError::Root) }
}

/// The two roots that a consistency proof leads to.
fn climb(from: u64, to: u64, first: &Hash, rest: &[Hash]) -> Result<(Hash, Hash), ProofError> {
    let shared = (from - 1).trailing_ones();
    let (mut at, mut last) = ((from - 1) >> shared, (to - 1) >> shared);
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new));
            climb_left_edge(&mut at, &mut last);
        } else {
            new = node_hash(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 { Ok((old, new)) } else { Err(ProofError::Length) }
}
