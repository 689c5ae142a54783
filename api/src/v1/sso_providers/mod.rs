//! Single sign-on: the providers, and logging in by them.

mod login;
mod providers;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(providers::list_sso_providers)
        .service(providers::create_sso_provider)
        .service(providers::show_sso_provider)
        .service(providers::change_sso_provider)
        .service(providers::delete_sso_provider)
        .service(login::begin_sso)
        .service(login::complete_sso);
}
