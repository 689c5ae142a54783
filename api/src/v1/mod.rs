//! Version 1 of the API. One line per capability; the OpenAPI document is made from this same list.

pub mod access;
pub mod access_requests;
pub mod access_reviews;
pub mod api_keys;
pub mod attachments;
pub mod audit;
pub mod auth;
pub mod backups;
pub mod catalog;
pub mod consents;
pub mod customers;
pub mod datasets;
pub mod departments;
pub mod detections;
pub mod disclosures;
pub mod erasures;
pub mod events;
pub mod exports;
pub mod forms;
pub mod imports;
pub mod inbox;
pub mod jobs;
pub mod notices;
pub mod privacy_requests;
pub mod purposes;
pub mod records;
pub mod retention;
pub mod rights_protocols;
pub mod roles;
pub mod scim;
pub mod segments;
pub mod self_service;
pub mod sso_providers;
pub mod users;
pub mod webhooks;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every capability. A path is compared with one after another: those that are asked for most come first.
pub fn routes(config: &mut ServiceConfig<'_>) {
    // Routes are tried one after the other, most of them by a regular expression: what is asked most often comes first.
    config.service(consents::decide_consent).service(consents::decide_consents);
    customers::routes(config);
    consents::routes(config);
    auth::routes(config);
    scim::routes(config);
    sso_providers::routes(config);
    users::routes(config);
    departments::routes(config);
    roles::routes(config);
    access::routes(config);
    access_requests::routes(config);
    access_reviews::routes(config);
    catalog::routes(config);
    purposes::routes(config);
    records::routes(config);
    attachments::routes(config);
    notices::routes(config);
    segments::routes(config);
    forms::routes(config);
    privacy_requests::routes(config);
    rights_protocols::routes(config);
    erasures::routes(config);
    retention::routes(config);
    self_service::routes(config);
    imports::routes(config);
    exports::routes(config);
    datasets::routes(config);
    disclosures::routes(config);
    inbox::routes(config);
    detections::routes(config);
    jobs::routes(config);
    events::routes(config);
    webhooks::routes(config);
    audit::routes(config);
    api_keys::routes(config);
    backups::routes(config);
}
