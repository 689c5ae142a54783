//! Who is calling: log-in, tokens, sessions and API keys.

mod confirm;
mod forgotten;
mod identity;
mod ip_range;
mod login;
mod mfa;
mod new_password;
mod one_time;
pub(crate) mod one_time_code;
mod policy;
mod quota;
mod session;
mod state;
mod step_up;
mod throttle;
mod token_keys;
mod turns;

pub(crate) use confirm::{still_valid, still_valid_beside};
pub use forgotten::{answer_forgotten, forget_password, purge_tokens};
pub(crate) use identity::SUBJECT;
pub use identity::{Credential, authenticate, identity_of_user, recognise};
pub use ip_range::IpRange;
pub(crate) use login::go_on;
pub use login::{Login, hash_password, login};
pub use mfa::{
    Challenge, Confirmed, Enrolment, Factor, complete, confirm, enrol, new_recovery_codes, remove, second_factor,
};
pub(crate) use new_password::{Bearer, hash_new};
pub(crate) use one_time::issue;
pub use one_time::{OneTime, redeem};
pub use policy::{read_policy, set_policy};
pub use session::{Tokens, logout, refresh};
pub use state::AuthState;
pub use step_up::{Proof, require_step_up, step_up};
pub(crate) use step_up::{require_second_factor, verify_own_password};
pub(crate) use token_keys::LETTER;
pub use token_keys::{Rotation, rotate_token_keys};
