//! `custodian audit verify --database`: a live database checked with a pinned key, by a program that trusts nothing in it.

use std::fs;

use custodian_application::audit::{due, retire};
use serde_json::Value;
use tokio_postgres::Client;

use super::reader::keys;
use super::scene::{Scene, tamper};
use crate::dev::program::{Folder, differing, run, settings_of, superuser_url};
use crate::support::{Service, own_instance};

/// What an auditor keeps: the log's key, and where the anchor file is.
struct Auditor<'s> {
    service: &'s Service,
    key: String,
    anchor: String,
    owner: String,
}

impl<'s> Auditor<'s> {
    async fn of(service: &'s Service) -> Self {
        let anchor = service.settings.audit_anchor_file.clone().unwrap().to_str().unwrap().to_owned();
        let owner = service.settings.owner_database_url.as_ref().unwrap().expose().to_owned();
        Self { service, key: keys(service).await[0].to_string(), anchor, owner }
    }

    /// The exit code, and the report or the fault.
    fn verify(&self, more: &[&str]) -> (i32, Value) {
        let arguments = ["audit", "verify", "--json", "--database", &self.owner, "--vkey", &self.key];
        let settings = settings_of(self.service);
        let (code, printed, said) = run(&[arguments.as_slice(), more].concat(), &differing(&settings, &[]));
        (code, serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}{said}")))
    }

    #[track_caller]
    fn sound(&self, more: &[&str]) -> Value {
        let (code, report) = self.verify(more);
        assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)), "{more:?}: {report:#}");
        report["report"].clone()
    }

    #[track_caller]
    fn finds(&self, more: &[&str], kind: &str, words: &str) -> Value {
        let (code, report) = self.verify(more);
        let fault = &report["fault"];
        assert_eq!((code, &fault["kind"]), (1, &Value::from(kind)), "{more:?}: {report:#}");
        assert!(fault["text"].as_str().unwrap().contains(words), "{report:#}");
        fault.clone()
    }
}

#[tokio::test]
async fn a_clean_database_passes_with_its_anchor_its_checkpoints_and_its_macs() {
    let service = own_instance(&[]);
    let (scene, other) = (Scene::with(&service, 280).await, Scene::with(&service, 3).await);
    let auditor = Auditor::of(&service).await;
    let folder = Folder::new();
    let write = |name: &str, text: &str| {
        let path = folder.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let person = scene.org.auditor().await;
    let kept = write("kept.txt", person.get("/v1/audit/checkpoint").await.shows(200).text());
    let config = write("custodian.toml", "");
    scene.grow(5).await;
    let report = auditor.sound(&["--anchor", &auditor.anchor, "--checkpoint", &kept, "--config", &config]);
    let (first, second) = (scene.places().await.len() as u64, other.places().await.len() as u64);
    assert!(report["entries"].as_u64().unwrap() > first + second && first > 280, "{report:#}");
    assert!(report["macs_checked"].as_u64().unwrap() >= first + second, "{report:#}");
    assert!(report["heads_compared"].as_u64().unwrap() > 1 && report["signatures_checked"] == true, "{report:#}");
    // One organisation, and the log of all logs.
    let id = scene.org.id.to_string();
    assert_eq!(auditor.sound(&["--organization", &id])["logs"].as_array().unwrap().len(), 2);
    auditor.finds(&["--organization", &uuid::Uuid::nil().to_string()], "gap", "no log of this organisation");
    // As the server's own role, which may read too, and as a superuser.
    for owner in [service.settings.database_url.expose().to_owned(), superuser_url(&service.data_dir)] {
        Auditor { owner, key: auditor.key.clone(), anchor: String::new(), service: &service }.sound(&[]);
    }
}

#[tokio::test]
async fn without_the_logs_own_key_nothing_is_checked() {
    let url = "postgres://nobody@127.0.0.1:1/none";
    let (code, _, said) = run(&["audit", "verify", "--database", url], &[]);
    assert!(code == 2 && said.contains("--vkey"), "{said}");
    let key = super::generator::vkey().to_string();
    let (code, printed, said) = run(&["audit", "verify", "--database", url, "--vkey", &key], &[]);
    assert!(code != 0 && !printed.contains("sound") && said.contains("cannot be read"), "{printed}{said}");
}

#[tokio::test]
async fn what_a_superuser_changes_is_named() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 270).await;
    let auditor = Auditor::of(&service).await;
    let places = scene.places().await;
    let id = places[261];
    let flip = |column: &str, at: u32| format!("{column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1)");
    let entry = format!("UPDATE audit_entries SET {} WHERE id = '{id}'", flip("entry", 40));
    let leaf = "UPDATE audit_tiles SET {} WHERE organization_id = $org AND level = 0 AND number = 0";
    let leaf = leaf.replace("{}", &flip("hashes", 7 * 32));
    let above =
        "UPDATE audit_tiles SET {} WHERE organization_id = $org AND level = 1".replace("{}", &flip("hashes", 3));
    let root = "UPDATE audit_heads SET {} WHERE organization_id = $org".replace("{}", &flip("root", 3));
    for (done, kind, place, words) in [
        (&entry, "root", 261, id.to_string()),
        (&leaf, "root", 7, places[7].to_string()),
        (&above, "root", 0, "the tree above".to_owned()),
        (&root, "root", places.len() - 1, "another root".to_owned()),
    ] {
        scene.tamper(done).await;
        let fault = auditor.finds(&[], kind, &words);
        assert_eq!((&fault["place"], &fault["file"]), (&place.into(), &scene.org.id.to_string().into()), "{done}");
        scene.tamper(done).await;
        auditor.sound(&[]);
    }
    // With its hash made to fit, the signed root still tells.
    let fit = format!(
        "{entry}; UPDATE audit_tiles SET hashes = overlay(hashes placing \
         sha256('\\x00'::bytea || (SELECT entry FROM audit_entries WHERE id = '{id}')) from {} for 32) \
         WHERE organization_id = $org AND level = 0 AND number = 1",
        5 * 32 + 1
    );
    scene.tamper(&fit).await;
    auditor.finds(&[], "root", "do not give the signed root");
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{id}'")).await;
    assert_eq!(auditor.finds(&[], "gap", "the entry is gone")["place"], 261);
}

