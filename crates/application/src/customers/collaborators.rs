//! Collaborators: colleagues who see a customer beside its owner, for a while or for good.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::access::{Outcome, Thing, Who};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CollaboratorRow, CustomerReader, CustomerRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use super::read::find;
use super::rules::unrestricted;
use super::seen::{decide_row, decide_thing, refuse, thing};
use crate::audit::{Detail, Draft};
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call};

/// The most collaborators of one customer.
const MOST: usize = 50;

/// Somebody to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCollaborator {
    /// Who.
    pub user: UserId,
    /// Until when; for good without.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Those of one customer, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collaborators {
    /// The customer.
    pub customer: CustomerId,
    /// In order of id.
    pub rows: Vec<CollaboratorRow>,
}

/// The collaborators of a customer that the caller may read.
///
/// Errors: 403 `staff_only`; 404.
pub async fn show_collaborators(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
) -> Result<Collaborators, DomainError> {
    let row: Arc<CustomerRow> = find(app, reader, call, id, Permission::CustomersRead).await?;
    staff_only(call)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::collaborators(&work, row.id).await;
    work.abandon().await;
    let found = Collaborators { customer: row.id, rows: rows? };
    app.record_read(call, Draft::about(Action::CollaboratorsRead, row.id)).await?;
    Ok(found)
}

/// Names the collaborators of a customer: these and no others. Who only works on it beside its owner names nobody further.
///
/// Errors: 403 `collaborator_only`; 404; 409 `customer_restricted` where somebody would see the customer who does not, or for longer; 412; 422 for who is no
/// active colleague, is named twice or is the owner, and for an end that has passed.
pub async fn put_collaborators(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl Fn(&Collaborators) -> Result<(), DomainError>,
    wanted: &[NewCollaborator],
) -> Result<Collaborators, DomainError> {
    call.needs(Permission::CustomersShare)?;
    let id = call.identity.meant_customer(id)?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    may_share(app, call, &row)?;
    let before = Collaborators { customer: id, rows: stored::collaborators(work, id).await? };
    admits(&before)?;
    if shows_more(&before, wanted) {
        unrestricted(call, &row)?;
    }
    let now = work.database_time().await?;
    check(work, &row, wanted, now).await?;
    let by = call.identity.actor_id();
    let rows: Vec<CollaboratorRow> = wanted.iter().map(|one| next(&before, *one, now, by)).collect();
    stored::put_collaborators(work, id, &rows).await?;
    let after = Collaborators { customer: id, rows: stored::collaborators(work, id).await? };
    let changed = before != after;
    let draft = Draft::about(Action::CollaboratorsPut, id).with("collaborators", named(&after));
    app.record_change(work, call, draft.with("before", named(&before))).await?;
    if changed {
        let count = i64::try_from(after.rows.len()).unwrap_or(i64::MAX);
        let event = Event::about(EventType::CustomersShared, id).with("collaborators", Fact::Count(count));
        publish(app, work, event).await?;
    }
    Ok(after)
}

/// Refuses whoever does not reach the customer, and whoever reaches it as a collaborator alone: a look that was lent is not lent on.
fn may_share(app: &App, call: &Call, row: &CustomerRow) -> Result<(), DomainError> {
    refuse(decide_row(app, call, row, Permission::CustomersShare).outcome, Permission::CustomersShare)?;
    let alone = Thing { collaborators: &[], ..thing(call, row) };
    match (&call.identity.caller.who, decide_thing(app, call, &alone, Permission::CustomersShare).outcome) {
        (Who::Staff(_), Outcome::Allowed) => Ok(()),
        (Who::Staff(_), _) => Err(DomainError::refused(RefusedAs::Forbidden, "collaborator_only")),
        _ => staff_only(call),
    }
}

fn staff_only(call: &Call) -> Result<(), DomainError> {
    match call.identity.user() {
        Some(_) => Ok(()),
        None => Err(DomainError::refused(RefusedAs::Forbidden, "staff_only")),
    }
}

/// Whether somebody is to see the customer who does not, or for longer than was said: under a restriction one may take away and shorten.
fn shows_more(before: &Collaborators, wanted: &[NewCollaborator]) -> bool {
    let within = |one: &NewCollaborator, row: &CollaboratorRow| {
        row.user == one.user && row.ends_at.is_none_or(|old| one.ends_at.is_some_and(|new| new <= old))
    };
    !wanted.iter().all(|one| before.rows.iter().any(|row| within(one, row)))
}

/// Every fault of those who are to be named.
async fn check(
    work: &Work,
    row: &CustomerRow,
    wanted: &[NewCollaborator],
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let ids: Vec<UserId> = wanted.iter().map(|one| one.user).collect();
    let known = if ids.is_empty() { Vec::new() } else { users::departments_of(work, &ids).await? };
    let mut faults = Vec::new();
    if wanted.len() > MOST {
        faults.push(Fault::new("/collaborators", "too_many").with_arg(MOST.to_string()));
    }
    for (at, one) in wanted.iter().enumerate() {
        let mut fault = |member: &str, code| faults.push(Fault::new(format!("/collaborators/{at}/{member}"), code));
        let active = known.iter().any(|(id, state, _)| *id == one.user && state == "active");
        if !active {
            fault("user_id", "unknown_user");
        } else if row.owner == Some(one.user) {
            fault("user_id", "not_allowed");
        } else if wanted.iter().take(at).any(|before| before.user == one.user) {
            fault("user_id", "not_unique");
        }
        if one.ends_at.is_some_and(|end| end <= now) {
            fault("ends_at", "in_the_past");
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
}

fn next(before: &Collaborators, one: NewCollaborator, now: DateTime<Utc>, by: Uuid) -> CollaboratorRow {
    let NewCollaborator { user, ends_at } = one;
    match before.rows.iter().find(|row| row.user == user) {
        Some(known) => CollaboratorRow { ends_at, ..known.clone() },
        None => CollaboratorRow { user, added_at: now, added_by: by, ends_at },
    }
}

fn named(those: &Collaborators) -> Detail {
    Detail::Codes(those.rows.iter().map(|row| row.user.to_string()).collect())
}
