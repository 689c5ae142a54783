//! Nobody hands out more than they hold: what of a role goes beyond the roles of the one who would give it.

use std::sync::Arc;

use super::{DataScope, Permission, Role};
use crate::access::{View, role_access};
use crate::catalog::customer;

/// One thing that a role gives and its giver lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beyond {
    /// The giver does not hold the permission, or only for fewer customers or for other purposes.
    Permission(Permission),
    /// The giver sees less of this field of a customer.
    View(String),
    /// The giver may not change this field of a customer.
    Edit(String),
}

/// Everything that `role` gives beyond `held`, in the order of the tables; empty when somebody with these roles may hand it out.
///
/// A field that may be revealed counts like one that may be read: both end in the plain value.
pub fn beyond(held: &[Arc<Role>], role: &Role) -> Vec<Beyond> {
    let wide: Vec<&Role> = held.iter().map(Arc::as_ref).filter(|own| reaches(own, role)).collect();
    let lacks = |permission: &Permission| !wide.iter().any(|own| own.permissions.contains(permission));
    let mut excess: Vec<_> = role.permissions.iter().copied().filter(lacks).map(Beyond::Permission).collect();
    for field in &customer().fields {
        let closed = held.iter().flat_map(|own| &own.field_rules).any(|rule| rule.deny && rule.on.names(field));
        let given = |own: &Role| {
            let view = role_access(own, Permission::CustomersRead, field).view;
            (
                plainness(view),
                [Permission::CustomersWrite, Permission::CustomersCreate].map(|p| role_access(own, p, field).edit),
            )
        };
        let (view, edit) = given(role);
        let own = || wide.iter().filter(|_| !closed).map(|own| given(own));
        if view > own().map(|(view, _)| view).max().unwrap_or(0) {
            excess.push(Beyond::View(field.key.clone()));
        }
        if (0..edit.len()).any(|at| edit.get(at) == Some(&true) && !own().any(|(_, edit)| edit.get(at) == Some(&true)))
        {
            excess.push(Beyond::Edit(field.key.clone()));
        }
    }
    excess
}

/// Whether everything that `own` reaches includes what `role` would reach in the same place, for no fewer purposes.
fn reaches(own: &Role, role: &Role) -> bool {
    let scope = match (own.data_scope, role.data_scope) {
        (DataScope::Organization, _) | (_, DataScope::Own) => true,
        (DataScope::DepartmentTree, DataScope::Department) => true,
        (one, other) => one == other,
    };
    let bound = !own.purposes.is_empty()
        && (role.purposes.is_empty() || !role.purposes.iter().all(|purpose| own.purposes.contains(purpose)));
    scope && !bound
}

const fn plainness(view: View) -> u8 {
    match view {
        View::Hidden => 0,
        View::Masked => 1,
        View::Reveal | View::Read => 2,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::roles::{FieldRule, RuleTarget, built_in, built_in_role};

    fn held(codes: &[&str]) -> Vec<Arc<Role>> {
        codes.iter().map(|code| Arc::new(built_in_role(code).unwrap().clone())).collect()
    }

    fn may_give(codes: &[&str]) -> Vec<&'static str> {
        let held = held(codes);
        built_in().iter().filter(|role| beyond(&held, role).is_empty()).map(|role| role.code.as_str()).collect()
    }

    #[test]
    fn the_administrator_hands_out_what_shows_no_more_than_masks_of_core_fields_and_no_log() {
        assert_eq!(may_give(&["admin"]), ["admin", "manager", "sales", "support", "marketing"]);
    }

    #[test]
    fn the_data_protection_officer_hands_out_what_watches_and_what_reads_core_fields() {
        assert_eq!(may_give(&["dpo"]), ["dpo", "finance", "support", "marketing", "auditor"]);
    }

    #[test]
    fn each_role_gives_itself_and_who_has_none_gives_none() {
        for role in built_in() {
            assert_eq!(beyond(&[Arc::new(role.clone())], role), []);
        }
        assert_eq!(may_give(&[]), Vec::<&str>::new());
    }

    #[test]
    fn more_roles_never_give_less() {
        for one in built_in() {
            for other in built_in() {
                let (alone, both) = (may_give(&[&one.code]), may_give(&[&one.code, &other.code]));
                assert!(alone.iter().all(|code| both.contains(code)), "{} {}", one.code, other.code);
            }
        }
    }

    #[test]
    fn a_narrower_scope_a_purpose_and_a_denial_take_away() {
        let mut sales = built_in_role("sales").unwrap().clone();
        sales.data_scope = DataScope::Department;
        assert!(beyond(&held(&["sales"]), &sales).contains(&Beyond::Permission(Permission::CustomersRead)));
        assert_eq!(beyond(&held(&["manager"]), &sales), []);
        let mut bound = built_in_role("marketing").unwrap().clone();
        bound.purposes = vec!["care".to_owned()];
        assert_eq!(beyond(&held(&["marketing"]), &bound), []);
        let free = built_in_role("marketing").unwrap();
        assert!(!beyond(&[Arc::new(bound)], free).is_empty());
        let mut denied = built_in_role("sales").unwrap().clone();
        let on = RuleTarget::Field("mobile".to_owned());
        denied.field_rules.push(FieldRule { on, view: None, edit: None, deny: true });
        let lost = beyond(&[Arc::new(denied)], built_in_role("sales").unwrap());
        assert_eq!(lost, [Beyond::View("mobile".to_owned()), Beyond::Edit("mobile".to_owned())]);
    }
}
