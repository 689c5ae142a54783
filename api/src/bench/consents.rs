//! The consents of a measurement: a published notice, and people who agreed under it.

use std::net::SocketAddr;

use custodian_application::startup::Unfit;
use serde_json::{Map, Value, json};

use super::http::{Connection, post};
use super::people::log_in;
use super::{importer, person, unfit};
use crate::dev::Instance;

/// Rows of one intake, and people of one decision.
const TOGETHER: usize = 10_000;
/// The most consents that are there to be withdrawn.
const MOST: usize = 60_000;

/// What requests about consents are made of.
#[derive(Default)]
pub(super) struct Agreed {
    /// Id of the notice's version.
    pub notice: String,
    /// Ids of consents in force.
    pub consents: Vec<String>,
    /// A body that asks about 10,000 people.
    pub many: String,
}

/// Publishes a notice as its officer and records consents as who owns the customers, for half of them.
async fn agreed(address: SocketAddr, officer: &str, owner: &str, ids: &[String]) -> Result<Agreed, Unfit> {
    let host = address.to_string();
    let mut connection = Connection::open(address).await?;
    let draft = send(&mut connection, &host, officer, "/v1/notices", &notice()).await?;
    let draft = text(&draft, "/id")?;
    let published = send(&mut connection, &host, officer, &format!("/v1/notices/{draft}/publish"), &json!({})).await?;
    let notice = text(&published, "/id")?;
    let mut consents = Vec::new();
    for some in ids.iter().take((ids.len() / 2).min(MOST)).collect::<Vec<_>>().chunks(TOGETHER) {
        let rows: Vec<Value> = some.iter().map(|id| json!({"customer_id": id, "consent": consent(&notice)})).collect();
        let done = send(&mut connection, &host, owner, "/v1/consents", &json!({"consents": rows})).await?;
        let results =
            done.get("results").and_then(Value::as_array).ok_or_else(|| unfit("an intake without results"))?;
        consents.extend(results.iter().filter_map(|one| one.get("consent_id")?.as_str()).map(str::to_owned));
    }
    let asked: Vec<&String> = ids.iter().take(TOGETHER).collect();
    let many = json!({"purpose": "marketing", "customer_ids": asked}).to_string();
    Ok(Agreed { notice, consents, many })
}

/// A consent to marketing under this version of a notice.
pub(super) fn consent(notice: &str) -> Value {
    json!({"purpose": "marketing", "notice_version": notice, "evidence": {"method": "web_form", "reference": "form-1"}})
}

/// A notice as the officer, and consents under it as the owner of the customers.
pub(super) async fn of_instance(instance: &Instance, address: SocketAddr, ids: &[String]) -> Result<Agreed, Unfit> {
    let (officer, owner) = (person(instance, "dpo")?, importer(instance)?);
    let officer = log_in(address, &officer.email, &officer.password).await?;
    let owner = log_in(address, &owner.email, &owner.password).await?;
    agreed(address, &officer, &owner, ids).await
}

async fn send(
    connection: &mut Connection,
    host: &str,
    credential: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Unfit> {
    let request = post(path, host, credential, "application/json", body.to_string().as_bytes());
    connection.json(&request).await
}

fn text(answer: &Value, pointer: &str) -> Result<String, Unfit> {
    let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| unfit("an answer lacks what it should hold"))
}

/// A notice about marketing that tells what the law wants.
fn notice() -> Value {
    const ELEMENTS: [(&str, &str); 8] = [
        ("controller_name", "Example Ltd"),
        ("controller_contact", "privacy@example.com"),
        ("purposes", "sends offers"),
        ("methods", "by computer"),
        ("kinds", "name, mobile number, e-mail"),
        ("retention", "for two years"),
        ("rights", "ask us to see or erase it"),
        ("withdrawal", "withdraw at any time"),
    ];
    let lines: Vec<&str> = ELEMENTS.iter().map(|(_, words)| *words).collect();
    let elements: Map<String, Value> =
        ELEMENTS.iter().map(|(code, words)| ((*code).to_owned(), json!(words))).collect();
    let text = json!({"title": "Offers", "text": lines.join("\n"), "elements": elements});
    json!({"code": "bench_offers", "purposes": ["marketing"], "texts": {"en": text}})
}
