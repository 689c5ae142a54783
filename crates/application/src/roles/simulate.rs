//! What a changed role would open and close, before it is saved: the one decision asked for each holder before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use custodian_domain::access::{Caller, Facts, Thing, View, decide};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Classification, Field};
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::{Permission, Role};
use custodian_persistence::customers::{self as people, Alike};
use custodian_persistence::{Work, roles as stored};
use uuid::Uuid;

use super::{RoleDraft, all_roles, find_in};
use crate::access::Other;
use crate::audit::{Detail, Draft};
use crate::customers::facts;
use crate::{App, Call};

/// The permissions that show values. What counts is the widest look that any of them gives.
const LOOKS: [Permission; 3] = [Permission::CustomersRead, Permission::CustomersHistory, Permission::CustomersReveal];

/// One holder's change of view of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The member of staff.
    pub user: Uuid,
    /// The field's key.
    pub field: &'static str,
    /// Before.
    pub from: View,
    /// After.
    pub to: View,
    /// On how many customers.
    pub customers: i64,
}

/// One field's change over all holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldShift {
    /// The field's key.
    pub field: &'static str,
    /// Its classification.
    pub classification: Classification,
    /// Holders to whom it opens further on at least one customer.
    pub gaining: usize,
    /// Customers of whom it opens further to at least one holder.
    pub opened: i64,
    /// Holders to whom it closes on at least one customer.
    pub losing: usize,
    /// Customers of whom it closes to at least one holder.
    pub closed: i64,
}

/// What would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Active people who hold the role.
    pub holders: usize,
    /// What opens.
    pub gains: Vec<Shift>,
    /// What closes.
    pub losses: Vec<Shift>,
    /// The same by field.
    pub fields: Vec<FieldShift>,
}

/// What the change would open and close for those who hold the role now; sensitive and core fields alone. Grants are left out, they stay as they are.
///
/// Errors: 422 with every fault; 403 `role_built_in`.
pub async fn simulate(app: &App, call: &Call, name: &str, draft: RoleDraft) -> Result<Simulation, DomainError> {
    call.needs(Permission::RolesManage)?;
    let (code, simulation) =
        app.reading(call.organization(), async |work| simulate_in(app, call, work, name, draft).await).await?;
    let draft = Draft::of(Action::RolesSimulate).with("role", Detail::Code(code));
    app.record_read(call, draft).await?;
    Ok(simulation)
}

async fn simulate_in(
    app: &App,
    call: &Call,
    work: &Work,
    name: &str,
    draft: RoleDraft,
) -> Result<(String, Simulation), DomainError> {
    let found = find_in(work, name).await?.ok_or(DomainError::NotFound)?;
    if found.is_built_in() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "role_built_in"));
    }
    let (before, code) = (all_roles(work).await?, found.role.code.clone());
    let changed = draft.onto(Role::clone(&found.role), call.catalog())?;
    let mut after = before.clone();
    after.insert(code.clone(), Arc::new(changed));
    let groups = people::alike(work).await?;
    let mut tally = Tally::new(call, groups.len());
    for one in stored::holders(work, Some(&code)).await?.iter().filter(|one| one.state == "active") {
        let of = |known| Other::staff(work.organization(), one, known, &call.identity.departments);
        tally.add(app, call, (&of(&before), &of(&after)), &groups);
    }
    Ok((code, tally.told(call, &groups)))
}

fn guarded(call: &Call) -> impl Iterator<Item = (usize, &Field)> {
    call.customer().fields.iter().enumerate().filter(|(_, field)| field.classification >= Classification::Sensitive)
}

/// The widest look at each field, in the order of the catalog, under whatever purpose.
fn views(app: &App, call: &Call, other: &Other, thing: &Thing<'_>) -> Vec<View> {
    let mut widest = vec![View::Hidden; call.customer().fields.len()];
    let under = |purpose: Option<&str>, widest: &mut Vec<View>| {
        let agreed: Vec<String> = purpose.map(str::to_owned).into_iter().collect();
        let purpose = purpose.map(|code| call.identity.purpose(code));
        for look in LOOKS {
            let decided = decide(&Facts {
                fields: &call.customer().fields,
                ..facts(&other.caller, look, thing, purpose, Some(&agreed), app.now())
            });
            for (known, (_, access)) in widest.iter_mut().zip(&decided.fields) {
                *known = (*known).max(access.view);
            }
        }
    };
    under(None, &mut widest);
    other.purposes.iter().for_each(|code| under(Some(code), &mut widest));
    widest
}

