//! What may be kept, what a tier may be, and whose eyes count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::access::row_scope;
use crate::catalog::{Labels, customer};
use crate::kernel::{OrganizationId, SessionId, UserId};
use crate::roles::{FieldRule, Role, RuleTarget, built_in_role};

fn staff(roles: Vec<Role>) -> Caller {
    let staff = Staff {
        user: UserId::from(Uuid::from_u128(1)),
        session: SessionId::from(Uuid::from_u128(2)),
        roles: roles.into_iter().map(Arc::new).collect(),
        department: None,
        department_path: Vec::new(),
        regions: Vec::new(),
        mfa_at: None,
    };
    Caller { organization: OrganizationId::from(Uuid::from_u128(3)), who: Who::Staff(staff) }
}

fn role(code: &str, rules: Vec<FieldRule>) -> Role {
    let mut role = built_in_role(code).unwrap().clone();
    role.field_rules.extend(rules);
    role
}

fn rule(view: Option<View>, deny: bool) -> FieldRule {
    FieldRule { on: RuleTarget::Field("province".to_owned()), view, edit: None, deny }
}

#[test]
fn what_singles_out_a_person_is_not_kept() {
    for field in &customer().fields {
        for kind in SearchKind::ALL {
            let kept = may_keep(field, *kind).is_ok();
            let open = ["province", "company"].contains(&field.key) && field.searchable.contains(kind);
            assert_eq!(kept, open, "{} {}", field.key, kind.as_str());
        }
    }
}

#[test]
fn a_tier_is_a_choice_of_a_field_that_may_be_looked_for() {
    let mut of = customer().clone();
    let choices = vec!["gold".to_owned(), "jade".to_owned()];
    let mut tier = Field::new("customer", "tier", Labels::new("Tier", "等级"), DataType::Enum(choices));
    tier.searchable = vec![SearchKind::Exact];
    let mut plain = tier.clone();
    (plain.key, plain.searchable) = ("plain", Vec::new());
    of.fields.extend([tier, plain]);
    let faults = |field: &str, value: &str| {
        let rule = TierRule { field: field.to_owned(), value: value.to_owned(), mode: Mode::Set, schedule: None };
        tier_faults(&of, &rule).into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    assert_eq!(faults("tier", "gold"), Vec::<&str>::new());
    assert_eq!(faults("tier", "iron"), ["not_a_choice"]);
    assert_eq!(faults("nobody", "gold"), ["unknown_field"]);
    assert_eq!((faults("plain", "gold"), faults("province", "gold")), (vec!["no_tier_field"], vec!["no_tier_field"]));
    for (mode, fault) in [(Mode::Set, None), (Mode::Propose, Some("only_for_set"))] {
        let schedule = Some(Schedule::Daily);
        let rule = TierRule { field: "tier".to_owned(), value: "gold".to_owned(), mode, schedule };
        assert_eq!(tier_faults(&of, &rule).first().map(|fault| fault.code), fault);
    }
}

#[test]
fn schedules_read_back_and_come_round() {
    assert!(Schedule::ALL.iter().all(|one| Schedule::from_code(one.as_str()) == Some(*one)));
    assert!(Schedule::ALL.windows(2).all(|two| two[0].period() < two[1].period()));
}

#[test]
fn only_roles_that_show_the_field_count_people_by_it() {
    let province = [customer().field("province").unwrap()];
    let reads = |caller: &Caller| reader_of(caller, Permission::CustomersRead, &province);
    let wide = role("support", vec![rule(Some(View::Masked), false)]);
    let narrow = role("sales", Vec::new());
    let both = reads(&staff(vec![wide.clone(), narrow])).expect("one of the two shows it");
    let scope = row_scope(&both, Permission::CustomersRead, &[], DateTime::<Utc>::UNIX_EPOCH);
    assert!(!scope.everything && scope.owner.is_some(), "as far as the one that shows it reaches");
    assert!(reads(&staff(vec![wide])).is_none());
    let denied = role("support", vec![rule(None, true)]);
    assert!(reads(&staff(vec![denied, role("sales", Vec::new())])).is_none(), "a deny beats all roles");
    assert!(reads(&staff(vec![role("admin", Vec::new())])).is_some());
}
