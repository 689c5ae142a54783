//! What people's rights cost: somebody erased, many erased together, and the package of somebody with a long history.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::erasures;
use custodian_application::startup::Unfit;
use serde_json::{Value, json};

use super::http::{Connection, get, post, refusal};
use super::people::log_in;
use super::pgbench::Postgres;
use super::report::median;
use super::{Bench, deadlines, say, unfit};
use crate::dev::Instance;

/// How many are erased one by one.
const ONE_BY_ONE: usize = 50;
/// How many are erased together.
const TOGETHER: usize = 10_000;
/// Records of the person whose package is made.
const RECORDS: usize = 1_000;
const POLL: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(1_800);

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    /// Milliseconds from the wish to the answer after which nobody reads them, in the middle.
    pub erase_ms: f64,
    /// Seconds until a job has erased as many as [`TOGETHER`], or everybody there is.
    pub many_seconds: f64,
    /// How many those were.
    pub many: usize,
    /// Seconds that a package of a person with 1,000 records takes.
    pub package_seconds: f64,
    /// Milliseconds until everybody of one bucket who stays is on a new key; nothing where the server's own round was faster.
    pub barrier_ms: Option<f64>,
    /// Seconds until a million open requests have the days of a changed calendar.
    pub deadlines_seconds: f64,
}

pub(super) struct Someone {
    connection: Connection,
    host: String,
    credential: String,
}

impl Someone {
    pub(super) async fn of(address: SocketAddr, instance: &Instance, key: &str) -> Result<Self, Unfit> {
        let person = instance.demo.users.get(key).ok_or_else(|| unfit(format!("the demo organisation lacks {key}")))?;
        let credential = log_in(address, &person.email, &person.password).await?;
        Ok(Self { connection: Connection::open(address).await?, host: address.to_string(), credential })
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Unfit> {
        let body = body.to_string();
        let request = post(path, &self.host, &self.credential, "application/json", body.as_bytes());
        self.connection.json(&request).await
    }

    async fn get(&mut self, path: &str) -> Result<Value, Unfit> {
        let request = get(path, &self.host, &self.credential);
        self.connection.json(&request).await
    }
}

fn id(answer: &Value) -> String {
    answer.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Measures all three; who is erased is gone for whatever is measured afterwards.
pub(super) async fn measure(
    address: SocketAddr,
    instance: &Instance,
    postgres: &Postgres,
    ids: &[String],
) -> Result<Rights, Unfit> {
    let Some((with_history, others)) = ids.split_first() else { return Err(unfit("nobody is on file")) };
    // Copied opportunities do not open, and whoever has one gets no package.
    postgres.sql("DELETE FROM records WHERE record_type = 'opportunity'")?;
    let package_seconds = package(address, instance, with_history).await?;
    let mut officer = Someone::of(address, instance, "dpo").await?;
    let mut times = Vec::with_capacity(ONE_BY_ONE);
    for id in others.iter().take(ONE_BY_ONE) {
        let begun = Instant::now();
        officer.post(&format!("/v1/customers/{id}/erase"), &json!({"ground": "subject_request"})).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let barrier_ms = barrier(instance).await?;
    let (many, many_seconds) = many(address, instance, postgres).await?;
    let deadlines_seconds = deadlines::measure(address, instance, postgres).await?;
    Ok(Rights { erase_ms: median(&times), many_seconds, many, package_seconds, barrier_ms, deadlines_seconds })
}

/// Everybody who shares a bucket with somebody erased is taken to a new key.
async fn barrier(instance: &Instance) -> Result<Option<f64>, Unfit> {
    let begun = Instant::now();
    let buckets = erasures::leave_keys(instance.app(), instance.demo.organization_id).await.map_err(unfit)?;
    Ok((buckets > 0).then(|| begun.elapsed().as_secs_f64() * 1e3 / buckets as f64))
}

/// A request for access of a person with many records, proved and completed, and its package fetched.
async fn package(address: SocketAddr, instance: &Instance, customer: &str) -> Result<f64, Unfit> {
    let mut owner = Someone::of(address, instance, "sales_a").await?;
    let call = json!({"fields": {"channel": "phone", "occurred_at": "2026-11-20T08:00:00Z", "summary": "wants to be called next week"}});
    for _ in 0..RECORDS {
        owner.post(&format!("/v1/customers/{customer}/records/interaction"), &call).await?;
    }
    let mut officer = Someone::of(address, instance, "dpo").await?;
    let asked = json!({"right": "access", "jurisdiction": "EU", "channel": "phone", "customer_id": customer});
    let request = id(&officer.post("/v1/privacy-requests", &asked).await?);
    let path = format!("/v1/privacy-requests/{request}");
    officer.post(&format!("{path}/verify"), &json!({"method": "document"})).await?;
    officer.post(&format!("{path}/complete"), &json!({})).await?;
    let fetch = get(&format!("{path}/package"), &officer.host, &officer.credential);
    let begun = Instant::now();
    match officer.connection.send(&fetch).await? {
        200 => Ok(begun.elapsed().as_secs_f64()),
        status => Err(Unfit(refusal(status, officer.connection.body()))),
    }
}

/// Many erased by one job: proposed, allowed by another, and followed to the last outcome.
async fn many(address: SocketAddr, instance: &Instance, postgres: &Postgres) -> Result<(usize, f64), Unfit> {
    postgres.sql("UPDATE customers SET stage = 'lead' WHERE stage = 'dormant'")?;
    let mark = format!(
        "UPDATE customers SET stage = 'dormant' WHERE id IN (SELECT id FROM customers WHERE erased_at IS NULL ORDER BY id LIMIT {TOGETHER})"
    );
    postgres.sql(&mark)?;
    let mut officer = Someone::of(address, instance, "dpo").await?;
    let wish = json!({"filter": {"stage": "dormant"}, "ground": "purpose_done", "reason": "to be measured"});
    let asked = officer.post("/v1/erasure-batches", &wish).await?;
    let (batch, count) = (id(&asked), asked.get("customers").and_then(Value::as_u64).unwrap_or_default());
    let mut other = Someone::of(address, instance, "admin").await?;
    let begun = Instant::now();
    other.post(&format!("/v1/erasure-batches/{batch}/approve"), &json!({"customers": count})).await?;
    while begun.elapsed() < LIMIT {
        let told = officer.get(&format!("/v1/erasure-batches/{batch}")).await?;
        if told.get("state").and_then(Value::as_str) == Some("done") {
            return Ok((usize::try_from(count).unwrap_or(usize::MAX), begun.elapsed().as_secs_f64()));
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Unfit("the erasure of many did not end.".into()))
}

impl Bench<'_> {
    /// Comes last: who is erased is read by nothing any more.
    pub(super) async fn rights(&self) -> Result<Option<Rights>, Unfit> {
        if self.options.without_rights {
            return Ok(None);
        }
        say("erasing, and handing over ...");
        measure(self.server.address, self.instance, &self.postgres, &self.material.ids).await.map(Some)
    }
}
