//! Founding an organisation: its keys, departments and people; and appointing whom nobody in it may appoint.

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DepartmentId, DomainError, OrganizationId, UserId};
use custodian_persistence::{Database, Work, audit as log, departments, organizations, users as accounts};
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft, EntryActor, seal_entry};
use crate::keys::OrganizationKeys;
use crate::roles::may_be_appointed;
use crate::users::{self, NewUser};

/// A department to found; `parent` is the index of an earlier one.
pub struct NewDepartment {
    /// Name.
    pub name: String,
    /// Index of the department above.
    pub parent: Option<usize>,
}

/// A person to found the organisation with.
pub struct Founder {
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// PHC string.
    pub password_hash: String,
    /// Role codes.
    pub roles: Vec<String>,
    /// Index of the department.
    pub department: Option<usize>,
    /// Index of an earlier person.
    pub supervisor: Option<usize>,
}

/// What was founded.
#[derive(Debug)]
pub struct Founded {
    /// The organisation.
    pub organization: OrganizationId,
    /// The departments, as given.
    pub departments: Vec<DepartmentId>,
    /// The people, as given.
    pub people: Vec<UserId>,
}

/// Founds an organisation in one transaction. Needs the owner's connection; the server's own role cannot.
pub async fn found(
    app: &App,
    owner: &Database,
    name: &str,
    tree: &[NewDepartment],
    people: &[Founder],
) -> Result<Founded, DomainError> {
    let now = app.now();
    let organization = OrganizationId::from(app.new_id());
    let work = Work::begin(owner, organization).await?;
    organizations::insert(&work, name, now).await?;
    app.keys().found(&work, app.rng(), now).await?;
    let keys = app.keys().open_organization(&work).await?;
    crate::purposes::begin(app, &work).await?;
    let mut department_ids: Vec<DepartmentId> = Vec::new();
    for department in tree {
        let id = DepartmentId::from(app.new_id());
        let parent = department.parent.and_then(|index| department_ids.get(index)).copied();
        departments::insert(&work, id, parent, &department.name, now).await?;
        department_ids.push(id);
    }
    let mut user_ids: Vec<UserId> = Vec::new();
    for person in people {
        let id = UserId::from(app.new_id());
        let new = NewUser {
            id,
            email: &person.email,
            name: &person.name,
            password_hash: Some(person.password_hash.clone()),
            roles: person.roles.clone(),
            department: person.department.and_then(|index| department_ids.get(index)).copied(),
            supervisor: person.supervisor.and_then(|index| user_ids.get(index)).copied(),
        };
        users::insert(app, &work, &keys, new).await?;
        user_ids.push(id);
    }
    note(app, &work, &keys, Draft::of(Action::OrganizationsCreate)).await?;
    work.commit().await?;
    Ok(Founded { organization, departments: department_ids, people: user_ids })
}

/// Writes what the operator did into the organisation's log.
async fn note(app: &App, work: &Work, keys: &OrganizationKeys, draft: Draft) -> Result<(), DomainError> {
    let actor = EntryActor { kind: "system", id: Uuid::nil(), session: None, request: "", purpose: None };
    let draft = Draft { verdict: Verdict::Allowed, ..draft };
    let entry = seal_entry(keys, work.organization(), app.new_id(), app.now(), &actor, draft, app.rng())?;
    Ok(log::record(work, &[&entry]).await?)
}

/// Gives an active person one more role, by the operator: people give no more than they hold, so that the first of a role, and the next one where the
/// last has left, comes from outside. Duties that are kept apart do not meet by it either. Needs the owner's connection.
///
/// Errors: 404 when no active person of the organisation has the address; 422 `unknown_role`; 409 `separation_of_duties`.
pub async fn appoint(
    app: &App,
    owner: &Database,
    organization: OrganizationId,
    email: &str,
    role: &str,
) -> Result<UserId, DomainError> {
    let work = Work::begin(owner, organization).await?;
    let outcome = appoint_in(app, &work, email, role).await;
    work.settle(outcome).await
}

async fn appoint_in(app: &App, work: &Work, email: &str, role: &str) -> Result<UserId, DomainError> {
    departments::fence(work).await?;
    let found = accounts::by_lookups(work, &[users::email_lookup(app, email)]).await?;
    let (_, id) = found.into_iter().next().ok_or(DomainError::NotFound)?;
    let row = accounts::lock(work, id).await?.filter(|row| row.state == "active").ok_or(DomainError::NotFound)?;
    may_be_appointed(work, &row.roles, role).await?;
    if row.roles.iter().any(|held| held == role) {
        return Ok(id);
    }
    let mut roles = row.roles.clone();
    roles.push(role.to_owned());
    roles.sort();
    accounts::set_roles(work, id, &roles).await?;
    accounts::update(work, &row).await?;
    let keys = app.keys().open_organization(work).await?;
    let draft = Draft::of(Action::UsersUpdate)
        .with("user", Detail::Code(id.to_string()))
        .with("changed", Detail::Codes(vec!["role_ids".to_owned()]))
        .with("roles", Detail::Codes(roles));
    note(app, work, &keys, draft).await?;
    Ok(id)
}

/// A partner key made at set-up, before anybody could log in to make it.
pub async fn found_api_key(
    app: &App,
    organization: OrganizationId,
    new: crate::api_keys::NewApiKey,
    by: UserId,
) -> Result<custodian_crypto::Opaque, DomainError> {
    let work = app.begin(organization).await?;
    let (_, secret) = crate::api_keys::insert(app, &work, new, by.uuid()).await?;
    work.commit().await?;
    Ok(secret)
}
