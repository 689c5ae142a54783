//! A power cut in the middle of an import: it goes on where it stood, and no line is lost or doubled.

use custodian_api::dev::people;
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use super::{Form, counts, finished, generated, total};
use crate::support::Process;

const LINES: u64 = 3_000;
/// How often the power goes, each time at another place.
const CUTS: u64 = 5;

async fn sql(process: &Process) -> Client {
    let (client, connection) =
        tokio_postgres::connect(process.facts["owner_database_url"].as_str().unwrap(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let organization = process.facts["organization_id"].as_str().unwrap();
    client.batch_execute(&format!("SET app.organization_id = '{organization}'")).await.unwrap();
    client
}

#[tokio::test]
async fn an_import_survives_power_cuts() {
    let mut process = Process::start(&[]).await;
    let job = Form::csv(&people::mapping(), generated(0..LINES))
        .hand_in(&*process.person("admin").await)
        .await
        .shows(202)
        .sent("location");
    for cut in 0..CUTS {
        let admin = process.person("admin").await;
        let job: Value = loop {
            let body = admin.get(&job).await.shows(200).json();
            if body["progress"]["done"].as_u64().unwrap() >= cut * LINES / (CUTS + 1) {
                break body;
            }
        };
        assert_ne!(job["state"], "succeeded", "the cut comes too late to tell anything");
        process.kill();
        process.again().await;
        // The dead worker's lease would run out by itself.
        let expire =
            "UPDATE job_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until IS NOT NULL";
        sql(&process).await.execute(expire, &[]).await.unwrap();
    }
    let admin = process.person("admin").await;
    let ended = finished(&admin, &job).await;
    assert_eq!(counts(&ended), (LINES, 0, 0), "{ended}");
    assert_eq!(total(&admin).await, LINES);
    let row = "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM blind_indexes WHERE is_unique), (SELECT count(*) FROM import_chunks), \
        (SELECT count(DISTINCT customer_id) FROM audit_subjects), (SELECT count(*) FROM job_queue)";
    let row = sql(&process).await.query_one(row, &[]).await.unwrap();
    let found: Vec<i64> = (0..5).map(|column| row.get(column)).collect();
    let lines = i64::try_from(LINES).unwrap();
    assert_eq!(
        json!(found),
        json!([lines, lines, 0, lines, 0]),
        "customers, numbers, pieces, customers in the log, jobs"
    );
}
