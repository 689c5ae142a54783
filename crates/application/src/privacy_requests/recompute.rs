//! The job that sets the days of open requests anew after a calendar or the organisation's own limit has changed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::privacy_requests::{Jurisdiction, Right, Rule};
use custodian_persistence::Work;
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::privacy_requests::{self as stored, DaysRow, OpenRow};
use serde_json::json;
use uuid::Uuid;

use super::times::{Since, Times};
use crate::audit::{Detail, Draft, record_all};
use crate::{App, Call};

/// The kind of these jobs.
pub const RECOMPUTE: &str = "privacy_deadlines";

/// How many requests one transaction looks at: whoever files or answers one waits for no more.
const TOGETHER: i64 = 20_000;
const LEASE_SECONDS: f64 = 30.0;

/// Has the days of whatever is open set anew once this transaction is through.
pub(super) async fn order_recompute(app: &App, work: &Work, call: &Call) -> Result<(), DomainError> {
    let now = work.database_time().await?;
    Ok(jobs::insert(work, JobId::from(app.new_id()), RECOMPUTE, call.identity.actor_id(), now).await?)
}

/// How far a run has come.
#[derive(Clone, Copy, Default)]
struct Progress {
    last: Uuid,
    seen: i64,
    changed: i64,
    missing: i64,
}

/// Goes through the open requests. Broken off anywhere it begins anew: whose days are as they should be is left alone.
///
/// A request whose days need a year that nobody has given keeps those it has, and is counted.
pub async fn recompute(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let mut progress = Progress::default();
    loop {
        let work = app.begin(claim.organization).await?;
        let next = step(app, &work, claim, progress).await;
        match work.settle(next).await? {
            Some(next) => progress = next,
            None => return Ok(()),
        }
    }
}

/// The next of them in a transaction of their own. Nothing when there are no more, or another worker has taken the job.
async fn step(app: &App, work: &Work, claim: &Claim, so_far: Progress) -> Result<Option<Progress>, DomainError> {
    // In the order in which whoever answers a request takes the two.
    stored::hold(work).await?;
    if !jobs::hold(work, claim, LEASE_SECONDS).await? {
        return Ok(None);
    }
    let now = work.database_time().await?;
    let rows = stored::open_after(work, so_far.last, TOGETHER).await?;
    let Some(last) = rows.last().map(|row| row.id) else {
        finish(app, work, claim, so_far, now).await?;
        return Ok(None);
    };
    let seen = so_far.seen + i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let (changed, missing) = differing(work, rows).await?;
    let changed = if changed.is_empty() { 0 } else { stored::put_days(work, claim.job.uuid(), &changed).await? };
    let progress = Progress { last, seen, changed: so_far.changed + changed, missing: so_far.missing + missing };
    let total = if so_far.seen == 0 { Some(stored::count_open(work).await?) } else { None };
    jobs::progress(work, claim.job, progress.seen, total, progress.missing, now).await?;
    Ok(Some(progress))
}

/// What days follow from: many requests share them.
type Alike = (Jurisdiction, Right, NaiveDate, i64, bool);

/// Those whose days are other ones now, with the new ones; and how many need a year that is missing.
async fn differing(work: &Work, rows: Vec<OpenRow>) -> Result<(Vec<OpenRow>, i64), DomainError> {
    let unreadable = || DomainError::internal("a stored request of a person");
    let mut laws: HashMap<Jurisdiction, Times> = HashMap::new();
    let mut known: HashMap<Alike, Option<DaysRow>> = HashMap::new();
    let (mut changed, mut missing) = (Vec::new(), 0);
    for mut row in rows {
        let jurisdiction = Jurisdiction::from_code(&row.jurisdiction).ok_or_else(unreadable)?;
        let right = Right::from_code(&row.right).ok_or_else(unreadable)?;
        let rule = Rule::of(jurisdiction, right).ok_or_else(unreadable)?;
        let times = match laws.entry(jurisdiction) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(Times::load(work, jurisdiction).await?),
        };
        let since = Since { at: row.received_at, paused_seconds: row.paused_seconds, extended: row.extended };
        let day = jurisdiction.day_of(row.received_at);
        let alike = (jurisdiction, right, day, row.paused_seconds, row.extended);
        match *known.entry(alike).or_insert_with(|| times.days(jurisdiction, rule, since).ok()) {
            None => missing += 1,
            Some(days) if days != row.days => {
                row.days = days;
                changed.push(row);
            }
            Some(_) => {}
        }
    }
    Ok((changed, missing))
}

async fn finish(app: &App, work: &Work, claim: &Claim, all: Progress, at: DateTime<Utc>) -> Result<(), DomainError> {
    let Progress { seen, changed, missing, .. } = all;
    let count = |number: i64| Detail::Count(u32::try_from(number).unwrap_or(u32::MAX));
    let draft = Draft::of(Action::PrivacyRequestsRecompute)
        .with("requests", count(seen))
        .with("changed", count(changed))
        .with("calendar_missing", count(missing));
    let entry = app.own_entry(claim.organization, draft).await?;
    record_all(work, &[&entry]).await?;
    let result = json!({"requests": seen, "changed": changed, "calendar_missing": missing});
    Ok(jobs::finish(work, claim.job, Ok(result), at).await?)
}
