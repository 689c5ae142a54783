//! Telling partners: one job for each callback, signed where the protocol wants it, sent through the same checks of addresses as webhooks, and tried again.

use futures_util::FutureExt;
use std::time::{Duration as Wait, Instant};

use chrono::{DateTime, Duration, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::rights_protocols::{CallbackState, may_call_back, opendsr::Naming};
use custodian_domain::webhooks::{Outcome, next_try};
use custodian_outbound::{Fetch, FetchRequest};
use custodian_persistence::Work;
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::rights_protocols::{self as stored, CallbackRow, ExchangeRow};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{entry, sign};
use crate::App;
use crate::audit::{Detail, record_all};
use crate::webhooks::outcome_of;

/// The kind of these jobs.
pub const KIND: &str = "rights_callback";

/// Longer than a try takes at most: whoever was stopped in between is followed by another.
const LEASE_SECONDS: f64 = 30.0;
/// Tries that one server has under way at the same time, beside its other jobs.
const ABREAST: usize = 16;
static TURNS: Semaphore = Semaphore::const_new(ABREAST);
/// How long one waits that finds no turn.
const NO_TURN: TimeDelta = TimeDelta::seconds(1);
/// How long callbacks are kept.
const KEPT_DAYS: i64 = 30;

/// A callback ready to be sent.
struct Letter {
    row: CallbackRow,
    exchange: ExchangeRow,
    headers: Vec<(String, Vec<u8>)>,
}

/// Begins to tell what is due. The try itself goes on by itself: a partner that takes its time holds up no other job.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let Ok(turn) = TURNS.try_acquire() else {
        let later = work.database_time().await? + NO_TURN;
        jobs::put_off(&work, claim.job, later).await?;
        return Ok(work.commit().await?);
    };
    match due(app, &work, claim).await? {
        Some(letter) => {
            work.commit().await?;
            tokio::spawn(tell(app.clone(), claim.clone(), letter, turn));
            Ok(())
        }
        None => {
            jobs::finish(&work, claim.job, Ok(json!({})), work.database_time().await?).await?;
            Ok(work.commit().await?)
        }
    }
}

/// The callback, unless it is not to be told any more.
async fn due(app: &App, work: &Work, claim: &Claim) -> Result<Option<Letter>, DomainError> {
    let Some(mut row) = stored::lock_callback(work, claim.job.uuid()).await? else { return Ok(None) };
    let exchange = stored::find_exchange(work, row.exchange).await?;
    let exchange = exchange.ok_or_else(|| DomainError::internal("a callback of no request"))?;
    let partner = stored::find(work, exchange.partner).await?;
    let allowed = |urls: &[String]| may_call_back(urls, &row.url, Fetch::as_called);
    let agreed = partner.is_some_and(|one| one.disabled_at.is_none() && allowed(&one.callback_urls));
    if !agreed || stored::has_newer(work, &row).await? {
        row.state = CallbackState::Dropped.as_str().to_owned();
        row.settled_at = Some(work.database_time().await?);
        stored::settle_callback(work, &row).await?;
        return Ok(None);
    }
    let headers = headers(app, &exchange, row.body.as_bytes())?;
    Ok(Some(Letter { row, exchange, headers }))
}

fn headers(app: &App, exchange: &ExchangeRow, body: &[u8]) -> Result<Vec<(String, Vec<u8>)>, DomainError> {
    let mut all = vec![
        ("content-type".to_owned(), b"application/json".to_vec()),
        ("user-agent".to_owned(), b"Custodian-Rights/1".to_vec()),
    ];
    if let Some(naming) = Naming::from_code(&exchange.naming) {
        let (domain, signature) = naming.headers();
        let signed = sign::signed(app, body)?;
        all.push((domain.to_owned(), signed.domain.into_bytes()));
        all.push((signature.to_owned(), signed.signature.into_bytes()));
    }
    Ok(all)
}

/// Sends, and writes down what came of it. What is lost with this process is tried again once the lease is over.
async fn tell(app: App, claim: Claim, letter: Letter, _turn: SemaphorePermit<'static>) {
    let Letter { row, exchange, headers } = letter;
    let begun = Instant::now();
    let request = FetchRequest { method: "POST", url: row.url.clone(), headers, body: row.body.clone().into_bytes() };
    let answer = app.courier().send(request).await;
    let (outcome, status, retry_after) = match answer {
        Ok(answer) => (Outcome::of_status(answer.status), Some(answer.status), answer.retry_after),
        Err(error) => (outcome_of(error), None, None),
    };
    metrics::counter!("custodian_rights_callbacks_total", "outcome" => outcome.as_str()).increment(1);
    let came = Came { outcome, status, retry_after, took: begun.elapsed() };
    if let Err(error) = settle(&app, &claim, &exchange, &came).await {
        tracing::warn!(callback = %claim.job, %error, "what came of a callback cannot be written down");
    }
}

/// What came of a try.
struct Came {
    outcome: Outcome,
    status: Option<u16>,
    retry_after: Option<u32>,
    took: Wait,
}

async fn settle(app: &App, claim: &Claim, exchange: &ExchangeRow, came: &Came) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let Some(mut row) = stored::lock_callback(&work, claim.job.uuid()).await? else {
        work.abandon().await;
        return Ok(());
    };
    let now = work.database_time().await?;
    let again = note(app, &mut row, came, now);
    stored::settle_callback(&work, &row).await?;
    match again {
        Some(at) => jobs::put_off(&work, claim.job, at).await?,
        None => {
            jobs::finish(&work, claim.job, Ok(json!({"state": row.state})), now).await?;
            let draft = entry(Action::RightsExchangesTell, exchange.partner)
                .with("privacy_request", Detail::Code(exchange.id.to_string()))
                .with("outcome", Detail::Code(row.state.clone()));
            record_all(&work, &[&app.own_entry(work.organization(), draft).await?]).await?;
        }
    }
    Ok(work.commit().await?)
}

/// Takes down a try; when the next one is due, if there is one.
fn note(app: &App, row: &mut CallbackRow, came: &Came, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let milliseconds = u64::try_from(came.took.as_millis()).unwrap_or(u64::MAX);
    let record =
        json!({"at": now, "outcome": came.outcome.as_str(), "status": came.status, "milliseconds": milliseconds});
    if let Value::Array(tries) = &mut row.tries {
        tries.push(record);
    }
    if came.outcome == Outcome::Delivered {
        row.state = CallbackState::Delivered.as_str().to_owned();
        row.settled_at = Some(now);
        return None;
    }
    row.failed_tries = row.failed_tries.saturating_add(1);
    let mut bytes = [0_u8; 2];
    app.rng().fill(&mut bytes);
    let jitter = u16::from_be_bytes(bytes) % 1000;
    let wait = next_try(u32::try_from(row.failed_tries).unwrap_or(u32::MAX), came.retry_after, jitter);
    match wait.filter(|_| came.outcome != Outcome::Gone) {
        Some(wait) => Some(now + wait),
        None => {
            row.state = CallbackState::Failed.as_str().to_owned();
            row.settled_at = Some(now);
            None
        }
    }
}

/// Drops callbacks that are too old, organisation by organisation.
pub async fn purge(app: &App) -> Result<(), DomainError> {
    let before = app.now() - Duration::days(KEPT_DAYS);
    app.in_each(|work| stored::purge_callbacks(work, before).boxed()).await
}
