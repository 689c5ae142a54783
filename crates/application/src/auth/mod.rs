//! Who is calling: log-in, tokens, sessions and API keys.

mod identity;
mod ip_range;
mod login;
mod mfa;
mod policy;
mod session;
mod state;
mod step_up;
mod throttle;

pub use identity::{Credential, authenticate, identity_of_user};
pub use ip_range::IpRange;
pub use login::{Login, hash_password, login};
pub use mfa::{
    Challenge, Confirmed, Enrolment, Factor, complete, confirm, enrol, new_recovery_codes, remove, second_factor,
};
pub use policy::{read_policy, set_policy};
pub use session::{Tokens, logout, refresh};
pub use state::AuthState;
pub use step_up::{Proof, require_step_up, step_up};
