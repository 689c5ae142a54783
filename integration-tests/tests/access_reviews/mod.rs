//! Access reviews: what stands out, who answers, and what becomes of what nobody answers for.

mod answers;
mod flags;
mod outcome;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use custodian_application::Clock;
use serde_json::{Value, json};

use crate::support::{Answer, Org, Person};

const PATH: &str = "/v1/access-reviews";

/// Begins a campaign that ends in some seconds of the machine's time, which is the database's.
async fn begin(org: &Org<'_>, person: &Person, seconds: i64) -> Answer {
    let due = (org.service().clock.now() + Duration::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true);
    person.post(PATH, &json!({"name": "Quarter", "dormant_days": 90, "due_at": due})).await.shows(201)
}

/// Every line of a campaign.
async fn lines(person: &Person, review: &str) -> Vec<Value> {
    let page = person.get(&format!("{PATH}/{review}/lines?limit=200")).await.shows(200);
    page.at("/data").as_array().unwrap().clone()
}

/// The line of this kind about this subject, with this role if it has one.
fn line<'l>(lines: &'l [Value], kind: &str, subject: &str) -> &'l Value {
    lines.iter().find(|line| line["kind"] == kind && line["subject_id"] == subject).unwrap()
}

fn flags(line: &Value) -> Vec<&str> {
    line["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect()
}

/// Long before any campaign looks back.
fn long_ago() -> DateTime<Utc> {
    DateTime::from_timestamp(1_600_000_000, 0).unwrap()
}
