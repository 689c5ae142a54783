//! Erasure: asked for once, gone from everywhere at once, and nobody else touched.

mod asking;
mod called_off;
pub mod certificates;
mod clearing;
mod cuts;
mod damaged;
mod gone;
mod many;
mod requests;
mod rounds;
mod steps;
pub mod thief;
mod unasked;

pub use certificates::ended as certified;

use custodian_application::erasures::{Round, settle};
use custodian_domain::kernel::OrganizationId;
use serde_json::json;

use crate::support::{Answer, Org, Person};

/// Asks for somebody's erasure because they wished it.
pub async fn erase(person: &Person, customer: &str) -> Answer {
    person.post(&format!("/v1/customers/{customer}/erase"), &json!({"ground": "subject_request"})).await
}

/// One round for this organisation, as the service goes by itself every minute.
pub async fn round(org: &Org<'_>) -> Round {
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    org.service().run(async move { settle(&app, id).await }).await.unwrap()
}
