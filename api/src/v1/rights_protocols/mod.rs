//! Partners that pass on what people ask about their data: kept under `/v1/rights-partners`; OpenDSR 2.0 and the Data Rights Protocol 1.0 themselves have the
//! paths, bodies and errors of their own specifications, so that they stand outside the document.

mod bodies;
mod drp;
mod opendsr;
mod partners;
mod wire;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the partners, and of those protocols whose paths begin with `/v1`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(partners::list_rights_partners)
        .service(partners::create_rights_partner)
        .service(partners::show_rights_partner)
        .service(partners::change_rights_partner)
        .service(partners::rotate_rights_token)
        .service(partners::show_exchange)
        .route("/discovery", web::get().to(opendsr::discovery_v1))
        .route("/opengdpr_requests", web::post().to(opendsr::create_v1))
        .route("/opengdpr_requests/{id}", web::get().to(opendsr::show_v1))
        .route("/opengdpr_requests/{id}", web::delete().to(opendsr::cancel_v1))
        .route("/data-rights-request", web::post().to(drp::exercise))
        .route("/data-rights-request/{id}", web::get().to(drp::show))
        .route("/data-rights-request/{id}", web::delete().to(drp::revoke))
        .route("/agent/{id}", web::post().to(drp::set_up))
        .route("/agent/{id}", web::get().to(drp::agent));
}

/// Paths of the protocols with the methods that each takes.
pub const PATHS: [(&str, &[&str]); 13] = [
    ("/v1/discovery", &["GET"]),
    ("/v1/opengdpr_requests", &["POST"]),
    ("/v1/opengdpr_requests/{id}", &["GET", "DELETE"]),
    ("/v1/data-rights-request", &["POST"]),
    ("/v1/data-rights-request/{id}", &["GET", "DELETE"]),
    ("/v1/agent/{id}", &["GET", "POST"]),
    ("/v2/discovery", &["GET"]),
    ("/v2/requests", &["POST"]),
    ("/v2/requests/{id}", &["GET", "DELETE"]),
    ("/opendsr/certificate.pem", &["GET"]),
    ("/opendsr/v3/discovery", &["GET"]),
    ("/opendsr/v3/requests", &["POST"]),
    ("/opendsr/v3/requests/{id}", &["GET", "DELETE"]),
];

/// Routes of the protocols elsewhere. The specification's own version is 2; under `/opendsr/v3` stands the same.
pub fn protocol(config: &mut web::ServiceConfig) {
    config.route("/opendsr/certificate.pem", web::get().to(opendsr::certificate));
    for base in ["/v2", "/opendsr/v3"] {
        config
            .route(&format!("{base}/discovery"), web::get().to(opendsr::discovery))
            .route(&format!("{base}/requests"), web::post().to(opendsr::create))
            .route(&format!("{base}/requests/{{id}}"), web::get().to(opendsr::show))
            .route(&format!("{base}/requests/{{id}}"), web::delete().to(opendsr::cancel));
    }
}
