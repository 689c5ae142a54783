//! How fast places are given. Left out of ordinary runs: `cargo test --release -p integration-tests -- --ignored pace --nocapture`.

use std::fs;
use std::time::Instant;

use custodian_application::audit::Draft;
use custodian_domain::audit::Action;
use custodian_domain::kernel::OrganizationId;
use tokio_postgres::Client;

use super::scene::{Scene, settled, whole};
use crate::support::own_instance;

const ENTRIES: usize = 200_000;
/// Entries of one commit, as the writer of reads makes them under load.
const TOGETHER: usize = 100;

/// Seconds of processor time that a process has used.
fn cpu(pid: i32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Of this process, and of the backends that serve it.
async fn used(sql: &Client) -> (f64, f64) {
    let text = "SELECT pid FROM pg_stat_activity WHERE usename = 'custodian_app'";
    let backends = sql.query(text, &[]).await.unwrap();
    let own = i32::try_from(std::process::id()).unwrap();
    (cpu(own), backends.iter().map(|row| cpu(row.get(0))).sum())
}

#[tokio::test]
#[ignore = "measures; run it alone and optimised"]
async fn ten_thousand_entries_a_second_get_their_places() {
    let service = own_instance(&[]);
    let scene = Scene::with(&service, 1).await;
    // Whoever holds the head's row keeps the sequencer out until everything is there.
    let hold = crate::dev::program::superuser(&service.data_dir).await;
    hold.batch_execute("BEGIN").await.unwrap();
    hold.execute("SELECT FROM audit_heads WHERE organization_id = $1 FOR UPDATE", &[&scene.org.id]).await.unwrap();
    let (app, organization) = (service.app.clone(), OrganizationId::from(scene.org.id));
    let written = service.run(async move {
        for _ in 0..ENTRIES / TOGETHER {
            let mut entries = Vec::with_capacity(TOGETHER);
            for _ in 0..TOGETHER {
                entries.push(app.own_entry(organization, Draft::of(Action::MeRead)).await.unwrap());
            }
            app.record(entries).await.unwrap();
        }
    });
    written.await;
    let (before, begun) = (used(&scene.sql).await, Instant::now());
    hold.batch_execute("COMMIT").await.unwrap();
    settled(&scene.sql, scene.org.id).await;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), used(&scene.sql).await);
    let rate = ENTRIES as f64 / seconds;
    eprintln!(
        "{rate:.0} entries/s; microseconds of processor for each entry: {:.1} here, {:.1} in Postgres",
        (after.0 - before.0) / ENTRIES as f64 * 1e6,
        (after.1 - before.1) / ENTRIES as f64 * 1e6,
    );
    let begun = Instant::now();
    let report = whole(&service).await;
    assert_eq!(report.findings, []);
    eprintln!("the whole check: {:.0} entries/s", report.entries as f64 / begun.elapsed().as_secs_f64());
    assert!(rate > if cfg!(debug_assertions) { 1_000.0 } else { 10_000.0 }, "{rate:.0} entries/s");
}
