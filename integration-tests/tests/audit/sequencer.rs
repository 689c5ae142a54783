//! Places: every committed entry gets exactly one, whoever is killed meanwhile, and however many servers give them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use custodian_api::state::Wiring;
use custodian_application::audit::sequencer;
use serde_json::Value;
use tokio::sync::watch;
use tokio_postgres::Client;
use uuid::Uuid;

use super::scene::{Scene, settled, until, whole};
use crate::customers::path;
use crate::dev::program::{Folder, Program, person, run, superuser};
use crate::support::{Person, own_instance};

/// Places of all logs together, and entries.
async fn counts(sql: &Client) -> (i64, i64) {
    let row =
        sql.query_one("SELECT (SELECT sum(size)::bigint FROM audit_heads), (SELECT count(*) FROM audit_entries)", &[]);
    let row = row.await.unwrap();
    (row.get::<_, Option<i64>>(0).unwrap_or(0), row.get(1))
}

/// Each entry has one place, and each place one entry.
async fn is_exact(sql: &Client) {
    let text = "SELECT b.organization_id, b.entry_ids FROM audit_bundles b ORDER BY 1, b.number";
    let rows = sql.query(text, &[]).await.unwrap();
    let mut placed: HashSet<Uuid> = HashSet::new();
    for row in &rows {
        for id in row.get::<_, Vec<u8>>(1).as_chunks::<16>().0 {
            assert!(placed.insert(Uuid::from_bytes(*id)), "an entry has two places");
        }
    }
    let all = sql.query("SELECT id FROM audit_entries", &[]).await.unwrap();
    let all: HashSet<Uuid> = all.iter().map(|row| row.get(0)).collect();
    assert_eq!(placed.len(), all.len());
    assert_eq!(placed, all);
}

/// Reads until told to stop; what breaks off is tried again.
async fn read(person: Person, id: Option<String>, stop: Arc<AtomicBool>) {
    let path = id.map_or("/v1/me".to_owned(), |id| path(&id));
    while !stop.load(Ordering::Relaxed) {
        drop(person.get(&path).attempt().await);
    }
}

/// Readers, and what stops them.
fn readers(person: &Person, count: usize) -> (Arc<AtomicBool>, Vec<tokio::task::JoinHandle<()>>) {
    let stop = Arc::new(AtomicBool::new(false));
    let reading = (0..count).map(|_| tokio::spawn(read(person.clone(), None, Arc::clone(&stop)))).collect();
    (stop, reading)
}

async fn finish((stop, reading): (Arc<AtomicBool>, Vec<tokio::task::JoinHandle<()>>)) {
    stop.store(true, Ordering::Relaxed);
    for reader in reading {
        reader.await.unwrap();
    }
}

/// Waits until at least so many entries have their places.
async fn placed(sql: &Client, least: i64) {
    until("places", async || Some(counts(sql).await.0).filter(|placed| *placed >= least)).await;
}

#[tokio::test]
async fn an_entry_has_its_place_within_a_second_and_the_head_is_signed_and_carried_out() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 1).await;
    let before = scene.places().await.len();
    scene.org.auditor().await;
    let begun = std::time::Instant::now();
    until("its place", async || (scene.places().await.len() > before).then_some(())).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    settled(&scene.sql, scene.org.id).await;
    let log = service.app.log();
    let text = "SELECT size, root, note FROM audit_heads WHERE organization_id = $1";
    let row = scene.sql.query_one(text, &[&scene.org.id]).await.unwrap();
    let origin = log.origin_of(scene.org.id.into());
    let head = log.keys().open(&origin, row.get(2)).unwrap();
    assert_eq!((i64::try_from(head.size).unwrap(), head.root.as_slice()), (row.get(0), row.get::<_, &[u8]>(1)));
    let host = service.address();
    assert_eq!((log.origin(), origin), (format!("{host}/audit").as_str(), format!("{host}/audit/{}", scene.org.id)));
    let file = std::fs::read_to_string(service.settings.audit_anchor_file.clone().unwrap()).unwrap();
    let last: Value = serde_json::from_str(file.lines().last().unwrap()).unwrap();
    let carried = log.keys().open(log.origin(), last["note"].as_str().unwrap()).unwrap();
    let row = scene.sql.query_one("SELECT size, root FROM audit_log_head", &[]).await.unwrap();
    assert_eq!((i64::try_from(carried.size).unwrap(), carried.root.as_slice()), (row.get(0), row.get::<_, &[u8]>(1)));
    is_exact(&scene.sql).await;
}

