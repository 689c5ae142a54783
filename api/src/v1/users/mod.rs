//! Staff: one's own account, and the accounts of colleagues.

mod accounts;
mod change;
mod me;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(me::show_me)
        .service(me::show_my_permissions)
        .service(accounts::list_users)
        .service(accounts::show_user)
        .service(change::change_user)
        .service(change::set_user_roles)
        .service(change::suspend_user)
        .service(change::reactivate_user);
}
