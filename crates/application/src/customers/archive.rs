//! The archive: customers who are kept and not worked with. They leave lists and searches, and are read as ever.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as stored, CustomerRow, SealedFields, VersionRow};
use uuid::Uuid;

use super::SeenCustomer;
use super::change::{attributes_json, attributes_of};
use super::hand_over::next_version;
use super::read::guard;
use super::rules::{digest_of, unrestricted, version_of};
use super::seen::{decide_row, looks_closely, refuse, seen_through};
use crate::access::spend_in;
use crate::audit::{Detail, Draft};
use crate::consents::{agreed, refreshed};
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call};

/// Puts a customer into the archive.
///
/// Errors: 409 `customer_restricted`, `customer_archived`.
pub async fn archive(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: String,
) -> Result<SeenCustomer, DomainError> {
    move_it(app, call, work, id, Action::CustomersArchive, reason).await
}

/// Takes a customer out of the archive.
///
/// Errors: 409 `customer_restricted`, `customer_not_archived`.
pub async fn restore(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: String,
) -> Result<SeenCustomer, DomainError> {
    move_it(app, call, work, id, Action::CustomersRestore, reason).await
}

async fn move_it(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    action: Action,
    reason: String,
) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersArchive)?;
    let id = call.identity.meant_customer(id)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut row).await?;
    refuse(decide_row(app, call, &row, Permission::CustomersArchive).outcome, Permission::CustomersArchive)?;
    agreed(call, &row)?;
    unrestricted(call, &row)?;
    let into = action == Action::CustomersArchive;
    if into == row.shelved_at.is_some() {
        let code = if into { "customer_archived" } else { "customer_not_archived" };
        return Err(DomainError::refused(RefusedAs::Conflict, code));
    }
    let row = shelve(app, call, work, row, into.then(|| app.now())).await?;
    let draft = Draft::about(action, row.id)
        .with("changed", Detail::Codes(vec!["archived_at".to_owned()]))
        .with("digest", digest_of(&row))
        .with("version", version_of(&row));
    let mut draft = Draft { reason: Some(reason), ..draft };
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    if looks_closely(&row, &decision) {
        spend_in(app, call, work, &[row.id]).await?;
    }
    let seen = seen_through(app, call, &row, &decision, &mut draft.shown)?;
    app.record_change(work, call, draft).await?;
    Ok(seen)
}

/// Stores the move as a version, and tells of it.
async fn shelve(
    app: &App,
    call: &Call,
    work: &Work,
    row: CustomerRow,
    at: Option<DateTime<Utc>>,
) -> Result<CustomerRow, DomainError> {
    let mut previous = attributes_json(&attributes_of(&row));
    if let Some(known) = previous.as_object_mut() {
        known.insert("archived_at".to_owned(), serde_json::json!(row.shelved_at));
    }
    let (now, by) = (app.now(), call.identity.actor_id());
    let next = guard(app, call, row.id, next_version(app, call.organization(), row)).await?;
    let next = CustomerRow { shelved_at: at, updated_at: now, updated_by: by, ..next };
    let kept = VersionRow {
        customer: next.id,
        version: next.version,
        changed_at: now,
        changed_by: by,
        actor_kind: call.identity.caller.actor_kind().to_owned(),
        changed: vec!["archived_at".to_owned()],
        previous,
        previous_fields: SealedFields::default(),
    };
    stored::store_change(work, &next, &kept, &[], &[]).await?;
    let event = Event::about(EventType::CustomersUpdated, next.id)
        .with("version", Fact::Count(next.version.into()))
        .with("fields", Fact::Fields(vec!["archived_at".to_owned()]));
    publish(app, work, event).await?;
    Ok(next)
}
