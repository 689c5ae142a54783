//! Calls to servers that a setting names: public addresses alone, TLS, no redirects, and an end to time and size.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, Url};

use crate::addresses::may_call;

/// The most bytes of an answer, unless said otherwise.
pub const MOST_BYTES: usize = 1024 * 1024;

/// What bounds a call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may take in all.
    pub patience: Duration,
    /// The most bytes of its answer.
    pub most_bytes: usize,
    /// Connections that are kept for the next call to the same host.
    pub kept_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { patience: Duration::from_secs(3), most_bytes: MOST_BYTES, kept_connections: 0 }
    }
}

impl Limits {
    /// For webhooks, whose answers nobody reads.
    pub fn of_webhooks() -> Self {
        Self { patience: Duration::from_secs(10), most_bytes: 64 * 1024, kept_connections: 16 }
    }
}

/// Why a call did not come about. Holds no value of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is none, is not `https`, carries a user name, or names an address that may not be called.
    #[error("the URL may not be called")]
    Forbidden,
    /// No connection, a broken one, or a certificate that is not trusted.
    #[error("the server cannot be reached")]
    Unreachable,
    /// No whole answer in time.
    #[error("the server did not answer in time")]
    Late,
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
    /// `Retry-After`, where it is a number of seconds.
    pub retry_after: Option<u32>,
    /// At most as many bytes as the limits say.
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
    most_bytes: usize,
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
            Ok(Box::new(allowed(found, loopback)?.into_iter()) as Addrs)
        })
    }
}

/// Of the addresses of a name those that may be called; a name that has none is refused.
fn allowed(found: impl Iterator<Item = SocketAddr>, loopback: bool) -> Result<Vec<SocketAddr>, FetchError> {
    let allowed: Vec<_> = found.filter(|address| may_call(address.ip(), loopback)).collect();
    if allowed.is_empty() { Err(FetchError::Forbidden) } else { Ok(allowed) }
}

impl Fetch {
    /// `loopback` lets this machine itself be called, also without TLS: for development alone.
    ///
    /// Errors: a sentence for the operator, when the machine's certificates cannot be used.
    pub fn new(loopback: bool) -> Result<Self, String> {
        Self::limited(loopback, Limits::default())
    }

    /// The same within other limits.
    pub fn limited(loopback: bool, limits: Limits) -> Result<Self, String> {
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
            .timeout(limits.patience)
            .pool_max_idle_per_host(limits.kept_connections)
            // What was allowed once is looked up anew before long.
            .pool_idle_timeout(Duration::from_secs(15))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, loopback, most_bytes: limits.most_bytes })
    }

    /// Whether a URL may be called, as far as its text tells.
    pub fn may_call(&self, url: &str) -> bool {
        self.checked(url).is_ok()
    }

    /// Whether a URL may be told things, as far as its text tells: it may be called, names no part of a page, and is not `own`, where this service itself
    /// stands.
    pub fn may_deliver_to(&self, url: &str, own: &str) -> bool {
        let Ok(url) = self.checked(url) else { return false };
        let own = Url::parse(own).ok();
        let same_host = own.as_ref().is_some_and(|own| own.host_str() == url.host_str());
        // On this machine many services share a host.
        let same_port = own.is_some_and(|own| own.port_or_known_default() == url.port_or_known_default());
        url.fragment().is_none() && !(same_host && (same_port || !self.loopback))
    }

    /// A URL as it is called: without dot segments, whatever they are written as.
    pub fn as_called(url: &str) -> Option<String> {
        Url::parse(url).ok().map(String::from)
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
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
            if body.len() + chunk.len() > self.most_bytes {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(FetchAnswer { status, content_type, retry_after, body })
    }
}

/// The reason that our own resolver gave, if it was one of ours.
fn why(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Late;
    }
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

    #[test]
    fn of_several_addresses_of_a_name_the_public_ones_alone_are_dialled() {
        let of =
            |texts: &[&str]| texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 443)).collect::<Vec<_>>();
        let mixed = of(&["10.0.0.1", "8.8.8.8", "fd00::1", "169.254.169.254", "2606:4700::1111"]);
        assert_eq!(allowed(mixed.into_iter(), false).unwrap(), of(&["8.8.8.8", "2606:4700::1111"]));
        let private = of(&["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "::ffff:192.168.0.1"]);
        assert_eq!(allowed(private.into_iter(), false), Err(FetchError::Forbidden));
        assert_eq!(allowed(Vec::new().into_iter(), false), Err(FetchError::Forbidden));
    }

    #[test]
    fn a_webhook_is_not_this_service_and_no_part_of_a_page() {
        let fetch = Fetch::new(false).unwrap();
        let own = "https://custodian.example.com/base";
        assert!(fetch.may_deliver_to("https://shop.example.com/hook?a=b", own));
        for url in [
            "https://custodian.example.com/v1/customers",
            "https://CUSTODIAN.example.com:8443/",
            "https://shop.example.com/#part",
            "https://[fe80::1%25eth0]/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://[::127.0.0.1]/",
            "https://[::]/",
            "gopher://shop.example.com/",
            "data:text/plain,a",
            "javascript:alert(1)",
        ] {
            assert!(!fetch.may_deliver_to(url, own), "{url}");
        }
        let local = Fetch::new(true).unwrap();
        assert!(local.may_deliver_to("http://127.0.0.1:9/", "http://127.0.0.1:8080"));
        assert!(!local.may_deliver_to("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_is_looked_up() {
        let url = "https://localhost:9/".to_owned();
        let request = FetchRequest { method: "GET", url, headers: Vec::new(), body: Vec::new() };
        assert_eq!(Fetch::new(false).unwrap().send(request).await.unwrap_err(), FetchError::Forbidden);
    }
}
