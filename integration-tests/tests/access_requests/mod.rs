//! Access requests: asking, deciding, rights that end by themselves, and nobody who decides about their own.

mod approvers;
mod asking;
mod deciding;
mod emergency;
mod grants;
mod races;
mod times;

use serde_json::{Value, json};

use crate::support::{Answer, Org, Person, customer};

const PATH: &str = "/v1/access-requests";

/// A customer of somebody with a number that only few may read.
async fn guarded_customer(person: &Person) -> String {
    let mut body = customer();
    body["fields"]["address"] = json!("12 Harbour Street");
    body["fields"]["id_number"] = json!("11010519491231002X");
    person.post("/v1/customers", &body).await.shows(201).id()
}

/// Asks for fields of these customers.
async fn ask(person: &Person, customers: &[&str], fields: &[&str]) -> Answer {
    let body =
        json!({"kind": "fields", "customer_ids": customers, "fields": fields, "reason": "needed for a contract"});
    person.post(PATH, &body).await
}

async fn approve(person: &Person, request: &str) -> Answer {
    person.post(&format!("{PATH}/{request}/approve"), &json!({})).await
}

/// A right of sales A to the address of a customer of sales B, given by their manager.
async fn given(org: &Org<'_>) -> (Person, String, Answer) {
    let (asha, ben, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let customer = guarded_customer(&ben).await;
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    let approved = approve(&manager, &request).await.shows(200);
    (asha, customer, approved)
}

/// Entries of an action, newest first.
async fn entries(org: &Org<'_>, action: &str) -> Vec<Value> {
    let found = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
    found.at("/data").as_array().unwrap().clone()
}
