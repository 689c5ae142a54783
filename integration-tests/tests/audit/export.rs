//! The export: what HTTP gives is handed to the program that an auditor runs, as it came and tampered with.

use std::fs;

use serde_json::Value;

use super::reader::{inclusion, keys, settled};
use super::scene::until;
use crate::dev::program::{Folder, run};
use crate::support::{Org, Person, shared};

/// An auditor's folder, and the keys that the service publishes.
struct Desk {
    folder: Folder,
    keys: Vec<String>,
}

impl Desk {
    async fn new() -> Self {
        let keys = keys(shared()).await.iter().flat_map(|key| ["--vkey".to_owned(), key.to_string()]).collect();
        Self { folder: Folder::new(), keys }
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.folder.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The exit code, and the report or the fault.
    fn verify(&self, files: &[&str]) -> (i32, Value) {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let (code, printed, said) = run(&[&["audit", "verify", "--json"], keys.as_slice(), files].concat(), &[]);
        (code, serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}{said}")))
    }

    /// Stops the test unless the export is sound; answers the number of its entries.
    #[track_caller]
    fn sound(&self, files: &[&str]) -> u64 {
        let (code, report) = self.verify(files);
        assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)), "{report:#}");
        assert_eq!(report["report"]["signatures_checked"], true);
        report["report"]["entries"].as_u64().unwrap()
    }
}

/// Leaves entries until the log is that long.
async fn grown(person: &Person, auditor: &Person, calls: usize) {
    let readers = (0..8).map(|_| async {
        let mut last = String::new();
        for _ in 0..calls / 8 {
            last = person.get("/v1/me").await.shows(200).sent("audit-id");
        }
        last
    });
    for last in futures_util::future::join_all(readers).await {
        settled(auditor, &inclusion(&last)).await.shows(200);
    }
}

