//! Known roots, and trees grown, cut and tiled in every way against the definition of RFC 9162.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use proptest::prelude::*;

pub(super) fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(super) fn hash(text: &str) -> Hash {
    hex(text).try_into().unwrap()
}

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots over the first 1 to 8 of the known leaves, as Certificate Transparency has them.
pub(super) const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

pub(super) fn known_leaves() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| leaf_hash(&hex(leaf))).collect()
}

pub(super) fn leaves(size: usize) -> Vec<Hash> {
    (0..size).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

/// MTH of RFC 9162, section 2.1.1, word for word.
pub(super) fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            node_hash(&defined(&leaves[..middle]), &defined(&leaves[middle..]))
        }
    }
}

/// The hash of a node worked out from all leaves.
pub(super) fn from_leaves(leaves: &[Hash], node: Node) -> Hash {
    let (start, end) = ((node.index as usize) << node.level, (node.index as usize + 1) << node.level);
    defined(&leaves[start..end])
}

fn spans(nodes: &[Node]) -> Vec<(u64, u64)> {
    nodes.iter().map(|node| (node.index << node.level, (node.index + 1) << node.level)).collect()
}

#[test]
fn known_roots() {
    assert_eq!(empty_root(), hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!(root(&[]), empty_root());
    for (size, expected) in (1..).zip(ROOTS) {
        assert_eq!(root(&known_leaves()[..size]), hash(expected), "{size}");
    }
}

#[test]
fn a_leaf_is_never_a_node() {
    let [a, b] = [leaf_hash(b"a"), leaf_hash(b"b")];
    assert_ne!(leaf_hash(&[a, b].concat()), node_hash(&a, &b));
}

#[test]
fn frontier_refuses_what_does_not_fit() {
    let all = leaves(7);
    assert_eq!(Frontier::from_hashes(7, all[..2].to_vec()), Err(Misplaced));
    assert_eq!(Frontier::from_hashes(0, all[..1].to_vec()), Err(Misplaced));
    assert_eq!(Frontier::from_hashes(u64::MAX, all.clone()), Err(Misplaced));
    let mut frontier = Frontier::new();
    frontier.append(all[0]);
    for level in [1, 2, 62, 63, 64, 255] {
        assert_eq!(frontier.append_node(level, all[0]), Err(Misplaced), "{level}");
    }
    assert_eq!((frontier.size(), frontier.root()), (1, all[0]));
    assert_eq!(Frontier::new().append_node(62, all[0]), Ok(()));
    assert_eq!(Frontier::new().append_node(63, all[0]), Err(Misplaced));
}

#[test]
fn covers_touch_and_are_as_large_as_they_can_be() {
    for size in 0..70u64 {
        for to in 0..=size {
            let nodes = [left_nodes(to), right_nodes(to, size)].concat();
            let spans = spans(&nodes);
            assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "{to} of {size}");
            assert_eq!(spans.last().map_or(0, |last| last.1), size);
            assert_eq!(left_nodes(to).len(), to.count_ones() as usize);
        }
    }
}

#[test]
fn ranges_refuse_wrong_bounds_and_counts() {
    let all = leaves(9);
    assert_eq!(RangeRoot::new(3, 2, 9, &[]).unwrap_err(), RangeError::Bounds);
    assert_eq!(RangeRoot::new(0, 10, 9, &[]).unwrap_err(), RangeError::Bounds);
    assert_eq!(RangeRoot::new(0, 1, u64::MAX, &[]).unwrap_err(), RangeError::Bounds);
    assert_eq!(RangeRoot::new(3, 5, 9, &all[..1]).unwrap_err(), RangeError::Left);
    let mut range = RangeRoot::new(0, 2, 2, &[]).unwrap();
    assert_eq!(range.clone().finish(&[]), Err(RangeError::Leaves));
    range.leaf(all[0]).unwrap();
    range.leaf(all[1]).unwrap();
    assert_eq!(range.leaf(all[2]), Err(RangeError::Leaves));
    assert_eq!(range.clone().finish(&all[..1]), Err(RangeError::Right));
    assert_eq!(range.finish(&[]), Ok(defined(&all[..2])));
}

#[test]
fn tile_paths_are_those_of_the_standard() {
    for (number, width, path) in [
        (0, 256, "000"),
        (67, 256, "067"),
        (1067, 256, "x001/067"),
        (1_234_067, 256, "x001/x234/067"),
        (1_234_067, 1, "x001/x234/067.p/1"),
        (1_000_000, 255, "x001/x000/000.p/255"),
        (MAX_SIZE, 256, "x009/x223/x372/x036/x854/x775/807"),
    ] {
        assert_eq!(tile_path(number, width), path);
        assert_eq!(parse_tile_path(path), Some((number, width)));
    }
    for wrong in [
        "",
        "0",
        "00",
        "0000",
        "1067",
        "x001",
        "001/067",
        "x001/x067",
        "x000/067",
        "X001/067",
        "x001//067",
        "/067",
        "067/",
        "067.p/",
        "067.p/0",
        "067.p/01",
        "067.p/256",
        "067.p/+1",
        "067.p/1/",
        "+67",
        "-67",
        " 067",
        "x009/x223/x372/x036/x854/x775/808",
        "x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(parse_tile_path(wrong), None, "{wrong:?}");
    }
}

