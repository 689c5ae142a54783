//! The whole tree from outside: tiles and bundles fetched, every hash recomputed, odd paths refused.

use custodian_crypto::merkle::{Hash, RightEdge, TILE_WIDTH, TileId, leaf_hash, tile_path, tile_width};

use super::reader::{inclusion, keys, opened, settled};
use crate::support::{Org, Person, shared};

/// The entries of a bundle.
fn entries(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry);
        bytes = rest;
    }
    entries
}

/// Leaves many entries, and returns when the last of them has its place.
async fn busy(person: &Person, auditor: &Person, calls: usize) {
    let mut last = String::new();
    for _ in 0..calls {
        last = person.get("/v1/me").await.shows(200).sent("audit-id");
    }
    settled(auditor, &inclusion(&last)).await.shows(200);
}

#[tokio::test]
async fn an_auditor_of_the_whole_log_comes_to_the_signed_root() {
    let org = Org::found().await;
    let (sales, auditor, keys) = (org.sales_a().await, org.auditor().await, keys(shared()).await);
    busy(&sales, &auditor, 270).await;
    let head = opened(&keys, auditor.get("/v1/audit/checkpoint").await.shows(200).text());
    assert!(head.size > 256, "{}", head.size);
    let (mut leaves, mut hashes): (Vec<Hash>, Vec<u8>) = (Vec::new(), Vec::new());
    for number in 0..=head.size / 256 {
        let width = tile_width(TileId { level: 0, number }, head.size);
        if width == 0 {
            break;
        }
        let path = tile_path(number, width);
        let bundle = auditor.get(&format!("/v1/audit/tiles/entries/{path}")).await.shows(200);
        assert_eq!(bundle.sent("content-type"), "application/octet-stream");
        leaves.extend(entries(&bundle.bytes).iter().map(|entry| leaf_hash(entry)));
        hashes.extend(auditor.get(&format!("/v1/audit/tiles/0/{path}")).await.shows(200).bytes);
    }
    assert_eq!(leaves.as_flattened(), hashes, "the tiles are not those of the entries");
    let mut tree = RightEdge::new(0, &[]).unwrap();
    let tiles = tree.append(&leaves).unwrap();
    assert_eq!((tree.size(), tree.root()), (head.size, head.root));
    for tile in tiles {
        let path = tile_path(tile.id.number, tile.width());
        let answer = auditor.get(&format!("/v1/audit/tiles/{}/{path}", tile.id.level)).await.shows(200);
        assert_eq!(answer.bytes, tile.bytes);
    }
    let part = auditor.get("/v1/audit/tiles/0/000.p/7").await.shows(200);
    assert_eq!(part.bytes, leaves[..7].as_flattened(), "a part of a full tile is served too");
}

#[tokio::test]
async fn what_the_signed_tree_has_not_and_odd_paths_are_not_found() {
    let org = Org::found().await;
    let (auditor, sales) = (org.auditor().await, org.sales_a().await);
    settled(&auditor, "/v1/audit/checkpoint").await.shows(200);
    for tile in [
        "0/000",
        "0/001",
        "0/000.p/255",
        "1/000.p/1",
        "7/000.p/1",
        "8/000.p/1",
        "255/000.p/1",
        "-1/000.p/1",
        "+0/000.p/1",
        "00/000.p/1",
        "x/000.p/1",
        "0/0",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/1/",
        "0/000.p/1.p/1",
        "0/x000/000.p/1",
        "0/1000",
        "0/..%2fcheckpoint",
        "0/000.p%2f1%20",
        "0/x9223372036854775807/000",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
        "entries/000",
        "entries/000.p/255",
        "entries/0",
        "entries/000.p/0",
        "entries/x001/000",
        "data/000.p/1",
    ] {
        auditor.get(&format!("/v1/audit/tiles/{tile}")).await.refuses(404, "not_found");
    }
    auditor.get("/v1/audit/tiles/0/000.p/1?width=9").await.refuses(400, "unknown_parameter");
    auditor.request("DELETE", "/v1/audit/tiles/0/x001/000").await.refuses(405, "method_not_allowed");
    for tile in ["0/000.p/1", "entries/000.p/1", "9/nonsense"] {
        let refused = sales.get(&format!("/v1/audit/tiles/{tile}")).await.refuses(403, "forbidden");
        assert!(refused.text().contains("audit.read"));
    }
    assert_eq!(TILE_WIDTH, 256);
}
