//! The rows that a caller reaches, as a union that becomes a SQL predicate.

use chrono::{DateTime, Utc};

use super::{Caller, Grant, Thing};
use crate::kernel::{CustomerId, DepartmentId, UserId};
use crate::roles::Permission;

/// The customers that a caller reaches: a union of its members. With none of them set it matches no row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowScope {
    /// Every customer of the organisation; the other members are then empty.
    pub everything: bool,
    /// Customers whose owner or collaborator this is.
    pub owner: Option<UserId>,
    /// Customers of exactly these departments.
    pub departments: Vec<DepartmentId>,
    /// Customers of these departments and all below them.
    pub department_trees: Vec<DepartmentId>,
    /// Customers of exactly these regions.
    pub regions: Vec<String>,
    /// These customers, by grant.
    pub customers: Vec<CustomerId>,
}

impl RowScope {
    /// Matches no row.
    pub fn nothing() -> Self {
        Self::default()
    }
    /// Whether it matches.
    pub fn covers(&self, _thing: &Thing<'_>) -> bool {
        unimplemented!()
    }
}

/// The rows.
pub fn row_scope(_caller: &Caller, _permission: Permission, _grants: &[Grant], _now: DateTime<Utc>) -> RowScope {
    unimplemented!()
}
