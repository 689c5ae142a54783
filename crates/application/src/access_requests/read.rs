//! Reading requests: one's own, those that one decided, and those that wait for one.

use std::collections::HashMap;

use custodian_domain::access_requests::{Kind, Staffing, State, Step};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, DecisionRow, GrantRow, RequestFilter, RequestRow};
use uuid::Uuid;

use super::ask::MOST_CUSTOMERS;
use super::emergency::waits_for_review;
use super::entry;
use super::who::{Standing, staffing};
use crate::audit::Draft;
use crate::keys::{OrganizationKeys, open_own, own_place};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// The most waiting requests that are looked through for one person.
const LOOKED_THROUGH: i64 = 1_000;

/// A decision as it is read.
#[derive(Clone, Debug)]
pub struct DecisionView {
    /// As stored.
    pub row: DecisionRow,
    /// The word about it.
    pub comment: Option<String>,
}

/// A request as it is read.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// As stored.
    pub row: RequestRow,
    /// Why.
    pub reason: String,
    /// The customers; left out of lists.
    pub customers: Option<Vec<Uuid>>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What was decided.
    pub decisions: Vec<DecisionView>,
    /// Who may decide now.
    pub deciders: Vec<UserId>,
    /// What came of it.
    pub grant: Option<GrantRow>,
}

/// Whether the caller sees everybody's requests.
pub(super) fn sees_all(call: &Call) -> bool {
    call.identity.caller.holds(Permission::GrantsRevoke) || call.identity.caller.holds(Permission::AuditRead)
}

/// A page of requests, newest first: everybody's for who watches over them, else those that one made or decided. `None` for who may not see so
/// much as their own.
pub async fn list(
    app: &App,
    call: &Call,
    mut filter: RequestFilter,
    limit: usize,
) -> Result<(Vec<RequestView>, Option<Uuid>), DomainError> {
    call.needs(Permission::AccessRequestsRead)?;
    if !sees_all(call) {
        filter.concerning = Some(call.identity.actor_id());
    }
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, &filter, one_more(limit)).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    let staff = staffing(&work).await?;
    let views = views_of(app, &work, rows, &staff).await?;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::AccessRequestsRead)).await?;
    Ok((views, next))
}

/// Every request that waits for the caller, newest first.
pub async fn waiting(app: &App, call: &Call) -> Result<Vec<RequestView>, DomainError> {
    call.needs(Permission::AccessRequestsRead)?;
    let views = app
        .reading(call.organization(), async |work| waiting_in(app, work, UserId::from(call.identity.actor_id())).await)
        .await?;
    app.record_read(call, Draft::of(Action::AccessRequestsRead)).await?;
    Ok(views)
}

/// Every request that waits for this person, newest first.
pub(crate) async fn waiting_in(app: &App, work: &Work, user: UserId) -> Result<Vec<RequestView>, DomainError> {
    let (rows, staff) = (stored::pending(work, LOOKED_THROUGH).await?, staffing(work).await?);
    let mut views = views_of(app, work, rows, &staff).await?;
    views.retain(|view| view.deciders.contains(&user));
    Ok(views)
}

/// One request, for who made it, is or was asked about it, or watches over all.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<RequestView, DomainError> {
    call.needs(Permission::AccessRequestsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = match stored::find(&work, id).await? {
        Some(row) if concerns(call, &work, &row).await? => Some(view_of(app, &work, row, true).await?),
        _ => None,
    };
    work.abandon().await;
    let found = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::AccessRequestsRead, id)).await?;
    Ok(found)
}

/// These requests as they stand in this transaction, by id.
pub(crate) async fn views_by_ids(
    app: &App,
    work: &Work,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, RequestView>, DomainError> {
    let (rows, staff) = (stored::by_ids(work, ids).await?, staffing(work).await?);
    Ok(views_of(app, work, rows, &staff).await?.into_iter().map(|view| (view.row.id, view)).collect())
}

/// Whether the caller made this request, is, was or will be asked about it, or watches over all.
pub(crate) async fn concerns(call: &Call, work: &Work, row: &RequestRow) -> Result<bool, DomainError> {
    let Some(user) = call.identity.user() else { return Ok(false) };
    if sees_all(call) || row.requester == user {
        return Ok(true);
    }
    let decisions = decisions_of(work, row.id).await?;
    Ok(Standing::of(row, &decisions)?.concerns(&staffing(work).await?, user))
}

pub(super) async fn decisions_of(work: &Work, id: Uuid) -> Result<Vec<DecisionRow>, DomainError> {
    Ok(stored::decisions(work, &[id]).await?.into_iter().map(|(_, decision)| decision).collect())
}

/// A request as it stands in this transaction.
pub(super) async fn view_of(
    app: &App,
    work: &Work,
    row: RequestRow,
    with_customers: bool,
) -> Result<RequestView, DomainError> {
    let (id, staff) = (row.id, staffing(work).await?);
    let found = views_of(app, work, vec![row], &staff).await?.pop();
    let mut view = found.ok_or_else(|| DomainError::internal("a request was not read"))?;
    if with_customers && view.row.kind != Kind::Export.as_str() {
        let most = i64::try_from(MOST_CUSTOMERS).unwrap_or(i64::MAX);
        let customers = stored::customers_of(work, id, most).await?;
        view.customers = Some(customers.into_iter().map(Uuid::from).collect());
    }
    Ok(view)
}

async fn views_of(
    app: &App,
    work: &Work,
    rows: Vec<RequestRow>,
    staff: &Staffing,
) -> Result<Vec<RequestView>, DomainError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let keys = app.keys().open_organization(work).await?;
    let mut decisions: HashMap<Uuid, Vec<DecisionRow>> = HashMap::new();
    for (request, decision) in stored::decisions(work, &ids).await? {
        decisions.entry(request).or_default().push(decision);
    }
    let mut grants: HashMap<Uuid, GrantRow> =
        stored::grants_of(work, &ids).await?.into_iter().map(|grant| (grant.request, grant)).collect();
    let now = work.database_time().await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let decisions = decisions.remove(&row.id).unwrap_or_default();
        let standing = Standing::of(&row, &decisions)?;
        let pending = row.state == State::Pending.as_str() || waits_for_review(&row, !decisions.is_empty());
        let deciders = if pending { standing.deciders(staff, now) } else { Vec::new() };
        views.push(RequestView {
            reason: open(&keys, work, row.id, "reason", &row.sealed_reason)?,
            customers: None,
            decisions: decisions.into_iter().map(|one| seen(&keys, work, row.id, one)).collect::<Result<_, _>>()?,
            deciders: deciders.into_iter().map(|one| one.user).collect(),
            steps: standing.steps,
            grant: grants.remove(&row.id),
            row,
        });
    }
    Ok(views)
}

fn open(keys: &OrganizationKeys, work: &Work, id: Uuid, field: &str, sealed: &[u8]) -> Result<String, DomainError> {
    open_own(keys, &own_place(work.organization(), "access_request", id, field, 1), sealed)
}

fn seen(keys: &OrganizationKeys, work: &Work, id: Uuid, row: DecisionRow) -> Result<DecisionView, DomainError> {
    let comment = row.sealed_comment.as_deref();
    let comment = comment.map(|sealed| open(keys, work, id, &format!("comment/{}", row.step), sealed)).transpose()?;
    Ok(DecisionView { row, comment })
}