#[tokio::test]
async fn what_http_gives_passes_the_offline_check_whole_and_in_parts() {
    let org = Org::found().await;
    let (sales, auditor, desk) = (org.sales_a().await, org.auditor().await, Desk::new().await);
    let kept = settled(&auditor, "/v1/audit/checkpoint").await.shows(200);
    let kept = desk.put("kept.txt", kept.text());
    // More than one block of the stream.
    grown(&sales, &auditor, 1_160).await;
    settled(&auditor, "/v1/audit/log/proof").await.shows(200);
    let whole = auditor.get("/v1/audit/export").await.shows(200);
    assert_eq!(whole.sent("content-type"), "application/x-ndjson");
    let file = desk.put("whole.ndjson", whole.text());
    let size = desk.sound(&[&file, "--checkpoint", &kept]);
    assert!(size > 1_100, "{size}");
    let header: Value = serde_json::from_str(whole.text().lines().next().unwrap()).unwrap();
    assert_eq!((&header["organization"], &header["from"]), (&Value::from(org.id.to_string()), &Value::from(0)));
    assert!(header["global_proof"]["leaf"].is_string());
    for (from, to) in [(0, 0), (0, 1), (3, 255), (255, 257), (256, 512), (1, 1_030), (1_023, 1_025), (size, size)] {
        let part = auditor.get(&format!("/v1/audit/export?from={from}&to={to}")).await.shows(200);
        let part = desk.put("part.ndjson", part.text());
        assert_eq!(desk.sound(&[&part]), to - from, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_checkpoint_of_all_logs_that_was_kept_is_connected_with_a_later_export() {
    let org = Org::found().await;
    let (auditor, desk) = (org.auditor().await, Desk::new().await);
    settled(&auditor, "/v1/audit/log/proof").await.shows(200);
    let kept = auditor.get("/v1/audit/log/checkpoint").await.shows(200);
    let size = |note: &str| note.lines().nth(1).unwrap().parse::<u64>().unwrap();
    let from = size(kept.text());
    let (file, path) = (desk.put("kept.txt", kept.text()), format!("/v1/audit/log/consistency?from={from}"));
    // The reads above are entries: the log of all logs goes on by itself.
    until("growth", async || (auditor.get(&path).await.shows(200).at("/to").as_u64()? > from).then_some(())).await;
    let export = auditor.get("/v1/audit/export").await.shows(200);
    let header: Value = serde_json::from_str(export.text().lines().next().unwrap()).unwrap();
    let to = size(header["global_checkpoint"].as_str().unwrap());
    let export = desk.put("export.ndjson", export.text());
    let (code, report) = desk.verify(&[&export, "--checkpoint", &file]);
    assert_eq!((code, &report["ok"]), (1, &Value::Bool(false)), "nothing connects them: {report:#}");
    let proof = auditor.get(&format!("{path}&to={to}")).await.shows(200);
    desk.sound(&[&export, "--checkpoint", &file, "--proof", &desk.put("proof.json", proof.text())]);
    for (from, to) in [("2", "1"), ("0", "18446744073709551615")] {
        auditor.get(&format!("/v1/audit/log/consistency?from={from}&to={to}")).await.refuses(400, "place_out_of_range");
    }
    auditor.get("/v1/audit/log/consistency").await.refuses(400, "invalid_query");
}

#[tokio::test]
async fn an_export_tampered_with_fails_where_it_was_changed() {
    let org = Org::found().await;
    let (sales, auditor, desk) = (org.sales_a().await, org.auditor().await, Desk::new().await);
    grown(&sales, &auditor, 16).await;
    let export = auditor.get("/v1/audit/export").await.shows(200);
    let lines: Vec<&str> = export.text().lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(desk.sound(&[&desk.put("whole.ndjson", &joined(&lines))]), lines.len() as u64 - 2);
    let edited = lines[5].replace("allowed", "refused");
    assert_ne!(edited, lines[5]);
    let (mut changed, mut removed, mut swapped, mut doubled) =
        (lines.clone(), lines.clone(), lines.clone(), lines.clone());
    changed[5] = &edited;
    removed.remove(5);
    swapped.swap(5, 6);
    doubled.insert(5, lines[5]);
    for (what, tampered) in [
        ("edited", changed),
        ("removed", removed),
        ("swapped", swapped),
        ("doubled", doubled),
        ("cut", lines[..8].to_vec()),
    ] {
        let (code, report) = desk.verify(&[&desk.put("tampered.ndjson", &joined(&tampered))]);
        assert_eq!((code, &report["ok"]), (1, &Value::Bool(false)), "{what}: {report:#}");
    }
}

#[tokio::test]
async fn places_beyond_the_log_odd_numbers_and_other_people_are_refused() {
    let org = Org::found().await;
    let auditor = org.auditor().await;
    settled(&auditor, "/v1/audit/checkpoint").await.shows(200);
    for (from, to) in [("2", "1"), ("0", "1000000"), ("9223372036854775808", "18446744073709551615")] {
        auditor.get(&format!("/v1/audit/export?from={from}&to={to}")).await.refuses(400, "place_out_of_range");
    }
    for query in ["from=-1", "from=+1", "to=1.5", "to=", "from=18446744073709551616", "from=0&from=0"] {
        auditor.get(&format!("/v1/audit/export?{query}")).await.refuses(400, "invalid_query");
    }
    auditor.get("/v1/audit/export?format=csv").await.refuses(400, "unknown_parameter");
    for person in [org.admin().await, org.manager().await, org.sales_a().await] {
        let refused = person.get("/v1/audit/export").await.refuses(403, "forbidden");
        assert!(refused.text().contains("audit.read"));
    }
}

#[tokio::test]
async fn an_export_shows_no_other_organisations_entries() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (auditor, theirs) = (org.auditor().await, other.auditor().await);
    settled(&theirs, "/v1/audit/checkpoint").await.shows(200);
    settled(&auditor, "/v1/audit/checkpoint").await.shows(200);
    let export = auditor.get("/v1/audit/export").await.shows(200);
    assert!(export.text().contains(&org.id.to_string()));
    assert!(!export.text().contains(&other.id.to_string()));
}
