//! A power cut in the middle of an export: it begins anew, no row is lost or doubled, and nothing of the broken attempts is left.

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use super::{PATH, download, rows, token, until};
use crate::imports::{Form, finished, generated};
use crate::support::Process;
use custodian_api::dev::people;

const LINES: u64 = 6_000;
/// How often the power goes.
const CUTS: usize = 3;

async fn sql(process: &Process) -> Client {
    let (client, connection) =
        tokio_postgres::connect(process.facts["owner_database_url"].as_str().unwrap(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let organization = process.facts["organization_id"].as_str().unwrap();
    client.batch_execute(&format!("SET app.organization_id = '{organization}'")).await.unwrap();
    client
}

#[tokio::test]
async fn an_export_survives_power_cuts() {
    let mut process = Process::start(&[]).await;
    let admin = process.person("admin").await;
    let job = Form::csv(&people::mapping(), generated(0..LINES)).hand_in(&admin).await.shows(202).sent("location");
    assert_eq!(finished(&admin, &job).await["state"], "succeeded");
    let dpo = process.person("dpo").await;
    let body = json!({"filter": {}, "fields": ["name", "mobile", "address"], "format": "csv", "purpose": "care", "reason": "to be cut"});
    let id = dpo.post(PATH, &body).await.shows(201).id();
    admin.post(&format!("/v1/access-requests/{id}/approve"), &json!({})).await.shows(200);
    for _ in 0..CUTS {
        let dpo = process.person("dpo").await;
        let begun = std::time::Instant::now();
        let cut = loop {
            let seen: Value = dpo.get(&format!("{PATH}/{id}")).await.shows(200).json();
            let done = seen["progress"]["done"].as_u64().unwrap();
            if seen["state"] == "ready" || (seen["state"] == "preparing" && done > 0) {
                break seen;
            }
            assert!(begun.elapsed() < super::PATIENCE, "{seen}");
        };
        assert_eq!(cut["state"], "preparing", "the cut comes too late to tell anything");
        process.kill();
        process.again().await;
        // The dead worker's lease would run out by itself.
        let expire =
            "UPDATE job_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until IS NOT NULL";
        sql(&process).await.execute(expire, &[]).await.unwrap();
    }
    let dpo = process.person("dpo").await;
    assert_eq!(until(&dpo, &id, "ready").await.at("/rows"), LINES);
    let token = token(&dpo, &id).await;
    let file = download(&dpo, &id, &token).await.shows(200);
    let mut ids: Vec<String> = rows(&file).into_iter().skip(1).map(|row| row[0].clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as u64, LINES + 1, "everybody once, and the decoy");
    let left = "SELECT (SELECT count(*) FROM export_chunks), (SELECT count(*) FROM export_members), (SELECT count(*) FROM job_queue WHERE kind = 'export'), \
        (SELECT count(DISTINCT export_id) FROM export_decoys)";
    let row = sql(&process).await.query_one(left, &[]).await.unwrap();
    let left: Vec<i64> = (0..4).map(|column| row.get(column)).collect();
    assert_eq!(left, [0, 0, 0, 1], "pieces, members, jobs, files that the decoys are of");
}
