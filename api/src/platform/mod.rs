//! What the server tells about itself: health, problems, documents, keys, contact, metrics.

mod docs;
mod document;
mod health;
mod mailbox;
mod metrics;
mod problems;
mod well_known;

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::Bytes;
use utoipa_actix_web::service_config::ServiceConfig;

pub use docs::configure as configure_docs;
pub use document::{Document, configure as configure_document};
pub use mailbox::configure as configure_mailbox;
pub use metrics::{install as install_metrics, metrics_app, upkeep};

/// What these pages show, prepared at start.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The public halves of the token keys as a JWK set (RFC 7517).
    pub jwks: Bytes,
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
