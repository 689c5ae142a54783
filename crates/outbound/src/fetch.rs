//! Calls to servers that a setting names: public addresses alone, TLS, no redirects, and an end to time and size.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, Url};

use crate::addresses::may_call;

/// How long a whole call may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most bytes of an answer.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Why a call did not come about. Holds no value of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is none, is not `https`, carries a user name, or names an address that may not be called.
    #[error("the URL may not be called")]
    Forbidden,
    /// No answer, or not in time.
    #[error("the server did not answer in time")]
    Unreachable,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
}

/// A request to another server.
pub struct FetchRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// What came back.
pub struct FetchAnswer {
    /// HTTP status; a redirect is answered and not followed.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// At most [`MOST_BYTES`].
    pub body: Vec<u8>,
}

impl fmt::Debug for FetchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Fetch {
    client: Client,
    loopback: bool,
}

/// Looks a name up and keeps the addresses that may be called. The connection goes to one of these and no other: a name that changes its mind
/// between the check and the call gains nothing.
struct CheckedNames {
    loopback: bool,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| may_call(address.ip(), loopback)).collect();
            if allowed.is_empty() {
                return Err(Box::new(FetchError::Forbidden) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

impl Fetch {
    /// `loopback` lets this machine itself be called, also without TLS: for development alone.
    ///
    /// Errors: a sentence for the operator, when the machine's certificates cannot be used.
    pub fn new(loopback: bool) -> Result<Self, String> {
        let mut roots = rustls::RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            tracing::warn!("this machine trusts no certificate authority: no other server can be called");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(CheckedNames { loopback })
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up itself, behind our back.
            .no_proxy()
            .referer(false)
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, loopback })
    }

    /// Whether a URL may be called, as far as its text tells.
    pub fn may_call(&self, url: &str) -> bool {
        self.checked(url).is_ok()
    }

    fn checked(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Forbidden)?;
        let host = url.host_str().ok_or(FetchError::Forbidden)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        // Names are checked when they are looked up; an address is not looked up.
        let reachable = literal.is_none_or(|address| may_call(address, self.loopback));
        let local = host == "localhost" || literal.is_some_and(|address| address.to_canonical().is_loopback());
        let scheme = url.scheme() == "https" || (self.loopback && local && url.scheme() == "http");
        let plain = url.username().is_empty() && url.password().is_none();
        if reachable && scheme && plain { Ok(url) } else { Err(FetchError::Forbidden) }
    }

    /// Calls.
    pub async fn send(&self, request: FetchRequest) -> Result<FetchAnswer, FetchError> {
        let FetchRequest { method, url, headers, body } = request;
        let url = self.checked(&url)?;
        let method = if method == "POST" { Method::POST } else { Method::GET };
        let mut sending = self.client.request(method, url).body(body);
        for (name, value) in headers {
            sending = sending.header(name, value);
        }
        let mut answer = sending.send().await.map_err(|error| why(&error))?;
        let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        let (status, content_type) = (answer.status().as_u16(), content_type.map(str::to_owned));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(FetchAnswer { status, content_type, body })
    }
}

/// The reason that our own resolver gave, if it was one of ours.
fn why(error: &reqwest::Error) -> FetchError {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(own) = inner.downcast_ref::<FetchError>() {
            return *own;
        }
        source = inner.source();
    }
    FetchError::Unreachable
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_tls_to_public_places_is_called() {
        let fetch = Fetch::new(false).unwrap();
        for url in ["https://login.example.com/a?b=c", "https://8.8.8.8/", "https://login.example.com:8443/"] {
            assert!(fetch.may_call(url), "{url}");
        }
        for url in [
            "",
            "login.example.com",
            "http://login.example.com/",
            "ftp://login.example.com/",
            "file:///etc/passwd",
            "https://",
            "https://user:pass@login.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://127.1/",
            "http://localhost/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            assert!(!fetch.may_call(url), "{url}");
        }
    }

    #[test]
    fn development_may_leave_tls_out_on_this_machine_alone() {
        let fetch = Fetch::new(true).unwrap();
        assert!(fetch.may_call("http://127.0.0.1:8080/") && fetch.may_call("http://localhost:1/"));
        assert!(!fetch.may_call("http://login.example.com/") && !fetch.may_call("http://10.0.0.1/"));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_is_looked_up() {
        let url = "https://localhost:9/".to_owned();
        let request = FetchRequest { method: "GET", url, headers: Vec::new(), body: Vec::new() };
        assert_eq!(Fetch::new(false).unwrap().send(request).await.unwrap_err(), FetchError::Forbidden);
    }
}
