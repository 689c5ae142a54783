//! Exports: asked for, approved by somebody else, written for those who may be in it at that moment, taken away once, and traced when it leaks.

mod asking;
mod files;
mod preparing;
mod restart;
mod taking;
mod traces;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Org, Person, customer};

const PATH: &str = "/v1/exports";
/// A machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for a file of name and mobile of everybody in reach that differs in these members.
pub async fn ask(person: &Person, members: Value) -> Answer {
    let mut body = json!({"filter": {}, "fields": ["name", "mobile"], "format": "csv", "purpose": "care", "reason": "letters to everybody"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    person.post(PATH, &body).await
}

async fn approve(person: &Person, export: &str) -> Answer {
    person.post(&format!("/v1/access-requests/{export}/approve"), &json!({})).await
}

/// Waits until an export stands so.
pub async fn until(person: &Caller, export: &str, state: &str) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = person.get(&format!("{PATH}/{export}")).await.shows(200);
        if answer.at("/state") == state {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "never {state}: {answer}");
    }
}

/// An export that the manager asked for and the administrator approved, when it is there.
async fn ready(org: &Org<'_>, members: Value) -> (Person, Answer) {
    let (manager, admin) = (org.manager().await, org.admin().await);
    let id = ask(&manager, members).await.shows(201).id();
    approve(&admin, &id).await.shows(200);
    let export = until(&manager, &id, "ready").await;
    (manager, export)
}

async fn token(person: &Caller, export: &str) -> String {
    person.act(&format!("{PATH}/{export}/link")).await.shows(200).text_at("/token")
}

async fn download(person: &Caller, export: &str, token: &str) -> Answer {
    person.post(&format!("{PATH}/{export}/download"), &json!({"token": token})).await
}

/// Takes a file away.
pub async fn taken(person: &Caller, export: &str) -> Answer {
    let token = token(person, export).await;
    download(person, export, &token).await.shows(200)
}

/// The rows of a CSV file as a strict reader reads them, its head first.
fn rows(file: &Answer) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(file.bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The rows about customers, by id; what is left over is the decoy.
fn parted(file: &Answer, customers: &[String]) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    rows(file).into_iter().skip(1).partition(|row| customers.contains(&row[0]))
}

/// How many members, pieces and keys of files are left.
async fn left(org: &Org<'_>) -> [i64; 3] {
    let row = org.sql().await.query_one("SELECT (SELECT count(*) FROM export_members), (SELECT count(*) FROM export_chunks), (SELECT count(*) FROM exports WHERE wrapped_key IS NOT NULL)", &[]).await.unwrap();
    [0, 1, 2].map(|column| row.get(column))
}

/// Customers of sales A, who is beneath the manager.
async fn customers(org: &Org<'_>, count: usize) -> Vec<String> {
    let asha = org.sales_a().await;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(asha.post("/v1/customers", &customer()).await.shows(201).id());
    }
    ids
}

/// Entries of an action, newest first.
async fn entries(org: &Org<'_>, action: &str) -> Vec<Value> {
    let found = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
    found.at("/data").as_array().unwrap().clone()
}
