//! The job behind each request: it asks more people in time, lets what nobody answers lapse, and notes that a right has ended.

use chrono::{DateTime, Utc};
use custodian_domain::access_requests::{Decider, Kind, State};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, GrantRow, RequestRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;
use uuid::Uuid;

use super::emergency::waits_for_review;
use super::read::decisions_of;
use super::who::{Standing, staffing};
use super::{entry, letters, news};
use crate::audit::{Detail, Draft, record_all};
use crate::{App, exports};

/// The kind of these jobs.
pub const KIND: &str = "access_request";

const LEASE_SECONDS: f64 = 10.0;

/// Looks at a request whose time has come. What holds is decided by the database's clock at each call; this only writes it down and tells people.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let now = work.database_time().await?;
    let next = match stored::lock(&work, claim.job.uuid()).await? {
        Some(row) => look(app, &work, row, now).await?,
        None => None,
    };
    match next {
        Some(at) => jobs::put_off(&work, claim.job, at).await?,
        None => jobs::finish(&work, claim.job, Ok(json!({})), now).await?,
    }
    Ok(work.commit().await?)
}

/// When to look again, if ever.
async fn look(
    app: &App,
    work: &Work,
    row: RequestRow,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DomainError> {
    match State::from_code(&row.state) {
        Some(State::Pending) => escalate(app, work, row, now).await.map(Some),
        Some(State::Lapsed) if row.closed_at.is_none() => {
            let row = close(app, work, row, now, Action::AccessRequestsLapse, None).await?;
            if row.kind == Kind::Export.as_str() {
                exports::dropped(work, &row).await?;
            }
            letters::tell_requester(app, work, &row, now + chrono::TimeDelta::days(7)).await?;
            Ok(None)
        }
        Some(State::Approved) if row.kind == Kind::Export.as_str() => {
            let next = exports::look(app, work, row.id, now).await?;
            if next.is_none() {
                stored::update(work, &RequestRow { closed_at: Some(now), ..row }).await?;
            }
            Ok(next)
        }
        Some(State::Approved) => {
            let ends_at = grant_of(work, row.id).await?.map(|grant| grant.ends_at);
            let review = see_review(app, work, row, now).await?;
            Ok(ends_at.into_iter().chain(review).min())
        }
        Some(State::Expired) if row.closed_at.is_none() => {
            let grant = grant_of(work, row.id).await?;
            let row = close(app, work, row, now, Action::GrantsExpire, grant).await?;
            see_review(app, work, row, now).await
        }
        _ => see_review(app, work, row, now).await,
    }
}

/// Says once, to those who are asked and in the log, that the review of an emergency is overdue. When to look again, if ever.
async fn see_review(
    app: &App,
    work: &Work,
    mut row: RequestRow,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DomainError> {
    let decisions = decisions_of(work, row.id).await?;
    if !waits_for_review(&row, !decisions.is_empty()) || row.escalated {
        return Ok(None);
    }
    if now < row.lapses_at {
        return Ok(Some(row.lapses_at));
    }
    row.escalated = true;
    stored::update(work, &row).await?;
    let asked = Standing::of(&row, &decisions)?.deciders(&staffing(work).await?, now);
    letters::alarm(app, work, &row, &asked).await?;
    let requester = Detail::Code(row.requester.to_string());
    record(app, work, entry(Action::AccessRequestsOverdue, row.id).with("requester", requester)).await?;
    Ok(None)
}

async fn grant_of(work: &Work, request: Uuid) -> Result<Option<GrantRow>, DomainError> {
    Ok(stored::grants_of(work, &[request]).await?.pop())
}

async fn escalate(
    app: &App,
    work: &Work,
    mut row: RequestRow,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, DomainError> {
    let decisions = decisions_of(work, row.id).await?;
    let standing = Standing::of(&row, &decisions)?;
    if now < standing.escalates_at() {
        return Ok(standing.escalates_at().min(row.lapses_at));
    }
    if !row.escalated {
        row.escalated = true;
        stored::update(work, &row).await?;
        let staff = staffing(work).await?;
        let before = standing.deciders(&staff, row.step_started_at);
        let asked: Vec<Decider> =
            standing.deciders(&staff, now).into_iter().filter(|one| !before.contains(one)).collect();
        letters::ask(app, work, &row, &asked).await?;
        let step = Detail::Count(u32::try_from(row.step).unwrap_or_default());
        record(app, work, entry(Action::AccessRequestsEscalate, row.id).with("step", step)).await?;
    }
    Ok(row.lapses_at)
}

/// Writes down that a request, or what it gave, has ended by itself.
async fn close(
    app: &App,
    work: &Work,
    mut row: RequestRow,
    now: DateTime<Utc>,
    action: Action,
    grant: Option<GrantRow>,
) -> Result<RequestRow, DomainError> {
    row.closed_at = Some(now);
    stored::update(work, &row).await?;
    let mut draft = entry(action, row.id).with("requester", Detail::Code(row.requester.to_string()));
    match &grant {
        Some(grant) => news::ended(app, work, grant, State::Expired.as_str()).await?,
        None => news::decided(app, work, &row).await?,
    }
    if let Some(grant) = grant {
        let used = Detail::Code(if grant.first_used_at.is_some() { "yes" } else { "no" }.to_owned());
        draft = draft.with("grant", Detail::Code(grant.id.to_string())).with("used", used);
    }
    record(app, work, draft).await?;
    Ok(row)
}

async fn record(app: &App, work: &Work, draft: Draft) -> Result<(), DomainError> {
    let entry = app.own_entry(work.organization(), draft).await?;
    record_all(work, &[&entry]).await
}

/// Ends all that a person asked for, was given or stood in for; how many requests, rights and delegations that were.
pub(crate) async fn end_all_of(work: &Work, user: UserId, by: Uuid) -> Result<[u64; 3], DomainError> {
    let requests = stored::cancel_all(work, user).await?;
    let grants = stored::revoke_grants_of(work, user, by).await?;
    let now = work.database_time().await?;
    for id in requests.iter().chain(&grants) {
        jobs::finish(work, JobId::from(*id), Ok(json!({})), now).await?;
    }
    let delegations = stored::end_delegations_of(work, user.uuid()).await?;
    let count = |ids: &[Uuid]| u64::try_from(ids.len()).unwrap_or(u64::MAX);
    Ok([count(&requests), count(&grants), delegations])
}
