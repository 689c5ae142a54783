//! Who is calling: log-in, tokens, sessions and API keys.

mod identity;
mod ip_range;
mod login;
mod session;
mod state;
mod throttle;

pub use identity::{Credential, authenticate, identity_of_user};
pub use ip_range::IpRange;
pub use login::{hash_password, login};
pub use session::{Tokens, logout, refresh};
pub use state::AuthState;
