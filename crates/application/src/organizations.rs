//! Founding an organisation: its keys, departments and people.

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DepartmentId, DomainError, OrganizationId, UserId};
use custodian_persistence::{Database, Work, audit as log, departments, organizations};
use uuid::Uuid;

use crate::App;
use crate::audit::{Draft, EntryActor, seal_entry};
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
    let actor = EntryActor { kind: "system", id: Uuid::nil(), session: None, request: "", purpose: None };
    let draft = Draft { verdict: Verdict::Allowed, ..Draft::of(Action::OrganizationsCreate) };
    let entry = seal_entry(&keys, organization, app.new_id(), now, &actor, draft, app.rng())?;
    log::record(&work, &[&entry]).await?;
    work.commit().await?;
    Ok(Founded { organization, departments: department_ids, people: user_ids })
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
