//! Whether a change of somebody's rights may be made by this caller. Asked wherever a role is written or given.

use std::collections::HashMap;

use custodian_domain::access::{Staff, Who};
use custodian_domain::catalog::customer;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::{DutyPair, Excess, Holder, Place, Role, built_in_pairs, excess};
use custodian_persistence::roles::{self as stored, Standing};
use custodian_persistence::{Work, departments};

use super::known::{self, Known};
use crate::Call;

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

/// The role codes of what a caller sent as `role_ids`, each an id or a code.
///
/// Errors: 422 with `unknown_role` at each place below `pointer` that names no role.
pub async fn codes_of(work: &Work, named: &[String], pointer: &str) -> Result<Vec<String>, DomainError> {
    let (mut codes, mut faults) = (Vec::with_capacity(named.len()), Vec::new());
    for (at, name) in named.iter().enumerate() {
        match super::find_in(work, name).await? {
            Some(found) => codes.push(found.role.code.clone()),
            None => faults.push(Fault::new(format!("{pointer}/{at}"), "unknown_role")),
        }
    }
    codes.sort();
    codes.dedup();
    if faults.is_empty() { Ok(codes) } else { Err(DomainError::Invalid(faults)) }
}

/// Refuses a change of somebody's roles, department or regions that would hand out more than the caller holds, or let duties meet that
/// are kept apart. Call it in the transaction of the change, before it is made: it holds off every other change of rights until
/// that transaction ends. `before` is `None` for a new account; the caller's own account is `user` when they change themselves.
///
/// Errors: 403 `exceeds_own_rights`, 409 `separation_of_duties`, each with the places below `pointer`; 403 `staff_only` for partner keys.
pub async fn check_rights(
    call: &Call,
    work: &Work,
    user: UserId,
    before: Option<Rights<'_>>,
    after: Rights<'_>,
    pointer: &str,
) -> Result<(), DomainError> {
    let judge = Judge::new(call, work).await?;
    let nothing = Rights { roles: &[], ..after };
    let (had, has) = (judge.holder(before.unwrap_or(nothing), user), judge.holder(after, user));
    let found = judge.excess(&had, &has);
    if !found.is_empty() {
        return Err(exceeds(found.iter().map(|one| (pointer.to_owned(), one))));
    }
    judge.keep_apart(&had.roles, &has.roles, pointer)
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
}

impl<'c> Judge<'c> {
    pub(super) async fn new(call: &'c Call, work: &Work) -> Result<Self, DomainError> {
        let Who::Staff(giver) = &call.identity.caller.who else {
            return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
        };
        stored::lock(work).await?;
        let paths = departments::list(work).await?.into_iter().map(|row| (row.id, row.path)).collect();
        let own = stored::duties(work).await?.into_iter().map(|row| row.pair);
        let pairs = built_in_pairs().into_iter().chain(own).collect();
        Ok(Self { giver, known: known::all(work).await?, paths, pairs })
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

    pub(super) fn excess(&self, before: &Holder<'_>, after: &Holder<'_>) -> Vec<Excess> {
        excess(&self.giver(), before, after, &customer().fields)
    }

    /// Refuses duties that would come to meet; two that met before are for an access review to part.
    pub(super) fn keep_apart(&self, before: &[&Role], after: &[&Role], pointer: &str) -> Result<(), DomainError> {
        let meet = self.pairs.iter().filter(|pair| pair.meets_in(after) && !pair.meets_in(before));
        let faults: Vec<Fault> = meet
            .map(|pair| Fault::new(pointer, "duties_meet").with_arg(format!("{}, {}", pair.first, pair.second)))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(DomainError::RefusedAt { status: RefusedAs::Conflict, code: "separation_of_duties", faults })
    }
}
