//! Tiles, bundles and heads changed; tails cut off; a whole log taken away; older values put back.

use serde_json::json;

use super::service;
use crate::audit::scene::{Scene, settled};
use crate::customers::{path, whole};
use crate::support::Org;

/// What the tree of one organisation is kept in.
const TREE: [&str; 3] = ["audit_tiles", "audit_bundles", "audit_heads"];

#[tokio::test]
async fn changed_hashes_are_found_though_no_entry_was_touched() {
    let scene = Scene::with(service(), 300).await;
    assert!(scene.places().await.len() > 300);
    scene.is_sound().await;
    for (place, code, words) in [
        ("level = 0 AND number = 1", "head", "do not lead to the signed root"),
        ("level = 0 AND number = 0", "leaf", "one of ours, but not the one"),
        ("level = 0 AND number = 0", "tile", "not that of the tile beneath it"),
        ("level = 1 AND number = 0", "head", "do not lead to the signed root"),
        ("level = 1 AND number = 0", "tile", "not that of the tile beneath it"),
    ] {
        let flip = format!(
            "UPDATE audit_tiles SET hashes = set_byte(hashes, 7, get_byte(hashes, 7) # 1) WHERE organization_id = $org AND {place}"
        );
        scene.tamper(&flip).await;
        scene.shows(place, code, words).await;
        scene.tamper(&flip).await;
        scene.is_sound().await;
    }
    let columns = "organization_id uuid, level smallint, number bigint, width smallint, hashes bytea";
    let keep = format!(
        "CREATE TABLE kept_tile ({columns}); INSERT INTO kept_tile SELECT * FROM audit_tiles WHERE organization_id = $org AND level = 0"
    );
    scene.tamper(&keep).await;
    scene.tamper("DELETE FROM audit_tiles WHERE organization_id = $org AND level = 0 AND number = 0").await;
    scene.shows("a missing tile", "tile", "Hashes of the tree are missing").await;
    scene.tamper("INSERT INTO audit_tiles SELECT * FROM kept_tile WHERE number = 0; DROP TABLE kept_tile").await;
    scene.is_sound().await;
}

#[tokio::test]
async fn changed_bundles_are_found() {
    let scene = Scene::with(service(), 5).await;
    for (set, code, words) in [
        (
            "entry_ids = substr(entry_ids, 17, 16) || substr(entry_ids, 1, 16) || substr(entry_ids, 33)",
            "leaf",
            "one of ours",
        ),
        ("last_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'", "bundle", "bounds"),
        ("entry_ids = substr(entry_ids, 1, length(entry_ids) - 16), width = width - 1", "bundle", "have no place"),
    ] {
        scene.sql.batch_execute("CREATE TEMP TABLE kept AS TABLE audit_bundles").await.unwrap();
        scene.tamper(&format!("UPDATE audit_bundles SET {set} WHERE organization_id = $org")).await;
        scene.shows(set, code, words).await;
        let back = "UPDATE audit_bundles b SET width = k.width, entry_ids = k.entry_ids, last_id = k.last_id FROM kept k \
            WHERE b.organization_id = $org AND k.organization_id = $org AND b.number = k.number; DROP TABLE kept";
        scene.tamper(back).await;
        scene.is_sound().await;
    }
    service().clock.advance(chrono::Duration::seconds(11));
    scene.tamper("DELETE FROM audit_bundles WHERE organization_id = $org").await;
    scene.shows("a missing bundle", "bundle", "not known which entries").await;
    scene.shows("a missing bundle", "unplaced", "has no place").await;
}

