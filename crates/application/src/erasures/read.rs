//! Reading erasures: what one would take, what it took, and that somebody is gone.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Outcome, Thing};
use custodian_domain::audit::Action;
use custodian_domain::erasures::{UNCOUNTED, kept};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::retention::Verdict;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{lock_any, tombstone};
use custodian_persistence::erasures::{self as stored, ErasureFilter, ErasureRow, Removed};
use uuid::Uuid;

use super::entry;
use crate::audit::Draft;
use crate::consents::decoy_holder;
use crate::customers::{decide_row, decide_thing, refuse, unpack_tags, values};
use crate::disclosures::decoys;
use crate::paging::{cut, one_more};
use crate::retention::verdict;
use crate::{App, Call};

/// An erasure as it is read.
#[derive(Clone, Debug)]
pub struct ErasureView {
    /// As stored.
    pub row: ErasureRow,
}

/// Something that stays.
#[derive(Clone, Debug)]
pub struct Staying {
    /// What it is.
    pub what: &'static str,
    /// How many rows of it.
    pub rows: i64,
    /// On what ground.
    pub ground: &'static str,
}

/// What an erasure would take.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The customer.
    pub customer: Uuid,
    /// What stands against it now.
    pub verdict: Verdict,
    /// Keys of the fields whose values go.
    pub fields: Vec<String>,
    /// Other rows that go.
    pub goes: Vec<(&'static str, i64)>,
    /// What stays, and on what ground.
    pub stays: Vec<Staying>,
}

/// A page of erasures, newest first.
pub async fn list(
    app: &App,
    call: &Call,
    filter: ErasureFilter,
    limit: usize,
) -> Result<(Vec<ErasureView>, Option<Uuid>), DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, &filter, one_more(limit)).await?;
    work.abandon().await;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::ErasuresRead)).await?;
    Ok((rows.into_iter().map(|row| ErasureView { row }).collect(), next))
}

/// One erasure.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<ErasureView, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::ErasuresRead, row.customer, id)).await?;
    Ok(ErasureView { row })
}

/// What an erasure that waits would take.
///
/// Errors: 410 `erased` once it has taken it.
pub async fn preview(app: &App, call: &Call, id: Uuid) -> Result<Preview, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, id).await;
    work.abandon().await;
    preview_customer(app, call, row?.ok_or(DomainError::NotFound)?.customer.uuid()).await
}

/// What the erasure of a customer would take, and what would stay and why. Nothing is opened for it.
///
/// Errors: 404 for a customer out of sight; 410 `erased`.
pub async fn preview_customer(app: &App, call: &Call, id: Uuid) -> Result<Preview, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let id = call.identity.meant_customer(id)?;
    let preview = app.reading(call.organization(), async |work| look(app, call, work, id).await).await?;
    app.record_read(call, Draft::about(Action::ErasuresRead, id)).await?;
    Ok(preview)
}

async fn look(app: &App, call: &Call, work: &Work, id: CustomerId) -> Result<Preview, DomainError> {
    let (row, erased) = lock_any(work, id).await?.ok_or(DomainError::NotFound)?;
    refuse(decide_row(app, call, &row, Permission::ErasuresRead).outcome, Permission::ErasuresRead)?;
    if erased {
        return Err(gone());
    }
    let now: DateTime<Utc> = work.database_time().await?;
    let tags = i64::try_from(unpack_tags(&row.tags).len()).unwrap_or(0);
    let (goes, stays) = stored::what_is_there(work, id, tags).await?;
    let fields = values(&row).flatten().map(|value| value.key.to_owned()).collect();
    Ok(Preview {
        customer: call.identity.shown_id(id),
        verdict: verdict(work, id, now).await?,
        fields,
        goes: goes.into_iter().filter(|(_, rows)| *rows > 0).collect(),
        stays: staying(stays),
    })
}

/// What stays with the grounds of the rules. The log is not counted: it is not a matter of rows.
pub(super) fn staying(rows: Removed) -> Vec<Staying> {
    let ground = |what: &'static str| kept(what).map_or("", |rule| rule.ground);
    let mut all: Vec<Staying> = rows
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(what, rows)| Staying { what, rows, ground: ground(what) })
        .collect();
    all.extend(UNCOUNTED.iter().map(|what| Staying { what, rows: 0, ground: ground(what) }));
    all
}

fn gone() -> DomainError {
    DomainError::refused(custodian_domain::kernel::RefusedAs::Gone, "erased")
}

/// Whether a customer that was not found is one that was erased and that this caller could have known of, or a partner's row about nobody. Of nobody else is told that they were here.
pub async fn is_gone(app: &App, call: &Call, id: Uuid) -> Result<bool, DomainError> {
    let Ok(id) = call.identity.meant_customer(id) else { return Ok(false) };
    if decoys::retire(app, call, id).await? {
        return Ok(true);
    }
    let Some(left) = app.reading(call.organization(), async |work| tombstone(work, id).await).await? else {
        return Ok(false);
    };
    let department_path = call.identity.department_path(left.department);
    let thing =
        Thing { customer: id, owner: left.owner, collaborators: &[], department_path, region: None, restricted: false };
    Ok(decide_thing(app, call, &thing, Permission::CustomersRead).outcome == Outcome::Allowed)
}

/// The same of a record that was not found: whether it hung on such a customer.
pub async fn is_record_gone(app: &App, call: &Call, record: Uuid) -> Result<bool, DomainError> {
    match app.reading(call.organization(), async |work| stored::erased_with(work, record).await).await? {
        Some(customer) => is_gone(app, call, call.identity.shown_id(customer)).await,
        None => match decoy_holder(app, call, record).await? {
            Some(nobody) => is_gone(app, call, nobody).await,
            None => Ok(false),
        },
    }
}

/// Whether somebody was made unreadable.
pub(crate) async fn erased(work: &Work, customer: CustomerId) -> Result<bool, DomainError> {
    Ok(stored::of_customer(work, customer).await?.is_some_and(|row| row.erased_at.is_some()))
}
