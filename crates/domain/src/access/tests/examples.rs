//! One example per sentence of the rule, with the built-in roles where they serve.

use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::worlds::{World, id, now, path};
use crate::access::{
    Caller, FieldAccess, Grant, Outcome, Partner, PurposeFacts, Reason, Staff, View, Who, decide, decide_explained,
    row_scope, widest_field_access,
};
use crate::catalog::{Category, Classification, customer};
use crate::roles::{DataScope, FieldRule, Permission, Role, RuleTarget, built_in_role};

fn staff(roles: Vec<Role>) -> World {
    let staff = Staff {
        user: id(101),
        session: id(1),
        roles: roles.into_iter().map(Arc::new).collect(),
        department: Some(id(2)),
        department_path: path(2),
        regions: vec!["CN-BJ".to_owned()],
        mfa_at: None,
    };
    world(Who::Staff(staff))
}

/// A customer of department 4 in Beijing, owned by the caller.
fn world(who: Who) -> World {
    World {
        caller: Caller { organization: id(1), who },
        permission: Permission::CustomersRead,
        customer: id(201),
        owner: Some(id(101)),
        collaborators: Vec::new(),
        department_path: path(4),
        region: Some("CN-BJ"),
        restricted: false,
        purpose: None,
        consent_in_force: false,
        grants: Vec::new(),
    }
}

fn role(code: &str) -> Role {
    built_in_role(code).unwrap().clone()
}

fn outcome(world: &World) -> Outcome {
    decide(&world.facts(&world.thing())).outcome
}

fn access(world: &World, key: &str) -> FieldAccess {
    decide(&world.facts(&world.thing())).access(key)
}

fn view(world: &World, key: &str) -> View {
    access(world, key).view
}

fn reasons(world: &World, key: &str) -> Vec<Reason> {
    let thing = world.thing();
    let decision = decide_explained(&world.facts(&thing));
    decision.reasons.iter().filter(|why| why.field == Some(key)).map(|why| why.reason).collect()
}

fn rule(on: RuleTarget, view: View) -> FieldRule {
    FieldRule { on, view: Some(view), edit: None, deny: false }
}

fn purpose(code: &str) -> PurposeFacts {
    PurposeFacts {
        code: code.to_owned(),
        needs_consent: false,
        fields: None,
        open_under_restriction: false,
        may_object: false,
    }
}

fn grant(seconds: i64) -> Grant {
    Grant {
        customers: [id(201)].into(),
        fields: ["id_number".to_owned()].into(),
        until: now() + TimeDelta::seconds(seconds),
        id: Uuid::from_u128(9),
    }
}

#[test]
fn a_salesperson_enters_a_resident_id_and_does_not_read_it_back() {
    let world = staff(vec![role("sales")]);
    assert_eq!(access(&world, "id_number"), FieldAccess { view: View::Hidden, edit: true });
    assert_eq!(access(&world, "mobile"), FieldAccess { view: View::Reveal, edit: true });
    assert_eq!(access(&world, "name"), FieldAccess { view: View::Read, edit: true });
    assert_eq!(access(&world, "unheard_of"), FieldAccess::CLOSED);
}

#[test]
fn a_missing_permission_is_said_before_the_scope() {
    let mut world = staff(vec![role("sales")]);
    world.owner = None;
    world.permission = Permission::CustomersDelete;
    assert_eq!(outcome(&world), Outcome::MissingPermission);
    world.permission = Permission::CustomersRead;
    assert_eq!(outcome(&world), Outcome::DoesNotExist);
}

#[test]
fn each_scope_reaches_its_customers() {
    let scoped = |data_scope| staff(vec![Role { data_scope, ..role("sales") }]);
    let mut own = scoped(DataScope::Own);
    own.owner = Some(id(102));
    assert_eq!(outcome(&own), Outcome::DoesNotExist);
    own.collaborators = vec![id(101)];
    assert_eq!(outcome(&own), Outcome::Allowed);
    assert_eq!(outcome(&scoped(DataScope::DepartmentTree)), Outcome::Allowed);
    let mut department = scoped(DataScope::Department);
    assert_eq!(outcome(&department), Outcome::DoesNotExist);
    department.department_path = path(2);
    assert_eq!(outcome(&department), Outcome::Allowed);
    let mut region = scoped(DataScope::Region);
    assert_eq!(outcome(&region), Outcome::Allowed);
    region.region = Some("CN-SH");
    assert_eq!(outcome(&region), Outcome::DoesNotExist);
}

