//! Provisioning by identity providers (SCIM 2.0): their tokens, the accounts, and who holds which role.

mod groups;
mod people;
mod tokens;

pub use groups::{Group, change_members, find_group, list_groups};
pub use people::{Page, ScimUser, Wanted, create, find, list, remove, replace};
pub use tokens::{NewToken, Provisioner, TokenRow, authenticate, create_token, find_token, list_tokens, revoke_token};
