//! Reading one customer, and who saw it.

use std::sync::Arc;

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::Held;
use custodian_persistence::customers::{CustomerReader, CustomerRow, find_on_file};
use uuid::Uuid;

use super::seen::{Judged, judge_row, looks_closely, refuse, seen_through};
use super::{SeenCustomer, decoy};
use crate::access::record_look;
use crate::access_requests::{Holding, under};
use crate::audit::{Draft, Page, Shown, customer_access_log};
use crate::consents::{agreed, asked_for, still_agreed};
use crate::{App, Call};

/// One customer through the decision. The entry is durable before this returns.
pub async fn read(app: &App, reader: &CustomerReader, call: &Call, id: Uuid) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersRead)?;
    if let Some(nobody) = decoy::read(app, call, id).await? {
        return Ok(nobody);
    }
    let Found { row, judged, holding } = find_judged(app, reader, call, id, Permission::CustomersRead).await?;
    let closely: &[CustomerId] = if looks_closely(&row, &judged.by_roles()) { &[row.id] } else { &[] };
    let mut shown = Shown::default();
    let mut seen = guard(app, call, row.id, seen_through(app, call, &row, &judged.decision, &mut shown)).await?;
    holding.note_use(app, call, &judged.under).await?;
    let draft = Draft { shown, ..Draft::about(Action::CustomersRead, row.id) };
    record_look(app, call, under(draft, &judged.under), closely).await?;
    still_agreed(reader, call, row.id).await?;
    seen.under = judged.under;
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
    find_judged(app, reader, call, id, permission).await.map(|found| found.row)
}

/// A stored customer with the decision that let it pass.
pub(crate) struct Found<'c> {
    pub row: Arc<CustomerRow>,
    pub judged: Judged<'c>,
    pub holding: Holding,
}

/// The same with the decision, and what it is owed to.
pub(crate) async fn find_judged<'c>(
    app: &App,
    reader: &CustomerReader,
    call: &'c Call,
    id: Uuid,
    permission: Permission,
) -> Result<Found<'c>, DomainError> {
    call.needs(permission)?;
    let id = call.identity.meant_customer(id)?;
    let found = reader.find(call.organization(), id, call.identity.user(), asked_for(call)).await?;
    let (row, held) = match found {
        Some(found) => found,
        None => (own_deleted(app, call, id).await?, Held::default()),
    };
    let holding = Holding::of(call, held);
    let judged = judge_row(app, call, &row, permission, &holding);
    refuse(judged.decision.outcome, permission)?;
    agreed(call, &row)?;
    Ok(Found { row, judged, holding })
}

/// A deleted customer, for that person alone: what is held about them is theirs to see as long as it is held.
async fn own_deleted(app: &App, call: &Call, id: CustomerId) -> Result<Arc<CustomerRow>, DomainError> {
    if call.identity.subject() != Some(id) {
        return Err(DomainError::NotFound);
    }
    let row = app.reading(call.organization(), async |work| find_on_file(work, id).await).await?;
    row.map(Arc::new).ok_or(DomainError::NotFound)
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
