//! Accounts as an identity provider keeps them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs, UserId};
use custodian_domain::scim::Filter;
use custodian_persistence::users::{self as accounts, UserFilter};
use custodian_persistence::{Work, scim as stored};

use super::Provisioner;
use crate::App;
use crate::audit::{Detail, Draft};
use crate::keys::{OrganizationKeys, own_place, seal_own};
use crate::users::{self, NewUser, UserPatch, UserView, email_lookup};

/// The most accounts that a filter looks through.
const MOST: i64 = 100_000;

/// An account as it is shown. Those that were deleted are not there any more.
#[derive(Clone, Debug)]
pub struct ScimUser {
    /// Its id.
    pub id: UserId,
    /// The address that it logs in with.
    pub user_name: String,
    /// What people call this person.
    pub name: String,
    /// Whether it may log in, or may once its invitation is taken up.
    pub active: bool,
    /// What the identity provider calls it.
    pub external_id: Option<String>,
    /// Codes of its roles.
    pub roles: Vec<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Counts changes.
    pub version: i64,
}

/// An account as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The address that it logs in with.
    pub user_name: String,
    /// What people call this person.
    pub name: String,
    /// Whether it may log in.
    pub active: bool,
    /// What the identity provider calls it.
    pub external_id: Option<String>,
}

/// One page, counted from 1.
pub struct Page<T> {
    /// What stands on it.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: usize,
}

impl<T> Page<T> {
    pub(super) fn of(all: Vec<T>, start: usize, count: usize) -> Self {
        let total = all.len();
        Self { items: all.into_iter().skip(start.saturating_sub(1)).take(count).collect(), total }
    }
}

fn shown(view: UserView, external: &HashMap<UserId, String>) -> ScimUser {
    let UserView { row, email, name } = view;
    ScimUser {
        id: row.id,
        user_name: email,
        name,
        active: matches!(row.state.as_str(), "active" | "invited"),
        external_id: external.get(&row.id).cloned(),
        roles: row.roles,
        created_at: row.created_at,
        version: i64::from(row.version),
    }
}

/// Every account that was not deleted, in order of id.
pub(super) async fn everybody(app: &App, work: &Work) -> Result<Vec<ScimUser>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let external = stored::external_ids(work).await?;
    let rows = accounts::list(work, &UserFilter::default(), None, MOST).await?;
    let present = rows.into_iter().filter(|row| row.state != "offboarded");
    present.map(|row| Ok(shown(users::view(&keys, work.organization(), row)?, &external))).collect()
}

async fn one(app: &App, work: &Work, id: UserId) -> Result<ScimUser, DomainError> {
    let row = accounts::find(work, id).await?.filter(|row| row.state != "offboarded").ok_or(DomainError::NotFound)?;
    let keys = app.keys().open_organization(work).await?;
    Ok(shown(users::view(&keys, work.organization(), row)?, &stored::external_ids(work).await?))
}

fn values(user: &ScimUser, attribute: &str) -> Vec<String> {
    match attribute {
        "id" => vec![user.id.to_string()],
        "userName" | "emails" | "emails.value" => vec![user.user_name.clone()],
        "displayName" | "name.formatted" => vec![user.name.clone()],
        "externalId" => user.external_id.iter().cloned().collect(),
        "active" => vec![user.active.to_string()],
        _ => Vec::new(),
    }
}

/// A page of the accounts that a filter holds for.
pub async fn list(
    app: &App,
    by: &Provisioner,
    filter: Option<&Filter>,
    start: usize,
    count: usize,
) -> Result<Page<ScimUser>, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let all = everybody(app, &work).await;
    work.abandon().await;
    let fits = |user: &ScimUser| filter.is_none_or(|filter| filter.holds(&|attribute| values(user, attribute)));
    let page = Page::of(all?.into_iter().filter(fits).collect(), start, count);
    app.record_read(&by.call, by.draft(Action::UsersRead)).await?;
    Ok(page)
}

/// One account.
pub async fn find(app: &App, by: &Provisioner, id: UserId) -> Result<ScimUser, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let found = one(app, &work, id).await;
    work.abandon().await;
    app.record_read(&by.call, by.draft(Action::UsersRead)).await?;
    found
}

fn change(by: &Provisioner, id: UserId) -> Draft {
    by.draft(Action::ScimUsersChange).with("user", Detail::Code(id.to_string()))
}

fn taken() -> DomainError {
    DomainError::refused(RefusedAs::Conflict, "duplicate_value")
}

async fn is_free(app: &App, work: &Work, user_name: &str) -> Result<bool, DomainError> {
    Ok(accounts::by_lookups(work, &[email_lookup(app, user_name)]).await?.is_empty())
}

