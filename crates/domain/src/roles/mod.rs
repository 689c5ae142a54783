//! Roles: what somebody may do, on which customers, and how much of each field it shows.

mod builtin;
mod duties;
mod hand_out;
mod manager;
mod matrix;
mod permission;
mod target;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use builtin::{built_in, built_in_id, built_in_role};
pub use duties::{Duty, DutyPair, built_in_pairs};
pub use hand_out::{Excess, Holder, Place, excess};
pub use matrix::render_matrix;
pub use permission::Permission;

use crate::access::View;
use crate::catalog::{Category, Classification, Field, Labels};

/// The customers that a role reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataScope {
    /// Those that the caller owns or works on.
    Own,
    /// Those of the caller's own department.
    Department,
    /// Those of the caller's department and all below it.
    DepartmentTree,
    /// Those of the caller's regions, by exact region code.
    Region,
    /// All of the organisation.
    Organization,
}

impl DataScope {
    /// Every scope, narrowest first as far as they can be compared.
    pub const ALL: &'static [Self] =
        &[Self::Own, Self::Department, Self::DepartmentTree, Self::Region, Self::Organization];

    /// The scope of a wire name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == code)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Department => "department",
            Self::DepartmentTree => "department_tree",
            Self::Region => "region",
            Self::Organization => "organization",
        }
    }
}

/// What a field rule speaks of, most specific first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleTarget {
    /// One field, by key.
    Field(String),
    /// Every field of a category.
    Category(Category),
    /// Every field of a classification.
    Classification(Classification),
}

impl RuleTarget {
    /// Whether the rule speaks of this field.
    pub fn names(&self, field: &Field) -> bool {
        match self {
            Self::Field(name) => *name == field.name,
            Self::Category(category) => *category == field.category,
            Self::Classification(class) => *class == field.classification,
        }
    }
}

/// What a role says about some fields. Where two rules of one role disagree, the more specific target wins, for `view` and for `edit` each on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The fields it speaks of.
    pub on: RuleTarget,
    /// How much is shown; `None` leaves it to a wider rule or the default.
    pub view: Option<View>,
    /// Whether it may be changed; `None` leaves it to a wider rule, else no.
    pub edit: Option<bool>,
    /// Closes these fields to the caller whatever its other roles say, on every customer.
    pub deny: bool,
}

/// A bundle of rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its code, such as `sales`.
    pub code: String,
    /// Names for people.
    pub labels: Labels,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
    /// On which customers.
    pub data_scope: DataScope,
    /// How much of each field.
    pub field_rules: Vec<FieldRule>,
    /// The purposes that it is bound to; empty means that it is not bound.
    pub purposes: Vec<String>,
    /// How many people a day its holder may be curious about.
    pub budgets: Budgets,
}

impl Role {
    /// Whether it is one of those that every organisation has from the start and nobody changes.
    pub fn is_built_in(&self) -> bool {
        built_in_role(&self.code).is_some()
    }
}

/// How many different people a holder may look at closely in one day. `None` leaves it to the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// People whose sensitive fields are revealed or read in full.
    pub reveals: Option<u32>,
    /// Searches by the last four characters of a value.
    pub last4_searches: Option<u32>,
}

/// Whether this can be a role's code: `[a-z][a-z0-9_]{1,39}`. Never the shape of a UUID, so that one place of a path takes either.
pub fn is_role_code(code: &str) -> bool {
    (2..=40).contains(&code.len())
        && code.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
