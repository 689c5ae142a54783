//! Tier rules that work by themselves: with the rights of whoever last said so, as they are at each run.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, JobId, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_domain::segments::{Schedule, TierRule};
use custodian_persistence::Work;
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::segments::{self as stored, Scheduled, SegmentRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::keep::tier_of;
use super::tier::{Told, apply};
use crate::auth::identity_of_user;
use crate::{App, Call};

/// The kind of these jobs.
pub const KIND: &str = "segment_tier";

const LEASE_SECONDS: f64 = 30.0;

fn schedule_of(row: &SegmentRow) -> Option<Schedule> {
    tier_of(row.tier.as_ref()).and_then(|rule| rule.schedule)
}

/// Brings the job of a stored segment about, or ends it. Whoever changes a segment whose rule works by itself lends it their rights: nobody has it work
/// with somebody else's on a filter of their own.
///
/// Errors: 403 for who may not change customers.
pub(super) async fn schedule(
    app: &App,
    call: &Call,
    work: &Work,
    row: &mut SegmentRow,
    before: Option<TierRule>,
) -> Result<(), DomainError> {
    if schedule_of(row).is_none() {
        if before.is_some_and(|rule| rule.schedule.is_some()) {
            stored::set_schedule(work, row.id, None).await?;
            (row.next_run_at, row.last_run) = (None, None);
        }
        return Ok(());
    }
    call.needs(Permission::CustomersWrite)?;
    let staff_only = || DomainError::refused(RefusedAs::Forbidden, "staff_only");
    let (user, session) = (call.identity.user().ok_or_else(staff_only)?, call.identity.session.ok_or_else(staff_only)?);
    let now = work.database_time().await?;
    let scheduled = Scheduled {
        job: app.new_id(),
        by: user.uuid(),
        session: session.uuid(),
        purpose: call.purpose.clone(),
        next_run_at: now,
    };
    // The job of before finds that it is not the segment's any more, and ends.
    jobs::insert(work, JobId::from(scheduled.job), KIND, scheduled.by, app.now()).await?;
    stored::set_schedule(work, row.id, Some(&scheduled)).await?;
    row.next_run_at = Some(now);
    Ok(())
}

/// What is to be done by a job now.
struct Turn {
    segment: Uuid,
    every: Schedule,
    call: Option<Call>,
}

/// One run of a rule, in transactions of two hundred; what comes between is done by the next run, or by whoever takes the job over.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let Some(Turn { segment, every, call }) = turn(app, claim).await? else { return Ok(()) };
    let Some(call) = call else {
        return end(app, claim, segment, None, json!({"failure": "not_allowed_any_more"})).await;
    };
    let (mut changed, mut skipped, mut after) = (0, 0, None);
    loop {
        let work = app.begin(claim.organization).await?;
        if !is_ours(&work, claim).await? {
            work.abandon().await;
            return Ok(());
        }
        match apply(app, &call, &work, segment, None, after).await {
            Ok(Told { changed: now, skipped: left, next }) => {
                (changed, skipped, after) = (changed + now, skipped + left, next);
                let done = i64::try_from(changed).unwrap_or(i64::MAX);
                jobs::progress(&work, claim.job, done, None, 0, app.now()).await?;
                work.commit().await?;
                if after.is_none() {
                    return end(app, claim, segment, Some(every), json!({"changed": changed, "skipped": skipped}))
                        .await;
                }
            }
            // It may be usable again by the next time: fields and roles change.
            Err(DomainError::Refused { code, .. }) => {
                work.abandon().await;
                return end(app, claim, segment, Some(every), json!({"failure": code})).await;
            }
            Err(DomainError::Forbidden { .. } | DomainError::NotFound) => {
                work.abandon().await;
                return end(app, claim, segment, None, json!({"failure": "not_allowed_any_more"})).await;
            }
            Err(other) => {
                work.abandon().await;
                return Err(other);
            }
        }
    }
}

/// Whether the job is this worker's, and the rule still the one that it was begun for: held until the transaction ends, so that nobody's rights carry out
/// what somebody else has made of it meanwhile.
async fn is_ours(work: &Work, claim: &Claim) -> Result<bool, DomainError> {
    let held = jobs::hold(work, claim, LEASE_SECONDS).await?;
    Ok(held && stored::lock_scheduled(work, claim.job.uuid()).await?.is_some())
}

/// `None` when another worker has taken the job, or the rule does not work by itself any more.
async fn turn(app: &App, claim: &Claim) -> Result<Option<Turn>, DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(None);
    }
    let found = stored::lock_scheduled(&work, claim.job.uuid()).await?;
    let due = found.and_then(|(row, scheduled)| Some((row.id, schedule_of(&row)?, scheduled)));
    let Some((segment, every, scheduled)) = due else {
        jobs::finish(&work, claim.job, Ok(json!({})), app.now()).await?;
        work.commit().await?;
        return Ok(None);
    };
    work.commit().await?;
    let (user, session) = (UserId::from(scheduled.by), SessionId::from(scheduled.session));
    let identity = identity_of_user(app, claim.organization, user, session).await?;
    let call = identity.map(|identity| Call {
        identity: Arc::new(identity),
        request: format!("job-{}", claim.job),
        purpose: scheduled.purpose,
    });
    Ok(Some(Turn { segment, every, call }))
}

/// Notes what came of it; with a next time if there is one.
async fn end(app: &App, claim: &Claim, segment: Uuid, every: Option<Schedule>, told: Value) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let now: DateTime<Utc> = work.database_time().await?;
    let next = every.map(|every| now + every.period());
    // Changed meanwhile, it is another job's, and this one has nothing to note.
    if stored::lock_scheduled(&work, claim.job.uuid()).await?.is_some() {
        let mut told = told;
        if let Some(told) = told.as_object_mut() {
            told.insert("at".to_owned(), json!(now));
        }
        stored::note_run(&work, segment, &told, next).await?;
    }
    match next {
        Some(at) => jobs::put_off(&work, claim.job, at).await?,
        None => jobs::finish(&work, claim.job, Err("not_allowed_any_more"), now).await?,
    }
    Ok(work.commit().await?)
}
