//! Rounds of policies about one field of customers: its values go, and the customers stay.

use custodian_domain::kernel::DomainError;
use custodian_domain::retention::Verdict;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::retention::PolicyRow;

use super::holds::verdict;
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::catalog::load;
use crate::customers::forget_field;
use crate::events::{Event, EventType, Fact, publish};

/// Takes a field away from a locked customer, unless a hold was laid meanwhile. Whether there was something of it.
pub(super) async fn of_one(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    row: &CustomerRow,
    key: &str,
) -> Result<bool, DomainError> {
    let now = work.database_time().await?;
    if verdict(work, row.id, now).await? != Verdict::Go {
        return Ok(false);
    }
    let catalog = load(work).await?;
    let Some(field) = catalog.customer().ever().find(|field| field.key == key) else { return Ok(false) };
    let Some((version, draft)) = forget_field(app, work, row, field).await? else { return Ok(false) };
    // Whoever was found to be the same person, and may be told apart again, has the value as well.
    for merged in people::merged_ids(work, row.id).await? {
        if let Some((other, false)) = people::lock_any(work, merged).await?
            && let Some((_, draft)) = forget_field(app, work, &other, field).await?
        {
            note(app, work, policy, draft).await?;
        }
    }
    note(app, work, policy, draft).await?;
    let event = Event::about(EventType::CustomersUpdated, row.id)
        .with("version", Fact::Count(version.into()))
        .with("fields", Fact::Fields(vec![key.to_owned()]));
    publish(app, work, event).await?;
    Ok(true)
}

/// The entry of a field that was taken away, by which policy.
async fn note(app: &App, work: &Work, policy: &PolicyRow, draft: Draft) -> Result<(), DomainError> {
    let draft = draft.with("retention_policy", Detail::Code(policy.id.to_string()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await
}
