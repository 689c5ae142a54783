//! Postgres dies and comes back: whatever was acknowledged is there, and whatever was shown is on record.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::NoTls;

use super::{LIMIT, recovers};
use crate::customers::{path, whole};
use crate::dev::program::{Folder, Program, person, postgres_program, superuser};
use crate::support::{Caller, Person};

/// What one client did.
#[derive(Default)]
struct Done {
    created: Vec<String>,
    /// Requests of reveals that were answered.
    revealed: Vec<String>,
    refused: usize,
    /// The longest time between two answers that were no refusal.
    gap: Duration,
}

/// Creates and reveals until told to stop. A connection that breaks off counts as a refusal.
async fn work(person: Person, known: String, stop: Arc<AtomicBool>, client: usize) -> Done {
    let (mut done, mut last, mut number) = (Done::default(), Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let body = json!({"fields": {"name": format!("{client}"), "customer_no": format!("{client}-{number}")}});
        let made = person.post("/v1/customers", &body).await;
        let shown =
            person.post(&format!("{}/reveal", path(&known)), &json!({"fields": ["mobile"], "reason": "load"})).await;
        for answer in [&made, &shown] {
            assert!([200, 201, 503].contains(&answer.status), "{answer}");
        }
        if made.status == 201 {
            done.created.push(made.id());
        }
        if shown.status == 200 {
            done.revealed.push(shown.sent("x-request-id"));
        }
        if made.status == 201 && shown.status == 200 {
            done.gap = done.gap.max(last.elapsed());
            last = Instant::now();
        } else {
            done.refused += 1;
        }
    }
    done
}

/// Runs `fault` under load, then holds what clients saw against what is stored.
async fn under_load(folder: &Path, facts: &Value, fault: impl AsyncFnOnce()) {
    let sales = person(facts, "sales_a").await;
    let known = sales.post("/v1/customers", &whole(1)).await;
    let known = if known.status == 201 {
        known.id()
    } else {
        crate::imports::by_number(&sales, "D000001").await["id"].as_str().unwrap().to_owned()
    };
    let stop = Arc::new(AtomicBool::new(false));
    static CLIENT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(work(sales.clone(), known.clone(), Arc::clone(&stop), CLIENT.fetch_add(1, Ordering::Relaxed)))
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    fault().await;
    recovers(&sales, &known).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Done::default();
    for client in clients {
        let Done { created, revealed, refused, gap } = client.await.unwrap();
        all.created.extend(created);
        all.revealed.extend(revealed);
        all.refused += refused;
        assert!(gap < LIMIT, "a client waited {gap:?}");
    }
    assert!(all.created.len() > 4 && all.revealed.len() > 4 && all.refused > 0, "the load was there and met the fault");
    let sql = superuser(folder).await;
    let column = async |text: &str| {
        sql.query(text, &[]).await.unwrap().iter().map(|row| row.get(0)).collect::<BTreeSet<String>>()
    };
    let stored = column("SELECT id::text FROM customers").await;
    let lost: Vec<_> = all.created.iter().filter(|id| !stored.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged customers are lost", lost.len(), all.created.len());
    let recorded = column(
        "SELECT convert_from(entry, 'UTF8')::jsonb ->> 'request' FROM audit_entries WHERE action = 'customers.reveal'",
    )
    .await;
    let unrecorded: Vec<_> = all.revealed.iter().filter(|request| !recorded.contains(*request)).collect();
    assert!(
        unrecorded.is_empty(),
        "{} of {} reveals were shown and not recorded",
        unrecorded.len(),
        all.revealed.len()
    );
    let entered = column("SELECT customer_id::text FROM audit_entries WHERE action = 'customers.create'").await;
    assert_eq!(entered, stored, "a customer and its entry stand or fall together");
}

/// `pg_ctl`, as the account that owns the cluster.
async fn pg_ctl(program: &Path, data: &Path, arguments: &[&str]) {
    let owner = std::fs::metadata(data).unwrap();
    let (uid, gid) = (format!("--reuid={}", owner.uid()), format!("--regid={}", owner.gid()));
    let step_down = std::fs::metadata("/proc/self").unwrap().uid() != owner.uid();
    let mut command = if step_down { Command::new("setpriv") } else { Command::new(program) };
    if step_down {
        command.args([&uid, &gid, "--clear-groups", "--"]).arg(program);
    }
    let status = command
        .args(["-D", data.to_str().unwrap(), "-s", "-w"])
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{arguments:?}");
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_postgres_dies() {
    let folder = Folder::new();
    let (mut program, facts) = Program::dev(&folder.0, &["--empty"]);
    let ready = Caller::new(facts["base_url"].as_str().unwrap(), Vec::new());

    under_load(&folder.0, &facts, async || {
        // One backend killed makes the postmaster end all sessions and recover.
        let (sql, connection) =
            tokio_postgres::connect(facts["owner_database_url"].as_str().unwrap(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let pid: i32 = sql
            .query_one("SELECT pid FROM pg_stat_activity WHERE application_name = 'custodian' LIMIT 1", &[])
            .await
            .unwrap()
            .get(0);
        assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    })
    .await;
    ready.get("/health/ready").await.shows(200);

    let tool = postgres_program(&folder.0, "pg_ctl").await;
    let data = std::fs::canonicalize(folder.0.join("postgres/data")).unwrap();
    under_load(&folder.0, &facts, async || {
        pg_ctl(&tool, &data, &["stop", "-m", "immediate"]).await;
        ready.get("/health/live").await.shows(200);
        pg_ctl(&tool, &data, &["start", "-l", "/dev/null"]).await;
    })
    .await;
    assert!(program.runs(), "{}", program.said());
    drop(program);
    // Started by hand, it is not the instance's to stop.
    pg_ctl(&tool, &data, &["stop", "-m", "immediate"]).await;
}
