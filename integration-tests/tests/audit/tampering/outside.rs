//! What the database alone cannot show: an older copy put back, another log, another key. The anchor file and the root key do.

use std::fs;

use custodian_application::audit::Finding;

use crate::audit::scene::{Scene, tamper, until, whole};
use crate::dev::program::{differing, run, settings_of, superuser};
use crate::support::{Org, Service, own_instance};

/// Every table of the log, and what it is kept beside.
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

fn quiet() -> Service {
    own_instance(&[])
}

/// What `serve` says when it refuses, and what `audit fsck` prints, on the service's database and anchor file.
fn refused(service: &Service) -> (String, String) {
    let anchor = service.settings.audit_anchor_file.clone().unwrap();
    let settings = settings_of(service);
    let settings = differing(&settings, &[("CUSTODIAN_AUDIT_ANCHOR_FILE", anchor.to_str().unwrap())]);
    let (code, _, said) = run(&["serve"], &settings);
    assert!(code != 0 && !said.contains("panicked"), "{said}");
    let (code, printed, said_by_check) = run(&["audit", "fsck"], &settings);
    assert!(code != 0, "{printed}");
    (said, printed + &said_by_check)
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    let mut codes: Vec<_> = findings.iter().map(|found| found.code).collect();
    codes.dedup();
    codes
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_not_served_and_a_fork_is_found() {
    let service = quiet();
    let scene = Scene::with(&service, 3).await;
    let keep: String =
        TABLES.iter().map(|table| format!("CREATE TABLE public.old_{table} AS TABLE {table}; ")).collect();
    tamper(&scene.sql, &keep).await;
    for _ in 0..3 {
        scene.grow(1).await;
    }
    assert_eq!(whole(&service).await.findings, []);
    let back: String = TABLES
        .iter()
        .map(|table| format!("TRUNCATE {table}; INSERT INTO {table} SELECT * FROM old_{table}; "))
        .collect();
    tamper(&scene.sql, &format!("SET CONSTRAINTS ALL DEFERRED; {back}")).await;
    assert_eq!(codes(&whole(&service).await.findings), ["rolled_back"]);
    let (said, printed) = refused(&service);
    assert!(said.contains("is shorter than what was carried out") && said.contains("Nothing is served"), "{said}");
    assert!(printed.contains("[rolled_back]"), "{printed}");
    // The service that still runs goes on from the older copy, past what was carried out: now there are two logs.
    for _ in 0..5 {
        scene.grow(1).await;
    }
    let found = whole(&service).await.findings;
    assert!(codes(&found).contains(&"forked"), "{found:#?}");
    let (said, printed) = refused(&service);
    assert!(said.contains("is not the one that was carried out"), "{said}");
    assert!(printed.contains("[forked]"), "{printed}");
}

#[tokio::test]
async fn another_key_is_not_taken_for_ours() {
    let service = quiet();
    let scene = Scene::with(&service, 2).await;
    let sql = &scene.sql;
    sql.batch_execute("CREATE TABLE kept_keys AS TABLE signing_keys").await.unwrap();
    let audit = "WHERE purpose = 'audit'";
    let token = "(SELECT {} FROM kept_keys WHERE purpose = 'token' LIMIT 1)";
    let other = |column: &str| token.replace("{}", column);
    for (done, words) in [
        (format!("UPDATE signing_keys SET public_key = sha256('x') {audit}"), "was not made by this service"),
        (format!("UPDATE signing_keys SET wrapped_key = sha256('x') {audit}"), "was not made by this service"),
        (format!("UPDATE signing_keys SET wrapped_key = {} {audit}", other("wrapped_key")), "was not made by this service"),
        (format!("UPDATE signing_keys SET key_id = 'mine' {audit}"), "was not made by this service"),
        (
            "INSERT INTO signing_keys SELECT 'mine', purpose, sha256('x'), wrapped_key, now() FROM signing_keys WHERE purpose = 'audit'"
                .to_owned(),
            "was not made by this service",
        ),
        (format!("DELETE FROM signing_keys {audit}"), "is gone from the database"),
    ] {
        sql.batch_execute(&done).await.unwrap();
        let found = whole(&service).await.findings;
        assert!(found.iter().any(|found| found.code == "key" && found.says.contains(words)), "{done}: {found:#?}");
        let (said, _) = refused(&service);
        assert!(said.contains(words), "{done}: {said}");
        sql.batch_execute("DELETE FROM signing_keys; INSERT INTO signing_keys SELECT * FROM kept_keys").await.unwrap();
        assert_eq!(whole(&service).await.findings, [], "after {done}");
    }
}

#[tokio::test]
async fn published_heads_cannot_be_changed_or_taken_away() {
    let service = quiet();
    let scene = Scene::with(&service, 2).await;
    scene.grow(1).await;
    let flip = |column: &str| format!("{column} = set_byte({column}, 3, get_byte({column}, 3) # 1)");
    for (done, undone, code, words) in [
        (format!("UPDATE audit_log_leaves SET {} WHERE position = 0", flip("leaf")), None, "log_leaf", "not the one"),
        (format!("UPDATE audit_log_leaves SET {} WHERE position = 0", flip("root")), None, "log_leaf", "columns"),
        ("UPDATE audit_log_leaves SET size = -size WHERE position = 0".to_owned(), None, "log_leaf", "columns"),
        (format!("UPDATE audit_log_tiles SET {}", flip("hashes")), None, "log_head", "do not lead to the signed root"),
        (format!("UPDATE audit_log_head SET {}", flip("root")), None, "log_head", "roots differ"),
        (
            "UPDATE audit_log_head SET note = replace(note, 'audit', 'other')".to_owned(),
            Some("UPDATE audit_log_head SET note = replace(note, 'other', 'audit')"),
            "log_head",
            "not signed by a key of ours",
        ),
        (
            "UPDATE audit_log_head SET origin = 'other'".to_owned(),
            Some("UPDATE audit_log_head SET origin = split_part(note, chr(10), 1)"),
            "log_head",
            "another name",
        ),
    ] {
        tamper(&scene.sql, &done).await;
        let found = whole(&service).await.findings;
        assert!(found.iter().any(|found| found.code == code && found.says.contains(words)), "{done}: {found:#?}");
        tamper(&scene.sql, undone.unwrap_or(&done)).await;
        assert_eq!(whole(&service).await.findings, [], "after {done}");
    }
    tamper(&scene.sql, "DELETE FROM audit_log_leaves WHERE position = 1").await;
    let found = whole(&service).await.findings;
    assert!(found.iter().any(|found| found.code == "log_leaf" && found.place == Some(1)), "{found:#?}");
}

#[tokio::test]
async fn an_anchor_file_that_was_written_to_is_found() {
    let service = quiet();
    let scene = Scene::with(&service, 1).await;
    scene.grow(1).await;
    let file = service.settings.audit_anchor_file.clone().unwrap();
    let sound = fs::read_to_string(&file).unwrap();
    let mut turned: Vec<&str> = sound.lines().collect();
    turned.reverse();
    assert!(turned.len() > 1);
    for (what, text) in [
        ("another order", turned.join("\n") + "\n"),
        ("another size", sound.replacen("audit\\n", "audit\\n7", 1)),
        ("no checkpoint", format!("{sound}{{}}\n")),
    ] {
        fs::write(&file, text).unwrap();
        let found = whole(&service).await.findings;
        assert!(codes(&found).contains(&"anchor"), "{what}: {found:#?}");
    }
    // What a crash has cut off says nothing.
    fs::write(&file, format!("{sound}{{\"note\":\"cut")).unwrap();
    assert_eq!(whole(&service).await.findings, []);
    scene.grow(1).await;
    assert_eq!(whole(&service).await.findings, []);
}

#[tokio::test]
async fn the_running_service_raises_the_alarm_by_itself() {
    let service = own_instance(&[("audit_check_seconds", "1")]);
    let scene = Scene::with(&service, 3).await;
    let bystander = Org::found_on(&service).await;
    scene.tamper(&format!("UPDATE audit_entries SET mac = sha256(mac) WHERE id = '{}'", scene.places().await[2])).await;
    let text = "SELECT convert_from(entry, 'UTF8')::jsonb FROM audit_entries WHERE organization_id = $1 AND action = 'audit.alarm'";
    let sql = superuser(&service.data_dir).await;
    let alarm: serde_json::Value = until("an alarm in the log", async || {
        let rows = sql.query(text, &[&scene.org.id]).await.unwrap();
        rows.first().map(|row| row.get(0))
    })
    .await;
    assert_eq!((&alarm["details"]["finding"], &alarm["details"]["place"]), (&"mac".into(), &"2".into()));
    assert_eq!((&alarm["actor"]["kind"], &alarm["verdict"]), (&"system".into(), &"failed".into()));
    assert_eq!(sql.query(text, &[&bystander.id]).await.unwrap().len(), 0);
}
