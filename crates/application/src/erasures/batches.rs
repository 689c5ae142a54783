//! Erasures of many: proposed by one with everybody fixed, looked at beforehand, and allowed by another, who repeats how many.

use std::collections::BTreeMap;

use custodian_domain::audit::Action;
use custodian_domain::erasures::{BatchState, Ground, Origin};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{Filter, ids as customer_ids};
use custodian_persistence::erasures::{self as stored, BatchFilter, BatchRow, MemberRow};
use custodian_persistence::{Work, jobs, privacy_requests};
use serde_json::Value;
use uuid::Uuid;

use super::batch_run::BATCH_KIND;
use super::read::staying;
use super::{Staying, about_batch, tell_of_batch};
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::events::EventType;
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};
use crate::{App, Call};

/// The most people of one proposal.
pub const MOST_IN_BATCH: usize = 10_000;

/// Whom to erase, and why.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Of those in the caller's reach.
    pub filter: Filter,
    /// The same as it was sent.
    pub sent: Value,
    /// On what ground.
    pub ground: Ground,
    /// Why; kept sealed.
    pub reason: String,
}

/// What an erasure of many would come to.
#[derive(Clone, Debug)]
pub struct BatchPreview {
    /// How many match.
    pub customers: usize,
    /// How many a legal hold keeps.
    pub held: i64,
    /// How many wait for a term of law.
    pub blocked: i64,
    /// How many had processing restricted: only a ground that is their own wish reaches them. A hold or a term may bind them as well.
    pub restricted: usize,
    /// Rows that go, by what they are.
    pub goes: Vec<(&'static str, i64)>,
    /// What stays, and on what ground.
    pub stays: Vec<Staying>,
    /// Some of those who match.
    pub sample: Vec<Uuid>,
}

/// A proposal as it is read.
#[derive(Clone, Debug)]
pub struct BatchView {
    /// As stored.
    pub row: BatchRow,
    /// Why, as typed; none for what the service proposes.
    pub reason: Option<String>,
    /// How many came to which outcome.
    pub outcomes: BTreeMap<String, i64>,
}

/// How many ids a preview shows.
const SAMPLE: usize = 20;

fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

/// Those in the caller's reach who match now.
///
/// Errors: 422 for nobody, and for more than [`MOST_IN_BATCH`].
async fn matching(app: &App, call: &Call, work: &Work, filter: &Filter) -> Result<Vec<Uuid>, DomainError> {
    let scope = call.scope(Permission::ErasuresRequest, &[], app.now());
    let limit = i64::try_from(MOST_IN_BATCH).unwrap_or(i64::MAX) + 1;
    let found = customer_ids(work, &scope, filter, limit).await?;
    match found.len() {
        0 => Err(DomainError::invalid("/filter", "matches_nobody")),
        count if count > MOST_IN_BATCH => {
            Err(DomainError::Invalid(vec![Fault::new("/filter", "too_many").with_arg(MOST_IN_BATCH.to_string())]))
        }
        _ => Ok(found),
    }
}

/// What erasing everybody who matches would take, and what would stay and why. Nothing is opened, nothing is changed.
pub async fn preview_batch(app: &App, call: &Call, filter: &Filter) -> Result<BatchPreview, DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let (ids, preview) = app.reading(call.organization(), async |work| look(app, call, work, filter).await).await?;
    let customers = ids.into_iter().take(SAMPLE).map(CustomerId::from).collect();
    app.record_read(call, Draft { customers, ..Draft::of(Action::ErasuresRead) }).await?;
    Ok(preview)
}

async fn look(app: &App, call: &Call, work: &Work, filter: &Filter) -> Result<(Vec<Uuid>, BatchPreview), DomainError> {
    let ids = matching(app, call, work, filter).await?;
    let (held, blocked) = stored::held_among(work, &ids).await?;
    let restricted = privacy_requests::restricted_at(work, &ids, work.database_time().await?).await?.len();
    let (goes, stays) = stored::what_is_there_of(work, &ids).await?;
    let preview = BatchPreview {
        customers: ids.len(),
        held,
        blocked,
        restricted,
        goes: goes.into_iter().filter(|(_, rows)| *rows > 0).collect(),
        stays: staying(stays),
        sample: ids.iter().take(SAMPLE).copied().collect(),
    };
    Ok((ids, preview))
}

/// Proposes to erase everybody who matches now; whoever comes to match later is not among them. Nothing happens until somebody else allows it.
///
/// Errors: those of the filter; 403 `step_up_required`.
pub async fn propose_batch(app: &App, call: &Call, work: &Work, new: NewBatch) -> Result<BatchView, DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    require_step_up(app, call, work).await?;
    let customers = matching(app, call, work, &new.filter).await?;
    let keys = app.keys().open_organization(work).await?;
    let id = app.new_id();
    let place = own_place(work.organization(), "erasure_batches", id, "reason", 1);
    let row = BatchRow {
        sealed_reason: Some(seal_own(&keys, &place, &new.reason, app.rng())),
        ..opened(id, Origin::Asked, new.ground, new.sent, customers.len(), work.database_time().await?)
    };
    let row = BatchRow { requested_by: call.identity.actor_id(), ..row };
    stored::insert_batch(work, &row, &customers).await?;
    tell_of_batch(app, work, EventType::ErasureBatchesOpened, &row, None).await?;
    let draft = Draft { reason: Some(new.reason), ..about_batch(Action::ErasuresPropose, &row) };
    app.record_change(work, call, draft).await?;
    view(work, &keys, row).await
}

