//! What is no tampering: upkeep of the database, a dump restored elsewhere, a new month. Nothing of it raises anything.

use std::process::{Command, Stdio};

use custodian_application::audit::fsck::{Cursor, round};
use custodian_application::audit::{Finding, due, retire, rotate_key};

use super::scene::{Scene, settled, until, whole};
use crate::customers::{path, whole as customer};
use crate::dev::program::{differing, dump, postgres_program, run, settings_of, superuser_url};
use crate::support::{Service, own_instance};

/// A log with customers entered, changed, listed and read.
async fn busy(service: &Service) -> Scene<'_> {
    let scene = Scene::with(service, 260).await;
    let sales = scene.org.sales_a().await;
    let id = sales.post("/v1/customers", &customer(1)).await.shows(201).id();
    sales.patch(&path(&id), &serde_json::json!({"fields": {"notes": "calls back"}})).await.shows(200);
    sales.get("/v1/customers").await.shows(200);
    sales.get(&path(&id)).await.shows(200);
    settled(&scene.sql, scene.org.id).await;
    scene
}

#[tokio::test]
async fn upkeep_of_the_database_raises_nothing() {
    let service = own_instance(&[]);
    let scene = busy(&service).await;
    for statement in [
        "VACUUM FULL",
        "REINDEX DATABASE custodian",
        "CLUSTER audit_entries_default USING audit_entries_default_pkey",
        "ANALYZE",
        "ALTER DATABASE custodian SET timezone = 'Asia/Shanghai'",
        "ALTER DATABASE custodian SET datestyle = 'German'",
        "ALTER DATABASE custodian SET bytea_output = 'escape'",
        "ALTER TABLE audit_entries ADD COLUMN note text",
        "SELECT audit_make_partitions(12)",
        "CHECKPOINT",
    ] {
        scene.sql.batch_execute(statement).await.unwrap();
        let report = whole(&service).await;
        assert_eq!(report.findings, [], "{statement}");
        assert!(report.entries > 260 && report.published > 0);
    }
}

#[tokio::test]
async fn the_check_while_the_service_runs_finds_a_log_sound_that_grew_over_minutes() {
    let service = own_instance(&[]);
    let scene = busy(&service).await;
    service.clock.advance(chrono::Duration::minutes(3));
    scene.org.sales_a().await.get("/v1/customers").await.shows(200);
    settled(&scene.sql, scene.org.id).await;
    let app = service.app.clone();
    let found = service.run(async move {
        let mut cursor = Cursor::default();
        let first = round(&app, &mut cursor).await.unwrap();
        (first, round(&app, &mut cursor).await.unwrap())
    });
    let (first, second) = found.await;
    let times = |findings: &[Finding]| findings.iter().filter(|finding| finding.code == "time").count();
    assert_eq!((times(&first), times(&second)), (0, 0), "the newest entries are looked at before older ones");
}

/// The same server's other database.
fn elsewhere(url: &str) -> String {
    let other = match url.strip_suffix("/custodian") {
        Some(server) => format!("{server}/elsewhere"),
        None => url.replace("/custodian?", "/elsewhere?").replace("dbname=custodian", "dbname=elsewhere"),
    };
    assert_ne!(other, url);
    other
}

#[tokio::test]
async fn a_dump_restored_elsewhere_is_as_sound() {
    let service = own_instance(&[]);
    let scene = busy(&service).await;
    let text = dump(&service.data_dir, &[]).await;
    let new = "CREATE DATABASE elsewhere TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' OWNER custodian_owner";
    scene.sql.batch_execute(new).await.unwrap();
    scene.sql.batch_execute("ALTER DATABASE elsewhere SET timezone = 'Pacific/Kiritimati'").await.unwrap();
    let psql = postgres_program(&service.data_dir, "psql").await;
    let mut restore = Command::new(psql);
    restore.args(["-qX", "-v", "ON_ERROR_STOP=1"]).arg(elsewhere(&superuser_url(&service.data_dir)));
    let mut restore = restore.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut restore.stdin.take().unwrap(), &text).unwrap();
    assert!(restore.wait().unwrap().success());
    let anchor = service.settings.audit_anchor_file.clone().unwrap();
    let url = elsewhere(service.settings.database_url.expose());
    let settings = settings_of(&service);
    let settings = differing(
        &settings,
        &[("CUSTODIAN_DATABASE_URL", &url), ("CUSTODIAN_AUDIT_ANCHOR_FILE", anchor.to_str().unwrap())],
    );
    let (code, printed, said) = run(&["audit", "fsck"], &settings);
    assert!(code == 0 && printed.contains(" 0 finding(s)"), "{printed}{said}");
    let (code, printed, said) = run(&["audit", "key"], &settings);
    assert!(code == 0 && printed.contains("/audit+"), "{printed}{said}");
}

