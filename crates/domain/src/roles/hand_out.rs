//! Nobody hands out more than they hold: what a change of somebody's roles would open that its author lacks.

use super::{DataScope, FieldRule, Permission, Role};
use crate::access::{View, roles_access};
use crate::catalog::Field;
use crate::kernel::DepartmentId;

/// Where in the organisation somebody stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The path of their department, root first, own department last; empty without one.
    pub department_path: &'a [DepartmentId],
    /// Their ISO 3166-2 regions.
    pub regions: &'a [String],
}

/// Somebody with roles, or a role on its own that may come to be held anywhere.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    /// The roles.
    pub roles: Vec<&'a Role>,
    /// Where they stand; `None` for anywhere.
    pub place: Option<Place<'a>>,
    /// Whether this is the author of the change: nobody widens their own view, not even by a built-in role.
    pub is_giver: bool,
}

/// Something that a change would open and that its author does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excess {
    /// The permission itself.
    Permission(Permission),
    /// The permission, on customers out of the author's reach or for purposes that the author is not free of.
    Scope(Permission),
    /// A closer look at a field.
    View {
        /// With this permission.
        permission: Permission,
        /// The field's key.
        field: String,
    },
    /// Editing a field.
    Edit {
        /// The field's key.
        field: String,
    },
    /// More people a day for the author of the change than before it.
    Budget,
}

impl Excess {
    /// The permission or field concerned, for a message.
    pub fn about(&self) -> &str {
        match self {
            Self::Permission(permission) | Self::Scope(permission) => permission.code(),
            Self::View { field, .. } | Self::Edit { field } => field,
            Self::Budget => "budget",
        }
    }
}

/// What goes beyond `giver` when somebody who was `before` becomes `after`: making a role is the step from nothing to that role,
/// changing one the step of each of its holders. What was held before counts as held, so that a change which opens nothing is free.
/// Lifting a deny opens whatever the other roles say, and is found by the same comparison.
///
/// Of a built-in role that is given to somebody else, a field that it reads in full may be one that the giver reveals: both end in the
/// plain value, and the role is fixed. Who makes a role of their own must hold the very level, or reveals on record could be
/// turned into reads without a reason.
pub fn excess(giver: &Holder<'_>, before: &Holder<'_>, after: &Holder<'_>, fields: &[Field]) -> Vec<Excess> {
    let mut found = Vec::new();
    for role in &after.roles {
        for permission in &role.permissions {
            let step = Step { role, permission: *permission, after };
            let had = step.covering(before, Whose::TheirOwn);
            let held = step.covering(giver, Whose::TheAuthors);
            if had.is_empty() && held.is_empty() {
                let lacks = !giver.roles.iter().any(|own| own.permissions.contains(permission));
                note(&mut found, if lacks { Excess::Permission(*permission) } else { Excess::Scope(*permission) });
            } else if permission.opens_fields() {
                let sides = [(had.as_slice(), before), (held.as_slice(), giver)];
                step.compare(sides, fields, &mut found);
            }
        }
    }
    found
}

fn note(found: &mut Vec<Excess>, excess: Excess) {
    if !found.contains(&excess) {
        found.push(excess);
    }
}

fn denies<'a>(holder: &Holder<'a>) -> Vec<&'a FieldRule> {
    holder.roles.iter().flat_map(|role| &role.field_rules).filter(|rule| rule.deny).collect()
}

/// Whose rights are compared: `own` means other customers for the author than for the receiver.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    TheirOwn,
    TheAuthors,
}

/// One permission of one role as it would be held.
struct Step<'a> {
    role: &'a Role,
    permission: Permission,
    after: &'a Holder<'a>,
}

impl<'a> Step<'a> {
    /// The roles of `holder` that give the permission on every customer, and under every purpose, that this role would.
    fn covering<'b>(&self, holder: &Holder<'b>, whose: Whose) -> Vec<&'b Role> {
        let covers = |own: &&Role| {
            own.permissions.contains(&self.permission)
                && self.no_wider(own.data_scope, holder.place, whose)
                && self.as_bound_as(own)
        };
        holder.roles.iter().copied().filter(covers).collect()
    }

    fn as_bound_as(&self, own: &Role) -> bool {
        let purposes = &self.role.purposes;
        own.purposes.is_empty() || (!purposes.is_empty() && purposes.iter().all(|code| own.purposes.contains(code)))
    }

    /// Whether this role reaches no customer that `scope` of somebody at `place` does not.
    fn no_wider(&self, scope: DataScope, place: Option<Place<'_>>, whose: Whose) -> bool {
        use DataScope::{Department, DepartmentTree, Organization, Own, Region};
        let (Some(theirs), Some(own)) = (self.after.place, place) else {
            return by_rank(self.role.data_scope, scope);
        };
        let path = theirs.department_path;
        match (self.role.data_scope, scope) {
            (_, Organization) | (Own, Own) => true,
            // Which customers become somebody's own is decided by who may assign them.
            (Own, _) => whose == Whose::TheAuthors,
            (Department | DepartmentTree, _) if path.is_empty() => true,
            (Department, Department) => path.last() == own.department_path.last(),
            (Department | DepartmentTree, DepartmentTree) => {
                own.department_path.last().is_some_and(|top| path.contains(top))
            }
            (Region, Region) => theirs.regions.iter().all(|region| own.regions.contains(region)),
            (Region, _) => theirs.regions.is_empty(),
            _ => false,
        }
    }

    fn compare(&self, sides: [(&[&Role], &Holder<'_>); 2], fields: &[Field], found: &mut Vec<Excess>) {
        let (walls, writes) = (denies(self.after), self.permission.writes_fields());
        let sides = sides.map(|(roles, holder)| (roles, denies(holder)));
        for field in fields {
            let would = roles_access(&[self.role], &walls, field);
            let is = sides.iter().map(|(roles, denies)| roles_access(roles, denies, field));
            let (mut view, mut edit) = (View::Hidden, false);
            is.for_each(|access| (view, edit) = (view.max(access.view), edit | access.edit));
            let plain = if self.role.is_built_in() && !self.after.is_giver { View::Reveal } else { View::Read };
            if would.view.min(plain) > view {
                note(found, Excess::View { permission: self.permission, field: field.name.to_owned() });
            }
            if writes && would.edit && !edit {
                note(found, Excess::Edit { field: field.name.to_owned() });
            }
        }
    }
}

/// The comparison where nobody's place is known: department and region cannot be compared.
fn by_rank(role: DataScope, own: DataScope) -> bool {
    use DataScope::{Department, DepartmentTree, Organization, Own};
    role == own || own == Organization || role == Own || (role == Department && own == DepartmentTree)
}
