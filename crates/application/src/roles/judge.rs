//! Whether a change of somebody's rights may be made by this caller. Asked wherever a role is written or given.

use std::collections::HashMap;

use custodian_domain::access::{Allowance, Staff, Who};
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::{DutyPair, Excess, Holder, Place, Role, built_in_pairs, excess};
use custodian_persistence::roles::{self as stored, Standing};
use custodian_persistence::{Work, departments};

use super::known::{self, Known};
use crate::{App, Call};

/// What a member of staff is, or would become, as far as rights go.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// Role codes.
    pub roles: &'a [String],
    /// The department.
    pub department: Option<DepartmentId>,
    /// ISO 3166-2 regions.
    pub regions: &'a [String],
}

/// The role codes of what a caller sent as `role_ids`, each an id or a code, in order and none twice. What names no role stays as it
/// is, for [`rights_faults`] to say so.
pub async fn codes_of(work: &Work, named: &[String]) -> Result<Vec<String>, DomainError> {
    let mut codes = Vec::with_capacity(named.len());
    for name in named {
        let found = super::find_in(work, name).await?;
        codes.push(found.map_or_else(|| name.clone(), |found| found.role.code.clone()));
    }
    codes.sort();
    codes.dedup();
    Ok(codes)
}

/// What speaks against a change of somebody's roles, department or regions: roles that do not exist, and what it would open that the
/// caller does not hold, each at its place below `role_ids`, `department_id` or `regions`. Call it in the transaction of the change,
/// before it is made: it holds off every other change of rights until that transaction ends. `before` is `None` for a new account.
/// A role that goes beyond the caller is not theirs to take away either.
///
/// Errors: 409 `separation_of_duties`; 403 `staff_only` for partner keys.
pub async fn rights_faults(
    app: &App,
    call: &Call,
    work: &Work,
    user: UserId,
    before: Option<Rights<'_>>,
    after: Rights<'_>,
) -> Result<Vec<Fault>, DomainError> {
    let judge = Judge::new(app, call, work).await?;
    let before = before.unwrap_or(Rights { roles: &[], ..after });
    let (had, has) = (judge.holder(before, user), judge.holder(after, user));
    let mut faults = judge.faults_of_roles(before, after, user);
    if faults.is_empty() {
        let moved = if before.department == after.department { "/regions" } else { "/department_id" };
        let excess = judge.excess(&had, &has);
        faults.extend(excess.first().map(|one| Fault::new(moved, "role_beyond_own").with_arg(one.about())));
    }
    if faults.is_empty() {
        judge.keep_apart(&had.roles, &has.roles, "/role_ids")?;
    }
    Ok(faults)
}

/// The refusal of an excess, one line per place and kind.
pub(super) fn exceeds<'a>(found: impl Iterator<Item = (String, &'a Excess)>) -> DomainError {
    let mut faults: Vec<Fault> = Vec::new();
    for (pointer, excess) in found {
        let fault = Fault::new(pointer, "not_held").with_arg(excess.about());
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    DomainError::RefusedAt { status: RefusedAs::Forbidden, code: "exceeds_own_rights", faults }
}

/// The caller, the roles, the tree and the pairs as they stand in this transaction.
pub(super) struct Judge<'c> {
    giver: &'c Staff,
    known: Known,
    paths: HashMap<DepartmentId, Vec<DepartmentId>>,
    pairs: Vec<DutyPair>,
    usual: Allowance,
    /// Of every record type.
    fields: Vec<Field>,
}

impl<'c> Judge<'c> {
    pub(super) async fn new(app: &App, call: &'c Call, work: &Work) -> Result<Self, DomainError> {
        let Who::Staff(giver) = &call.identity.caller.who else {
            return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
        };
        stored::lock(work).await?;
        let paths = departments::list(work).await?.into_iter().map(|row| (row.id, row.path)).collect();
        let (known, pairs) = (known::all(work).await?, pairs(work).await?);
        let fields = call.catalog().fields().cloned().collect();
        Ok(Self { giver, known, paths, pairs, usual: app.tuning().budget, fields })
    }

