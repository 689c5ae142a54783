//! How soon others hear of withdrawals: a thousand a second, each told by a signed event to a receiver in this process.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::consents::consent;
use super::http::{Connection, post, refusal};
use super::people::log_in;
use super::{Bench, Case, Material, say, unfit};
use crate::dev::Instance;

/// Withdrawals a second.
const PACE: u32 = 1_000;
/// Withdrawals in all, as many as one intake takes.
const MOST: usize = 10_000;
/// Connections that withdraw.
const CONNECTIONS: usize = 32;
/// How long the last may take to be told.
const PATIENCE: Duration = Duration::from_secs(60);
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Withdrawals answered a second.
    pub rate: f64,
    /// From the request to its arrival at the receiver, in milliseconds: the middle.
    pub p50: f64,
    /// What one in a hundred exceeds; without an end where one was never told.
    pub p99: f64,
}

/// Gives consents to these people, and takes them back at the pace.
pub(super) async fn measure(
    address: SocketAddr,
    instance: &Instance,
    owner: &str,
    notice: &str,
    ids: &[String],
) -> Result<Told, Unfit> {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let url = receive(arrived).await?;
    let admin = instance.demo.users.get("admin").ok_or_else(|| unfit("the demo organisation lacks admin."))?;
    let admin = log_in(address, &admin.email, &admin.password).await?;
    let host = address.to_string();
    let mut connection = Connection::open(address).await?;
    let hook = json!({"name": "Bench", "url": url, "event_types": ["consents.withdrawn"]}).to_string();
    connection.json(&post("/v1/webhooks", &host, &admin, "application/json", hook.as_bytes())).await?;
    let rows: Vec<Value> =
        ids.iter().take(MOST).map(|id| json!({"customer_id": id, "consent": consent(notice)})).collect();
    let body = json!({"consents": rows}).to_string();
    let given = connection.json(&post("/v1/consents", &host, owner, "application/json", body.as_bytes())).await?;
    let results = given.get("results").and_then(Value::as_array).ok_or_else(|| unfit("an intake without results"))?;
    let consents: Vec<String> =
        results.iter().filter_map(|one| one.get("consent_id")?.as_str()).map(str::to_owned).collect();
    let begun = Instant::now();
    let workers = (0..CONNECTIONS).map(|first| withdraw(address, owner, &consents, first, begun));
    let sent: HashMap<String, Instant> = try_join_all(workers).await?.into_iter().flatten().collect();
    let seconds = begun.elapsed().as_secs_f64();
    let mut took = Vec::with_capacity(sent.len());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while took.len() < sent.len() {
        let Ok(Some((id, at))) = tokio::time::timeout_at(deadline, arrivals.recv()).await else { break };
        took.extend(sent.get(&id).map(|sent| (at - *sent).as_secs_f64() * 1e3));
    }
    took.resize(sent.len(), f64::INFINITY);
    took.sort_unstable_by(f64::total_cmp);
    let rank = |percent: usize| took.get((took.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    let rate = sent.len() as f64 / seconds.max(f64::EPSILON);
    Ok(Told { rate, p50: rank(50).unwrap_or(f64::INFINITY), p99: rank(99).unwrap_or(f64::INFINITY) })
}

/// Every so many of them, each at its moment; who is late goes on at once.
async fn withdraw(
    address: SocketAddr,
    owner: &str,
    consents: &[String],
    first: usize,
    begun: Instant,
) -> Result<Vec<(String, Instant)>, Unfit> {
    let host = address.to_string();
    let mut connection = Connection::open(address).await?;
    let mut sent = Vec::new();
    for (number, id) in consents.iter().enumerate().skip(first).step_by(CONNECTIONS) {
        let turn = Duration::from_secs(1) / PACE * u32::try_from(number).unwrap_or(u32::MAX);
        tokio::time::sleep_until((begun + turn).into()).await;
        let request = post(&format!("/v1/consents/{id}/withdraw"), &host, owner, "application/json", b"{}");
        let at = Instant::now();
        let status = connection.send(&request).await?;
        if status != 200 {
            return Err(Unfit(refusal(status, connection.body())));
        }
        sent.push((id.clone(), at));
    }
    Ok(sent)
}

/// A receiver that says of each delivery whose consent it is about; its address.
async fn receive(arrived: mpsc::UnboundedSender<(String, Instant)>) -> Result<String, Unfit> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unfit)?;
    let url = format!("http://{}/", listener.local_addr().map_err(unfit)?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(hear(stream, arrived.clone()));
        }
    });
    Ok(url)
}

async fn hear(mut stream: TcpStream, arrived: mpsc::UnboundedSender<(String, Instant)>) {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        while let Some((body, rest)) = request(&bytes) {
            let event: Value = serde_json::from_slice(body).unwrap_or_default();
            if let Some(id) = event.pointer("/data/consent_id").and_then(Value::as_str) {
                // Nobody listens any more when everything has arrived.
                let _ = arrived.send((id.to_owned(), Instant::now()));
            }
            bytes = rest.to_vec();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The body of the first whole request, and what follows it.
fn request(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
    });
    bytes.get(end + 4..)?.split_at_checked(length.unwrap_or(0))
}

impl Bench<'_> {
    /// How soon a receiver hears of withdrawals, where they are measured at all.
    pub(super) async fn told(&mut self) -> Result<Option<Told>, Unfit> {
        if !self.options.cases.contains(&Case::Withdraw) {
            return Ok(None);
        }
        say("withdrawing a thousand a second ...");
        self.log_in().await?;
        let Material { staff, agreed, ids, .. } = &self.material;
        measure(self.server.address, self.instance, staff, &agreed.notice, ids).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_end_where_their_length_says() {
        let two = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n{\"a";
        let (body, rest) = request(two).unwrap();
        assert_eq!(body, b"{}");
        assert!(rest.starts_with(b"POST") && request(rest).is_none());
        assert!(request(b"POST / HTTP/1.1\r\n").is_none());
    }
}