#[tokio::test]
async fn a_tail_cut_off_with_its_checkpoints_is_found() {
    let scene = Scene::with(service(), 5).await;
    let mut keep = "CREATE TABLE kept_ids AS SELECT id FROM audit_entries WHERE organization_id = $org; ".to_owned();
    for table in TREE {
        keep += &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table} WHERE organization_id = $org; ");
    }
    scene.tamper(&keep).await;
    scene.grow(4).await;
    let mut cut = "DELETE FROM audit_entries WHERE organization_id = $org AND id NOT IN (SELECT id FROM kept_ids); DROP TABLE kept_ids; ".to_owned();
    for table in TREE {
        cut += &format!(
            "DELETE FROM {table} WHERE organization_id = $org; INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}; "
        );
    }
    scene.tamper(&cut).await;
    scene.shows("a cut tail", "shorter", "were published").await;
    let found = scene.findings().await;
    assert_eq!(found.len(), 1, "entries, tree and signed head fit each other: {found:?}");
}

#[tokio::test]
async fn a_whole_log_taken_away_is_found() {
    let scene = Scene::with(service(), 5).await;
    let mut gone = "DELETE FROM audit_entries WHERE organization_id = $org; DELETE FROM audit_subjects WHERE organization_id = $org; ".to_owned();
    for table in TREE {
        gone += &format!("DELETE FROM {table} WHERE organization_id = $org; ");
    }
    scene.tamper(&gone).await;
    scene.shows("a whole log's loss", "gone", "The log is gone").await;
}

#[tokio::test]
async fn an_older_sealed_value_put_back_is_found() {
    let scene = Scene::with(service(), 1).await;
    let sales = scene.org.sales_a().await;
    let id = scene.org.customer_of(&sales).await;
    let untouched = sales.post("/v1/customers", &whole(2)).await.shows(201).id();
    let change = |notes: &str| json!({"fields": {"notes": notes}});
    sales.patch(&path(&id), &change("first")).await.shows(200);
    scene.sql.batch_execute("CREATE TEMP TABLE kept AS TABLE customers").await.unwrap();
    sales.patch(&path(&id), &change("second")).await.shows(200);
    // A change that changes nothing says nothing of the row.
    sales.patch(&path(&id), &change("second")).await.shows(200);
    settled(&scene.sql, scene.org.id).await;
    scene.is_sound().await;
    let whole_row = format!(
        "UPDATE customers c SET version = k.version, fields = k.fields, tags = k.tags, updated_at = k.updated_at FROM kept k WHERE c.id = k.id AND c.id = '{id}'"
    );
    scene.tamper(&whole_row).await;
    sales.get(&path(&id)).await.shows(200);
    scene.shows("an older row", "customer", "an older one than its newest change").await;
    assert_eq!(scene.findings().await[0].subject.unwrap().to_string(), id);
    scene.tamper(&format!("UPDATE customers SET version = version + 1 WHERE id = '{id}'")).await;
    scene.shows("older values", "customer", "not those of its newest change").await;
    assert!(scene.findings().await.iter().all(|found| found.subject.unwrap().to_string() != untouched));
}

#[tokio::test]
async fn nobody_lets_entries_go_by_saying_so() {
    let scene = Scene::with(service(), 5).await;
    let places = scene.places().await;
    let said = "INSERT INTO audit_entries SELECT organization_id, 'ffffffff-ffff-7fff-bfff-fffffffffff0', NULL, actor_id, 'audit.retire', verdict, \
        convert_to('{\"details\":{\"until\":\"ffffffff-ffff-7fff-bfff-ffffffffffff\"}}', 'UTF8'), mac FROM audit_entries WHERE organization_id = $org LIMIT 1";
    scene.tamper(&format!("{said}; DELETE FROM audit_entries WHERE id = '{}'", places[2])).await;
    scene.shows("a forged retirement", "missing", "is gone").await;
}

#[tokio::test]
async fn other_organisations_are_not_concerned() {
    let (scene, other) = (Scene::with(service(), 3).await, Org::found_on(service()).await);
    other.auditor().await.get("/v1/me").await.shows(200);
    let bystander = Scene::with(service(), 2).await;
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{}'", scene.places().await[1])).await;
    scene.shows("a deletion", "missing", "is gone").await;
    bystander.is_sound().await;
}