/// Customers that look alike to one caller: no decision of theirs tells them apart.
type Kind = (bool, Option<bool>, Option<bool>, bool, bool);

fn kind_of(call: &Call, caller: &Caller, group: &Alike) -> Kind {
    let custodian_domain::access::Who::Staff(staff) = &caller.who else {
        return (false, None, None, false, group.restricted);
    };
    let path = call.identity.department_path(group.department);
    let own = staff.department.map(|own| path.last() == Some(&own));
    let below = staff.department.map(|own| path.contains(&own));
    let region = group.region.as_ref().is_some_and(|region| staff.regions.contains(region));
    (group.owner == Some(staff.user), own, below, region, group.restricted)
}

/// Per field: which groups opened and closed to anybody, and to how many.
struct Tally {
    simulation: Simulation,
    fields: BTreeMap<usize, (Vec<bool>, usize, Vec<bool>, usize)>,
}

impl Tally {
    fn new(call: &Call, groups: usize) -> Self {
        let fields = guarded(call).map(|(at, _)| (at, (vec![false; groups], 0, vec![false; groups], 0))).collect();
        Self { simulation: Simulation::default(), fields }
    }

    /// Adds one holder. Each kind of customer is decided once, however many there are of it.
    fn add(&mut self, app: &App, call: &Call, (before, after): (&Other, &Other), groups: &[Alike]) {
        self.simulation.holders += 1;
        let mut decided: BTreeMap<Kind, (Vec<View>, Vec<View>)> = BTreeMap::new();
        let mut shifts: BTreeMap<(usize, View, View), i64> = BTreeMap::new();
        for (place, group) in groups.iter().enumerate() {
            let (was, is) = decided.entry(kind_of(call, &before.caller, group)).or_insert_with(|| {
                let thing = thing_of(call, group);
                (views(app, call, before, &thing), views(app, call, after, &thing))
            });
            for (at, (was, is)) in was.iter().zip(is.iter()).enumerate().filter(|(_, (was, is))| was != is) {
                if let Some((opened, _, closed, _)) = self.fields.get_mut(&at) {
                    let marks = if is > was { opened } else { closed };
                    marks.get_mut(place).into_iter().for_each(|mark| *mark = true);
                    *shifts.entry((at, *was, *is)).or_default() += group.count;
                }
            }
        }
        self.note(call, before.caller.actor_id(), shifts);
    }

    fn note(&mut self, call: &Call, user: Uuid, shifts: BTreeMap<(usize, View, View), i64>) {
        for (at, field) in guarded(call) {
            let own = shifts.iter().filter(|((of, ..), _)| *of == at);
            let (mut gains, mut loses) = (false, false);
            for ((_, from, to), customers) in own {
                let shift = Shift { user, field: field.key, from: *from, to: *to, customers: *customers };
                if to > from {
                    gains = true;
                    self.simulation.gains.push(shift);
                } else {
                    loses = true;
                    self.simulation.losses.push(shift);
                }
            }
            if let Some((_, gaining, _, losing)) = self.fields.get_mut(&at) {
                *gaining += usize::from(gains);
                *losing += usize::from(loses);
            }
        }
    }

    fn told(self, call: &Call, groups: &[Alike]) -> Simulation {
        let Self { mut simulation, fields } = self;
        let over = |marks: &[bool]| -> i64 {
            marks.iter().zip(groups).filter(|(mark, _)| **mark).map(|(_, group)| group.count).sum()
        };
        for (at, field) in guarded(call) {
            if let Some((opened, gaining, closed, losing)) = fields.get(&at)
                && gaining + losing > 0
            {
                simulation.fields.push(FieldShift {
                    field: field.key,
                    classification: field.classification,
                    gaining: *gaining,
                    opened: over(opened),
                    losing: *losing,
                    closed: over(closed),
                });
            }
        }
        simulation
    }
}

fn thing_of<'a>(call: &'a Call, group: &'a Alike) -> Thing<'a> {
    Thing {
        customer: CustomerId::from(Uuid::nil()),
        owner: group.owner,
        collaborators: &group.collaborators,
        department_path: call.identity.department_path(group.department),
        region: group.region.as_deref(),
        restricted: group.restricted,
    }
}
