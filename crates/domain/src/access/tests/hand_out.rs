//! Nobody hands out more than they hold, in any world.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::worlds::{World, role, staff, world};
use crate::access::{FieldAccess, Staff, Who, decide, widest_field_access};
use crate::catalog::customer;
use crate::roles::{DataScope, Excess, Holder, Permission, Place, Role, built_in_role, excess};

fn holder(staff: &Staff) -> Holder<'_> {
    let place = Place { department_path: &staff.department_path, regions: &staff.regions };
    Holder { roles: staff.roles.iter().map(Arc::as_ref).collect(), place: Some(place), is_giver: false }
}

fn with_roles(staff: &Staff, roles: &[Role]) -> Staff {
    let mut staff = staff.clone();
    staff.roles = roles.iter().cloned().map(Arc::new).collect();
    staff.regions.sort();
    staff
}

fn levels(world: &World, staff: &Staff) -> Vec<FieldAccess> {
    let mut world = world.clone();
    world.caller.who = Who::Staff(staff.clone());
    world.grants.clear();
    let thing = world.thing();
    let decision = decide(&world.facts(&thing));
    customer().fields.iter().map(|field| decision.access(field.key)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12_000))]

    #[test]
    fn what_is_handed_out_was_held_by_the_one_or_the_other(
        mut world in world(), giver in staff(), receiver in staff(), after in vec(role(true), 0..3), same in any::<bool>(),
    ) {
        let (Who::Staff(giver), Who::Staff(mut before)) = (giver, receiver) else { return Ok(()) };
        before.user = super::worlds::id(102);
        // Half of the time the new roles are some of the giver's own, so that many changes pass.
        let after = if same { giver.roles.iter().map(|role| Role::clone(role)).collect() } else { after };
        let after = with_roles(&before, &after);
        if !excess(&holder(&giver), &holder(&before), &holder(&after), &customer().fields).is_empty() {
            return Ok(());
        }
        // Customers of one's own are assigned, not handed out with a role.
        world.owner = world.owner.filter(|owner| *owner != after.user);
        world.collaborators.retain(|one| *one != after.user);
        let (gives, had, has) = (levels(&world, &giver), levels(&world, &before), levels(&world, &after));
        let writes = world.permission.writes_fields();
        for ((field, now), (was, held)) in customer().fields.iter().zip(has).zip(had.into_iter().zip(gives)) {
            prop_assert!(now.view <= was.view.max(held.view), "{} {now:?} {was:?} {held:?}", field.key);
            prop_assert!(!writes || now.edit <= (was.edit | held.edit), "{} {now:?} {was:?} {held:?}", field.key);
        }
    }

    #[test]
    fn on_ones_own_customers_too_nothing_opens_that_the_giver_sees_nowhere(
        world in world(), giver in staff(), after in vec(role(true), 0..3),
    ) {
        let Who::Staff(giver) = giver else { return Ok(()) };
        let before = Staff { user: super::worlds::id(102), ..with_roles(&giver, &[]) };
        let after = Staff { user: before.user, ..with_roles(&giver, &after) };
        if !excess(&holder(&giver), &holder(&before), &holder(&after), &customer().fields).is_empty() {
            return Ok(());
        }
        let mut theirs = world.clone();
        theirs.caller.who = Who::Staff(giver);
        for (field, now) in customer().fields.iter().zip(levels(&world, &after)) {
            prop_assert!(now.view <= widest_field_access(&theirs.caller, world.permission, field).view, "{}", field.key);
        }
    }

    #[test]
    fn whoever_stands_where_the_giver_does_can_be_given_all_that_the_giver_holds(giver in staff()) {
        let Who::Staff(giver) = giver else { return Ok(()) };
        let before = with_roles(&giver, &[]);
        prop_assert_eq!(excess(&holder(&giver), &holder(&before), &holder(&giver), &customer().fields), []);
    }

    #[test]
    fn taking_roles_without_denies_away_needs_no_rights(before in vec(role(false), 0..4), keep in 0_usize..4) {
        let all: Vec<&Role> = before.iter().collect();
        let left = all.iter().take(keep).copied().collect();
        let of = |roles| Holder { roles, place: None, is_giver: false };
        prop_assert_eq!(excess(&of(Vec::new()), &of(all.clone()), &of(left), &customer().fields), []);
    }
}

fn built_in(codes: &[&str]) -> Holder<'static> {
    Holder { roles: codes.iter().map(|code| built_in_role(code).unwrap()).collect(), place: None, is_giver: false }
}

#[test]
fn an_administrator_makes_salespeople_and_no_auditors() {
    let of = |code| excess(&built_in(&["admin"]), &built_in(&[]), &built_in(&[code]), &customer().fields);
    for code in ["admin", "manager", "sales", "support", "marketing"] {
        assert_eq!(of(code), [], "{code}");
    }
    assert_eq!(of("auditor"), [Excess::Permission(Permission::AuditRead)]);
    for code in ["finance", "dpo"] {
        assert!(of(code).iter().any(|one| one.about() == "bank_card"), "{code}");
    }
    let to_oneself = Holder { is_giver: true, ..built_in(&["admin", "sales"]) };
    let found = excess(&built_in(&["admin"]), &built_in(&["admin"]), &to_oneself, &customer().fields);
    assert!(found.iter().all(|one| one.about() == "name") && !found.is_empty(), "{found:?}");
    let made = Role { code: "caller".to_owned(), ..built_in_role("sales").unwrap().clone() };
    let made = Holder { roles: vec![&made], place: None, is_giver: false };
    let found = excess(&built_in(&["admin"]), &built_in(&[]), &made, &customer().fields);
    assert!(found.iter().all(|one| one.about() == "name") && !found.is_empty(), "reveal is not read: {found:?}");
}

#[test]
fn a_wider_scope_and_a_lifted_wall_are_more_than_a_manager_holds() {
    let manager = built_in(&["manager"]);
    let wide = Role { data_scope: DataScope::Organization, ..built_in_role("sales").unwrap().clone() };
    let wide = Holder { roles: vec![&wide], place: None, is_giver: false };
    let found = excess(&manager, &built_in(&[]), &wide, &customer().fields);
    assert!(found.contains(&Excess::Scope(Permission::CustomersRead)), "{found:?}");
    let mut wall = built_in_role("marketing").unwrap().clone();
    wall.permissions.clear();
    wall.field_rules = vec![crate::roles::FieldRule {
        on: crate::roles::RuleTarget::Field("id_number".to_owned()),
        view: None,
        edit: None,
        deny: true,
    }];
    let walled = Holder { roles: vec![&wall, built_in_role("dpo").unwrap()], place: None, is_giver: false };
    let found = excess(&manager, &walled, &built_in(&["dpo"]), &customer().fields);
    assert!(!found.is_empty() && found.iter().all(|one| one.about() == "id_number"), "{found:?}");
}
