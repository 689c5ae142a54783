//! Access reviews: what is looked at, what stands out, and what becomes of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::audit::Action;
use crate::kernel::codes;
use crate::roles::{Permission, Role};

codes! {
    /// What a line is about.
    LineKind {
        /// A member of staff's account.
        Account = "account",
        /// A role that somebody holds.
        Role = "role",
        /// A partner key.
        Key = "key",
        /// A right that somebody was given for a while.
        Grant = "grant",
    }
}

codes! {
    /// What stands out.
    Flag {
        /// Not used within the days that the campaign names.
        Dormant = "dormant",
        /// Nobody answers for it: no supervisor, or no department.
        Orphaned = "orphaned",
        /// Gives rights that were not used within those days.
        OverPrivileged = "over_privileged",
        /// Used by several sessions at the same time.
        Shared = "shared",
    }
}

codes! {
    /// What was decided.
    Decision {
        /// It stays.
        Keep = "keep",
        /// It goes.
        Revoke = "revoke",
    }
}

/// Sessions of one account that go on at the same time before it counts as shared: a desk and a telephone make two.
pub const SHARED_FROM: usize = 3;

/// Whether an entry of this action shows that the permission was used.
pub fn is_use(permission: Permission, action: &str) -> bool {
    use Permission::{
        AccessRequestsCreate, AccessRequestsDecide, CustomersAssign, CustomersCreate, CustomersRead, CustomersWrite,
    };
    let any = |actions: &[Action]| actions.iter().any(|one| one.code() == action);
    match permission {
        CustomersRead => any(&[Action::CustomersRead, Action::CustomersList, Action::CustomersSearch]),
        CustomersCreate => any(&[Action::CustomersCreate, Action::CustomersImport]),
        CustomersWrite | CustomersAssign => any(&[Action::CustomersUpdate]),
        AccessRequestsCreate => any(&[Action::AccessRequestsCreate]),
        AccessRequestsDecide => {
            any(&[Action::AccessRequestsApprove, Action::AccessRequestsDeny, Action::AccessRequestsReview])
        }
        _ if permission.code() == action => true,
        _ => {
            let (Some((area, right)), Some((place, verb))) =
                (permission.code().split_once('.'), action.split_once('.'))
            else {
                return false;
            };
            // One right of an area covers all that is done there but reading, as `manage` does.
            area == place && area != "customers" && (right == "read") == (verb == "read" || verb == "list")
        }
    }
}

/// The permissions of a role that its holder did not use, by the actions on record.
pub fn unused(role: &Role, actions: &BTreeSet<String>) -> Vec<Permission> {
    let used = |permission: &&Permission| actions.iter().any(|action| is_use(**permission, action));
    role.permissions.iter().filter(|permission| !used(permission)).copied().collect()
}

/// The most sessions that went on at the same time. Each is its beginning and its end.
pub fn most_at_once(sessions: &[(DateTime<Utc>, DateTime<Utc>)]) -> usize {
    let at = |moment: DateTime<Utc>| sessions.iter().filter(|(from, until)| *from <= moment && moment < *until).count();
    sessions.iter().map(|(from, _)| at(*from)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::roles::built_in_role;
    use chrono::TimeDelta;

    #[test]
    fn a_use_is_told_by_its_entry() {
        for (permission, action, used) in [
            (Permission::CustomersRead, "customers.search", true),
            (Permission::CustomersRead, "customers.reveal", false),
            (Permission::CustomersReveal, "customers.reveal", true),
            (Permission::CustomersDelete, "customers.update", false),
            (Permission::CustomersDelete, "customers.delete", true),
            (Permission::ApiKeysManage, "api_keys.revoke", true),
            (Permission::ApiKeysManage, "api_keys.read", false),
            (Permission::ApiKeysRead, "api_keys.read", true),
            (Permission::RolesManage, "roles.update", true),
            (Permission::AuditRead, "audit.read", true),
        ] {
            assert_eq!(is_use(permission, action), used, "{} by {action}", permission.code());
        }
    }

    #[test]
    fn every_permission_can_be_shown_to_be_used_or_is_known_not_to() {
        let never = |permission: &&Permission| !Action::ALL.iter().any(|action| is_use(**permission, action.code()));
        let silent: Vec<&str> = Permission::ALL.iter().filter(never).map(|permission| permission.code()).collect();
        assert_eq!(silent, Vec::<&str>::new());
    }

    #[test]
    fn what_was_not_used_is_named() {
        let used = ["customers.read".to_owned(), "customers.reveal".to_owned()].into();
        let marketing = built_in_role("marketing").unwrap();
        let idle = [
            Permission::SegmentsRead,
            Permission::SegmentsWrite,
            Permission::SegmentsShare,
            Permission::FormsRead,
            Permission::FormsManage,
            Permission::ExportsRead,
            Permission::ExportsRequest,
            Permission::InboxRead,
            Permission::JobsRead,
            Permission::EventsRead,
            Permission::PurposesRead,
            Permission::NoticesRead,
            Permission::ConsentsRead,
            Permission::ConsentsDecide,
            Permission::CatalogRead,
            Permission::AccessRequestsRead,
            Permission::AccessRequestsCreate,
            Permission::GrantsRead,
        ];
        assert_eq!(unused(marketing, &used), idle);
        assert_eq!(unused(marketing, &BTreeSet::new()).len(), marketing.permissions.len());
    }

    #[test]
    fn sessions_at_once_are_counted_where_they_overlap() {
        let hour = |from: i64, until: i64| {
            let at = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
            (at(from), at(until))
        };
        assert_eq!(most_at_once(&[]), 0);
        assert_eq!(most_at_once(&[hour(0, 1), hour(1, 2), hour(2, 3)]), 1);
        assert_eq!(most_at_once(&[hour(0, 5), hour(1, 2), hour(1, 3), hour(4, 6)]), 3);
    }
}
