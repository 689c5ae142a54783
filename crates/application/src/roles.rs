//! The built-in roles as they are in force.

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::{Permission, Role, built_in, built_in_role};

use crate::audit::Draft;
use crate::{App, Call};

/// Every role.
pub async fn list(app: &App, call: &Call) -> Result<&'static [Role], DomainError> {
    call.needs(Permission::RolesRead)?;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(built_in())
}

/// One role by its code.
pub async fn find(app: &App, call: &Call, code: &str) -> Result<&'static Role, DomainError> {
    call.needs(Permission::RolesRead)?;
    let role = built_in_role(code).ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(role)
}