#[test]
fn the_standards_tree_of_70_000_has_its_tiles() {
    let mut edge = RightEdge::new(0, &[]).unwrap();
    let tiles = edge.append(&leaves(70_000)).unwrap();
    let of = |level| tiles.iter().filter(|tile| tile.id.level == level).map(Tile::width).collect::<Vec<_>>();
    assert_eq!(of(0), [vec![256; 273], vec![112]].concat());
    assert_eq!(of(1), [256, 17]);
    assert_eq!(of(2), [1]);
    assert_eq!(tiles.len(), 277);
    let at = |level, number| TileId { level, number };
    assert_eq!(edge_tiles(70_000), [(at(0, 273), 112), (at(1, 1), 17), (at(2, 0), 1)]);
    assert_eq!(edge_tiles(256), [(at(1, 0), 1)]);
    assert_eq!((edge_tiles(0), tile_width(at(0, 0), 0)), (Vec::new(), 0));
    assert_eq!((tile_width(at(7, 0), MAX_SIZE), tile_width(at(8, 0), MAX_SIZE)), (127, 0));
}

#[test]
fn edges_refuse_tiles_that_do_not_belong_to_the_size() {
    let tiles = RightEdge::new(0, &[]).unwrap().append(&leaves(300)).unwrap();
    assert_eq!(RightEdge::new(300, &tiles).unwrap().root(), defined(&leaves(300)));
    let id = TileId { level: 0, number: 1 };
    assert_eq!(RightEdge::new(300, &tiles[..1]).unwrap_err(), TileError::Missing(id));
    assert_eq!(RightEdge::new(301, &tiles).unwrap_err(), TileError::Width(id));
    let mut odd = tiles.clone();
    odd[1].bytes.pop();
    assert_eq!(RightEdge::new(300, &odd).unwrap_err(), TileError::Width(id));
    assert_eq!(RightEdge::new(u64::MAX, &tiles).unwrap_err(), TileError::Full);
}

#[test]
fn nodes_are_found_in_tiles_and_nowhere_else() {
    let all = leaves(66_000);
    let mut set = TileSet::new();
    RightEdge::new(0, &[]).unwrap().append(&all).unwrap().into_iter().for_each(|tile| set.insert(tile));
    for node in [(0, 65_999), (3, 8_000), (7, 511), (8, 0), (8, 255), (9, 100), (15, 1), (16, 0)] {
        let node = Node { level: node.0, index: node.1 };
        assert_eq!(set.node(node.level, node.index), Ok(from_leaves(&all, node)), "{node:?}");
    }
    assert_eq!(set.node(0, 66_000), Err(TileError::Width(TileId { level: 0, number: 257 })));
    assert_eq!(set.node(17, 0), Err(TileError::Width(TileId { level: 2, number: 0 })));
    assert_eq!(set.node(24, 0), Err(TileError::Missing(TileId { level: 3, number: 0 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn appending_in_steps_gives_the_tree_at_once(steps in proptest::collection::vec(0usize..400, 1..8)) {
        let all = leaves(steps.iter().sum());
        let (mut stored, mut size) = (std::collections::BTreeMap::<TileId, Vec<u8>>::new(), 0usize);
        for step in steps {
            // Each step knows only what is stored, as another process would.
            let kept: Vec<Tile> = edge_tiles(size as u64).iter().map(|(id, _)| Tile { id: *id, bytes: stored[id].clone() }).collect();
            let mut edge = RightEdge::new(size as u64, &kept).unwrap();
            for tile in edge.append(&all[size..size + step]).unwrap() {
                prop_assert_eq!(tile.width(), tile_width(tile.id, (size + step) as u64));
                let old: Vec<u8> = stored.insert(tile.id, tile.bytes.clone()).unwrap_or_default();
                prop_assert!(tile.bytes.starts_with(&old) && tile.bytes.len() > old.len());
                prop_assert!(old.len() < 8192, "a full tile is never written again");
            }
            size += step;
            prop_assert_eq!(edge.size(), size as u64);
            prop_assert_eq!(edge.root(), defined(&all[..size]));
            prop_assert_eq!(edge.frontier(), Frontier::from_hashes(size as u64, left_nodes(size as u64).iter().map(|node| from_leaves(&all, *node)).collect()).unwrap());
        }
        let again = RightEdge::new(0, &[]).unwrap().append(&all).unwrap();
        prop_assert_eq!(again.into_iter().map(|tile| (tile.id, tile.bytes)).collect::<std::collections::BTreeMap<_, _>>(), stored);
    }

    #[test]
    fn any_range_gives_the_root_of_the_whole(size in 0usize..600, a in 0usize..600, b in 0usize..600) {
        let all = leaves(size);
        let (a, b) = (a.min(size), b.min(size));
        let (from, to) = (a.min(b), a.max(b));
        let hashes = |nodes: Vec<Node>| nodes.iter().map(|node| from_leaves(&all, *node)).collect::<Vec<_>>();
        let left = hashes(left_nodes(from as u64));
        let right = hashes(right_nodes(to as u64, size as u64));
        let mut range = RangeRoot::new(from as u64, to as u64, size as u64, &left).unwrap();
        for at in from..to {
            prop_assert_eq!(range.so_far().root(), defined(&all[..at]));
            range.leaf(all[at]).unwrap();
        }
        prop_assert_eq!(range.finish(&right), Ok(defined(&all)));
    }

    #[test]
    fn any_path_that_is_read_is_written_the_same(path in "(x[0-9]{3}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Some((number, width)) = parse_tile_path(&path) {
            prop_assert_eq!(tile_path(number, width), path);
        }
    }
}
