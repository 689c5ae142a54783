//! The rows that a caller reaches, as a union that storage turns into a SQL predicate. Built from the same roles as the decision.

use chrono::{DateTime, Utc};

use super::{Caller, Grant, Staff, Thing, Who};
use crate::kernel::{CustomerId, DepartmentId, UserId};
use crate::roles::{DataScope, Permission, Role};

/// The customers that a caller reaches: a union of its members. With none of them set it matches no row.
///
/// Says nothing of purposes: a role bound to a purpose that was not named still puts its rows in reach, and the
/// decision on each row then answers `PurposeRequired` or `PurposeNotAllowed`.
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

    /// Matches every row of the organisation.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Whether this scope can match no row at all, so that no query is needed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::nothing()
    }

    /// Whether this customer is in reach.
    pub fn covers(&self, thing: &Thing<'_>) -> bool {
        self.everything
            || self.owner.is_some_and(|user| works_on(user, thing))
            || thing.department_path.last().is_some_and(|own| self.departments.contains(own))
            || thing.department_path.iter().any(|above| self.department_trees.contains(above))
            || thing.region.is_some_and(|region| self.regions.iter().any(|known| known == region))
            || self.customers.contains(&thing.customer)
    }
}

/// The rows that the caller reaches with this permission. Without the permission: nothing. A partner and the system: everything; a person: themselves.
pub fn row_scope(caller: &Caller, permission: Permission, grants: &[Grant], now: DateTime<Utc>) -> RowScope {
    if !caller.holds(permission) {
        return RowScope::nothing();
    }
    let staff = match &caller.who {
        Who::Staff(staff) => staff,
        Who::Subject(subject) => return RowScope { customers: vec![subject.customer], ..RowScope::nothing() },
        Who::Partner(_) | Who::System { .. } => return RowScope::everything(),
    };
    let mut scope = RowScope::nothing();
    for role in staff.roles.iter().filter(|role| role.permissions.contains(&permission)) {
        match role.data_scope {
            DataScope::Organization => return RowScope::everything(),
            DataScope::Own => scope.owner = Some(staff.user),
            DataScope::Department => scope.departments.extend(staff.department),
            DataScope::DepartmentTree => scope.department_trees.extend(staff.department),
            DataScope::Region => scope.regions.extend_from_slice(&staff.regions),
        }
    }
    if widened_by_grants(permission) {
        let in_force = grants.iter().filter(|grant| grant.until > now);
        scope.customers.extend(in_force.flat_map(|grant| &grant.customers));
    }
    sort(&mut scope.departments);
    sort(&mut scope.department_trees);
    sort(&mut scope.regions);
    sort(&mut scope.customers);
    scope
}

fn sort<T: Ord>(items: &mut Vec<T>) {
    items.sort_unstable();
    items.dedup();
}

/// A grant opens fields to the eye. It must not become a right to change or delete a customer out of scope.
pub(super) const fn widened_by_grants(permission: Permission) -> bool {
    matches!(permission, Permission::CustomersRead | Permission::CustomersReveal | Permission::CustomersHistory)
}

/// Whether this role reaches this customer for this member of staff.
pub(super) fn role_covers(role: &Role, staff: &Staff, thing: &Thing<'_>) -> bool {
    match role.data_scope {
        DataScope::Own => works_on(staff.user, thing),
        DataScope::Department => {
            staff.department.is_some() && thing.department_path.last() == staff.department.as_ref()
        }
        DataScope::DepartmentTree => staff.department.is_some_and(|own| thing.department_path.contains(&own)),
        DataScope::Region => thing.region.is_some_and(|region| staff.regions.iter().any(|own| own == region)),
        DataScope::Organization => true,
    }
}

fn works_on(user: UserId, thing: &Thing<'_>) -> bool {
    thing.owner == Some(user) || thing.collaborators.contains(&user)
}
