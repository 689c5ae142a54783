//! An authorised agent that speaks the Data Rights Protocol 1.0, written from the specification's words: libsodium's combined mode, a signature immediately
//! before the message, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Person, Service};

/// An agent with its key, and its token once it has set itself up.
pub struct Agent {
    pub id: String,
    pub business: String,
    pub partner: String,
    pair: Ed25519KeyPair,
    stranger: Caller,
    caller: Caller,
}

impl Agent {
    /// One that staff have added, without a token yet.
    pub async fn added(service: &Service, admin: &Person, members: Value) -> Self {
        let mut seed = [0_u8; 32];
        SystemRandom::new().fill(&mut seed).unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let (id, business) = (super::fresh("AGENT_"), super::fresh("BUSINESS_"));
        let mut all = json!({"protocol": "drp", "identifier": id, "business_id": business,
            "verify_key": STANDARD.encode(pair.public_key().as_ref())});
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = super::add(admin, &all).await.shows(201);
        assert_eq!(made.at("/token"), Value::Null, "an agent makes its own");
        let stranger = service.stranger();
        Self { id, business, partner: made.id(), pair, caller: stranger.clone(), stranger }
    }

    /// One that has set itself up.
    pub async fn ready(service: &Service, admin: &Person, members: Value) -> Self {
        let mut agent = Self::added(service, admin, members).await;
        let token = agent.set_up(&agent.signed(&agent.claims())).await.shows(200).text_at("/token");
        agent.takes(&token);
        agent
    }

    /// Shows this token from now on.
    pub fn takes(&mut self, token: &str) {
        self.caller = self.stranger.with("authorization", &format!("Bearer {token}"));
    }

    /// The first group of members, good for ten minutes.
    pub fn claims(&self) -> Value {
        let now = super::now() - Duration::seconds(1);
        json!({"agent-id": self.id, "business-id": self.business, "issued-at": now.to_rfc3339(),
            "expires-at": (now + Duration::minutes(10)).to_rfc3339(), "drp.version": "1.0"})
    }

    /// A message to exercise a right.
    pub fn message(&self, exercise: &str, more: Value) -> Value {
        let mut message = self.claims();
        message["exercise"] = json!(exercise);
        message["regime"] = json!("ccpa");
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    }

    /// A message as it is sent.
    pub fn signed(&self, message: &Value) -> String {
        let message = message.to_string().into_bytes();
        STANDARD.encode([self.pair.sign(&message).as_ref(), &message].concat())
    }

    /// Asks for a token.
    pub async fn set_up(&self, text: &str) -> Answer {
        self.stranger.request("POST", &format!("/v1/agent/{}", self.id)).body("text/plain", text).await
    }

    /// Sends a signed text.
    pub async fn send(&self, text: &str) -> Answer {
        self.caller.request("POST", "/v1/data-rights-request").body("text/plain", text).await
    }

    /// Exercises a right.
    pub async fn exercise(&self, exercise: &str, more: Value) -> Answer {
        self.send(&self.signed(&self.message(exercise, more))).await
    }

    /// Asks where a request stands.
    pub async fn status(&self, id: &str) -> Answer {
        self.caller.get(&format!("/v1/data-rights-request/{id}")).await
    }

    /// Takes a request back.
    pub async fn revoke(&self, id: &str) -> Answer {
        self.takes_back(id, &self.signed(&json!({"reason": "I don't want my account deleted"}))).await
    }

    /// Takes a request back by a signed text.
    pub async fn takes_back(&self, id: &str, text: &str) -> Answer {
        self.caller.request("DELETE", &format!("/v1/data-rights-request/{id}")).body("text/plain", text).await
    }

    /// Asks whether the token still works.
    pub async fn information(&self, agent: &str) -> Answer {
        self.caller.get(&format!("/v1/agent/{agent}")).await
    }
}
