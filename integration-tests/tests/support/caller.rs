//! Somebody who calls: requests are built by saying what differs, and sent by awaiting them.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;

use super::{Answer, contract};

/// A caller with its credential, if any.
#[derive(Clone)]
pub struct Caller {
    base_url: String,
    headers: Vec<(String, String)>,
    client: Client,
}

/// A request that is sent when awaited.
#[must_use = "a request is sent when awaited"]
pub struct Request {
    client: Client,
    method: Method,
    url: String,
    asked: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Caller {
    /// Somebody who sends these headers with each request.
    pub fn new(base_url: &str, headers: Vec<(String, String)>) -> Self {
        // The product chooses its TLS by itself; this client has to be told. The first one tells it for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // One client per caller: its connections belong to the runtime of the test. One at rest is let go before the service closes it: a test that waits
        // for a program would not hear of that.
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(4))
            .build()
            .unwrap();
        Self { base_url: base_url.to_owned(), headers, client }
    }

    /// The same caller with another header on each request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// Any request.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = Request {
            client: self.client.clone(),
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            url: format!("{}{path}", self.base_url),
            asked: format!("{method} {path}"),
            headers: Vec::new(),
            body: Vec::new(),
        };
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// `POST` with JSON.
    pub fn post(&self, path: &str, body: &Value) -> Request {
        self.request("POST", path).json(body)
    }

    /// `POST` without a body.
    pub fn act(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// `PATCH` with a merge patch from whatever version is there.
    pub fn patch(&self, path: &str, body: &Value) -> Request {
        let request = self.request("PATCH", path).header("if-match", "*");
        request.body("application/merge-patch+json", body.to_string())
    }

    /// `DELETE` of whatever version is there.
    pub fn delete(&self, path: &str) -> Request {
        self.request("DELETE", path).header("if-match", "*")
    }
}

impl Request {
    /// Adds a header; a second one of the same name stands beside the first.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        self
    }

    /// Replaces a header.
    pub fn instead(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known.as_str() != name);
        self.header(name, value)
    }

    /// Takes a header away.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known.as_str() != name);
        self
    }

    /// With JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With these bytes.
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self.instead("content-type", content_type)
    }

    /// Sends it; nothing when the connection broke before the whole answer was there.
    pub async fn attempt(self) -> Option<Answer> {
        self.send().await.ok()
    }

    async fn send(self) -> reqwest::Result<Answer> {
        let Self { client, method, url, asked, headers, body } = self;
        let mut request = client.request(method, url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let mut answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        // A stream has no end: that it has begun says enough.
        let endless = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if endless { answer.chunk().await?.unwrap_or_default() } else { answer.bytes().await? };
        let bytes = bytes.to_vec();
        let answer = Answer { asked, status, headers, bytes };
        contract::hold(&answer);
        Ok(answer)
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let asked = self.asked.clone();
        Box::pin(async move { self.send().await.unwrap_or_else(|error| panic!("no answer to {asked}: {error:?}")) })
    }
}
