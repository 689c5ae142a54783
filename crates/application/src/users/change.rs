//! Changing accounts: department, supervisor, regions, roles. Nobody changes their own place, nobody hands out more than they hold.

use custodian_domain::audit::Action;
use custodian_domain::customers::is_region_code;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::users::{self as stored, UserRow};
use custodian_persistence::{Work, departments};

use super::{UserView, view};
use crate::audit::{Detail, Draft};
use crate::keys::{own_place, seal_own};
use crate::roles::{Rights, all_roles, codes_of, rights_faults};
use crate::{App, Call};

/// A change: what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// What people call this person.
    pub name: Option<String>,
    /// The department.
    pub department: Option<Option<DepartmentId>>,
    /// Who approves this person's requests.
    pub supervisor: Option<Option<UserId>>,
    /// ISO 3166-2 regions.
    pub regions: Option<Vec<String>>,
    /// Ids or codes of all roles from now on.
    pub roles: Option<Vec<String>>,
}

pub(super) fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

/// Changes an account. Roles need `roles.assign`, everything else `users.manage`.
///
/// Errors: 403 `own_account`; 409 `account_offboarded`, `last_administrator`; 412; 422 with every fault.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: UserId,
    admits: impl Fn(i64) -> Result<(), DomainError>,
    patch: UserPatch,
) -> Result<UserView, DomainError> {
    let UserPatch { name, department, supervisor, regions, roles } = patch;
    let placed = department.is_some() || supervisor.is_some() || regions.is_some();
    if name.is_some() || placed || roles.is_none() {
        call.needs(Permission::UsersManage)?;
    }
    if roles.is_some() {
        call.needs(Permission::RolesAssign)?;
    }
    let mut row = held_for_change(work, id).await?;
    admits(i64::from(row.version))?;
    if row.state == "offboarded" {
        return Err(conflict("account_offboarded"));
    }
    if call.identity.user() == Some(id) && (placed || roles.is_some()) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_account"));
    }
    let before = row.clone();
    let mut faults = Vec::new();
    row.department = department.unwrap_or(row.department);
    row.supervisor = supervisor.unwrap_or(row.supervisor);
    row.regions = regions.map_or_else(|| row.regions.clone(), ordered);
    if let Some(named) = roles {
        row.roles = codes_of(work, &named).await?;
    }
    check_place(work, &row, &before, &mut faults).await?;
    if placed || row.roles != before.roles {
        faults.extend(rights_faults(app, call, work, id, Some(rights(&before)), rights(&row)).await?);
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    keep_an_administrator(work, &before, &row.roles).await?;
    store(app, call, work, &before, row, name).await
}

/// Stores what differs, with its entry.
async fn store(
    app: &App,
    call: &Call,
    work: &Work,
    before: &UserRow,
    mut row: UserRow,
    name: Option<String>,
) -> Result<UserView, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let shown = view(&keys, work.organization(), before.clone())?;
    let mut changed = Vec::new();
    if let Some(name) = name.filter(|name| *name != shown.name) {
        let place = own_place(work.organization(), "user", row.id.uuid(), "name", 1);
        row.sealed_name = seal_own(&keys, &place, &name, app.rng());
        changed.push("name");
    }
    let mut note = |differs: bool, what: &'static str| changed.extend(differs.then_some(what));
    note(row.department != before.department, "department_id");
    note(row.supervisor != before.supervisor, "supervisor_id");
    note(row.regions != before.regions, "regions");
    note(row.roles != before.roles, "role_ids");
    if changed.is_empty() {
        return Ok(shown);
    }
    stored::update(work, &row).await?;
    stored::set_roles(work, row.id, &row.roles).await?;
    let changed = changed.into_iter().map(str::to_owned).collect();
    let mut draft = draft(Action::UsersUpdate, row.id).with("changed", Detail::Codes(changed));
    if row.roles != before.roles {
        draft = draft.with("roles", Detail::Codes(row.roles.clone()));
    }
    app.record_change(work, call, draft).await?;
    row.version += 1;
    view(&keys, work.organization(), row)
}

/// The row, held, with the chains of supervisors held still.
pub(super) async fn held_for_change(work: &Work, id: UserId) -> Result<UserRow, DomainError> {
    departments::fence(work).await?;
    stored::lock(work, id).await?.ok_or(DomainError::NotFound)
}

