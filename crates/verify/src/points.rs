//! Checkpoints of all logs, and what shows that they belong to one append-only log each.

use std::collections::BTreeMap;

use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::{Hash, empty_root, verify_consistency};

use crate::fault::{Fault, Kind};

/// One tree of a log that somebody signed.
struct Point {
    root: Hash,
    /// What it was read from first.
    file: String,
    /// Whether it has to be shown to belong to the others.
    must: bool,
    /// Points with the same number were shown to be of one log.
    group: usize,
}

/// The signed trees of each log, by size.
#[derive(Default)]
pub(crate) struct Points {
    logs: BTreeMap<String, BTreeMap<u64, Point>>,
    groups: usize,
}

impl Points {
    /// Adds a signed tree; refused when the same size was signed with another root. What need not be connected is kept for comparison.
    pub(crate) fn add(&mut self, file: &str, checkpoint: &Checkpoint, must: bool) -> Result<(), Fault> {
        let Checkpoint { origin, size, root } = checkpoint;
        if *size == 0 && *root != empty_root() {
            return Err(Fault::new(
                Kind::Root,
                file,
                "a checkpoint of no entries has another root than the empty one.",
            ));
        }
        self.groups += 1;
        let point = Point { root: *root, file: file.to_owned(), must, group: self.groups };
        let known = self.logs.entry(origin.clone()).or_default().entry(*size).or_insert(point);
        if known.root != *root {
            let text = format!("{origin} has two roots for {size} entries; the other is in {}.", known.file);
            return Err(Fault::new(Kind::Fork, file, text));
        }
        known.must |= must;
        Ok(())
    }

    /// The roots to hold a log's entries to, by size.
    pub(crate) fn expected(&self, origin: &str) -> BTreeMap<u64, Hash> {
        let points = self.logs.get(origin).into_iter().flatten();
        points.map(|(size, point)| (*size, point.root)).collect()
    }

    /// The logs that something was given of.
    pub(crate) fn origins(&self) -> Vec<String> {
        self.logs.keys().cloned().collect()
    }

    /// The largest tree of a log, and what it was read from.
    pub(crate) fn last(&self, origin: &str) -> Option<(u64, &str)> {
        let (size, point) = self.logs.get(origin)?.last_key_value()?;
        Some((*size, &point.file))
    }

    /// Number of different trees of a log.
    pub(crate) fn count(&self, origin: &str) -> usize {
        self.logs.get(origin).map_or(0, BTreeMap::len)
    }

    /// Notes that these sizes of a log were shown to be of one log.
    pub(crate) fn join(&mut self, origin: &str, sizes: &[u64]) {
        let Some(points) = self.logs.get_mut(origin) else { return };
        let groups: Vec<usize> = sizes.iter().filter_map(|size| points.get(size)).map(|point| point.group).collect();
        let Some(first) = groups.first().copied() else { return };
        points.values_mut().filter(|point| groups.contains(&point.group)).for_each(|point| point.group = first);
    }

    /// Takes a consistency proof between two sizes. One between trees that nobody signed here tells nothing and is passed over.
    pub(crate) fn prove(&mut self, file: &str, origin: &str, from: u64, to: u64, hashes: &[Hash]) -> Result<(), Fault> {
        let root = |size| self.logs.get(origin).and_then(|points| points.get(&size)).map(|point| point.root);
        let (Some(old), Some(new)) = (root(from), root(to)) else { return Ok(()) };
        verify_consistency(from, &old, to, &new, hashes).map_err(|error| {
            Fault::new(
                Kind::Proof,
                file,
                format!("the log {origin} of {to} entries is not shown to begin with that of {from}: {error}."),
            )
        })?;
        self.join(origin, &[from, to]);
        Ok(())
    }

    /// Whether a log has trees that have to be connected.
    pub(crate) fn any_to_tie(&self, origin: &str) -> bool {
        self.logs.get(origin).is_some_and(|points| points.values().any(|point| point.must))
    }

    /// Whether one of `sizes` belongs to a tree that has to be connected.
    pub(crate) fn touches(&self, origin: &str, sizes: &[u64]) -> bool {
        let Some(points) = self.logs.get(origin) else { return false };
        let groups: Vec<usize> = sizes.iter().filter_map(|size| points.get(size)).map(|point| point.group).collect();
        points.values().any(|point| point.must && groups.contains(&point.group))
    }

    /// Refuses unless all trees of each log that have to be are of one log. The empty tree is the beginning of each.
    pub(crate) fn connected(&self) -> Result<(), Fault> {
        for (origin, points) in &self.logs {
            let mut must = points.iter().filter(|(size, point)| point.must && **size > 0);
            let Some((first, one)) = must.next() else { continue };
            if let Some((size, point)) = must.find(|(_, point)| point.group != one.group) {
                let text = format!(
                    "nothing shows that the log {origin} of {size} entries begins with that of {first} ({}): give the \
                     consistency proof from {first} to {size}, or an export that spans both.",
                    one.file
                );
                return Err(Fault::new(Kind::Unconnected, &point.file, text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use custodian_crypto::merkle::{consistency, leaf_hash, root};

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|at| leaf_hash(&at.to_be_bytes())).collect()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint { origin: "o".into(), size, root: root(&leaves(size)) }
    }

    fn proof(from: u64, to: u64) -> Vec<Hash> {
        let all = leaves(to);
        consistency(from, to, |level, index| {
            let (start, end) = ((index << level) as usize, ((index + 1) << level) as usize);
            Ok::<_, custodian_crypto::merkle::ProofError>(root(all.get(start..end).unwrap()))
        })
        .unwrap()
    }

    #[test]
    fn trees_are_connected_by_proofs_only() {
        let mut points = Points::default();
        for size in [0, 3, 5, 9] {
            points.add("f", &checkpoint(size), true).unwrap();
        }
        points.add("anchor", &checkpoint(7), false).unwrap();
        assert_eq!(points.connected().unwrap_err().kind, Kind::Unconnected);
        points.prove("p", "o", 3, 9, &proof(3, 9)).unwrap();
        assert_eq!(points.connected().unwrap_err().kind, Kind::Unconnected);
        points.prove("p", "o", 5, 9, &proof(5, 9)).unwrap();
        points.connected().unwrap();
        assert!(!points.touches("o", &[7]));
        points.prove("p", "o", 5, 7, &proof(5, 7)).unwrap();
        assert!(points.touches("o", &[7]));
        assert_eq!(points.prove("p", "o", 3, 5, &proof(3, 9)).unwrap_err().kind, Kind::Proof);
        points.prove("p", "o", 3, 6, &[]).unwrap();
        points.prove("p", "another", 3, 5, &[]).unwrap();
    }

    #[test]
    fn two_roots_of_one_size_are_a_fork() {
        let mut points = Points::default();
        points.add("a", &checkpoint(3), true).unwrap();
        points.add("b", &checkpoint(3), true).unwrap();
        let fork = Checkpoint { root: [7; 32], ..checkpoint(3) };
        assert_eq!(points.add("c", &fork, false).unwrap_err().kind, Kind::Fork);
        assert_eq!(points.add("c", &Checkpoint { size: 0, ..fork }, true).unwrap_err().kind, Kind::Root);
    }
}
