//! Static separation of duty (ANSI INCITS 359): pairs that must not meet in one person.

use std::fmt;

use super::{Permission, Role};

/// One side of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Whoever holds this permission, by whatever role.
    Permission(Permission),
    /// Whoever holds the role of this code.
    Role(String),
}

/// Two duties that no one person may have both of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyPair {
    /// The one, such as asking for access.
    pub first: Duty,
    /// The other, such as approving it.
    pub second: Duty,
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(permission) => write!(f, "permission:{}", permission.code()),
            Self::Role(code) => write!(f, "role:{code}"),
        }
    }
}

impl Duty {
    /// Reads `permission:<code>` or `role:<code>`. Whether a role of that code exists is for storage to say.
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("permission", code) => Permission::from_code(code).map(Self::Permission),
            ("role", code) if super::is_role_code(code) => Some(Self::Role(code.to_owned())),
            _ => None,
        }
    }

    fn is_held(&self, roles: &[&Role]) -> bool {
        roles.iter().any(|role| match self {
            Self::Permission(permission) => role.permissions.contains(permission),
            Self::Role(code) => role.code == *code,
        })
    }
}

impl DutyPair {
    /// Whether somebody with these roles would have both duties.
    pub fn meets_in(&self, roles: &[&Role]) -> bool {
        self.first.is_held(roles) && self.second.is_held(roles)
    }
}

/// The pairs that hold in every organisation: nobody runs the place and also reads the log that watches those who do.
pub fn built_in_pairs() -> [DutyPair; 2] {
    let watched =
        |permission| DutyPair { first: Duty::Permission(permission), second: Duty::Permission(Permission::AuditRead) };
    [watched(Permission::RolesManage), watched(Permission::ApiKeysManage)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::roles::{built_in, built_in_role};

    #[test]
    fn a_duty_reads_itself_back() {
        for text in ["permission:audit.read", "role:sales"] {
            assert_eq!(Duty::from_text(text).unwrap().to_string(), text);
        }
        for text in ["permission:unheard.of", "role:", "role:Sales", "sales", "user:1"] {
            assert_eq!(Duty::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn two_roles_meet_in_a_person_and_so_do_two_permissions_of_one_role() {
        let of = |codes: &[&str]| -> Vec<&Role> { codes.iter().map(|code| built_in_role(code).unwrap()).collect() };
        let pair = |first: &str, second: &str| DutyPair {
            first: Duty::from_text(first).unwrap(),
            second: Duty::from_text(second).unwrap(),
        };
        let [watched, _] = built_in_pairs();
        assert!(watched.meets_in(&of(&["admin", "auditor"])));
        assert!(!watched.meets_in(&of(&["admin"])) && !watched.meets_in(&of(&["auditor", "dpo"])));
        assert!(pair("role:sales", "permission:customers.read").meets_in(&of(&["sales"])));
        assert!(pair("role:sales", "role:finance").meets_in(&of(&["finance", "support", "sales"])));
    }

    #[test]
    fn no_built_in_role_breaks_a_built_in_pair() {
        for role in built_in() {
            assert!(built_in_pairs().iter().all(|pair| !pair.meets_in(&[role])), "{}", role.code);
        }
    }
}
