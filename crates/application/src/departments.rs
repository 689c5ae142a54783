//! The tree of departments.

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::departments::{self as stored, DepartmentRow};

use crate::audit::Draft;
use crate::{App, Call};

/// Every department, parents before children.
pub async fn list(app: &App, call: &Call) -> Result<Vec<DepartmentRow>, DomainError> {
    call.needs(Permission::DepartmentsRead)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::DepartmentsRead)).await?;
    Ok(rows?)
}