#[tokio::test]
async fn places_go_by_time_and_each_organisation_has_its_own() {
    let service = own_instance(&[]);
    let (one, other) = (Scene::with(&service, 5).await, Scene::with(&service, 3).await);
    let (first, second) = (one.places().await, other.places().await);
    assert!(first.is_sorted() && second.is_sorted() && first.len() > second.len());
    assert!(first.iter().all(|id| !second.contains(id)));
    let work = one.sql.query(
        "SELECT organization_id, convert_from(leaf, 'UTF8')::jsonb FROM audit_log_leaves ORDER BY position",
        &[],
    );
    for row in work.await.unwrap() {
        let leaf: Value = row.get(1);
        assert_eq!(leaf["organization"], row.get::<_, Uuid>(0).to_string());
        let members: Vec<_> = leaf.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((members, &leaf["v"]), (vec!["organization", "root", "size", "time", "v"], &Value::from(1)));
    }
    assert_eq!(whole(&service).await.findings, []);
}

#[tokio::test]
async fn a_sequencer_that_loses_its_connection_in_the_middle_leaves_neither_gap_nor_double() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 1).await;
    let reading = readers(&scene.org.auditor().await, 4);
    let text = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'custodian_app' AND state <> 'idle' \
        AND (query LIKE '%audit_tiles%' OR query LIKE '%audit_bundles%' OR query LIKE '%audit_heads%' OR query LIKE '%audit_log_%')";
    let mut ended = 0_i64;
    until("ends of connections in the middle", async || {
        ended += scene.sql.query_one(text, &[]).await.unwrap().get::<_, i64>(0);
        (ended >= 15).then_some(())
    })
    .await;
    finish(reading).await;
    settled(&scene.sql, scene.org.id).await;
    is_exact(&scene.sql).await;
    assert_eq!(whole(&service).await.findings, []);
}

#[tokio::test]
async fn servers_beside_each_other_give_each_place_once() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 1).await;
    let (stop, stopped) = watch::channel(false);
    let settings = service.settings.clone();
    let others = service.run(async move {
        let mut others = Vec::new();
        for _ in 0..2 {
            let app = Wiring::new(&settings).start().await.unwrap();
            others.push(tokio::spawn(sequencer::run(app, stopped.clone())));
        }
        others
    });
    let others = others.await;
    let reading = readers(&scene.org.auditor().await, 4);
    let (begun, _) = counts(&scene.sql).await;
    placed(&scene.sql, begun + 1500).await;
    finish(reading).await;
    settled(&scene.sql, scene.org.id).await;
    stop.send(true).unwrap();
    for other in others {
        other.await.unwrap();
    }
    is_exact(&scene.sql).await;
    assert_eq!(whole(&service).await.findings, []);
}

/// What the check of everything says at the terminal.
fn check(folder: &Path) -> (i32, String) {
    let config = folder.join("custodian.toml");
    let (code, printed, said) = run(&["audit", "fsck", "--config", config.to_str().unwrap()], &[]);
    (code, printed + &said)
}

#[tokio::test]
async fn a_server_that_is_killed_at_any_moment_leaves_neither_gap_nor_double() {
    let folder = Folder::new();
    let dir = folder.0.join("instance");
    let mut least = 0;
    for round in 0..4 {
        let (mut program, facts) = Program::dev(&dir, &["--empty"]);
        let sql = superuser(&dir).await;
        let reading = readers(&person(&facts, "auditor").await, 4);
        // Somewhere in the middle, each time elsewhere.
        least = counts(&sql).await.0 + 40 + round * 37;
        placed(&sql, least).await;
        if round < 3 {
            program.signal("KILL");
        } else {
            finish(reading).await;
            let organization = facts["organization_id"].as_str().unwrap().parse().unwrap();
            settled(&sql, organization).await;
            is_exact(&sql).await;
            let (code, said) = check(&dir);
            assert!(code == 0 && said.contains(" 0 finding(s)"), "{said}");
            program.signal("INT");
            assert!(program.ended().success(), "{}", program.said());
            return;
        }
        finish(reading).await;
        program.ended();
    }
    unreachable!("the last round ends the test, with {least} places");
}
