//! Reading one customer, and who saw it.

use std::sync::Arc;

use custodian_domain::access::Decision;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{CustomerReader, CustomerRow};
use uuid::Uuid;

use super::SeenCustomer;
use super::seen::{decide_row, looks_closely, refuse, seen_through};
use crate::access::spend;
use crate::audit::{Draft, Page, Shown, customer_access_log};
use crate::consents::{agreed, still_agreed};
use crate::{App, Call};

/// One customer through the decision. The entry is durable before this returns.
pub async fn read(app: &App, reader: &CustomerReader, call: &Call, id: Uuid) -> Result<SeenCustomer, DomainError> {
    let (row, decision) = find_decided(app, reader, call, id, Permission::CustomersRead).await?;
    if looks_closely(&row, &decision) {
        spend(app, call, &[row.id]).await?;
    }
    let mut shown = Shown::default();
    let seen = guard(app, call, row.id, seen_through(app, call, &row, &decision, &mut shown)).await?;
    app.record_read(call, Draft { shown, ..Draft::about(Action::CustomersRead, row.id) }).await?;
    still_agreed(reader, call, row.id).await?;
    Ok(seen)
}

/// The stored customer, if the caller may know of it with this permission.
pub(crate) async fn find(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    permission: Permission,
) -> Result<Arc<CustomerRow>, DomainError> {
    find_decided(app, reader, call, id, permission).await.map(|(row, _)| row)
}

/// The same with the decision that let it pass.
async fn find_decided(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    permission: Permission,
) -> Result<(Arc<CustomerRow>, Decision<'static>), DomainError> {
    call.needs(permission)?;
    let id = call.identity.meant_customer(id)?;
    let row = reader.find(call.organization(), id).await?.ok_or(DomainError::NotFound)?;
    let decision = decide_row(app, call, &row, permission);
    refuse(decision.outcome, permission)?;
    agreed(call, &row)?;
    Ok((row, decision))
}

/// A sealed value that does not open is a critical alert and an entry, and nothing of the object is shown.
pub(crate) async fn guard<T>(
    app: &App,
    call: &Call,
    customer: CustomerId,
    opened: Result<T, DomainError>,
) -> Result<T, DomainError> {
    if matches!(opened, Err(DomainError::Integrity)) {
        tracing::error!(alert = "critical", customer = %customer, "a sealed value does not open: it was changed outside the service");
        metrics::counter!("custodian_integrity_failures_total").increment(1);
        app.record_read(call, Draft { verdict: Verdict::Failed, ..Draft::about(Action::IntegrityFailed, customer) })
            .await?;
    }
    opened
}

/// Who saw this customer, when and why; newest first.
pub async fn access_log(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Page, DomainError> {
    let row = find(app, reader, call, id, Permission::AccessLogRead).await?;
    customer_access_log(app, call, row.id, before, limit).await
}