/// Puts the log back to what it was: entries, trees and heads, as an older copy of the database would.
async fn kept(sql: &Client) -> String {
    const TABLES: [&str; 8] = [
        "audit_entries",
        "audit_tiles",
        "audit_bundles",
        "audit_heads",
        "audit_log_leaves",
        "audit_log_tiles",
        "audit_log_head",
        "audit_queue",
    ];
    let keep: String = TABLES.iter().map(|name| format!("CREATE TABLE public.old_{name} AS TABLE {name}; ")).collect();
    tamper(sql, &keep).await;
    TABLES.iter().map(|name| format!("DELETE FROM {name}; INSERT INTO {name} SELECT * FROM old_{name}; ")).collect()
}

#[tokio::test]
async fn a_tail_cut_off_is_found_by_what_was_carried_out() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 6).await;
    let auditor = Auditor::of(&service).await;
    let back = kept(&scene.sql).await;
    scene.grow(3).await;
    auditor.sound(&["--anchor", &auditor.anchor]);
    tamper(&scene.sql, &back).await;
    // In itself it is as sound as it was then.
    auditor.sound(&[]);
    let fault = auditor.finds(&["--anchor", &auditor.anchor], "gap", "its end is missing");
    assert!(fault["text"].as_str().unwrap().contains(&auditor.anchor) && fault["file"] == "the global log", "{fault}");
}

#[tokio::test]
async fn a_log_shorter_than_it_was_published_or_gone_is_found_without_an_anchor() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 6).await;
    let other = Scene::with(&service, 2).await;
    let auditor = Auditor::of(&service).await;
    // The organisation's own log alone, back to its first checkpoint.
    let keep = "CREATE TABLE old_head AS SELECT * FROM audit_heads WHERE organization_id = $org; \
        CREATE TABLE old_tiles AS SELECT * FROM audit_tiles WHERE organization_id = $org; \
        CREATE TABLE old_bundles AS SELECT * FROM audit_bundles WHERE organization_id = $org";
    scene.tamper(keep).await;
    let size = scene.places().await.len();
    scene.grow(3).await;
    let cut = "DELETE FROM audit_heads WHERE organization_id = $org; INSERT INTO audit_heads SELECT * FROM old_head; \
        DELETE FROM audit_tiles WHERE organization_id = $org; INSERT INTO audit_tiles SELECT * FROM old_tiles; \
        DELETE FROM audit_bundles WHERE organization_id = $org; INSERT INTO audit_bundles SELECT * FROM old_bundles";
    scene.tamper(cut).await;
    let fault = auditor.finds(&[], "gap", "its end is missing");
    assert_eq!((&fault["place"], &fault["file"]), (&size.into(), &scene.org.id.to_string().into()));
    other.tamper("DELETE FROM audit_heads WHERE organization_id = $org").await;
    scene.tamper("DELETE FROM audit_heads WHERE organization_id = $org").await;
    auditor.finds(&[], "gap", "is not there; the global log names");
}

#[tokio::test]
async fn months_let_go_by_command_are_no_gap_and_what_remains_is_checked() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 5).await;
    let before = scene.places().await.len();
    let auditor = Auditor::of(&service).await;
    service.clock.advance(chrono::Duration::days(250));
    let (app, owner) = (service.app.clone(), service.owner.clone());
    let gone = service.run(async move {
        let months = due(&app, chrono::Duration::zero()).await.unwrap();
        retire(&app, &owner, &months).await.unwrap();
    });
    gone.await;
    scene.grow(2).await;
    let report = auditor.sound(&["--anchor", &auditor.anchor]);
    let own = report["logs"].as_array().unwrap().iter().find(|log| {
        let origin = log["origin"].as_str().unwrap();
        origin.ends_with(&scene.org.id.to_string())
    });
    let places = scene.places().await;
    assert_eq!(own.unwrap()["ranges"], serde_json::json!([[before, places.len()]]));
    // The entry that says so is what excuses them.
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{}'", places[before])).await;
    assert_eq!(auditor.finds(&[], "gap", "the entry is gone")["place"], 0);
}
