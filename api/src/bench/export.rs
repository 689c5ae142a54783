//! The export of a measurement: asked for, approved by two people, written, and timed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;
use serde_json::{Value, json};

use super::http::{Connection, get, post};
use super::people::log_in;
use super::report::Bulk;
use super::unfit;
use crate::dev::Instance;

const POLL: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(3600);
/// Every field but the prose.
const FIELDS: [&str; 12] = [
    "customer_no",
    "name",
    "mobile",
    "id_number",
    "email",
    "bank_card",
    "address",
    "province",
    "birthday",
    "company",
    "occupation",
    "wechat",
];

struct Someone {
    connection: Connection,
    host: String,
    credential: String,
}

impl Someone {
    async fn of(address: SocketAddr, instance: &Instance, key: &str) -> Result<Self, Unfit> {
        let person = instance.demo.users.get(key).ok_or_else(|| unfit(format!("the demo organisation lacks {key}")))?;
        let credential = log_in(address, &person.email, &person.password).await?;
        Ok(Self { connection: Connection::open(address).await?, host: address.to_string(), credential })
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Unfit> {
        let body = body.to_string();
        let request = post(path, &self.host, &self.credential, "application/json", body.as_bytes());
        self.connection.json(&request).await
    }
}

/// Writes everybody to a CSV file of twelve fields, from the last approval to the file that is ready.
pub(super) async fn measure(
    address: SocketAddr,
    instance: &Instance,
    spent: impl Fn() -> [f64; 2],
    memory: impl Fn() -> f64,
) -> Result<Bulk, Unfit> {
    let mut manager = Someone::of(address, instance, "manager").await?;
    let body = json!({"filter": {}, "fields": FIELDS, "format": "csv", "purpose": "care", "reason": "to be measured", "row_limit": 1_000_000});
    let asked = manager.post("/v1/exports", &body).await?;
    let id = asked.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let approve = format!("/v1/access-requests/{id}/approve");
    Someone::of(address, instance, "admin").await?.post(&approve, &json!({})).await?;
    let mut officer = Someone::of(address, instance, "dpo").await?;
    let (begun, before) = (Instant::now(), spent());
    officer.post(&approve, &json!({})).await?;
    let ask = get(&format!("/v1/exports/{id}"), &manager.host, &manager.credential);
    while begun.elapsed() < LIMIT {
        let export = manager.connection.json(&ask).await?;
        match export.get("state").and_then(Value::as_str) {
            Some("ready") => {
                let rows = export.get("rows").and_then(Value::as_f64).unwrap_or_default().max(1.0);
                let (seconds, after) = (begun.elapsed().as_secs_f64(), spent());
                let mut shares = [0.0; 2];
                for (share, (after, before)) in shares.iter_mut().zip(after.into_iter().zip(before)) {
                    *share = (after - before) * 1e6 / rows;
                }
                return Ok(Bulk { rate: rows / seconds, memory: memory(), shares });
            }
            Some("approved" | "preparing") => tokio::time::sleep(POLL).await,
            _ => return Err(Unfit("the export was not written.".into())),
        }
    }
    Err(Unfit("the export did not end.".into()))
}