fn ordered(mut codes: Vec<String>) -> Vec<String> {
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Faults of department, supervisor and regions, as far as they differ from before.
pub(super) async fn check_place(
    work: &Work,
    row: &UserRow,
    before: &UserRow,
    faults: &mut Vec<Fault>,
) -> Result<(), DomainError> {
    if let Some(department) = row.department.filter(|_| row.department != before.department)
        && departments::find(work, department).await?.is_none()
    {
        faults.push(Fault::new("/department_id", "unknown_department"));
    }
    if let Some(supervisor) = row.supervisor.filter(|_| row.supervisor != before.supervisor) {
        let known = stored::departments_of(work, &[supervisor]).await?;
        if !known.iter().any(|(_, state, _)| state == "active") {
            faults.push(Fault::new("/supervisor_id", "unknown_user"));
        } else if stored::reports_to(work, supervisor, row.id).await? {
            faults.push(Fault::new("/supervisor_id", "supervisor_cycle"));
        }
    }
    let unknown = row.regions.iter().enumerate().filter(|(_, code)| !is_region_code(code));
    faults.extend(unknown.map(|(index, _)| Fault::new(format!("/regions/{index}"), "unknown_region")));
    Ok(())
}

/// An account's rights as far as roles, department and regions make them.
pub(super) fn rights(row: &UserRow) -> Rights<'_> {
    Rights { roles: &row.roles, department: row.department, regions: &row.regions }
}

/// Whether somebody with these roles can invite, change and offboard people, and which roles can.
async fn administrating(work: &Work, roles: &[String]) -> Result<(bool, Vec<String>), DomainError> {
    let all = all_roles(work).await?;
    let runs = all.values().filter(|role| role.permissions.contains(&Permission::UsersManage));
    let codes: Vec<String> = runs.map(|role| role.code.clone()).collect();
    Ok((codes.iter().any(|code| roles.contains(code)), codes))
}

/// Refuses to take the last active administrator away: `after` is what the account's roles will be. Call it behind the fence.
pub(super) async fn keep_an_administrator(work: &Work, row: &UserRow, after: &[String]) -> Result<(), DomainError> {
    if is_last_administrator(work, row, after).await? { Err(conflict("last_administrator")) } else { Ok(()) }
}

/// Whether nobody who is active could invite, change and offboard people any more once this person has these roles. Call it behind the fence.
pub(crate) async fn is_last_administrator(work: &Work, row: &UserRow, after: &[String]) -> Result<bool, DomainError> {
    let (before, codes) = administrating(work, &row.roles).await?;
    let stays = codes.iter().any(|code| after.contains(code));
    Ok(row.state == "active" && before && !stays && !stored::other_administrators(work, row.id, &codes).await?)
}

/// Takes the account out of use or back into it; see [`suspend`] and [`reactivate`].
async fn put_into(
    app: &App,
    call: &Call,
    work: &Work,
    row: UserRow,
    state: &str,
    action: Action,
) -> Result<UserView, DomainError> {
    stored::set_state(work, row.id, state).await?;
    app.record_change(work, call, draft(action, row.id)).await?;
    let keys = app.keys().open_organization(work).await?;
    view(&keys, work.organization(), UserRow { state: state.to_owned(), version: row.version + 1, ..row })
}

/// Suspends an active account: its sessions end with the commit.
///
/// Errors: 403 `own_account`; 409 `wrong_state`, `last_administrator`.
pub async fn suspend(app: &App, call: &Call, work: &Work, id: UserId) -> Result<UserView, DomainError> {
    call.needs(Permission::UsersManage)?;
    let row = held_for_change(work, id).await?;
    if call.identity.user() == Some(id) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_account"));
    }
    if row.state != "active" {
        return Err(conflict("wrong_state"));
    }
    keep_an_administrator(work, &row, &[]).await?;
    let ended = stored::end_sessions(work, id, None, app.now(), "suspended").await?;
    let seen = put_into(app, call, work, row, "suspended", Action::UsersSuspend).await?;
    app.auth().forget_all(&ended);
    Ok(seen)
}

/// Lets a suspended person work again. Sessions that ended stay ended.
///
/// Errors: 403 `own_account`; 409 `wrong_state`.
pub async fn reactivate(app: &App, call: &Call, work: &Work, id: UserId) -> Result<UserView, DomainError> {
    call.needs(Permission::UsersManage)?;
    let row = held_for_change(work, id).await?;
    if row.state != "suspended" {
        return Err(conflict("wrong_state"));
    }
    put_into(app, call, work, row, "active", Action::UsersReactivate).await
}

pub(super) fn draft(action: Action, id: UserId) -> Draft {
    Draft::of(action).with("user", Detail::Code(id.to_string()))
}
