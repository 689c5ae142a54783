//! The service is killed at each step of an erasure, as often as `CUSTODIAN_KILLS` says: what was to go goes, what stays stays, and no certificate is
//! given for somebody who can be read.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use crate::customers::path;
use crate::support::{Person, Process, customer};

/// The steps as they are seen from outside.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// E0: while the wish itself is carried out.
    Wished,
    /// E1: the new key is in the store.
    NewKey,
    /// E2: everybody who stays was moved to it.
    Moved,
    /// E3: the keyring is being written.
    Keyring,
    /// E4: the old key is destroyed.
    Destroyed,
    /// E5: the certificate is given.
    Certified,
}

const STEPS: [Step; 6] = [Step::Wished, Step::NewKey, Step::Moved, Step::Keyring, Step::Destroyed, Step::Certified];

/// How long a step is waited for. It may have passed unseen: the next kill meets another moment.
const PATIENCE: Duration = Duration::from_secs(8);

fn kills() -> u64 {
    std::env::var("CUSTODIAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

async fn database(process: &Process) -> Client {
    let url = process.facts["owner_database_url"].as_str().unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The names in a folder below that of the service, and of those below it.
fn names(process: &Process, folder: &str) -> Vec<PathBuf> {
    let list = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let mut all: Vec<PathBuf> = list(process.folder().join(folder))
        .into_iter()
        .flat_map(|path| if path.is_dir() { list(path) } else { vec![path] })
        .collect();
    all.sort();
    all
}

/// What a step is told by: the erasures that are this far, or the files.
async fn seen(process: &Process, sql: &Client, step: Step, before: &[PathBuf]) -> bool {
    let question = match step {
        Step::Wished => return true,
        Step::NewKey => return names(process, "keystore").iter().any(|name| !before.contains(name)),
        Step::Keyring => return names(process, "keyrings").iter().any(|name| !before.contains(name)),
        Step::Moved => "SELECT EXISTS (SELECT FROM key_epochs WHERE destroyed_at IS NULL)",
        Step::Destroyed => "SELECT EXISTS (SELECT FROM erasures WHERE state = 'erasing' AND destroyed_at IS NOT NULL)",
        Step::Certified => "SELECT NOT EXISTS (SELECT FROM erasures WHERE state <> 'erased')",
    };
    sql.query_one(question, &[]).await.is_ok_and(|row| row.get(0))
}

/// Erases somebody, waits for the step, and takes the power away.
async fn cut(process: &mut Process, step: Step, gone: &str, nth: u64) {
    let (dpo, sql) = (process.person("dpo").await, database(process).await);
    let before = match step {
        Step::Keyring => names(process, "keyrings"),
        _ => names(process, "keystore"),
    };
    let wish = json!({"ground": "subject_request"});
    let asked = tokio::spawn({
        let (caller, to) = (dpo.with("accept", "application/json"), format!("/v1/customers/{gone}/erase"));
        async move { caller.post(&to, &wish).attempt().await.map(|answer| answer.status) }
    });
    if let Step::Wished = step {
        // Another moment of the wish each time, before its answer as well as after it.
        tokio::time::sleep(Duration::from_millis(nth * 7 % 60)).await;
    } else {
        assert_eq!(asked.await.unwrap(), Some(202));
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !seen(process, &sql, step, &before).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    process.kill();
    process.again().await;
}

#[tokio::test]
async fn killed_at_each_step_nobody_who_stays_is_lost_and_nobody_certified_is_readable() {
    let mut process = Process::start(&["erasure_round_seconds=1", "erasure_grace_seconds=0"]).await;
    let (mut stay, mut gone) = (Vec::new(), Vec::new());
    for step in STEPS {
        for nth in 0..kills() {
            let sales = process.person("sales_a").await;
            stay.push(sales.post("/v1/customers", &customer()).await.shows(201).id());
            let id = sales.post("/v1/customers", &customer()).await.shows(201).id();
            cut(&mut process, step, &id, nth).await;
            gone.push(id);
        }
    }
    let (sales, dpo) = (process.person("sales_a").await, process.person("dpo").await);
    for id in &gone {
        // A wish that was killed before its commit was none; one that was carried out is answered with its erasure.
        dpo.post(&format!("/v1/customers/{id}/erase"), &json!({"ground": "subject_request"})).await.shows(202);
        let certificate = certified(&dpo, id).await;
        dpo.get(&path(id)).await.refuses(410, "erased");
        let left = names(&process, "keystore");
        for key in certificate["keys_destroyed"].as_array().unwrap() {
            let name = format!("{:05}-{:010}.key", key["bucket"].as_u64().unwrap(), key["epoch"].as_u64().unwrap());
            assert!(!left.iter().any(|path| path.ends_with(&name)), "{name} is destroyed: {left:?}");
        }
    }
    for id in &stay {
        sales.get(&path(id)).await.shows(200);
    }
}

async fn certified(dpo: &Person, customer: &str) -> Value {
    let begun = Instant::now();
    loop {
        let told = dpo.get(&format!("/v1/erasures?customer_id={customer}")).await.shows(200);
        if told.at("/data/0/state") == "erased" {
            let path = format!("/v1/erasures/{}/certificate", told.at("/data/0/id").as_str().unwrap());
            return dpo.get(&path).await.shows(200).at("/certificate");
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the rounds do not end it: {told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