    /// The field of a name; see [`Field::name`].
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The caller.
    pub(super) fn giver(&self) -> Holder<'_> {
        let Staff { department_path, regions, roles, .. } = self.giver;
        let place = Some(Place { department_path, regions });
        Holder { roles: roles.iter().map(AsRef::as_ref).collect(), place, is_giver: true }
    }

    /// Somebody with rights.
    pub(super) fn holder<'a>(&'a self, rights: Rights<'a>, user: UserId) -> Holder<'a> {
        let path = rights.department.and_then(|department| self.paths.get(&department));
        let place = Place { department_path: path.map(Vec::as_slice).unwrap_or_default(), regions: rights.regions };
        let is_giver = user == self.giver.user;
        Holder { roles: known::of(&self.known, rights.roles), place: Some(place), is_giver }
    }

    /// A member of staff as stored.
    pub(super) fn standing<'a>(&'a self, one: &'a Standing) -> Holder<'a> {
        let Standing { user, department, regions, roles, .. } = one;
        self.holder(Rights { roles, department: *department, regions }, *user)
    }

    /// Faults of each role given or taken, on its own.
    fn faults_of_roles(&self, before: Rights<'_>, after: Rights<'_>, user: UserId) -> Vec<Fault> {
        let given = after.roles.iter().enumerate().filter(|(_, code)| !before.roles.contains(code));
        let given = given.map(|(at, code)| (format!("/role_ids/{at}"), code, true));
        let taken = before.roles.iter().filter(|code| !after.roles.contains(code));
        let taken = taken.map(|code| ("/role_ids".to_owned(), code, false));
        let nothing = Rights { roles: &[], ..after };
        let mut faults = Vec::new();
        for (pointer, code, is_given) in given.chain(taken) {
            let one = Rights { roles: std::slice::from_ref(code), ..after };
            match self.excess(&self.holder(nothing, user), &self.holder(one, user)).first() {
                // A role that is no more may be taken away by anybody.
                _ if !self.known.contains_key(code) && is_given => faults.push(Fault::new(pointer, "unknown_role")),
                Some(excess) => faults.push(Fault::new(pointer, "role_beyond_own").with_arg(excess.about())),
                None => {}
            }
        }
        faults
    }

    pub(super) fn excess(&self, before: &Holder<'_>, after: &Holder<'_>) -> Vec<Excess> {
        let mut found = excess(&self.giver(), before, after, &self.fields);
        let allowance = |holder: &Holder<'_>| Allowance::of_roles(holder.roles.iter().copied(), self.usual);
        // A budget is a brake and no right: whoever makes roles sets it for others, and for themselves never higher.
        if after.is_giver && allowance(after).exceeds(&allowance(before)) {
            found.push(Excess::Budget);
        }
        found
    }

    /// Refuses duties that would come to meet; two that met before are for an access review to part.
    pub(super) fn keep_apart(&self, before: &[&Role], after: &[&Role], pointer: &str) -> Result<(), DomainError> {
        apart(&self.pairs, before, after, pointer)
    }
}

/// Every pair of duties that the organisation keeps apart.
async fn pairs(work: &Work) -> Result<Vec<DutyPair>, DomainError> {
    let own = stored::duties(work).await?.into_iter().map(|row| row.pair);
    Ok(built_in_pairs().into_iter().chain(own).collect())
}

fn apart(pairs: &[DutyPair], before: &[&Role], after: &[&Role], pointer: &str) -> Result<(), DomainError> {
    let meet = pairs.iter().filter(|pair| pair.meets_in(after) && !pair.meets_in(before));
    let faults: Vec<Fault> = meet
        .map(|pair| Fault::new(pointer, "duties_meet").with_arg(format!("{}, {}", pair.first, pair.second)))
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(DomainError::RefusedAt { status: RefusedAs::Conflict, code: "separation_of_duties", faults })
}

/// What holds even for an operator who appoints somebody, and need hold nothing themselves: the role exists, and no duties come to meet.
///
/// Errors: 422 `unknown_role` at `/role`; 409 `separation_of_duties`.
pub(crate) async fn may_be_appointed(work: &Work, held: &[String], role: &str) -> Result<(), DomainError> {
    stored::lock(work).await?;
    let known = known::all(work).await?;
    let role = known.get(role).ok_or_else(|| DomainError::invalid("/role", "unknown_role"))?;
    let before = known::of(&known, held);
    let after: Vec<&Role> = before.iter().copied().chain([role.as_ref()]).collect();
    apart(&pairs(work).await?, &before, &after, "/role")
}
