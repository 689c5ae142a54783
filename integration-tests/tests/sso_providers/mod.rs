//! Single sign-on: by a real provider, by one that lies, and by somebody in between.

mod attacks;
mod life;
mod log_in;

use serde_json::{Value, json};

use crate::support::{Answer, CLIENT, Caller, Org, Person, Service, SignOn};

/// A provider's body for `POST /v1/sso-providers`.
pub fn registration(sign_on: &SignOn) -> Value {
    json!({"name": "Company login", "issuer": sign_on.issuer, "client_id": CLIENT.0, "client_secret": CLIENT.1})
}

/// Registers a provider with an organisation; answers its id.
pub async fn register(admin: &Person, sign_on: &SignOn) -> String {
    admin.post("/v1/sso-providers", &registration(sign_on)).await.shows(201).id()
}

/// A browser on its way back: what the address bar holds, and the cookie.
pub struct Back {
    pub path: String,
    pub cookie: String,
}

impl Back {
    /// Brings it to the service.
    pub async fn bring(&self, service: &Service) -> Answer {
        service.stranger().get(&self.path).header("cookie", &self.cookie).await
    }
}

/// Goes to the provider and stops on the way back.
pub async fn go(service: &Service, provider: &str) -> Back {
    let there = service.stranger().get(&format!("/v1/auth/sso/{provider}")).await.shows(302);
    let cookie = there.sent("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let location = there.sent("location");
    let (origin, path) = location.split_at(location.find("/authorize").unwrap());
    let back = Caller::new(origin, Vec::new()).get(path).await.shows(302).sent("location");
    let path = back[back.find("/v1/").unwrap()..].to_owned();
    Back { path, cookie: cookie.split(';').next().unwrap().to_owned() }
}

/// The whole way.
pub async fn log_in(service: &Service, provider: &str) -> Answer {
    go(service, provider).await.bring(service).await
}

/// A provider that vouches for sales A of a new organisation.
pub async fn met() -> (Org<'static>, SignOn, String) {
    let (org, sign_on) = (Org::found().await, SignOn::start());
    let provider = register(&org.admin().await, &sign_on).await;
    sign_on.vouch("subject-1", &org.email("sales_a"));
    (org, sign_on, provider)
}
