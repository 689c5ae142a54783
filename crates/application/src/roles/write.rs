//! Making, changing and deleting a role of one's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use custodian_domain::audit::Action;
use custodian_domain::catalog::Labels;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::{Budgets, DataScope, Duty, Excess, Holder, Permission, Role, built_in_role};
use custodian_persistence::roles::{self as stored, RoleRow};
use custodian_persistence::{DbError, Work};

use super::judge::{Judge, exceeds};
use super::{RoleDraft, RoleView, find_in};
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::purposes::unknown_faults;
use crate::{App, Call};

/// Makes a role.
///
/// Errors: 422 with every fault; 403 `step_up_required`, `exceeds_own_rights`; 409 `separation_of_duties`, `duplicate_value` at `/code`.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    code: String,
    draft: RoleDraft,
) -> Result<RoleView, DomainError> {
    call.needs(Permission::RolesManage)?;
    require_step_up(app, call, work).await?;
    let taken = || DomainError::Taken(vec![Fault::new("/code", "duplicate_value")]);
    if built_in_role(&code).is_some() {
        return Err(taken());
    }
    let role = draft.onto(empty(code), call.catalog())?;
    purposes_known(work, &role).await?;
    let judge = Judge::new(app, call, work).await?;
    on_its_own(&judge, None, &role)?;
    let (now, by) = (app.now(), call.identity.actor_id());
    let row = RoleRow {
        id: app.new_id(),
        version: 1,
        role: Arc::new(role),
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    };
    stored::insert(work, &row).await.map_err(|error| match error {
        DbError::Conflict(_) => taken(),
        other => other.into(),
    })?;
    app.record_change(work, call, entry(Action::RolesCreate, &row)).await?;
    Ok(row.into())
}

/// A role bound to a purpose that nobody knows could never be used.
async fn purposes_known(work: &Work, role: &Role) -> Result<(), DomainError> {
    let faults = unknown_faults(work, &role.purposes).await?;
    if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
}

fn empty(code: String) -> Role {
    Role {
        code,
        labels: Labels::new("", ""),
        permissions: BTreeSet::new(),
        data_scope: DataScope::Own,
        field_rules: Vec::new(),
        purposes: Vec::new(),
        budgets: Budgets::default(),
    }
}

/// What was decided stands in the log with all that the role opens: the table keeps the newest version alone.
fn entry(action: Action, row: &RoleRow) -> Draft {
    let Role { code, permissions, data_scope, field_rules, purposes, .. } = row.role.as_ref();
    let rules = field_rules.iter().map(|rule| {
        let view = rule.view.map_or("-", |view| view.as_str());
        let (edit, deny) = (if rule.edit == Some(true) { ",edit" } else { "" }, if rule.deny { ",deny" } else { "" });
        format!("{}={view}{edit}{deny}", rule.on)
    });
    Draft::of(action)
        .with("role", Detail::Code(code.clone()))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
        .with("permissions", Detail::Codes(permissions.iter().map(|one| one.code().to_owned()).collect()))
        .with("data_scope", Detail::Code(data_scope.as_str().to_owned()))
        .with("field_rules", Detail::Codes(rules.collect()))
        .with("purposes", Detail::Codes(purposes.clone()))
}

/// Judges the role itself, whoever may come to hold it.
fn on_its_own(judge: &Judge<'_>, before: Option<&Role>, after: &Role) -> Result<(), DomainError> {
    let (had, has): (Vec<&Role>, Vec<&Role>) = (before.into_iter().collect(), vec![after]);
    let before = Holder { roles: had.clone(), place: None, is_giver: false };
    let found = judge.excess(&before, &Holder { roles: has.clone(), place: None, is_giver: false });
    if !found.is_empty() {
        return Err(exceeds(found.iter().map(|one| (place_of(judge, after, one), one))));
    }
    judge.keep_apart(&had, &has, "/permissions")
}

/// The place of the body that an excess comes from.
fn place_of(judge: &Judge<'_>, role: &Role, excess: &Excess) -> String {
    match excess {
        Excess::Permission(_) => "/permissions".to_owned(),
        Excess::Scope(_) => "/data_scope".to_owned(),
        Excess::View { field, .. } | Excess::Edit { field } => {
            let field = judge.field(field);
            let at = field.and_then(|field| role.field_rules.iter().position(|rule| rule.speaks_of(field)));
            at.map_or_else(|| "/field_rules".to_owned(), |at| format!("/field_rules/{at}"))
        }
        Excess::Budget => "/reveal_budget".to_owned(),
    }
}

/// Judges what a change of the role means for each of its holders: a deny that goes opens what their other roles say.
async fn for_holders(judge: &Judge<'_>, work: &Work, before: &Role, after: Option<&Role>) -> Result<(), DomainError> {
    for one in stored::holders(work, Some(&before.code)).await? {
        let had = judge.standing(&one);
        let mut has = had.clone();
        has.roles.retain(|role| role.code != before.code);
        has.roles.extend(after);
        let found = judge.excess(&had, &has);
        if !found.is_empty() {
            let place = |excess| after.map_or_else(String::new, |role| place_of(judge, role, excess));
            return Err(exceeds(found.iter().map(|one| (place(one), one))));
        }
        judge.keep_apart(&had.roles, &has.roles, "/permissions")?;
    }
    Ok(())
}

/// The stored role of a change, locked against every other change of roles.
async fn own(judge: &Judge<'_>, work: &Work, name: &str) -> Result<RoleRow, DomainError> {
    let found = find_in(work, name).await?.ok_or(DomainError::NotFound)?;
    if found.is_built_in() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "role_built_in"));
    }
    debug_assert!(judge.known().contains_key(&found.role.code), "read in the same transaction");
    stored::find(work, found.id).await?.ok_or(DomainError::NotFound)
}

/// Changes a role. It holds for everybody who has it within a second. A change that changes nothing makes no version.
/// `admits` says whether this version may be changed.
///
/// Errors: those of [`create`]; 403 `role_built_in`.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    name: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: RoleDraft,
) -> Result<RoleView, DomainError> {
    call.needs(Permission::RolesManage)?;
    require_step_up(app, call, work).await?;
    let judge = Judge::new(app, call, work).await?;
    let row = own(&judge, work, name).await?;
    admits(row.version)?;
    let role = draft.onto(Role::clone(&row.role), call.catalog())?;
    if role == *row.role {
        return Ok(row.into());
    }
    purposes_known(work, &role).await?;
    on_its_own(&judge, Some(&row.role), &role)?;
    for_holders(&judge, work, &row.role, Some(&role)).await?;
    let version = row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    let (updated_at, updated_by) = (app.now(), call.identity.actor_id());
    let next = RoleRow { version, role: Arc::new(role), updated_at, updated_by, ..row };
    stored::update(work, &next).await?;
    app.record_change(work, call, entry(Action::RolesUpdate, &next)).await?;
    Ok(next.into())
}

/// Deletes a role that nobody holds and no pair of duties names.
///
/// Errors: 403 `step_up_required`, `role_built_in`; 409 `role_in_use`.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    name: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::RolesManage)?;
    require_step_up(app, call, work).await?;
    let judge = Judge::new(app, call, work).await?;
    let row = own(&judge, work, name).await?;
    admits(row.version)?;
    let duty = Duty::Role(row.role.code.clone());
    let named = stored::duties(work).await?.iter().any(|one| one.pair.first == duty || one.pair.second == duty);
    if named || stored::is_held(work, &row.role.code).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "role_in_use"));
    }
    stored::delete(work, row.id).await?;
    app.record_change(work, call, entry(Action::RolesDelete, &row)).await
}
