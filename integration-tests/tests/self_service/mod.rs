//! The door of the people whom data is about: in by a code, and then themselves and nobody else.

mod browser;
mod choices;
mod data;
mod deleted;
mod door;
mod erased;
mod files;
mod held;
mod package;
mod requests;

use serde_json::{Value, json};

use crate::support::mailbox::letter;
use crate::support::{Answer, Caller, Org, customer};

/// Somebody on file with an address of their own: the id and the address.
async fn somebody(org: &Org<'_>) -> (String, String) {
    let mut body = customer();
    let address = format!("{}@door.example", body["fields"]["customer_no"].as_str().unwrap().to_lowercase());
    body["fields"]["email"] = json!(address);
    body["fields"]["address"] = json!("12 Harbour Street");
    body["source"] = json!("web_form");
    (org.admin().await.post("/v1/customers", &body).await.shows(201).id(), address)
}

/// A person at their own door, for whoever needs one to try things as.
pub async fn somebody_in(org: &Org<'_>) -> Caller {
    let (_, address) = somebody(org).await;
    come_in(org, &address, 1).await
}

/// The key of the organisation's page.
async fn portal(org: &Org<'_>) -> String {
    org.dpo().await.get("/v1/self-service/portal").await.shows(200).text_at("/portal")
}

async fn ask(org: &Org<'_>, portal: &str, field: &str, value: &str) -> Answer {
    let body = json!({"portal": portal, "contact": {"field": field, "value": value}});
    org.service().stranger().post("/v1/self/sessions", &body).await
}

async fn show(org: &Org<'_>, challenge: &Value, code: &str) -> Answer {
    let body = json!({"challenge": challenge, "code": code});
    org.service().stranger().post("/v1/self/sessions/verify", &body).await
}

/// The code in a letter.
fn code(letter: &str) -> String {
    let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = letter.split(|c: char| !c.is_ascii_alphanumeric());
    words.find(digits).unwrap_or_else(|| panic!("no code in {letter}")).to_owned()
}

/// A code that this one is not.
fn another(code: &str) -> &'static str {
    if code == "00000000" { "00000001" } else { "00000000" }
}

/// Somebody who has come in by their own door; `letters` is how many codes they have been sent with this one.
async fn come_in(org: &Org<'_>, address: &str, letters: usize) -> Caller {
    let asked = ask(org, &portal(org).await, "email", address).await.shows(202);
    let sent = code(&letter(org.service(), address, letters).await);
    let opened = show(org, &asked.at("/challenge"), &sent).await.shows(200);
    let token = opened.text_at("/access_token");
    org.service().stranger().with("authorization", &format!("Bearer {token}"))
}
