//! Log-in, refresh, log-out.

mod sessions;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(sessions::log_in).service(sessions::refresh_session).service(sessions::log_out);
}
