//! What holds in every world.

use proptest::prelude::*;

use super::worlds::{World, id, now, role, target, world};
use crate::access::{
    FieldAccess, Outcome, Reason, View, Who, decide, decide_explained, decide_within_reach, row_scope,
    widest_field_access,
};
use crate::catalog::{Labels, customer};
use crate::roles::{Budgets, DataScope, FieldRule, Role};

/// The outcome and the level of every field, in the order of the catalog.
fn answer(world: &World) -> (Outcome, Vec<FieldAccess>) {
    let thing = world.thing();
    let decision = decide(&world.facts(&thing));
    let levels = customer().fields.iter().map(|field| decision.access(field.key)).collect();
    (decision.outcome, levels)
}

fn no_wider(narrow: &[FieldAccess], wide: &[FieldAccess]) -> bool {
    narrow.iter().zip(wide).all(|(a, b)| a.view <= b.view && a.edit <= b.edit)
}

fn denying(rule: FieldRule) -> Role {
    Role {
        code: "wall".to_owned(),
        labels: Labels::new("Wall", "墙"),
        permissions: [].into(),
        data_scope: DataScope::Own,
        field_rules: vec![rule],
        purposes: Vec::new(),
        budgets: Budgets::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_rows_in_reach_are_those_that_the_decision_knows(world in world()) {
        let thing = world.thing();
        let scope = row_scope(&world.caller, world.permission, &world.grants, now());
        let outcome = decide(&world.facts(&thing)).outcome;
        if world.caller.holds(world.permission) {
            prop_assert_eq!(scope.covers(&thing), outcome != Outcome::DoesNotExist);
            prop_assert_ne!(outcome, Outcome::MissingPermission);
        } else {
            prop_assert!(scope.is_nothing() && !scope.covers(&thing));
            prop_assert_eq!(outcome, Outcome::MissingPermission);
        }
    }

    #[test]
    fn a_deny_never_opens_anything(world in world(), on in target()) {
        let rule = FieldRule { on, view: Some(View::Read), edit: Some(true), deny: true };
        let (outcome, before) = answer(&world);
        let (outcome_after, after) = answer(&world.with_role(denying(rule)));
        prop_assert_eq!(outcome, outcome_after);
        prop_assert!(no_wider(&after, &before));
    }

    #[test]
    fn one_more_role_never_closes_anything(world in world(), role in role(false)) {
        let (outcome, before) = answer(&world);
        let (outcome_after, after) = answer(&world.with_role(role));
        prop_assert!(outcome != Outcome::Allowed || outcome_after == Outcome::Allowed);
        prop_assert!(no_wider(&before, &after));
    }

    #[test]
    fn a_right_within_reach_opens_what_a_grant_opens_and_reaches_nobody(world in world()) {
        let mut plain = world.clone();
        plain.grants.clear();
        let thing = plain.thing();
        let facts = plain.facts(&thing);
        for grant in &world.grants {
            let mut granted = plain.clone();
            granted.grants = vec![grant.clone()];
            let within = decide_within_reach(&facts, grant);
            prop_assert_eq!(within.outcome, decide(&facts).outcome);
            if within.outcome == Outcome::Allowed {
                let levels: Vec<FieldAccess> = customer().fields.iter().map(|field| within.access(field.key)).collect();
                prop_assert_eq!(levels, answer(&granted).1);
            }
        }
    }

    #[test]
    fn grants_never_turn_editing_on_nor_close_a_view(world in world()) {
        let mut without = world.clone();
        without.grants.clear();
        let (_, granted) = answer(&world);
        let (_, plain) = answer(&without);
        for (with, without) in granted.iter().zip(&plain) {
            prop_assert_eq!(with.edit, without.edit);
            prop_assert!(with.view >= without.view);
        }
    }

    #[test]
    fn purposes_consent_and_restriction_only_lower(mut world in world()) {
        if let Who::Staff(staff) = &mut world.caller.who {
            for role in &mut staff.roles {
                std::sync::Arc::make_mut(role).purposes.clear();
            }
        }
        if let Who::Partner(partner) = &mut world.caller.who {
            partner.purposes.clear();
        }
        let capped = answer(&world);
        let free = answer(&World { purpose: None, restricted: false, ..world.clone() });
        prop_assert_eq!(capped.0, free.0);
        prop_assert!(no_wider(&capped.1, &free.1));
        let agreed = answer(&World { consent_in_force: true, ..world });
        prop_assert!(no_wider(&capped.1, &agreed.1));
    }

    #[test]
    fn those_who_are_alike_are_decided_about_alike(world in world(), other in world(), takes in prop::array::uniform5(any::<bool>())) {
        let (mut world, [owner, collaborators, path, region, restricted]) = (world, takes);
        world.grants.clear();
        // Somebody else, who has in common with the first what is not taken from the other world.
        let mut second = World { customer: id(77), ..world.clone() };
        if owner { second.owner = other.owner; }
        if collaborators { second.collaborators = other.collaborators; }
        if path { second.department_path = other.department_path; }
        if region { second.region = other.region; }
        if restricted { second.restricted = other.restricted; }
        let same = [
            world.owner == second.owner,
            world.collaborators == second.collaborators,
            world.department_path == second.department_path,
            world.region == second.region,
            world.restricted == second.restricted,
        ];
        prop_assert_eq!(world.thing().is_alike(&second.thing()), same == [true; 5]);
        if world.thing().is_alike(&second.thing()) {
            prop_assert_eq!(answer(&world), answer(&second));
        }
    }

    #[test]
    fn a_restricted_customer_is_masked_at_most(world in world()) {
        let open = world.purpose.as_ref().is_some_and(|purpose| purpose.open_under_restriction);
        let (_, levels) = answer(&World { restricted: true, ..world });
        prop_assert!(open || levels.iter().all(|access| access.view <= View::Masked));
    }

    #[test]
    fn nothing_is_shown_unless_the_call_is_allowed(world in world()) {
        let (outcome, levels) = answer(&world);
        prop_assert!(outcome == Outcome::Allowed || levels.iter().all(|access| *access == FieldAccess::CLOSED));
    }

    #[test]
    fn without_grants_no_customer_shows_more_than_the_widest(mut world in world()) {
        world.grants.clear();
        let (_, levels) = answer(&world);
        for (field, access) in customer().fields.iter().zip(levels) {
            let widest = widest_field_access(&world.caller, world.permission, field);
            prop_assert!(no_wider(&[access], &[widest]), "{}", field.key);
        }
    }

    #[test]
    fn explaining_changes_nothing_and_explains_every_field(world in world()) {
        let thing = world.thing();
        let plain = decide(&world.facts(&thing));
        let explained = decide_explained(&world.facts(&thing));
        prop_assert_eq!(plain.outcome, explained.outcome);
        prop_assert_eq!(&plain.fields, &explained.fields);
        prop_assert!(plain.reasons.is_empty());
        if plain.outcome == Outcome::Allowed {
            for (field, _) in &plain.fields {
                prop_assert!(explained.reasons.iter().any(|why| why.field == Some(field.key)));
            }
        } else {
            prop_assert_eq!(explained.reasons.len(), 1);
        }
    }

    #[test]
    fn a_partner_sees_its_own_fields_and_core_ones_masked(world in world()) {
        let Who::Partner(partner) = &world.caller.who else { return Ok(()) };
        let thing = world.thing();
        for (field, access) in decide(&world.facts(&thing)).fields {
            prop_assert!(partner.fields.contains(field.key) || access == FieldAccess::CLOSED);
            let core = field.classification == crate::catalog::Classification::Core;
            prop_assert!(!core || access.view <= View::Masked);
        }
    }
}

#[test]
fn reason_codes_are_distinct() {
    let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Reason::ALL.len());
}
