//! Which roles must show a second factor.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::auth::mfa as stored;

use super::step_up::require_step_up;
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// Codes of the roles that must show a second factor, in order.
pub async fn read_policy(app: &App, call: &Call) -> Result<Vec<String>, DomainError> {
    call.needs(Permission::AuthManage)?;
    let work = app.begin(call.organization()).await?;
    let roles = stored::required_roles(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::AuthPolicyRead)).await?;
    Ok(roles?)
}

/// Puts these roles in place of those before; `allowed` is asked about the roles in force, in the same transaction. A person of such a role without a
/// second factor can do nothing but enrol one, from half a second on.
///
/// Errors: 403 `step_up_required`; 422 with every unknown role.
pub async fn set_policy(
    app: &App,
    call: &Call,
    work: &Work,
    mut roles: Vec<String>,
    allowed: impl FnOnce(&[String]) -> Result<(), DomainError>,
) -> Result<Vec<String>, DomainError> {
    call.needs(Permission::AuthManage)?;
    allowed(&stored::required_roles(work).await?)?;
    require_step_up(app, call, work).await?;
    let known = crate::roles::all_roles(work).await?;
    let unknown = roles.iter().enumerate().filter(|(_, code)| !known.contains_key(*code));
    let faults: Vec<_> =
        unknown.map(|(index, _)| Fault::new(format!("/roles_with_mfa/{index}"), "unknown_role")).collect();
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    roles.sort_unstable();
    roles.dedup();
    stored::replace_required_roles(work, &roles).await?;
    app.auth().believe_nobody();
    let draft = Draft::of(Action::AuthPolicyChange).with("roles_with_mfa", Detail::Codes(roles.clone()));
    app.record_change(work, call, draft).await?;
    Ok(roles)
}
