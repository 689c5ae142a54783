//! The door of the people whom data is about: in by a one-time code, and then themselves and nobody else.

mod bodies;
mod data;
mod data_bodies;
mod package;
mod preferences;
mod requests;
mod sessions;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sessions::show_portal_key)
        .service(sessions::ask_for_code)
        .service(sessions::open_own_session)
        .service(sessions::end_own_session)
        .service(data::show_own_data)
        .service(data::list_own_consents)
        .service(data::withdraw_own_consent)
        .service(preferences::agree_to_own)
        .service(preferences::show_own_preferences)
        .service(preferences::set_own_preferences)
        .service(data::list_own_access_log)
        .service(data::prove_own_entry)
        .service(package::fetch_own_package)
        .service(requests::list_own_requests)
        .service(requests::create_own_request)
        .service(requests::show_own_request)
        .service(requests::cancel_own_request);
}

needs! {
    /// Has the key of the organisation's own page.
    ManageDoor = SelfServiceManage;
}
