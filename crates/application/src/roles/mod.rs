//! Roles: those that every organisation has, those that it made, and the rule that nobody hands out more than they hold.

mod draft;
mod duties;
mod judge;
mod known;
mod simulate;
mod write;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::{Permission, Role, built_in, built_in_id, built_in_role};
use custodian_persistence::Work;
use custodian_persistence::roles::{self as stored, RoleRow};
use uuid::Uuid;

pub use draft::{RoleDraft, RuleDraft};
pub use duties::{DutyDraft, DutyView, create_duty, delete_duty, find_duty, list_duties};
pub(crate) use judge::may_be_appointed;
pub use judge::{Rights, codes_of, rights_faults};
pub(crate) use known::{Known, all as all_roles, in_force};
pub use simulate::{FieldShift, Shift, Simulation, simulate};
pub use write::{create, delete, patch};

use crate::audit::Draft;
use crate::{App, Call};

/// A role with what stands beside it.
#[derive(Clone, Debug)]
pub struct RoleView {
    /// Its id; the same in every organisation for a built-in role.
    pub id: Uuid,
    /// Counts changes; 1 for a built-in role.
    pub version: i32,
    /// The role.
    pub role: Arc<Role>,
    /// When it was made and last changed; `None` for a built-in role, which never was.
    pub times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl RoleView {
    /// Whether it is part of the product.
    pub fn is_built_in(&self) -> bool {
        self.times.is_none()
    }

    fn built_in(role: &Role) -> Self {
        let id = built_in_id(&role.code).unwrap_or_default();
        Self { id, version: 1, role: Arc::new(role.clone()), times: None }
    }
}

impl From<RoleRow> for RoleView {
    fn from(row: RoleRow) -> Self {
        let RoleRow { id, version, role, created_at, created_by: _, updated_at, updated_by: _ } = row;
        Self { id, version, role, times: Some((created_at, updated_at)) }
    }
}

/// Every role: the built-in ones first, then the organisation's own by code.
pub async fn list(app: &App, call: &Call) -> Result<Vec<RoleView>, DomainError> {
    call.needs(Permission::RolesRead)?;
    let work = app.begin(call.organization()).await?;
    let own = stored::list(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(built_in().iter().map(RoleView::built_in).chain(own?.into_iter().map(RoleView::from)).collect())
}

/// One role, by its id or its code.
pub async fn find(app: &App, call: &Call, name: &str) -> Result<RoleView, DomainError> {
    call.needs(Permission::RolesRead)?;
    let found =
        app.reading(call.organization(), async |work| find_in(work, name).await).await?.ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(found)
}

/// The role of an id or a code.
pub(crate) async fn find_in(work: &Work, name: &str) -> Result<Option<RoleView>, DomainError> {
    if let Some(role) = built_in_role(name) {
        return Ok(Some(RoleView::built_in(role)));
    }
    let Ok(id) = Uuid::try_parse(name) else {
        return Ok(stored::by_codes(work, &[name]).await?.pop().map(RoleView::from));
    };
    match built_in().iter().find(|role| built_in_id(&role.code) == Some(id)) {
        Some(role) => Ok(Some(RoleView::built_in(role))),
        None => Ok(stored::find(work, id).await?.map(RoleView::from)),
    }
}
