//! Requests of people about their data: filed without telling who exists, proved, answered in time, turned down only on a ground.

mod asked;
mod closing;
mod deleted;
mod duplicates;
mod effects;
mod expiry;
mod filing;
mod gone;
mod log;
mod merged;
mod outcome;
mod people;
mod proving;
mod recipients;
mod recompute;
mod restricted;
mod times;

use serde_json::{Value, json};

use crate::support::{Answer, Org, Person, customer};

const PATH: &str = "/v1/privacy-requests";
/// A Wednesday of a year whose holidays are known.
const SEPTEMBER: &str = "2026-09-23T02:00:00Z";

/// Somebody on file with an address of their own; the id and the address.
async fn somebody(org: &Org<'_>) -> (String, String) {
    let mut body = customer();
    let address = format!("{}@people.example", body["fields"]["customer_no"].as_str().unwrap().to_lowercase());
    body["fields"]["email"] = json!(address);
    let id = org.admin().await.post("/v1/customers", &body).await.shows(201).id();
    (id, address)
}

/// What a request says, with these members in place of its own.
fn asking(members: &Value) -> Value {
    let mut body = json!({"right": "access", "jurisdiction": "EU", "channel": "phone"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn file(person: &Person, members: &Value) -> Answer {
    person.post(PATH, &asking(members)).await
}

/// A request to try things on.
pub async fn filed(person: &Person, customer: &str) -> String {
    file(person, &json!({"customer_id": customer})).await.shows(201).id()
}

pub async fn act(person: &Person, request: &str, action: &str, body: &Value) -> Answer {
    person.post(&format!("{PATH}/{request}/{action}"), body).await
}

/// Files a request of a customer and lets the officer see a document.
pub async fn proved(officer: &Person, customer: &str, members: &Value) -> String {
    let mut members = members.clone();
    members["customer_id"] = json!(customer);
    let id = file(officer, &members).await.shows(201).id();
    act(officer, &id, "verify", &json!({"method": "document"})).await.shows(200);
    id
}

/// Has somebody's processing restricted at their wish; the request.
pub async fn restrict(officer: &Person, customer: &str) -> String {
    let id = proved(officer, customer, &json!({"right": "restriction"})).await;
    act(officer, &id, "complete", &json!({})).await.shows(200);
    id
}

/// Lifts the restriction that a request made, after a notice.
pub async fn lift(officer: &Person, request: &str) {
    act(officer, request, "announce-lifting", &json!({"reason": "It was checked."})).await.shows(200);
    act(officer, request, "lift", &json!({})).await.shows(200);
}

/// The code in a letter.
fn code(letter: &str) -> String {
    let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = letter.split(|c: char| !c.is_ascii_alphanumeric());
    words.find(digits).unwrap_or_else(|| panic!("no code in {letter}")).to_owned()
}

/// Entries of an action, newest first.
async fn entries(org: &Org<'_>, action: &str) -> Vec<Value> {
    let found = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
    found.at("/data").as_array().unwrap().clone()
}
