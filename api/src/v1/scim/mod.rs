//! Provisioning by identity providers: their tokens under `/v1`, and SCIM 2.0 (RFC 7643, 7644) under `/scim/v2`, which describes itself and has errors
//! of its own shape, so that it stands outside the document.

mod about;
mod groups;
mod patch;
mod resource;
mod tokens;
mod users;
mod wire;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the tokens.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(tokens::list_scim_tokens)
        .service(tokens::create_scim_token)
        .service(tokens::show_scim_token)
        .service(tokens::revoke_scim_token);
}

/// Paths of SCIM itself with the methods that each takes.
pub const PATHS: [(&str, &[&str]); 9] = [
    ("/scim/v2/Users", &["GET", "POST"]),
    ("/scim/v2/Users/{id}", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/scim/v2/Groups", &["GET"]),
    ("/scim/v2/Groups/{id}", &["GET", "PUT", "PATCH"]),
    ("/scim/v2/ServiceProviderConfig", &["GET"]),
    ("/scim/v2/ResourceTypes", &["GET"]),
    ("/scim/v2/ResourceTypes/{id}", &["GET"]),
    ("/scim/v2/Schemas", &["GET"]),
    ("/scim/v2/Schemas/{id}", &["GET"]),
];

/// Routes of SCIM itself.
pub fn protocol(config: &mut web::ServiceConfig) {
    config
        .route("/scim/v2/Users", web::get().to(users::list))
        .route("/scim/v2/Users", web::post().to(users::create))
        .route("/scim/v2/Users/{id}", web::get().to(users::show))
        .route("/scim/v2/Users/{id}", web::put().to(users::replace))
        .route("/scim/v2/Users/{id}", web::patch().to(users::patch))
        .route("/scim/v2/Users/{id}", web::delete().to(users::delete))
        .route("/scim/v2/Groups", web::get().to(groups::list))
        .route("/scim/v2/Groups/{id}", web::get().to(groups::show))
        .route("/scim/v2/Groups/{id}", web::put().to(groups::replace))
        .route("/scim/v2/Groups/{id}", web::patch().to(groups::patch))
        .route("/scim/v2/ServiceProviderConfig", web::get().to(about::configuration))
        .route("/scim/v2/ResourceTypes", web::get().to(about::resource_types))
        .route("/scim/v2/ResourceTypes/{id}", web::get().to(about::resource_type))
        .route("/scim/v2/Schemas", web::get().to(about::schemas))
        .route("/scim/v2/Schemas/{id}", web::get().to(about::schema));
}
