//! Forms: made with the fewest fields, published, shown by anybody's page, sent by people and by others, and decided about.

mod abuse;
mod browser;
mod children;
mod making;
mod schema;
mod sending;

use custodian_crypto::sha256;
use custodian_domain::forms::leading_zero_bits;
use serde_json::{Value, json};

use crate::notices::published;
use crate::support::{Answer, Caller, Org, Person};

/// Where forms are.
pub const PATH: &str = "/v1/forms";
/// The page of the organisation.
const ORIGIN: &str = "https://www.example.com";

/// A body for a form about marketing that differs in these members; light work, no waiting.
pub fn body(notice: &str, members: Value) -> Value {
    let mut body = json!({"labels": {"en": "Offers", "zh": "优惠"}, "purpose": "marketing", "notice_version": notice, "languages": ["en"],
        "fields": [{"key": "name", "required": true}, {"key": "email", "required": true}, {"key": "province", "required": false}],
        "origins": [ORIGIN], "min_seconds": 0, "proof_bits": 6, "hourly_per_source": 1_000});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// An organisation with a published form.
pub struct Opened {
    pub org: Org<'static>,
    pub admin: Person,
    pub form: String,
}

impl Opened {
    /// That differs in these members.
    pub async fn new(members: Value) -> Self {
        let org = Org::found().await;
        let (admin, dpo) = (org.admin().await, org.dpo().await);
        let notice = published(&dpo, "offers", "name").await.id();
        let form = open(&admin, &body(&notice, members)).await;
        Self { org, admin, form }
    }

    pub fn stranger(&self) -> Caller {
        self.org.service().stranger()
    }

    /// What the page sends, with what it was given; differing in these members.
    pub async fn filled(&self, members: Value) -> Value {
        let ticket = self.stranger().act(&format!("{PATH}/{}/tokens", self.form)).await.shows(200);
        let mut body = json!({"token": ticket.at("/token"), "proof": solved(&ticket), "language": "en",
            "fields": {"name": "张三", "email": "zhang@forms.example"}, "consents": {"marketing": true}});
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    pub async fn send(&self, body: &Value) -> Answer {
        self.stranger().post(&format!("{PATH}/{}/submissions", self.form), body).await
    }

    /// Fills it in and sends it.
    pub async fn sends(&self, members: Value) -> Answer {
        self.send(&self.filled(members).await).await
    }

    /// The submissions, newest first.
    pub async fn submissions(&self) -> Vec<Value> {
        let path = format!("{PATH}/{}/submissions", self.form);
        self.admin.get(&path).await.shows(200).at("/data").as_array().unwrap().clone()
    }

    /// Ids of who has this address.
    pub async fn people(&self, email: &str) -> Vec<String> {
        let found = self.admin.get(&format!("/v1/customers?q[email]={email}")).await.shows(200);
        found.at("/data").as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The customer's consents by purpose and state.
    pub async fn consents(&self, customer: &str) -> Vec<(String, String)> {
        let found = self.admin.get(&format!("/v1/customers/{customer}/consents")).await.shows(200);
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        found.at("/data").as_array().unwrap().iter().map(|one| (text(one, "purpose"), text(one, "state"))).collect()
    }
}

/// Makes a form and publishes it.
pub async fn open(admin: &Person, body: &Value) -> String {
    let made = admin.post(PATH, body).await.shows(201).id();
    admin.act(&format!("{PATH}/{made}/publish")).await.shows(200);
    made
}

/// The work of a page.
pub fn solved(ticket: &Answer) -> String {
    let (challenge, bits) = (ticket.text_at("/challenge"), ticket.at("/proof_bits").as_u64().unwrap());
    let fits = |proof: &u64| u64::from(leading_zero_bits(&sha256(format!("{challenge}:{proof}").as_bytes()))) >= bits;
    (0_u64..).find(fits).unwrap().to_string()
}

/// A draft of a form that lists its fields, for whoever needs one to try things on; the one of before where there is one.
pub async fn to_try(admin: &Person) -> String {
    let known = admin.get(&format!("{PATH}?limit=200")).await.shows(200).at("/data");
    let draft = known.as_array().unwrap().iter().find(|one| one["state"] != "retired").cloned();
    if let Some(draft) = draft {
        return draft["id"].as_str().unwrap().to_owned();
    }
    let notice = published(admin, &crate::house::fresh_code(), "name").await.id();
    admin.post(PATH, &body(&notice, json!({}))).await.shows(201).id()
}
