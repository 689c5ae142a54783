//! Staff: one's own account, and the accounts of colleagues.

mod accounts;
mod me;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(me::show_me)
        .service(me::show_my_permissions)
        .service(accounts::list_users)
        .service(accounts::show_user);
}
