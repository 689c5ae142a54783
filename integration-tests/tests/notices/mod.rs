//! Notices: drafted, refused with every missing element named, published, compared, shown, and read by anybody.

mod life;
mod showings;
mod versions;

use serde_json::{Value, json};

use crate::house::fresh_code;
use crate::support::{Answer, Person};

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

/// A text that tells everything that PIPL wants of marketing, but for what `without` names.
pub fn text(without: &str, kinds: &str) -> Value {
    let told = ELEMENTS.map(|(code, words)| (code, if code == "kinds" { kinds } else { words }));
    let lines: Vec<&str> = told.iter().map(|(_, words)| *words).collect();
    let elements: Value =
        told.iter().filter(|(code, _)| *code != without).map(|(c, w)| ((*c).to_owned(), json!(w))).collect();
    json!({"title": "Offers", "text": lines.join("\n"), "elements": elements})
}

/// A body for `POST /v1/notices` about marketing, in English.
pub fn notice(code: &str, kinds: &str) -> Value {
    json!({"code": code, "purposes": ["marketing"], "texts": {"en": text("", kinds)}})
}

/// The same elements, in texts that nobody has read yet.
pub fn reworded(mut body: Value) -> Value {
    for text in body["texts"].as_object_mut().unwrap().values_mut() {
        let words = format!("{}\nIssue {}.", text["text"].as_str().unwrap(), fresh_code());
        text["text"] = json!(words);
    }
    body
}

/// Drafts and publishes a notice about marketing; answers it.
pub async fn published(officer: &Person, code: &str, kinds: &str) -> Answer {
    publish(officer, &notice(code, kinds)).await
}

/// The same in words of its own, as whoever tells of a change needs them.
pub async fn published_anew(officer: &Person, code: &str) -> Answer {
    publish(officer, &reworded(notice(code, "name"))).await
}

/// Drafts and publishes what this body says; answers it.
pub async fn publish(officer: &Person, body: &Value) -> Answer {
    let draft = officer.post("/v1/notices", body).await.shows(201).id();
    officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200)
}