/// A proposal of the service, about so many.
pub(super) fn opened(
    id: Uuid,
    origin: Origin,
    ground: Ground,
    filter: Value,
    customers: usize,
    at: chrono::DateTime<chrono::Utc>,
) -> BatchRow {
    BatchRow {
        id,
        origin: origin.as_str().to_owned(),
        ground: ground.as_str().to_owned(),
        filter,
        sealed_reason: None,
        state: BatchState::Pending.as_str().to_owned(),
        customers: i32::try_from(customers).unwrap_or(i32::MAX),
        requested_by: Uuid::nil(),
        requested_at: at,
        decided_by: None,
        decided_at: None,
        job: None,
        finished_at: None,
    }
}

async fn view(work: &Work, keys: &OrganizationKeys, row: BatchRow) -> Result<BatchView, DomainError> {
    let place = own_place(work.organization(), "erasure_batches", row.id, "reason", 1);
    let reason = row.sealed_reason.as_deref().map(|sealed| open_own(keys, &place, sealed)).transpose()?;
    let outcomes = stored::outcomes(work, row.id).await?.into_iter().collect();
    Ok(BatchView { row, reason, outcomes })
}

/// A proposal that waits for a word, held.
async fn pending(work: &Work, id: Uuid, next: BatchState) -> Result<BatchRow, DomainError> {
    let row = stored::lock_batch(work, id).await?.ok_or(DomainError::NotFound)?;
    let state = BatchState::from_code(&row.state).ok_or_else(|| DomainError::internal("a stored proposal"))?;
    if state.may_become(next) { Ok(row) } else { Err(conflict("wrong_batch_state")) }
}

/// Allows a proposal of somebody else, or of the service; its job begins. Whoever allows it repeats how many it is about.
///
/// Errors: 403 `own_request`, `step_up_required`; 409 `preview_outdated` for another number, `wrong_batch_state` for what was decided.
pub async fn approve_batch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    customers: i32,
) -> Result<BatchView, DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let row = pending(work, id, BatchState::Running).await?;
    if row.requested_by == call.identity.actor_id() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_request"));
    }
    require_step_up(app, call, work).await?;
    if row.customers != customers {
        return Err(conflict("preview_outdated"));
    }
    let (job, now, by) = (JobId::from(app.new_id()), work.database_time().await?, call.identity.actor_id());
    jobs::insert(work, job, BATCH_KIND, by, now).await?;
    jobs::progress(work, job, 0, Some(i64::from(row.customers)), 0, now).await?;
    let state = BatchState::Running.as_str().to_owned();
    let row = BatchRow { state, decided_by: Some(by), decided_at: Some(now), job: Some(job.uuid()), ..row };
    stored::update_batch(work, &row).await?;
    app.record_change(work, call, about_batch(Action::ErasuresApprove, &row)).await?;
    let keys = app.keys().open_organization(work).await?;
    view(work, &keys, row).await
}

/// Refuses a proposal of somebody else or of the service, or takes one's own back. Nobody is erased by it.
///
/// Errors: 409 `wrong_batch_state`.
pub async fn deny_batch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: Option<String>,
) -> Result<BatchView, DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let row = pending(work, id, BatchState::Denied).await?;
    let by = call.identity.actor_id();
    let state = if row.requested_by == by { BatchState::Cancelled } else { BatchState::Denied };
    let decided_at = Some(work.database_time().await?);
    let row = BatchRow { state: state.as_str().to_owned(), decided_by: Some(by), decided_at, ..row };
    stored::update_batch(work, &row).await?;
    let draft = about_batch(Action::ErasuresDeny, &row).with("state", Detail::Code(row.state.clone()));
    app.record_change(work, call, Draft { reason, ..draft }).await?;
    let keys = app.keys().open_organization(work).await?;
    view(work, &keys, row).await
}

/// One proposal with its outcomes so far.
pub async fn find_batch(app: &App, call: &Call, id: Uuid) -> Result<BatchView, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let found = app.reading(call.organization(), async |work| read(app, work, id).await).await?;
    app.record_read(call, about_batch(Action::ErasuresRead, &found.row)).await?;
    Ok(found)
}

async fn read(app: &App, work: &Work, id: Uuid) -> Result<BatchView, DomainError> {
    let row = stored::find_batch(work, id).await?.ok_or(DomainError::NotFound)?;
    let keys = app.keys().open_organization(work).await?;
    view(work, &keys, row).await
}

/// A page of proposals, newest first.
pub async fn list_batches(
    app: &App,
    call: &Call,
    filter: BatchFilter,
    limit: usize,
) -> Result<(Vec<BatchView>, Option<Uuid>), DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list_batches(&work, &filter, i64::try_from(limit).unwrap_or(200) + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let keys = app.keys().open_organization(&work).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push(view(&work, &keys, row).await?);
    }
    work.abandon().await;
    app.record_read(call, Draft::of(Action::ErasuresRead)).await?;
    Ok((views, next))
}

/// A page of those whom a proposal is about, each with what became of them, in the order of their ids.
pub async fn list_members(
    app: &App,
    call: &Call,
    id: Uuid,
    outcome: Option<&str>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<MemberRow>, Option<Uuid>), DomainError> {
    let batch = find_batch(app, call, id).await?;
    let mut rows = app
        .reading(call.organization(), async |work| {
            stored::members(work, batch.row.id, outcome, after, i64::try_from(limit).unwrap_or(200) + 1).await
        })
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.customer);
    let customers = rows.iter().map(|row| CustomerId::from(row.customer)).collect();
    app.record_read(call, Draft { customers, ..about_batch(Action::ErasuresRead, &batch.row) }).await?;
    Ok((rows, next))
}
