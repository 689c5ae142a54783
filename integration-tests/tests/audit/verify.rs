//! `custodian audit verify`: the program an auditor runs, with files and nothing else.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::generator::{Log, anchor, forged, organization, vkey};
use crate::customers::whole;
use crate::dev::program::{Folder, differing, run, settings_of};
use crate::support::Org;

/// An auditor's folder.
struct Desk(Folder);

impl Desk {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.0.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The exit code, what was printed, what was said.
fn verify(arguments: &[&str]) -> (i32, String, String) {
    let key = vkey().to_string();
    run(&[&["audit", "verify", "--vkey", &key], arguments].concat(), &[])
}

/// An instance of one organisation with its global log, and what was carried out on the way.
fn instance() -> (Log, Log, Vec<String>) {
    let (mut own, mut global) = (Log::of(organization(1), 600), Log::new(None));
    let mut carried = Vec::new();
    for _ in 0..5 {
        global.publish(&own);
        carried.push(global.note(global.size()));
        own.grow(40);
    }
    (own, global, carried)
}

#[test]
fn a_sound_export_passes_against_what_was_kept() {
    let (own, global, carried) = instance();
    let desk = Desk::new();
    let export = desk.put("export.ndjson", &own.export(0, own.size(), own.size(), Some(&global)));
    let kept = desk.put("kept.txt", &own.note(333));
    let anchors = desk.put("anchor", &anchor(&carried));
    let (code, printed, said) = verify(&[&export, "--checkpoint", &kept, "--anchor", &anchors]);
    assert_eq!((code, said.as_str()), (0, ""), "{printed}");
    assert!(printed.starts_with("sound  800 entries"), "{printed}");
    assert!(printed.contains("MACs   not checked"), "{printed}");
    let (code, printed, _) = verify(&[&export, "--checkpoint", &kept, "--anchor", &anchors, "--json"]);
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, &report["ok"], &report["report"]["entries"]), (0, &Value::from(true), &Value::from(800)));
    assert_eq!(report["report"]["anchors"][0]["lines"], 5);
}

#[test]
fn the_first_bad_place_is_said_and_the_program_fails() {
    let (own, _, _) = instance();
    let desk = Desk::new();
    let export = own.export(0, own.size(), own.size(), None);
    let kept = desk.put("kept.txt", &own.note(500));
    let gap = desk.put("gap.ndjson", &forged(&export, |lines| drop(lines.remove(42))));
    let (code, printed, _) = verify(&[&gap, "--checkpoint", &kept]);
    assert_eq!(code, 1);
    assert!(printed.starts_with("NOT SOUND") && printed.contains("line 43, place 41"), "{printed}");
    let edited = forged(&export, |lines| lines[520] = lines[520].replace("customers.read", "customers.list"));
    let edited = desk.put("edited.ndjson", &edited);
    let (code, printed, _) = verify(&[&edited, "--checkpoint", &kept, "--json"]);
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, &report["ok"], &report["fault"]["kind"]), (1, &Value::from(false), &Value::from("root")));
    assert_eq!((&report["fault"]["place"], &report["fault"]["file"]), (&Value::from(500), &Value::from(edited)));
}

#[test]
fn a_fork_a_stranger_and_a_missing_file_fail() {
    let (own, _, _) = instance();
    let desk = Desk::new();
    let fork = own.rebuilt(1, |texts, _| texts[7] = texts[7].replace("allowed", "refused"));
    let export = desk.put("export.ndjson", &fork.export(0, fork.size(), fork.size(), None));
    let kept = desk.put("kept.txt", &own.note(500));
    let (code, printed, _) = verify(&[&export, "--checkpoint", &kept]);
    assert!(code == 1 && printed.contains("signed root of 500"), "{printed}");
    let stranger = own.rebuilt(2, |_, _| ());
    let export = desk.put("stranger.ndjson", &stranger.export(0, 9, stranger.size(), None));
    let (code, printed, _) = verify(&[&export]);
    assert!(code == 1 && printed.contains("no signature is by a known key"), "{printed}");
    let (code, printed, _) = verify(&[desk.0.0.join("absent").to_str().unwrap()]);
    assert!(code == 1 && printed.contains("cannot be read"), "{printed}");
    let (code, _, said) = verify(&[]);
    assert!(code == 2 && said.contains("EXPORTS"), "{said}");
    let (code, _, said) = run(&["audit", "verify", &export, "--vkey", "name+00000000+AAAA"], &[]);
    assert!(code == 2 && said.contains("not a verifier key"), "{said}");
}

#[test]
fn without_a_key_it_says_that_no_signature_was_checked() {
    let (own, _, _) = instance();
    let desk = Desk::new();
    let export = desk.put("export.ndjson", &own.export(100, 200, own.size(), None));
    let (code, printed, _) = run(&["audit", "verify", &export], &[]);
    assert!(code == 0 && printed.contains("SIGNATURES NOT CHECKED"), "{printed}");
}

/// The entries of a real organisation, in the order of their ids, with the MACs that the service gave them.
async fn stored(org: &Org<'_>) -> Log {
    let text = "SELECT id, entry, mac FROM audit_entries WHERE organization_id = $1 ORDER BY id";
    let mut log = Log::new(Some(org.id));
    for row in org.sql().await.query(text, &[&org.id]).await.unwrap() {
        log.ids.push(row.get(0));
        log.texts.push(String::from_utf8(row.get(1)).unwrap());
        log.macs.push(row.get(2));
    }
    log.seal();
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_can_have_macs_checked_too() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    for number in 1..4 {
        let id = sales.post("/v1/customers", &whole(number)).await.shows(201).id();
        sales.get(&format!("/v1/customers/{id}")).await.shows(200);
    }
    let mut log = stored(&org).await;
    let desk = Desk::new();
    let config = desk.put("custodian.toml", "");
    let settings = settings_of(org.service());
    let key = vkey().to_string();
    let check = |name: &str, log: &Log| {
        let export = desk.put(name, &log.export(0, log.size(), log.size(), None));
        run(&["audit", "verify", &export, "--vkey", &key, "--config", &config], &differing(&settings, &[]))
    };
    let (code, printed, said) = check("export.ndjson", &log);
    assert!(code == 0 && printed.contains(&format!("MACs   {} checked", log.size())), "{printed}{said}");
    // Written by somebody without the root key, though placed and signed.
    log.macs.swap(4, 5);
    let (code, printed, _) = check("forged.ndjson", &log);
    assert!(code == 1 && printed.contains("place 4: the entry's MAC"), "{printed}");
}
