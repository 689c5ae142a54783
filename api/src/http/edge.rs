//! What the transport needs to know of the settings, shared by every worker.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use custodian_application::auth::IpRange;

use super::fallback::AllowTable;

use super::rate::RateLimiter;

/// The transport's share of the settings and state; handed to every application as `web::Data<Edge>`.
#[derive(Debug)]
pub struct Edge {
    /// Where callers reach us, without a slash at the end; the only source of links, so that `Host` poisons none.
    pub public_base: String,
    /// The most bytes of a JSON body.
    pub body_limit: usize,
    /// How long a request may take, or stand still where its route reads a stream.
    pub request_timeout: Duration,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpRange>,
    /// Origins that browsers may call from; empty keeps CORS off.
    pub cors_origins: Vec<String>,
    /// Whether callers reach us over TLS, which turns HSTS on.
    pub tls: bool,
    /// Requests per caller and minute.
    pub rate: RateLimiter,
    allow: OnceLock<AllowTable>,
}

impl Edge {
    /// An edge with everything optional turned off.
    pub fn new(public_base: &str, body_limit: usize, request_timeout: Duration) -> Self {
        let public_base = public_base.trim_end_matches('/').to_owned();
        Self {
            tls: public_base.starts_with("https://"),
            public_base,
            body_limit,
            request_timeout,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            rate: RateLimiter::new(0),
            allow: OnceLock::new(),
        }
    }

    /// Tells which paths take which methods, those of the document and those `beside` it; the first document wins, all workers build the same.
    pub fn learn_paths(&self, document: &utoipa::openapi::OpenApi, beside: &[(&str, &[&str])]) {
        self.allow.get_or_init(|| AllowTable::of(document, beside));
    }

    /// The methods that a path takes; none for an unknown path.
    pub fn allowed(&self, path: &str) -> Option<&str> {
        self.allow.get().and_then(|table| table.allowed(path))
    }

    /// The route that a path belongs to, such as `/v1/customers/{id}`.
    pub fn route(&self, path: &str) -> Option<&str> {
        self.allow.get().and_then(|table| table.route(path))
    }

    /// Whether a peer's word about the client's address is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }
}
