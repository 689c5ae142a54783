//! Files in: what comes in, what is refused and how it is told, and that a broken-off import ends as if it had not been.

mod encodings;
mod errors;
mod form;
mod propose;
pub mod records;
mod restart;
mod restricted;
mod rights;
mod shared_file;
mod spreadsheet;
mod undone;
mod upsert;
mod workbooks;

use std::time::{Duration, Instant};

use custodian_api::dev::people;
use custodian_crypto::SeededRandomness;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Org};

/// A debug build under load takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
const BOUNDARY: &str = "----seven-dashes";

/// A form on its way.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, Option<&'static str>, Vec<u8>)>);

impl Form {
    /// With a mapping and a CSV file.
    pub fn csv(mapping: &Value, file: impl Into<Vec<u8>>) -> Self {
        Self::default().part("mapping", &mapping.to_string()).file("customers.csv", file)
    }

    /// With another part.
    pub fn part(mut self, name: &str, text: &str) -> Self {
        self.0.push((name.to_owned(), None, text.as_bytes().to_vec()));
        self
    }

    /// With a file of this name.
    pub fn file(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.push(("file".to_owned(), Some(name), bytes.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, file, bytes) in &self.0 {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            out.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes(),
            );
            out.extend(bytes);
            out.extend(b"\r\n");
        }
        out.extend(format!("--{BOUNDARY}--\r\n").bytes());
        out
    }

    /// Hands it in.
    pub async fn hand_in(&self, person: &Caller) -> Answer {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        person.request("POST", "/v1/imports").body(&kind, self.bytes()).await
    }

    /// Hands it in and waits for the end of its job.
    pub async fn run(&self, person: &Caller) -> Value {
        let job = self.hand_in(person).await.shows(202).sent("location");
        finished(person, &job).await
    }
}

/// Waits until a job has ended.
pub async fn finished(person: &Caller, job: &str) -> Value {
    let begun = Instant::now();
    loop {
        let body = person.get(job).await.shows(200).json();
        if matches!(body["state"].as_str(), Some("succeeded" | "failed")) {
            return body;
        }
        assert!(begun.elapsed() < PATIENCE, "the job does not end: {body}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Line, field and code of a job's first faults.
pub fn faults(job: &Value) -> Vec<(i64, &str, &str)> {
    let listed = job["errors"].as_array().unwrap().iter();
    listed.map(|e| (e["line"].as_i64().unwrap(), e["field"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

/// Created, updated and rejected records of a job that succeeded.
#[track_caller]
pub fn counts(job: &Value) -> (u64, u64, u64) {
    assert_eq!(job["state"], "succeeded", "{job}");
    let count = |name: &str| job["result"][name].as_u64().unwrap();
    assert_eq!(
        job["result"]["records"].as_u64().unwrap(),
        count("created") + count("updated") + count("rejected"),
        "{job}"
    );
    (count("created"), count("updated"), count("rejected"))
}

/// Generated customers as a file, each number with its own values.
pub fn generated(numbers: std::ops::Range<u64>) -> String {
    people::csv(numbers, &SeededRandomness::new(11))
}

/// How many customers somebody sees.
pub async fn total(person: &Caller) -> u64 {
    person.get("/v1/customers?count=true&limit=1").await.shows(200).at("/count").as_u64().unwrap()
}

/// The one customer of this number, as somebody sees it.
pub async fn by_number(person: &Caller, number: &str) -> Value {
    let page = person.get(&format!("/v1/customers?q[customer_no]={number}")).await.shows(200);
    assert_eq!(page.at("/data").as_array().unwrap().len(), 1, "{number}: {page}");
    page.at("/data/0")
}

/// Values of a customer in full.
pub async fn revealed(person: &Caller, id: &Value, fields: &[&str]) -> Value {
    let path = format!("/v1/customers/{}/reveal", id.as_str().unwrap());
    person.post(&path, &json!({"fields": fields, "reason": "check"})).await.shows(200).at("/fields")
}

/// Nothing of an import's file is left, nor its key.
pub async fn nothing_is_left(org: &Org<'_>) {
    let sql = org.sql().await;
    let left = sql.query_one(
        "SELECT (SELECT count(*) FROM import_chunks), (SELECT count(*) FROM imports WHERE wrapped_key IS NOT NULL)",
        &[],
    );
    let left = left.await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (0, 0), "pieces and keys of files that were read");
}
