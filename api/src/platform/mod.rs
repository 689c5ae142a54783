//! What the server tells about itself: health, problems, documents, keys, contact, metrics.

mod docs;
mod document;
mod health;
mod mailbox;
mod metrics;
mod problems;
mod well_known;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use utoipa_actix_web::service_config::ServiceConfig;

pub use docs::configure as configure_docs;
pub use document::{Document, configure as configure_document};
pub use mailbox::configure as configure_mailbox;
pub use metrics::{install as install_metrics, metrics_app, upkeep};

/// Reads the public halves of the token keys as they are at this moment, as a JWK set (RFC 7517).
#[derive(Clone)]
pub struct Jwks(Arc<dyn Fn() -> String + Send + Sync>);

impl Jwks {
    /// Reads them by this.
    pub fn by(read: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The set.
    pub fn read(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwks")
    }
}

/// What these pages show, prepared at start.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The public halves of the token keys.
    pub jwks: Jwks,
    /// Where weaknesses are reported: a URI.
    pub security_contact: Arc<str>,
    /// The folder of letters that a private instance shows; none elsewhere.
    pub mailbox: Option<PathBuf>,
}

/// The documented routes. Needs `Data<App>`, `Data<Edge>` and `Data<Platform>`.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(health::live)
        .service(health::ready)
        .service(problems::list_problems)
        .service(problems::describe_problem)
        .service(well_known::jwks)
        .service(well_known::security_txt)
        .service(well_known::gpc)
        .service(well_known::custodian_audit_keys);
}

#[cfg(test)]
mod tests;
