//! The built-in roles.
use super::Role;
/// The built-in roles.
pub fn built_in() -> &'static [Role] {
    unimplemented!()
}
/// The built-in role of this code.
pub fn built_in_role(code: &str) -> Option<&'static Role> {
    built_in().iter().find(|role| role.code == code)
}
