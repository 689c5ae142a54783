//! What hangs on a customer: entered, found and changed under the customer's key, scope and field rules.

mod due;
mod funnel;
mod life;
mod rights;
mod sealed;
mod sums;

use serde_json::{Value, json};

use crate::support::{Answer, Person, customer};

/// Enters a customer and answers its id.
pub async fn someone(person: &Person) -> String {
    person.post("/v1/customers", &customer()).await.shows(201).id()
}

/// Enters a record of a customer.
pub async fn enter(person: &Person, customer: &str, kind: &str, fields: Value) -> Answer {
    person.post(&format!("/v1/customers/{customer}/records/{kind}"), &json!({"fields": fields})).await
}

/// A call on a day.
pub fn call_on(day: &str) -> Value {
    json!({"channel": "phone", "occurred_at": format!("{day}T08:00:00Z"), "summary": "希望下周回电"})
}

/// The path of a record.
pub fn path(kind: &str, id: &str) -> String {
    format!("/v1/records/{kind}/{id}")
}
