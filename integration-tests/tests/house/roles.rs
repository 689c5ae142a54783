//! Every operation as every role and as a partner: answers as documented, and never a failure of ours.

use super::operations::{Operation, Targets, operations};
use crate::support::{Answer, Caller, Org, Partner};

pub const ROLES: [(&str, &str); 8] = [
    ("admin", "admin"),
    ("dpo", "dpo"),
    ("manager", "manager"),
    ("sales_a", "sales"),
    ("finance", "finance"),
    ("support", "support"),
    ("marketing", "marketing"),
    ("auditor", "auditor"),
];

/// What is wrong with an answer, whoever asked.
fn faults(answer: &Answer, documented: &[u16]) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.status >= 500 {
        faults.push("a failure of ours".to_owned());
    }
    if answer.status >= 400 {
        faults.extend(answer.problem_faults());
    }
    if !documented.contains(&answer.status) {
        faults.push(format!("{} is not documented", answer.status));
    }
    let json = answer.header("content-type").is_some_and(|media| media.contains("json") && !media.contains("ndjson"));
    if json && !answer.bytes.is_empty() && serde_json::from_slice::<serde_json::Value>(&answer.bytes).is_err() {
        faults.push("no JSON".to_owned());
    }
    faults
}

/// The same in an organisation that nothing else is tried in.
async fn elsewhere(key: &str, operation: &Operation) -> Answer {
    let org = Org::found().await;
    let targets = Targets::fresh(&org, &org.sales_a().await, &org.admin().await).await;
    let person = org.person(key).await;
    operation.request(&person, &targets).await
}

#[tokio::test]
async fn every_answer_is_a_documented_one() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut wrong = Vec::new();
    for (key, _) in ROLES {
        let person = org.person(key).await;
        // Whoever makes the targets has proved who they are minutes ago, however long this takes.
        let admin = org.admin().await;
        let mut targets = Targets::fresh(&org, &asha, &admin).await;
        for operation in operations() {
            // A session of its own: this one is needed afterwards.
            let caller = if operation.id == "log_out" { org.person(key).await } else { person.clone() };
            if operation.method != "GET" {
                targets = Targets::fresh(&org, &asha, &admin).await;
            }
            let answer = match operation.id.as_str() {
                // It takes everybody's access away: this organisation is needed afterwards.
                "close_access_review" => elsewhere(key, &operation).await,
                _ => operation.request(&caller, &targets).await,
            };
            let faults = faults(&answer, &operation.statuses);
            if !faults.is_empty() {
                wrong.push(format!("{key}: {}: {faults:?}\n{answer}", operation.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_partner_gets_documented_answers_too() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let permissions = ["customers.read", "customers.create", "customers.write", "catalog.read"];
    let partner: Partner = org.partner(&["customer_no", "name", "mobile"], &[], &permissions).await;
    let mut wrong = Vec::new();
    for operation in operations() {
        // Whoever makes the targets has proved who they are minutes ago, however long this takes.
        let admin = org.admin().await;
        let mut targets = Targets::fresh(&org, &asha, &admin).await;
        targets.customer = newest(&partner).await;
        let answer = operation.request(&partner, &targets).await;
        let faults = faults(&answer, &operation.statuses);
        if !faults.is_empty() {
            wrong.push(format!("{}: {faults:?}\n{answer}", operation.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

async fn newest(partner: &Caller) -> String {
    partner.get("/v1/customers?limit=1").await.shows(200).text_at("/data/0/id")
}
