//! The catalog: which record types and fields there are.

use custodian_domain::audit::Action;
use custodian_domain::catalog::{RecordType, customer};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;

use crate::audit::Draft;
use crate::{App, Call};

/// Every record type.
pub async fn record_types(app: &App, call: &Call) -> Result<Vec<&'static RecordType>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    app.record_read(call, Draft::of(Action::CatalogRead)).await?;
    Ok(vec![customer()])
}

/// One record type by its code.
pub async fn record_type(app: &App, call: &Call, code: &str) -> Result<&'static RecordType, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let found = Some(customer()).filter(|t| t.code == code).ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::CatalogRead)).await?;
    Ok(found)
}
