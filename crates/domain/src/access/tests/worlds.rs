//! Small random worlds: three people, a tree of five departments, two regions, a few roles, grants and purposes.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use uuid::Uuid;

use crate::access::{Caller, Facts, Grant, Partner, PurposeFacts, Staff, Thing, View, Who};
use crate::catalog::{Category, Classification, Labels, customer};
use crate::kernel::{CustomerId, DepartmentId, UserId};
use crate::roles::{Budgets, DataScope, FieldRule, Permission, Role, RuleTarget};

const PURPOSES: [&str; 2] = ["care", "advertising"];

const PERMISSIONS: [Permission; 5] = [
    Permission::CustomersRead,
    Permission::CustomersWrite,
    Permission::CustomersCreate,
    Permission::CustomersReveal,
    Permission::CustomersDelete,
];

/// One call: everything that [`Facts`] borrows.
#[derive(Clone, Debug)]
pub struct World {
    pub caller: Caller,
    pub permission: Permission,
    pub customer: CustomerId,
    pub owner: Option<UserId>,
    pub collaborators: Vec<UserId>,
    pub department_path: Vec<DepartmentId>,
    pub region: Option<&'static str>,
    pub restricted: bool,
    pub purpose: Option<PurposeFacts>,
    pub consent_in_force: bool,
    pub grants: Vec<Grant>,
}

impl World {
    pub fn thing(&self) -> Thing<'_> {
        Thing {
            customer: self.customer,
            owner: self.owner,
            collaborators: &self.collaborators,
            department_path: &self.department_path,
            region: self.region,
            restricted: self.restricted,
        }
    }

    pub fn facts<'a>(&'a self, thing: &'a Thing<'a>) -> Facts<'a> {
        Facts {
            caller: &self.caller,
            permission: self.permission,
            thing,
            fields: &customer().fields,
            purpose: self.purpose.as_ref(),
            consent_in_force: self.consent_in_force,
            grants: &self.grants,
            now: now(),
        }
    }

    /// The same world in which a member of staff holds one more role; partners stay as they are.
    pub fn with_role(&self, role: Role) -> Self {
        let mut world = self.clone();
        if let Who::Staff(staff) = &mut world.caller.who {
            staff.roles.push(Arc::new(role));
        }
        world
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_786_000_000, 0).unwrap()
}

pub fn id<T: From<Uuid>>(number: u128) -> T {
    T::from(Uuid::from_u128(number))
}

/// 1 is the root, 2 and 3 below it, 4 and 5 below 2.
pub fn path(department: u128) -> Vec<DepartmentId> {
    let path: &[u128] = match department {
        1 => &[1],
        2 => &[1, 2],
        3 => &[1, 3],
        4 => &[1, 2, 4],
        _ => &[1, 2, 5],
    };
    path.iter().map(|department| id(*department)).collect()
}

pub fn target() -> impl Strategy<Value = RuleTarget> {
    let keys: Vec<_> = customer().fields.iter().map(|field| field.key.to_owned()).collect();
    prop_oneof![
        select(keys).prop_map(RuleTarget::Field),
        select(Category::ALL).prop_map(RuleTarget::Category),
        select(Classification::ALL).prop_map(RuleTarget::Classification),
    ]
}

pub fn view() -> impl Strategy<Value = View> {
    select(vec![View::Hidden, View::Masked, View::Reveal, View::Read])
}

fn rule(denies: bool) -> impl Strategy<Value = FieldRule> {
    (target(), option::of(view()), option::of(any::<bool>()), prop::bool::weighted(0.1))
        .prop_map(move |(on, view, edit, deny)| FieldRule { on, view, edit, deny: deny && denies })
}

fn codes() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![3 => Just(Vec::new()), 1 => subsequence(PURPOSES.map(str::to_owned).to_vec(), 1..=2)]
}

pub fn role(denies: bool) -> impl Strategy<Value = Role> {
    let scope = select(vec![
        DataScope::Own,
        DataScope::Department,
        DataScope::DepartmentTree,
        DataScope::Region,
        DataScope::Organization,
    ]);
    (subsequence(PERMISSIONS.to_vec(), 0..=5), scope, vec(rule(denies), 0..5), codes()).prop_map(
        |(permissions, data_scope, field_rules, purposes)| Role {
            code: "some_role".to_owned(),
            labels: Labels::new("Some role", "某角色"),
            permissions: permissions.into_iter().collect(),
            data_scope,
            field_rules,
            purposes,
            budgets: Budgets::default(),
        },
    )
}

pub fn staff() -> impl Strategy<Value = Who> {
    let department = option::of(1u128..=5);
    (vec(role(true), 0..4), department, subsequence(vec!["CN-BJ", "CN-SH"], 0..=2)).prop_map(
        |(roles, department, regions)| {
            Who::Staff(Staff {
                user: id(101),
                session: id(1),
                roles: roles.into_iter().map(Arc::new).collect(),
                department: department.map(id),
                department_path: department.map(path).unwrap_or_default(),
                regions: regions.into_iter().map(str::to_owned).collect(),
                mfa_at: None,
            })
        },
    )
}

fn keys() -> impl Strategy<Value = BTreeSet<String>> {
    let keys: Vec<_> = customer().fields.iter().map(|field| field.key.to_owned()).collect();
    btree_set(select(keys), 0..6)
}

fn partner() -> impl Strategy<Value = Who> {
    (subsequence(PERMISSIONS.to_vec(), 0..=5), keys(), codes()).prop_map(|(permissions, fields, purposes)| {
        Who::Partner(Partner {
            key: id(7),
            third_party: "courier".to_owned(),
            permissions: permissions.into_iter().collect(),
            fields,
            purposes: purposes.into_iter().collect(),
        })
    })
}

fn grant() -> impl Strategy<Value = Grant> {
    (btree_set(201u128..=203, 0..3), keys(), -2i64..3).prop_map(|(customers, fields, seconds)| Grant {
        customers: customers.into_iter().map(id).collect(),
        fields,
        until: now() + chrono::TimeDelta::seconds(seconds),
        id: Uuid::from_u128(9),
    })
}

pub fn purpose() -> impl Strategy<Value = PurposeFacts> {
    (select(PURPOSES.to_vec()), any::<bool>(), option::of(keys()), any::<bool>(), any::<bool>()).prop_map(
        |(code, needs_consent, fields, open_under_restriction, objectable)| PurposeFacts {
            code: code.to_owned(),
            needs_consent,
            fields,
            open_under_restriction,
            may_object: objectable && !needs_consent,
        },
    )
}

pub fn world() -> impl Strategy<Value = World> {
    let who = prop_oneof![8 => staff(), 1 => partner(), 1 => Just(Who::System { job: "sweep" })];
    let customer = (
        201u128..=203,
        option::of(101u128..=103),
        subsequence(vec![101u128, 102, 103], 0..=2),
        option::of(1u128..=5),
        select(vec![None, Some("CN-BJ"), Some("CN-SH")]),
        prop::bool::weighted(0.2),
    );
    let call = (select(PERMISSIONS.to_vec()), option::of(purpose()), any::<bool>(), vec(grant(), 0..3));
    (who, customer, call).prop_map(
        |(
            who,
            (customer, owner, collaborators, department, region, restricted),
            (permission, purpose, consent, grants),
        )| World {
            caller: Caller { organization: id(1), who },
            permission,
            customer: id(customer),
            owner: owner.map(id),
            collaborators: collaborators.into_iter().map(id).collect(),
            department_path: department.map(path).unwrap_or_default(),
            region,
            restricted,
            purpose,
            consent_in_force: consent,
            grants,
        },
    )
}
