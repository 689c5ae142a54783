//! Known proofs, every proof of small trees, and forged ones of every shape.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::tests::{ROOTS, defined, from_leaves, hash, known_leaves, leaves};
use super::*;
use proptest::prelude::*;

fn include(all: &[Hash], index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    inclusion(index, size, |level, index| Ok(from_leaves(all, Node { level, index })))
}

fn extend(all: &[Hash], from: u64, to: u64) -> Result<Vec<Hash>, ProofError> {
    consistency(from, to, |level, index| Ok(from_leaves(all, Node { level, index })))
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| hash(text)).collect()
}

#[test]
fn known_inclusion_proofs() {
    let all = known_leaves();
    let three = hashes(&[
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        ROOTS[1],
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    assert_eq!(include(&all, 3, 8).unwrap(), three);
    assert_eq!(verify_inclusion(3, 8, &all[3], &three, &hash(ROOTS[7])), Ok(()));
    assert_eq!(include(&all, 4, 5).unwrap(), hashes(&[ROOTS[3]]));
    assert_eq!(include(&all, 0, 1).unwrap(), Vec::<Hash>::new());
}

#[test]
fn known_consistency_proofs() {
    let all = known_leaves();
    let three_seven = hashes(&[
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        ROOTS[1],
        "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
    ]);
    let four_eight = hashes(&["6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]);
    let six_eight = hashes(&[
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ROOTS[3],
    ]);
    for (from, to, proof) in
        [(3, 7, three_seven), (4, 8, four_eight), (6, 8, six_eight), (0, 8, vec![]), (8, 8, vec![])]
    {
        assert_eq!(extend(&all, from, to).unwrap(), proof, "{from} to {to}");
        let old = if from == 0 { empty_root() } else { hash(ROOTS[from as usize - 1]) };
        assert_eq!(verify_consistency(from, &old, to, &hash(ROOTS[to as usize - 1]), &proof), Ok(()));
    }
}

#[test]
fn places_outside_the_tree_have_no_proof() {
    let all = leaves(8);
    for (index, size) in [(0, 0), (8, 8), (9, 8), (u64::MAX, u64::MAX), (0, u64::MAX)] {
        assert_eq!(include(&all, index, size), Err(ProofError::Place), "{index} of {size}");
        assert_eq!(inclusion_nodes(index, size), Err(ProofError::Place));
        assert_eq!(verify_inclusion(index, size, &all[0], &[], &all[0]), Err(ProofError::Place));
    }
    for (from, to) in [(1, 0), (8, 7), (0, u64::MAX)] {
        assert_eq!(extend(&all, from, to), Err(ProofError::Place), "{from} to {to}");
        assert_eq!(consistency_nodes(from, to), Err(ProofError::Place));
        assert_eq!(verify_consistency(from, &all[0], to, &all[0], &[]), Err(ProofError::Place));
    }
}

#[test]
fn equal_sizes_and_empty_beginnings_are_held_to_their_roots() {
    let [a, b, empty] = [leaf_hash(b"a"), leaf_hash(b"b"), empty_root()];
    assert_eq!(verify_consistency(1, &a, 1, &a, &[]), Ok(()));
    assert_eq!(verify_consistency(1, &a, 1, &b, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(1, &a, 1, &a, &[b]), Err(ProofError::Length));
    assert_eq!(verify_consistency(0, &empty, 0, &empty, &[]), Ok(()));
    assert_eq!(verify_consistency(0, &a, 0, &a, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(0, &empty, 5, &a, &[]), Ok(()));
    assert_eq!(verify_consistency(0, &b, 5, &a, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(0, &empty, 5, &a, &[b]), Err(ProofError::Length));
    assert_eq!(verify_consistency(3, &a, 5, &b, &[]), Err(ProofError::Length));
    assert_eq!(verify_consistency(4, &a, 5, &b, &[]), Err(ProofError::Length));
}

#[test]
fn a_failing_source_ends_the_work() {
    let broken = |level, index| Err(TileSet::new().node(level, index).unwrap_err());
    assert!(matches!(inclusion::<TileError>(3, 8, broken), Err(TileError::Missing(_))));
    assert!(matches!(inclusion::<TileError>(8, 8, broken), Err(TileError::Proof(ProofError::Place))));
    assert!(matches!(consistency::<TileError>(3, 8, broken), Err(TileError::Missing(_))));
}

#[test]
fn every_proof_of_small_trees_holds_for_its_own_numbers_only() {
    const MOST: u64 = 18;
    let all = leaves(MOST as usize);
    let roots: Vec<Hash> = (0..=MOST as usize).map(|size| defined(&all[..size])).collect();
    for size in 1..=MOST {
        for index in 0..size {
            let proof = include(&all, index, size).unwrap();
            for other in 0..=MOST {
                let verdict = verify_inclusion(other, size, &all[index as usize], &proof, &roots[size as usize]);
                assert_eq!(verdict.is_ok(), other == index, "{other} for {index} of {size}");
            }
        }
        for from in 0..=size {
            let proof = extend(&all, from, size).unwrap();
            let (old, new) = (&roots[from as usize], &roots[size as usize]);
            assert_eq!(verify_consistency(from, old, size, new, &proof), Ok(()), "{from} to {size}");
            for other in (0..=size).filter(|other| *other != from) {
                assert!(verify_consistency(other, old, size, new, &proof).is_err(), "{other} for {from} to {size}");
            }
        }
    }
}

/// Every way to spoil a proof by one step.
fn forgeries(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut forged = Vec::new();
    let mut add = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut copy = proof.to_vec();
        change(&mut copy);
        if copy != proof {
            forged.push(copy);
        }
    };
    for at in 0..proof.len() {
        add(&|copy| copy[at][at % 32] ^= 1);
        add(&|copy| copy.truncate(at));
        add(&|copy| {
            copy.remove(at);
        });
        add(&|copy| copy.insert(at, proof[at]));
        add(&|copy| copy.swap(at, 0));
    }
    add(&|copy| copy.push([7; 32]));
    add(&|copy| copy.insert(0, [7; 32]));
    add(&|copy| copy.extend([[7; 32]; 64]));
    add(&Vec::clear);
    add(&|copy| copy.reverse());
    forged
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn inclusion_holds_and_its_forgeries_do_not(size in 1u64..700, seed in any::<u64>()) {
        let all = leaves(size as usize);
        let index = seed % size;
        let (proof, root) = (include(&all, index, size).unwrap(), defined(&all));
        let leaf = &all[index as usize];
        prop_assert_eq!(verify_inclusion(index, size, leaf, &proof, &root), Ok(()));
        prop_assert!(inclusion_nodes(index, size).unwrap().iter().all(|node| (node.index + 1) << node.level <= size));
        for forged in forgeries(&proof) {
            prop_assert!(verify_inclusion(index, size, leaf, &forged, &root).is_err());
        }
        prop_assert_eq!(verify_inclusion(index, size, &leaf_hash(b"another"), &proof, &root), Err(ProofError::Root));
        prop_assert_eq!(verify_inclusion(index, size, leaf, &proof, &leaf_hash(b"another")), Err(ProofError::Root));
    }

    #[test]
    fn consistency_holds_and_its_forgeries_do_not(to in 1u64..700, seed in any::<u64>()) {
        let all = leaves(to as usize);
        let from = 1 + seed % to;
        let proof = extend(&all, from, to).unwrap();
        let (old, new) = (defined(&all[..from as usize]), defined(&all));
        prop_assert_eq!(verify_consistency(from, &old, to, &new, &proof), Ok(()));
        for forged in forgeries(&proof) {
            prop_assert!(verify_consistency(from, &old, to, &new, &forged).is_err());
        }
        let mut fork = all.clone();
        fork[(seed % from) as usize] = leaf_hash(b"fork");
        let forked = defined(&fork);
        prop_assert!(verify_consistency(from, &old, to, &forked, &proof).is_err());
        prop_assert!(verify_consistency(from, &old, to, &forked, &extend(&fork, from, to).unwrap()).is_err());
    }
}
