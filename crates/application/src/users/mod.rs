//! Staff: accounts founded, read, invited, changed and ended.

mod change;
mod credentials;
mod invite;
mod me;
mod offboard;
mod password;
mod sessions;
mod successor;

use custodian_crypto::Randomness;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DepartmentId, DomainError, OrganizationId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::users::{self as stored, UserFilter, UserRow};
use uuid::Uuid;

use crate::audit::Draft;
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};
use crate::paging::{cut, one_more};
use crate::{App, Call};

pub(crate) use change::is_last_administrator;
pub use change::{UserPatch, patch, reactivate, suspend};
pub use credentials::deactivate;
pub use invite::{Invitation, invite, invite_again};
pub use me::{MePatch, me, patch_me, read_own_permissions};
pub use offboard::{Offboarding, find_offboarding, offboard};
pub use password::change_password;
pub use sessions::{SessionView, end_all_sessions, end_session, list_sessions};

/// A new account.
pub struct NewUser<'a> {
    /// Its id.
    pub id: UserId,
    /// The address that it logs in with.
    pub email: &'a str,
    /// What people call this person.
    pub name: &'a str,
    /// PHC string.
    pub password_hash: Option<String>,
    /// Role codes.
    pub roles: Vec<String>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// The supervisor.
    pub supervisor: Option<UserId>,
}

/// Addresses are compared without case and surrounding space.
pub fn comparable_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The tag that an address is found by.
pub fn email_lookup(app: &App, email: &str) -> Vec<u8> {
    app.keys().lookup("email", &comparable_email(email)).to_vec()
}

/// Adds an active account.
pub async fn insert(app: &App, work: &Work, keys: &OrganizationKeys, user: NewUser<'_>) -> Result<(), DomainError> {
    let organization = work.organization();
    let NewUser { id, email, name, password_hash, roles, department, supervisor } = user;
    let seal = |field: &str, text: &str, rng: &dyn Randomness| {
        seal_own(keys, &own_place(organization, "user", id.uuid(), field, 1), text, rng)
    };
    let row = UserRow {
        id,
        state: "active".into(),
        department,
        supervisor,
        regions: Vec::new(),
        sealed_email: seal("email", email, app.rng()),
        sealed_name: seal("name", name, app.rng()),
        password_hash,
        created_at: app.now(),
        roles,
        version: 1,
        language: None,
        follow_up_letters: true,
    };
    stored::insert(work, &row, &app.keys().lookup("email", &comparable_email(email))).await?;
    Ok(())
}

/// One account as its colleagues see it.
#[derive(Clone, Debug)]
pub struct UserView {
    /// The account.
    pub row: UserRow,
    /// Its address.
    pub email: String,
    /// Its name.
    pub name: String,
}

/// Opens an account's name and address.
pub fn view(keys: &OrganizationKeys, organization: OrganizationId, row: UserRow) -> Result<UserView, DomainError> {
    let open =
        |field: &str, sealed: &[u8]| open_own(keys, &own_place(organization, "user", row.id.uuid(), field, 1), sealed);
    let (email, name) = (open("email", &row.sealed_email)?, open("name", &row.sealed_name)?);
    Ok(UserView { row, email, name })
}

/// One account.
pub async fn find(app: &App, call: &Call, id: UserId) -> Result<UserView, DomainError> {
    call.needs(Permission::UsersRead)?;
    let found = find_row(app, call, id).await?;
    app.record_read(call, Draft::of(Action::UsersRead)).await?;
    Ok(found)
}

async fn find_row(app: &App, call: &Call, id: UserId) -> Result<UserView, DomainError> {
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, id).await?;
    let keys = app.keys().open_organization(&work).await?;
    work.abandon().await;
    view(&keys, call.organization(), row.ok_or(DomainError::NotFound)?)
}

/// A page of accounts in order of id.
pub async fn list(
    app: &App,
    call: &Call,
    filter: &UserFilter,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<UserView>, Option<Uuid>), DomainError> {
    call.needs(Permission::UsersRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, filter, after, one_more(limit)).await?;
    let keys = app.keys().open_organization(&work).await?;
    work.abandon().await;
    let next = cut(&mut rows, limit, |row| row.id.uuid());
    let views = rows.into_iter().map(|row| view(&keys, call.organization(), row)).collect::<Result<_, _>>()?;
    app.record_read(call, Draft::of(Action::UsersRead)).await?;
    Ok((views, next))
}
