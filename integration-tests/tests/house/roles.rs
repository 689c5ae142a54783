//! Every operation as every role and as a partner: answers as documented, and never a failure of ours.

use std::time::{Duration, Instant};

use super::operations::{Operation, Targets, operations};
use crate::support::{Answer, Caller, Org, Partner, Person};

/// A proof of who one is counts for five minutes.
const PROVED: Duration = Duration::from_secs(120);

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

/// Every operation as one role, in an organisation of its own. What one operation used up is made anew for the next: a refusal and a read use nothing up.
async fn as_role(key: &str) -> Vec<String> {
    let org = Org::found().await;
    let (asha, person) = (org.sales_a().await, org.person(key).await);
    let mut stock = Stock::of(&org, &asha).await;
    let mut wrong = Vec::new();
    for operation in operations() {
        // A session of its own: this one is needed afterwards.
        let caller = if operation.id == "log_out" { org.person(key).await } else { person.clone() };
        let answer = match operation.id.as_str() {
            // It takes everybody's access away: this organisation is needed afterwards.
            "close_access_review" => elsewhere(key, &operation).await,
            _ => operation.request(&caller, stock.targets(&operation).await).await,
        };
        stock.note(&operation, &answer);
        let faults = faults(&answer, &operation.statuses);
        if !faults.is_empty() {
            wrong.push(format!("{key}: {}: {faults:?}\n{answer}", operation.name()));
        }
    }
    wrong
}

/// Things to try operations on.
struct Stock<'o> {
    org: &'o Org<'static>,
    owner: &'o Person,
    /// Who makes them, and since when they have proved who they are.
    admin: (Person, Instant),
    targets: Targets,
    used: bool,
}

impl<'o> Stock<'o> {
    async fn of(org: &'o Org<'static>, owner: &'o Person) -> Self {
        let admin = (org.admin().await, Instant::now());
        let targets = Targets::fresh(org, owner, &admin.0).await;
        Self { org, owner, admin, targets, used: false }
    }

    /// As they were, unless the last operation did something and this one would meet it.
    async fn targets(&mut self, operation: &Operation) -> &Targets {
        if self.used && operation.has_id() {
            // However long all of this takes, whoever makes them proved who they are minutes ago.
            if self.admin.1.elapsed() > PROVED {
                self.admin = (self.org.admin().await, Instant::now());
            }
            self.targets = Targets::fresh(self.org, self.owner, &self.admin.0).await;
            self.used = false;
        }
        &self.targets
    }

    fn note(&mut self, operation: &Operation, answer: &Answer) {
        self.used |= operation.method != "GET" && answer.status < 400;
    }
}

#[tokio::test]
async fn every_answer_is_a_documented_one() {
    // Side by side: what most of it waits for is the log, which takes the entries of all of them at once.
    let wrong = futures_util::future::join_all(ROLES.map(|(key, _)| as_role(key))).await.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_partner_gets_documented_answers_too() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let permissions = ["customers.read", "customers.create", "customers.write", "catalog.read"];
    let partner: Partner = org.partner(&["customer_no", "name", "mobile"], &[], &permissions).await;
    let mut stock = Stock::of(&org, &asha).await;
    let mut wrong = Vec::new();
    for operation in operations() {
        stock.targets(&operation).await;
        stock.targets.customer = newest(&partner).await;
        let answer = operation.request(&partner, &stock.targets).await;
        stock.note(&operation, &answer);
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