/// Makes an account without roles; it logs in by single sign-on, or by a password once it has set one.
///
/// Errors: 409 `duplicate_value` when the address is taken.
pub async fn create(app: &App, by: &Provisioner, work: &Work, wanted: &Wanted) -> Result<ScimUser, DomainError> {
    if !is_free(app, work, &wanted.user_name).await? {
        return Err(taken());
    }
    let keys = app.keys().open_organization(work).await?;
    let id = UserId::from(app.new_id());
    let Wanted { user_name, name, active, external_id } = wanted;
    let new = NewUser {
        id,
        email: user_name,
        name,
        password_hash: None,
        roles: Vec::new(),
        department: None,
        supervisor: None,
    };
    users::insert(app, work, &keys, new).await?;
    stored::set_external_id(work, id, external_id.as_deref()).await?;
    if !active {
        accounts::close_by_directory(work, id).await?;
    }
    app.record_change(work, &by.call, change(by, id)).await?;
    one(app, work, id).await
}

/// Brings an account to what is wanted; `admits` is asked about the version in force, in the same transaction. One that is not active any more is dead
/// with the commit, and what waits for the person goes on as in [`remove`], where somebody is there to take it: see [`users::deactivate`]. One that somebody in the product suspended stays so, and the answer shows it.
///
/// Errors: 409 `duplicate_value`, `last_administrator`; 412.
pub async fn replace(
    app: &App,
    by: &Provisioner,
    work: &Work,
    id: UserId,
    wanted: &Wanted,
    admits: impl Fn(i64) -> Result<(), DomainError>,
) -> Result<ScimUser, DomainError> {
    accounts::lock(work, id).await?;
    let now = one(app, work, id).await?;
    admits(now.version)?;
    if now.user_name != wanted.user_name {
        rename(app, work, id, &now.user_name, &wanted.user_name).await?;
    }
    if now.external_id != wanted.external_id {
        stored::set_external_id(work, id, wanted.external_id.as_deref()).await?;
        stored::touch(work, id).await?;
    }
    if now.name != wanted.name {
        let patch = UserPatch { name: Some(wanted.name.clone()), ..UserPatch::default() };
        users::patch(app, &by.call, work, id, |_| Ok(()), patch).await?;
    }
    match (now.active, wanted.active) {
        (true, false) => {
            let successor = successor(by, work, id).await?;
            users::deactivate(app, &by.call, work, id, successor).await?;
        }
        // Whom somebody in the product suspended comes back by their word, not with the next synchronisation.
        (false, true) if accounts::is_closed_by_directory(work, id).await? => {
            drop(users::reactivate(app, &by.call, work, id).await?);
        }
        _ => {}
    }
    app.record_change(work, &by.call, change(by, id)).await?;
    one(app, work, id).await
}

async fn rename(app: &App, work: &Work, id: UserId, before: &str, after: &str) -> Result<(), DomainError> {
    let same_address = email_lookup(app, before) == email_lookup(app, after);
    if !same_address && !is_free(app, work, after).await? {
        return Err(taken());
    }
    let keys = app.keys().open_organization(work).await?;
    let sealed = seal_email(app, &keys, work, id, after);
    stored::set_email(work, id, &sealed, &email_lookup(app, after)).await?;
    Ok(stored::touch(work, id).await?)
}

fn seal_email(app: &App, keys: &OrganizationKeys, work: &Work, id: UserId, email: &str) -> Vec<u8> {
    seal_own(keys, &own_place(work.organization(), "user", id.uuid(), "email", 1), email, app.rng())
}

/// Deletes an account for the identity provider: it is offboarded here, its address is free again, and what it did stays on record. What waits for the
/// person goes to their supervisor, or to the token's maker where there is none who is active.
///
/// Errors: 409 `last_administrator`, `no_successor`; 412.
pub async fn remove(
    app: &App,
    by: &Provisioner,
    work: &Work,
    id: UserId,
    admits: impl Fn(i64) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    accounts::lock(work, id).await?;
    let now = one(app, work, id).await?;
    admits(now.version)?;
    let successor = successor(by, work, id).await?;
    let successor = successor.ok_or(DomainError::refused(RefusedAs::Conflict, "no_successor"))?;
    users::offboard(app, &by.call, work, id, successor).await?;
    stored::set_external_id(work, id, None).await?;
    app.record_change(work, &by.call, change(by, id)).await
}

/// Whom what waits for a person goes to: their supervisor, else the token's maker; `None` where neither is active.
async fn successor(by: &Provisioner, work: &Work, id: UserId) -> Result<Option<UserId>, DomainError> {
    let supervisor = accounts::find(work, id).await?.and_then(|row| row.supervisor);
    let heirs: Vec<UserId> = supervisor.into_iter().chain([by.maker]).filter(|heir| *heir != id).collect();
    let known = accounts::departments_of(work, &heirs).await?;
    let active = |heir: &UserId| known.iter().any(|(id, state, _)| id == heir && state == "active");
    Ok(heirs.into_iter().find(active))
}
