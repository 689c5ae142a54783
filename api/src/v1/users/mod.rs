//! Staff: one's own account, and the accounts of colleagues.

mod accounts;
mod change;
mod invite;
mod me;
mod offboard;
mod sessions;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(me::show_me)
        .service(me::change_me)
        .service(me::show_my_permissions)
        .service(sessions::change_my_password)
        .service(sessions::list_my_sessions)
        .service(sessions::end_my_session)
        .service(accounts::list_users)
        .service(invite::invite_user)
        .service(accounts::show_user)
        .service(change::change_user)
        .service(change::set_user_roles)
        .service(invite::invite_user_again)
        .service(sessions::list_user_sessions)
        .service(sessions::end_user_sessions)
        .service(sessions::end_user_session)
        .service(offboard::offboard_user)
        .service(offboard::show_offboarding)
        .service(change::suspend_user)
        .service(change::reactivate_user);
}
