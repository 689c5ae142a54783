//! People and partners of an organisation, and a customer for them.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use super::service::PASSWORD;
use super::{Answer, Caller, Service};

/// A member of staff who has logged in.
#[derive(Clone)]
pub struct Person {
    /// The account.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// The session's access token.
    pub access_token: String,
    /// The session's refresh token.
    pub refresh_token: String,
    caller: Caller,
}

impl Person {
    /// Logs in.
    pub async fn log_in(service: &Service, id: Uuid, email: &str) -> Self {
        let answer = try_log_in(service, email, PASSWORD).await.shows(200);
        Self::of(&service.base_url, id, email, &answer)
    }

    /// From the answer of a log-in or a refresh.
    pub fn of(base_url: &str, id: Uuid, email: &str, answer: &Answer) -> Self {
        let access_token = answer.text_at("/access_token");
        let caller = Caller::new(base_url, vec![("authorization".to_owned(), format!("Bearer {access_token}"))]);
        Self { id, email: email.to_owned(), access_token, refresh_token: answer.text_at("/refresh_token"), caller }
    }
}

/// Tries to log in.
pub async fn try_log_in(service: &Service, email: &str, password: &str) -> Answer {
    service.stranger().post("/v1/auth/login", &json!({"email": email, "password": password})).await
}

impl Deref for Person {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// A partner system with its key.
#[derive(Clone)]
pub struct Partner {
    /// The key's id.
    pub key_id: String,
    /// The key.
    pub secret: String,
    caller: Caller,
}

impl Partner {
    /// From the answer that made the key.
    pub fn of(base_url: &str, made: &Answer) -> Self {
        let secret = made.text_at("/secret");
        let caller = Caller::new(base_url, vec![("x-api-key".to_owned(), secret.clone())]);
        Self { key_id: made.id(), secret, caller }
    }
}

impl Deref for Partner {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// A body for `POST /v1/customers`, unlike every other of this run in number, name and mobile.
pub fn customer() -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    json!({"stage": "lead", "fields": {"customer_no": format!("C-{number:06}"), "name": format!("Zhang {number}"), "mobile": format!("138{number:08}")}})
}