#[test]
fn nobody_without_a_department_reaches_customers_without_one() {
    let mut world = staff(vec![Role { data_scope: DataScope::Department, ..role("sales") }]);
    world.department_path = Vec::new();
    if let Who::Staff(staff) = &mut world.caller.who {
        staff.department = None;
    }
    assert_eq!(outcome(&world), Outcome::DoesNotExist);
    assert!(row_scope(&world.caller, world.permission, &[], now()).is_nothing());
}

#[test]
fn scope_and_level_travel_together() {
    let mut world = staff(vec![role("marketing"), role("sales")]);
    assert_eq!(view(&world, "mobile"), View::Reveal);
    world.owner = Some(id(102));
    assert_eq!(access(&world, "mobile"), FieldAccess { view: View::Masked, edit: false });
    let mobile = customer().field("mobile").unwrap();
    assert_eq!(widest_field_access(&world.caller, world.permission, mobile).view, View::Reveal);
}

#[test]
fn the_most_specific_rule_of_a_role_wins_and_the_most_open_role() {
    let class = RuleTarget::Classification(Classification::Sensitive);
    let strict = Role {
        field_rules: vec![rule(class, View::Read), rule(RuleTarget::Field("mobile".into()), View::Hidden)],
        ..role("marketing")
    };
    let world = staff(vec![strict.clone()]);
    assert_eq!(view(&world, "mobile"), View::Hidden);
    let by_category = vec![
        rule(RuleTarget::Classification(Classification::Sensitive), View::Read),
        rule(RuleTarget::Category(Category::Contact), View::Reveal),
    ];
    let world = staff(vec![Role { field_rules: by_category, ..role("marketing") }]);
    assert_eq!((view(&world, "mobile"), view(&world, "name")), (View::Reveal, View::Read));
    let world = staff(vec![strict.clone()]);
    assert_eq!(view(&world, "email"), View::Read);
    assert_eq!(view(&staff(vec![strict, role("marketing")]), "mobile"), View::Masked);
}

#[test]
fn a_deny_beats_all_roles() {
    let deny = FieldRule { deny: true, ..rule(RuleTarget::Field("mobile".into()), View::Read) };
    let wall = Role { field_rules: vec![deny], permissions: [].into(), ..role("marketing") };
    let mut world = staff(vec![role("admin"), wall]);
    assert_eq!(access(&world, "mobile"), FieldAccess::CLOSED);
    assert_eq!(reasons(&world, "mobile"), [Reason::DenyRule]);
    world.grants = vec![Grant { fields: ["mobile".to_owned()].into(), ..grant(60) }];
    assert_eq!(access(&world, "mobile"), FieldAccess { view: View::Read, edit: false });
}

#[test]
fn an_edit_rule_without_a_right_to_write_opens_nothing() {
    let mut reader = role("sales");
    reader.permissions = [Permission::CustomersRead].into();
    assert!(!access(&staff(vec![reader]), "name").edit);
}

#[test]
fn a_grant_opens_its_field_until_it_ends() {
    let mut world = staff(vec![role("sales")]);
    world.grants = vec![grant(1)];
    assert_eq!(access(&world, "id_number"), FieldAccess { view: View::Read, edit: true });
    assert_eq!(view(&world, "bank_card"), View::Hidden);
    world.grants = vec![grant(0)];
    assert_eq!(view(&world, "id_number"), View::Hidden);
}

#[test]
fn a_customer_known_by_grant_alone_shows_the_granted_fields_alone() {
    let mut world = staff(vec![role("sales")]);
    world.owner = None;
    world.grants = vec![grant(60)];
    assert_eq!(access(&world, "id_number"), FieldAccess { view: View::Read, edit: false });
    assert_eq!(access(&world, "company"), FieldAccess::CLOSED);
    assert_eq!(reasons(&world, "id_number"), [Reason::KnownByGrantOnly, Reason::Grant]);
}

