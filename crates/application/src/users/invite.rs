//! Inviting colleagues: the account, its place and roles, and the letter with the one-time token, all in one transaction.

use custodian_domain::audit::Action;
use custodian_domain::catalog::identifiers;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::auth::one_time;
use custodian_persistence::users::{self as stored, UserRow};
use custodian_persistence::{DbError, Work, departments, mail as letters, organizations};

use super::change::{check_place, draft, held_for_change, rights};
use super::{UserView, comparable_email, view};
use crate::auth::{OneTime, issue};
use crate::keys::{OrganizationKeys, own_place, seal_own};
use crate::mail;
use crate::roles::{codes_of, rights_faults};
use crate::{App, Call};

/// A colleague to invite.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    /// The address that the letter goes to and the person logs in with.
    pub email: String,
    /// What people call this person.
    pub name: String,
    /// The department.
    pub department: Option<DepartmentId>,
    /// Who approves this person's requests.
    pub supervisor: Option<UserId>,
    /// ISO 3166-2 regions.
    pub regions: Vec<String>,
    /// Role codes; need `roles.assign`.
    pub roles: Vec<String>,
}

/// Invites a colleague.
///
/// Errors: 409 `mail_not_configured`, `duplicate_value`; 422 with every fault.
pub async fn invite(app: &App, call: &Call, work: &Work, new: Invitation) -> Result<UserView, DomainError> {
    call.needs(Permission::UsersManage)?;
    if !new.roles.is_empty() {
        call.needs(Permission::RolesAssign)?;
    }
    mail::needs_mail(app)?;
    departments::fence(work).await?;
    let keys = app.keys().open_organization(work).await?;
    let mut faults = Vec::new();
    let email = identifiers::email(&new.email).unwrap_or_else(|| {
        faults.push(Fault::new("/email", "invalid_email"));
        String::new()
    });
    let roles = codes_of(work, &new.roles).await?;
    let row = row_of(app, work, &keys, &new, &email, roles);
    let nowhere = UserRow { department: None, supervisor: None, ..row.clone() };
    check_place(work, &row, &nowhere, &mut faults).await?;
    faults.extend(rights_faults(app, call, work, row.id, None, rights(&row)).await?);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    stored::insert(work, &row, &app.keys().lookup("email", &comparable_email(&email))).await.map_err(taken)?;
    write_letter(app, work, &keys, row.id, email).await?;
    app.record_change(work, call, draft(Action::UsersInvite, row.id)).await?;
    view(&keys, work.organization(), row)
}

fn row_of(
    app: &App,
    work: &Work,
    keys: &OrganizationKeys,
    new: &Invitation,
    email: &str,
    roles: Vec<String>,
) -> UserRow {
    let id = UserId::from(app.new_id());
    let seal = |field: &str, text: &str| {
        seal_own(keys, &own_place(work.organization(), "user", id.uuid(), field, 1), text, app.rng())
    };
    let sorted =
        |codes: &[String]| codes.iter().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    UserRow {
        id,
        state: "invited".into(),
        department: new.department,
        supervisor: new.supervisor,
        regions: sorted(&new.regions),
        sealed_email: seal("email", email),
        sealed_name: seal("name", &new.name),
        password_hash: None,
        created_at: app.now(),
        roles,
        version: 1,
        language: None,
        follow_up_letters: true,
    }
}

/// The address is another account's of this organisation; whose is not said.
fn taken(error: DbError) -> DomainError {
    match error {
        DbError::Conflict(constraint) if constraint == "credential_lookups_pkey" => {
            DomainError::Taken(vec![Fault::new("/email", "duplicate_value")])
        }
        other => other.into(),
    }
}

async fn write_letter(
    app: &App,
    work: &Work,
    keys: &OrganizationKeys,
    user: UserId,
    email: String,
) -> Result<(), DomainError> {
    let (token, ends) = issue(app, work, user, OneTime::Invitation).await?;
    let name = organizations::name(work).await?;
    mail::queue(app, work, keys, (user, email), mail::invitation(app, &name, &token, ends), ends).await
}

/// Sends another invitation; tokens of earlier ones are void.
///
/// Errors: 409 `wrong_state`, `mail_not_configured`.
pub async fn invite_again(app: &App, call: &Call, work: &Work, id: UserId) -> Result<UserView, DomainError> {
    call.needs(Permission::UsersManage)?;
    mail::needs_mail(app)?;
    let row = held_for_change(work, id).await?;
    if row.state != "invited" {
        return Err(DomainError::refused(RefusedAs::Conflict, "wrong_state"));
    }
    one_time::remove_all(work, id).await?;
    letters::remove_all(work, id).await?;
    let keys = app.keys().open_organization(work).await?;
    let seen = view(&keys, work.organization(), row)?;
    write_letter(app, work, &keys, id, seen.email.clone()).await?;
    app.record_change(work, call, draft(Action::UsersInvite, id)).await?;
    Ok(seen)
}
