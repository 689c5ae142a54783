//! A person at their own door: everything of themselves, nothing of anybody else, whatever the rules for others say.

use super::worlds::{World, id};
use crate::access::{
    Caller, FieldAccess, Outcome, PurposeFacts, Reason, RowScope, Subject, View, Who, decide, decide_explained,
    row_scope, widest_field_access,
};
use crate::catalog::customer;
use crate::roles::Permission;

/// Somebody looks at customer 201.
fn world(who: u128) -> World {
    World {
        caller: Caller { organization: id(1), who: Who::Subject(Subject { customer: id(who), session: id(9) }) },
        permission: Permission::CustomersRead,
        customer: id(201),
        owner: None,
        collaborators: Vec::new(),
        department_path: Vec::new(),
        region: None,
        restricted: false,
        purpose: None,
        consent_in_force: false,
        grants: Vec::new(),
    }
}

fn outcome(world: &World) -> Outcome {
    decide(&world.facts(&world.thing())).outcome
}

#[test]
fn a_person_sees_themselves_whole_and_changes_nothing_by_themselves() {
    let mut own = world(201);
    own.restricted = true;
    own.purpose = Some(PurposeFacts {
        code: "narrow".to_owned(),
        needs_consent: true,
        fields: Some(["name".to_owned()].into()),
        open_under_restriction: false,
        may_object: true,
    });
    let thing = own.thing();
    let decided = decide_explained(&own.facts(&thing));
    assert_eq!(decided.outcome, Outcome::Allowed);
    for field in &customer().fields {
        assert_eq!(decided.access(field.key), FieldAccess { view: View::Read, edit: false }, "{}", field.key);
    }
    assert!(decided.reasons.iter().all(|why| why.reason == Reason::OwnData));
    assert_eq!((own.caller.actor_kind(), own.caller.actor_id()), ("subject", uuid::Uuid::from_u128(201)));
}

#[test]
fn nobody_else_exists_for_a_person() {
    assert_eq!(outcome(&world(202)), Outcome::DoesNotExist);
    let reach = row_scope(&world(202).caller, Permission::CustomersRead, &[], super::worlds::now());
    assert_eq!(reach, RowScope { customers: vec![id(202)], ..RowScope::nothing() });
    assert!(!reach.covers(&world(202).thing()));
}

#[test]
fn a_person_holds_four_rights_and_no_other() {
    let held: Vec<_> = Permission::ALL.iter().filter(|permission| world(201).caller.holds(**permission)).collect();
    let own = [
        Permission::CustomersRead,
        Permission::AccessLogRead,
        Permission::ConsentsRead,
        Permission::ConsentsRecord,
        Permission::ConsentsWithdraw,
    ];
    assert_eq!(held.len(), own.len());
    assert!(own.iter().all(|permission| held.contains(&permission)));
    let mut writes = world(201);
    writes.permission = Permission::CustomersWrite;
    assert_eq!(outcome(&writes), Outcome::MissingPermission);
    let field = customer().field("mobile").unwrap();
    assert_eq!(widest_field_access(&writes.caller, Permission::CustomersWrite, field), FieldAccess::CLOSED);
    assert_eq!(widest_field_access(&writes.caller, Permission::CustomersRead, field).view, View::Read);
    assert!(row_scope(&writes.caller, Permission::CustomersWrite, &[], super::worlds::now()).is_nothing());
}
