//! The job that erases many: a few in each transaction, every one with an outcome of their own. Killed anywhere it goes on with whoever has none.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::erasures::{BatchOutcome, BatchState, Ground};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::customers::lock_any;
use custodian_persistence::erasures::{self as stored, BatchRow, MemberRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;
use uuid::Uuid;

use super::ask::{Became, carry_out};
use super::round::tell_all;
use super::{about_batch, tell_of_batch};
use crate::App;
use crate::audit::{Draft, record_all};
use crate::events::EventType;

/// The kind of these jobs.
pub const BATCH_KIND: &str = "erasure_batch";

/// How many people one transaction takes: those who read one of them meanwhile wait for no more.
const TOGETHER: i64 = 20;
const LEASE_SECONDS: f64 = 30.0;

/// Erases everybody of a proposal who has no outcome yet. Any worker may call it again after a crash.
pub async fn run_batch(app: &App, claim: &Claim) -> Result<(), DomainError> {
    while step(app, claim).await? {
        // What a backup must not undo is outside the database before the next are taken.
        tell_all(app, claim.organization).await?;
    }
    Ok(())
}

/// A few people in a transaction of their own. False when there is nothing more to do.
async fn step(app: &App, claim: &Claim) -> Result<bool, DomainError> {
    let work = app.begin(claim.organization).await?;
    let outcome = step_in(app, &work, claim).await;
    work.settle(outcome).await
}

async fn step_in(app: &App, work: &Work, claim: &Claim) -> Result<bool, DomainError> {
    if !jobs::hold(work, claim, LEASE_SECONDS).await? {
        return Ok(false);
    }
    let now = work.database_time().await?;
    let Some(batch) = stored::batch_of_job(work, claim.job.uuid()).await? else {
        jobs::finish(work, claim.job, Err("batch_missing"), now).await?;
        return Ok(false);
    };
    let turn = stored::next_members(work, batch.id, TOGETHER).await?;
    if turn.is_empty() {
        finish(app, work, claim, batch, now).await?;
        return Ok(false);
    }
    let mut entries = Vec::with_capacity(turn.len());
    for customer in turn {
        let (member, draft) = one(app, work, &batch, customer, now).await?;
        stored::note_member(work, batch.id, &member).await?;
        if let Some(draft) = draft {
            entries.push(app.own_entry(claim.organization, draft).await?);
        }
    }
    record_all(work, &entries.iter().collect::<Vec<_>>()).await?;
    let outcomes = stored::outcomes(work, batch.id).await?;
    let done = outcomes.iter().map(|(_, count)| count).sum();
    let failed = outcomes.iter().find(|(code, _)| code == BatchOutcome::Failed.as_str()).map_or(0, |(_, count)| *count);
    jobs::progress(work, claim.job, done, Some(i64::from(batch.customers)), failed, now).await?;
    Ok(true)
}

/// What becomes of one of them, with the entry that tells of it.
async fn one(
    app: &App,
    work: &Work,
    batch: &BatchRow,
    customer: Uuid,
    at: DateTime<Utc>,
) -> Result<(MemberRow, Option<Draft>), DomainError> {
    let member = |outcome: BatchOutcome, erasure: Option<Uuid>, held_by: Vec<Uuid>| MemberRow {
        customer,
        outcome: Some(outcome.as_str().to_owned()),
        erasure,
        held_by,
        at: Some(at),
    };
    let ground = Ground::from_code(&batch.ground).ok_or_else(|| DomainError::internal("a stored proposal"))?;
    let Some((row, erased)) = lock_any(work, CustomerId::from(customer)).await? else {
        return Ok((member(BatchOutcome::ErasedBefore, None, Vec::new()), None));
    };
    let by = batch.decided_by.unwrap_or_default();
    match carry_out(app, work, (&row, erased), ground, by).await {
        Ok((Became::Erased(id), draft)) => Ok((member(BatchOutcome::Erased, Some(id), Vec::new()), draft)),
        Ok((Became::Before(id), draft)) => Ok((member(BatchOutcome::ErasedBefore, Some(id), Vec::new()), draft)),
        Ok((Became::Blocked(id, by), draft)) => Ok((member(BatchOutcome::Blocked, Some(id), by), draft)),
        Ok((Became::Held(by), draft)) => Ok((member(BatchOutcome::Held, None, by), draft)),
        Ok((Became::Restricted, draft)) => Ok((member(BatchOutcome::Restricted, None, Vec::new()), draft)),
        Err(DomainError::Integrity) => {
            tracing::error!(alert = "critical", customer = %customer, "somebody who was to be erased was not: a key of the service itself does not open");
            Ok((member(BatchOutcome::Failed, None, Vec::new()), None))
        }
        Err(error) => Err(error),
    }
}

async fn finish(app: &App, work: &Work, claim: &Claim, batch: BatchRow, at: DateTime<Utc>) -> Result<(), DomainError> {
    let outcomes = stored::outcomes(work, batch.id).await?;
    let erased = outcomes.iter().find(|(code, _)| code == BatchOutcome::Erased.as_str()).map_or(0, |(_, count)| *count);
    let told: serde_json::Map<String, serde_json::Value> =
        outcomes.into_iter().map(|(code, count)| (code, json!(count))).collect();
    let row = BatchRow { state: BatchState::Done.as_str().to_owned(), finished_at: Some(at), ..batch };
    stored::update_batch(work, &row).await?;
    tell_of_batch(app, work, EventType::ErasureBatchesFinished, &row, Some(erased)).await?;
    let entry = app.own_entry(work.organization(), about_batch(Action::ErasuresFinish, &row)).await?;
    record_all(work, &[&entry]).await?;
    let result = json!({"erasure_batch_id": row.id, "outcomes": told});
    Ok(jobs::finish(work, claim.job, Ok(result), at).await?)
}
