//! Consents: recorded, refused, withdrawn, asked for at any moment; and nothing shown without one.

mod access;
mod decisions;
mod intake;
mod merges;
mod opt_outs;
mod race;
mod receipts;
mod recipients;
mod records;
mod reminders;
mod rotation;
mod together;
mod told_anew;
mod withdrawal;

use serde_json::{Value, json};

use crate::notices::{published, published_anew};
use crate::support::{Answer, Caller, Org, Person};

/// A body for `POST /v1/customers/{id}/consents` to marketing that differs in these members.
pub fn consent(notice: &str, members: Value) -> Value {
    let mut body = json!({"purpose": "marketing", "notice_version": notice, "evidence": {"method": "web_form", "reference": "form-1"}});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A customer of an organisation who was shown a notice about marketing.
pub struct Told {
    pub org: Org<'static>,
    pub sales: Person,
    pub customer: String,
    pub notice: String,
}

impl Told {
    pub async fn new() -> Self {
        let org = Org::found().await;
        let sales = org.sales_a().await;
        let customer = org.customer_of(&sales).await;
        let notice = published(&org.dpo().await, "offers", "name").await.id();
        Self { org, sales, customer, notice }
    }

    /// Changes marketing, and publishes a notice that tells of it.
    pub async fn hears_of(&mut self, change: &Value) {
        let officer = self.org.dpo().await;
        officer.patch("/v1/purposes/marketing", change).await.shows(200);
        self.notice = published_anew(&officer, "offers").await.id();
    }

    /// Records a consent that differs in these members.
    pub async fn agrees(&self, members: Value) -> Answer {
        let path = format!("/v1/customers/{}/consents", self.customer);
        self.sales.post(&path, &consent(&self.notice, members)).await
    }

    /// The decision on marketing, with this at the end of the query.
    pub async fn decision(&self, more: &str) -> Answer {
        let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing{more}", self.customer);
        self.sales.get(&path).await.shows(200)
    }
}

/// A consent of this customer to marketing, for whoever needs one to try things on.
pub async fn agreed(owner: &Caller, officer: &Person, customer: &str) -> String {
    let notice = published_anew(officer, &crate::house::fresh_code()).await.id();
    owner.post(&format!("/v1/customers/{customer}/consents"), &consent(&notice, json!({}))).await.shows(201).id()
}
