//! Log-in, sessions, tokens.

mod back_off;
mod hostile_tokens;
mod jwks;
mod log_in;
mod log_out;
mod passwords;
mod refresh;
pub mod second_factor;
mod sessions;
mod smtp;
mod step_up;
mod suspension;
mod two_instances;