#[tokio::test]
async fn old_months_are_let_go_by_command_and_what_remains_is_as_sound() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 5).await;
    let before = scene.places().await;
    let app = service.app.clone();
    assert_eq!(service.run(async move { due(&app, chrono::Duration::zero()).await.unwrap() }).await, []);
    service.clock.advance(chrono::Duration::days(250));
    let (app, owner) = (service.app.clone(), service.owner.clone());
    let gone = service.run(async move {
        let months = due(&app, chrono::Duration::zero()).await.unwrap();
        retire(&app, &owner, &months).await.unwrap();
        months
    });
    let gone = gone.await;
    assert!(!gone.is_empty() && gone.iter().all(|month| month.until > before[0]), "{gone:?}");
    settled(&scene.sql, scene.org.id).await;
    let left = "SELECT count(*) FROM audit_entries WHERE organization_id = $1";
    assert_eq!(scene.sql.query_one(left, &[&scene.org.id]).await.unwrap().get::<_, i64>(0), 1);
    assert_eq!(scene.places().await[..before.len()], before[..]);
    assert_eq!(whole(&service).await.findings, []);
    // Saying so once does not cover what is younger.
    let person = scene.org.auditor().await;
    person.get("/v1/me").await.shows(200);
    settled(&scene.sql, scene.org.id).await;
    let newest = *scene.places().await.last().unwrap();
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{newest}'")).await;
    scene.shows("a deletion", "missing", "is gone").await;
}

/// The hash of the key that signed a note, in hex: the first four bytes of its own signature (C2SP signed-note).
fn signer(note: &str) -> String {
    use base64::Engine;
    let line = note.lines().find(|line| line.starts_with('\u{2014}')).unwrap();
    let signature = base64::prelude::BASE64_STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap();
    signature[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of the keys that are printed, oldest first.
fn printed_keys(printed: &str) -> Vec<String> {
    printed.lines().map(|line| line.split('+').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_new_key_signs_from_here_on_and_what_the_old_one_signed_stays_verifiable() {
    let service = own_instance(&[]);
    let scene = busy(&service).await;
    let auditor = scene.org.auditor().await;
    let before = auditor.get("/v1/audit/log/checkpoint").await.shows(200).text().to_owned();
    let app = service.app.clone();
    service.clock.advance(chrono::Duration::minutes(1));
    service.run(async move { rotate_key(&app).await.unwrap() }).await;
    auditor.get("/v1/me").await.shows(200);
    settled(&scene.sql, scene.org.id).await;
    let signed_anew = async || {
        let note = auditor.get("/v1/audit/log/checkpoint").await.shows(200).text().to_owned();
        (signer(&note) != signer(&before)).then_some(note)
    };
    let after = until("a checkpoint by the new key", signed_anew).await;
    let settings = settings_of(&service);
    let settings = differing(&settings, &[]);
    let (code, printed, said) = run(&["audit", "key"], &settings);
    assert_eq!((code, printed_keys(&printed)), (0, vec![signer(&before), signer(&after)]), "{said}");
    assert_eq!(whole(&service).await.findings, [], "both keys are believed");
    let (code, printed, said) = run(&["audit", "key", "--rotate"], &settings);
    assert_eq!((code, printed_keys(&printed).len()), (0, 3), "{said}");
}