#[test]
fn a_grant_never_lets_anybody_change_a_customer_out_of_scope() {
    let mut world = staff(vec![role("sales")]);
    world.owner = None;
    world.grants = vec![grant(60)];
    world.permission = Permission::CustomersWrite;
    assert_eq!(outcome(&world), Outcome::DoesNotExist);
}

#[test]
fn a_purpose_closes_what_it_does_not_list() {
    let mut world = staff(vec![role("sales")]);
    world.purpose = Some(PurposeFacts { fields: Some(["name".to_owned()].into()), ..purpose("care") });
    assert_eq!(view(&world, "name"), View::Read);
    assert_eq!(access(&world, "mobile"), FieldAccess::CLOSED);
    assert_eq!(reasons(&world, "mobile"), [Reason::RoleRule, Reason::PurposeExcludesField]);
}

#[test]
fn without_the_needed_consent_only_business_fields_remain() {
    let mut world = staff(vec![role("sales")]);
    world.purpose = Some(PurposeFacts { needs_consent: true, ..purpose("advertising") });
    assert_eq!(view(&world, "name"), View::Hidden);
    assert_eq!(view(&world, "company"), View::Read);
    assert!(reasons(&world, "name").contains(&Reason::NoConsent));
    world.consent_in_force = true;
    assert_eq!(view(&world, "name"), View::Read);
}

#[test]
fn under_a_purpose_that_the_person_objects_to_only_business_fields_remain() {
    let mut world = staff(vec![role("sales")]);
    world.purpose = Some(PurposeFacts { may_object: true, ..purpose("profiles") });
    assert_eq!(view(&world, "name"), View::Hidden);
    assert_eq!(view(&world, "company"), View::Read);
    assert!(reasons(&world, "name").contains(&Reason::Objected));
    world.consent_in_force = true;
    assert_eq!(view(&world, "name"), View::Read, "nobody objects");
}

#[test]
fn a_restriction_masks_unless_the_law_leaves_the_purpose_open() {
    let mut world = staff(vec![role("sales")]);
    world.restricted = true;
    assert_eq!(view(&world, "name"), View::Masked);
    assert_eq!(reasons(&world, "name"), [Reason::RoleRule, Reason::Restricted]);
    world.purpose = Some(PurposeFacts { open_under_restriction: true, ..purpose("legal_claim") });
    assert_eq!(view(&world, "name"), View::Read);
}

#[test]
fn who_is_bound_to_purposes_must_name_one_of_them() {
    let bound = Role { purposes: vec!["care".to_owned()], ..role("sales") };
    let mut world = staff(vec![bound.clone()]);
    assert_eq!(outcome(&world), Outcome::PurposeRequired);
    world.purpose = Some(purpose("advertising"));
    assert_eq!(outcome(&world), Outcome::PurposeNotAllowed);
    world.purpose = Some(purpose("care"));
    assert_eq!(outcome(&world), Outcome::Allowed);
    let mut mixed = staff(vec![bound, role("marketing")]);
    assert_eq!(view(&mixed, "mobile"), View::Masked);
    mixed.purpose = Some(purpose("care"));
    assert_eq!(view(&mixed, "mobile"), View::Reveal);
}

#[test]
fn a_partner_sees_its_fields_for_its_purposes() {
    let mut world = world(Who::Partner(Partner {
        key: id(7),
        third_party: "courier".to_owned(),
        permissions: [Permission::CustomersRead].into(),
        fields: ["name", "address", "id_number"].map(str::to_owned).into(),
        purposes: ["delivery".to_owned()].into(),
    }));
    assert_eq!(outcome(&world), Outcome::PurposeRequired);
    world.purpose = Some(purpose("advertising"));
    assert_eq!(outcome(&world), Outcome::PurposeNotAllowed);
    world.purpose = Some(purpose("delivery"));
    assert_eq!(access(&world, "address"), FieldAccess { view: View::Read, edit: false });
    assert_eq!(view(&world, "id_number"), View::Masked);
    assert_eq!(view(&world, "mobile"), View::Hidden);
    world.permission = Permission::CustomersWrite;
    assert_eq!(outcome(&world), Outcome::MissingPermission);
    assert_eq!((world.caller.actor_kind(), world.caller.actor_id()), ("partner", Uuid::from_u128(7)));
}
