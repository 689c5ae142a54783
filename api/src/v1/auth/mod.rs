//! Log-in, refresh, log-out; second factors, fresh proofs, and the rules of log-in.

mod mfa;
mod passwords;
mod policy;
mod sessions;
mod step_up;

pub(super) use sessions::{LoginAnswer, tokens_example};
use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sessions::log_in)
        .service(sessions::refresh_session)
        .service(sessions::log_out)
        .service(passwords::accept_invitation)
        .service(passwords::forget_password)
        .service(passwords::reset_password)
        .service(step_up::complete_log_in)
        .service(step_up::step_up)
        .service(mfa::show_second_factor)
        .service(mfa::enrol_second_factor)
        .service(mfa::confirm_second_factor)
        .service(mfa::remove_second_factor)
        .service(mfa::renew_recovery_codes)
        .service(policy::show_policy)
        .service(policy::set_policy);
}
