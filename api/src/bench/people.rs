//! The customers of a measurement: generated, sent in as a spreadsheet through the front door, and timed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;
use custodian_crypto::Randomness;
use serde_json::{Map, Value, json};

use super::http::{Connection, get, post};
use super::unfit;
use crate::dev::people::{COLUMNS, csv, customer, mapping};

/// The boundary between the parts of the form; nothing generated holds it.
const BOUNDARY: &str = "custodian-bench-7f3a";
const POLL: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(3600);

/// A form as `POST /v1/imports` takes it, with this many customers.
pub(super) fn form(customers: u64, rng: &dyn Randomness) -> Vec<u8> {
    let part = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let file = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bench.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    );
    let text = csv(0..customers, rng);
    let (mapped, end) = (mapping().to_string(), format!("\r\n--{BOUNDARY}--\r\n"));
    [part("mapping").as_str(), &mapped, "\r\n", &file, &text, &end].concat().into_bytes()
}

/// The mobile numbers of a form, in the order of its records.
pub(super) fn mobiles(form: &[u8]) -> Vec<String> {
    let place = COLUMNS.iter().position(|(_, field)| *field == "mobile").unwrap_or(0);
    let text = String::from_utf8_lossy(form);
    let records = text.lines().filter(|line| line.starts_with('D'));
    records.filter_map(|line| line.split(',').nth(place)).map(str::to_owned).collect()
}

/// Sends the form and follows the job to its end; seconds from the first byte to the job's success.
pub(super) async fn import(address: SocketAddr, credential: &str, form: &[u8]) -> Result<f64, Unfit> {
    let host = address.to_string();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let mut connection = Connection::open(address).await?;
    let begun = Instant::now();
    let queued = connection.json(&post("/v1/imports", &host, credential, &kind, form)).await?;
    let id = queued.get("id").and_then(Value::as_str).unwrap_or_default();
    let ask = get(&format!("/v1/jobs/{id}"), &host, credential);
    while begun.elapsed() < LIMIT {
        let job = connection.json(&ask).await?;
        match job.get("state").and_then(Value::as_str) {
            Some("succeeded") if job.get("error_count").and_then(Value::as_i64) == Some(0) => {
                return Ok(begun.elapsed().as_secs_f64());
            }
            Some("queued" | "running") => tokio::time::sleep(POLL).await,
            _ => return Err(Unfit("the import did not take every customer.".into())),
        }
    }
    Err(Unfit("the import did not end.".into()))
}

/// Logs in; the header line that carries the access token.
pub(super) async fn log_in(address: SocketAddr, email: &str, password: &str) -> Result<String, Unfit> {
    let body = json!({"email": email, "password": password}).to_string();
    let request =
        post("/v1/auth/login", &address.to_string(), "Accept-Language: en", "application/json", body.as_bytes());
    let tokens = Connection::open(address).await?.json(&request).await?;
    let token = tokens.get("access_token").and_then(Value::as_str);
    token.map(|token| format!("Authorization: Bearer {token}")).ok_or_else(|| Unfit("the log-in gave no token.".into()))
}

/// The ids under which a caller knows the customers, up to `wanted`, by listing.
pub(super) async fn listed(address: SocketAddr, credential: &str, wanted: usize) -> Result<Vec<String>, Unfit> {
    let host = address.to_string();
    let mut connection = Connection::open(address).await?;
    let (mut ids, mut cursor) = (Vec::with_capacity(wanted), String::new());
    while ids.len() < wanted {
        let page = connection.json(&get(&format!("/v1/customers?limit=200{cursor}"), &host, credential)).await?;
        let data = page.get("data").and_then(Value::as_array).ok_or_else(|| unfit("a page without data"))?;
        ids.extend(data.iter().filter_map(|one| one.get("id")?.as_str()).map(str::to_owned));
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    Ok(ids)
}

/// Bodies of `POST /v1/customers`, each cut where its own customer number goes.
pub(super) fn bodies(count: u64, rng: &dyn Randomness) -> Vec<(String, String)> {
    let cut = |body: String| body.split_once("D000000").map(|(head, tail)| (head.to_owned(), tail.to_owned()));
    (0..count).filter_map(|_| cut(body(customer(0, rng)))).collect()
}

fn body(cells: Vec<String>) -> String {
    let (mut body, mut fields) = (Map::new(), Map::new());
    for ((_, name), cell) in COLUMNS.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let to = if matches!(*name, "stage" | "source") { &mut body } else { &mut fields };
        to.insert((*name).to_owned(), cell.into());
    }
    body.insert("fields".into(), fields.into());
    Value::from(body).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use custodian_crypto::SeededRandomness;

    #[test]
    fn every_mobile_of_the_form_is_found_again() {
        let form = form(50, &SeededRandomness::new(5));
        let mobiles = mobiles(&form);
        assert_eq!(mobiles.len(), 50);
        assert!(mobiles.iter().all(|mobile| mobile.len() == 11 && mobile.starts_with('1')));
        assert!(form.ends_with(b"--custodian-bench-7f3a--\r\n"));
    }

    #[test]
    fn a_body_takes_any_customer_number() {
        let bodies = bodies(3, &SeededRandomness::new(5));
        assert_eq!(bodies.len(), 3);
        for (head, tail) in bodies {
            let body: Value = serde_json::from_str(&format!("{head}N7{tail}")).unwrap();
            assert_eq!(body.pointer("/fields/customer_no").unwrap(), "N7");
            assert!(body.get("stage").is_some() && body.pointer("/fields/mobile").is_some());
        }
    }
}
