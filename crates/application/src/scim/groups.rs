//! Groups are roles: who is a member holds the role. Roles themselves are made in the product, where somebody looks at what they open.

use std::collections::BTreeSet;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs, UserId};
use custodian_domain::scim::Filter;
use custodian_persistence::{Work, departments};

use super::people::{Page, everybody};
use super::{Provisioner, ScimUser};
use crate::App;
use crate::roles::all_roles;
use crate::users::{self, UserPatch};

/// A role with who holds it.
#[derive(Clone, Debug)]
pub struct Group {
    /// The role's code; also the group's id.
    pub code: String,
    /// Its English name.
    pub name: String,
    /// Who holds it: id and address, in order of id.
    pub members: Vec<(UserId, String)>,
}

async fn all(app: &App, work: &Work) -> Result<Vec<Group>, DomainError> {
    let people = everybody(app, work).await?;
    let members = |code: &str| -> Vec<(UserId, String)> {
        let holds = |user: &&ScimUser| user.roles.iter().any(|role| role == code);
        people.iter().filter(holds).map(|user| (user.id, user.user_name.clone())).collect()
    };
    let roles = all_roles(work).await?;
    Ok(roles
        .into_iter()
        .map(|(code, role)| Group { name: role.labels.en.to_string(), members: members(&code), code })
        .collect())
}

/// A page of the roles that a filter holds for.
pub async fn list_groups(
    app: &App,
    by: &Provisioner,
    filter: Option<&Filter>,
    start: usize,
    count: usize,
) -> Result<Page<Group>, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let groups = all(app, &work).await;
    work.abandon().await;
    let values = |group: &Group, attribute: &str| match attribute {
        "displayName" => vec![group.name.clone()],
        "id" | "externalId" => vec![group.code.clone()],
        _ => Vec::new(),
    };
    let fits = |group: &Group| filter.is_none_or(|filter| filter.holds(&|attribute| values(group, attribute)));
    let page = Page::of(groups?.into_iter().filter(fits).collect(), start, count);
    app.record_read(&by.call, by.draft(Action::RolesRead)).await?;
    Ok(page)
}

/// One role.
pub async fn find_group(app: &App, by: &Provisioner, code: &str) -> Result<Group, DomainError> {
    let work = app.begin(by.call.organization()).await?;
    let groups = all(app, &work).await;
    work.abandon().await;
    app.record_read(&by.call, by.draft(Action::RolesRead)).await?;
    groups?.into_iter().find(|group| group.code == code).ok_or(DomainError::NotFound)
}

/// Brings a role to the members wanted, which `wanted` makes of those it has. Each role is given and taken as by the token's maker.
///
/// Errors: 403 `token_maker_inactive`; 404 also for an unknown member; those of changing somebody's roles.
pub async fn change_members(
    app: &App,
    by: &Provisioner,
    work: &Work,
    code: &str,
    wanted: impl FnOnce(BTreeSet<UserId>) -> BTreeSet<UserId>,
) -> Result<Group, DomainError> {
    // Roles are set whole: none may change between reading and setting them.
    departments::fence(work).await?;
    let group = all(app, work).await?.into_iter().find(|group| group.code == code).ok_or(DomainError::NotFound)?;
    let before: BTreeSet<UserId> = group.members.iter().map(|(id, _)| *id).collect();
    let after = wanted(before.clone());
    let inactive = DomainError::refused(RefusedAs::Forbidden, "token_maker_inactive");
    let maker = by.as_maker(app).await?.ok_or(inactive)?;
    let people = everybody(app, work).await?;
    for id in before.symmetric_difference(&after) {
        let user = people.iter().find(|user| user.id == *id).ok_or(DomainError::NotFound)?;
        let mut roles: Vec<String> = user.roles.iter().filter(|role| *role != code).cloned().collect();
        if after.contains(id) {
            roles.push(code.to_owned());
        }
        let patch = UserPatch { roles: Some(roles), ..UserPatch::default() };
        users::patch(app, &maker, work, *id, |_| Ok(()), patch).await?;
    }
    app.record_change(work, &by.call, by.draft(Action::ScimGroupsChange)).await?;
    let groups = all(app, work).await?;
    groups.into_iter().find(|group| group.code == code).ok_or(DomainError::NotFound)
}
