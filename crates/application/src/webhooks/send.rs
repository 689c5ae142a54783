//! Sending: one lane for each webhook, so that a slow receiver holds up itself alone; some lanes of each organisation at once, so that it holds up no other.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use custodian_crypto::WebhookSecret;
use custodian_domain::audit::Action;
use custodian_domain::events::{Event, EventType, Fact};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::webhooks::{Disabled, Outcome, State, fails_for_good, next_try};
use custodian_outbound::{FetchError, FetchRequest};
use custodian_persistence::Work;
use custodian_persistence::webhooks::{self as stored, Lane, Settled, WebhookRow};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use super::entry;
use super::secret::in_force;
use super::told::{Letter, letters};
use crate::App;
use crate::audit::{Detail, record_all};
use crate::events::publish;

/// How often idle senders look for something to tell.
const WAKE: Duration = Duration::from_millis(100);
/// Lanes that one server serves at the same time.
const LANES: usize = 32;
/// Of these, one organisation's.
const LANES_OF_ONE: usize = 8;
/// What a lane takes in one turn, and what of it is under way at the same time.
const TURN: i64 = 256;
const ABREAST: usize = 32;
/// How long a lane is held without a sign of life.
const LEASE_SECONDS: f64 = 15.0;
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Runs until `stop` says so. What is under way then is told once more by whoever comes next.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut turns: JoinSet<OrganizationId> = JoinSet::new();
    let mut busy: HashMap<OrganizationId, usize> = HashMap::new();
    while !*stop.borrow() {
        while let Some(ended) = turns.try_join_next() {
            forget(&mut busy, ended);
        }
        match claim(&app, &busy, turns.len()).await {
            Some(lane) => {
                *busy.entry(lane.organization).or_default() += 1;
                let app = app.clone();
                turns.spawn(async move {
                    hold(&app, &lane).await;
                    lane.organization
                });
            }
            None => {
                tokio::select! {
                    _ = timeout(WAKE, stop.changed()) => {}
                    Some(ended) = turns.join_next(), if !turns.is_empty() => forget(&mut busy, ended),
                }
            }
        }
    }
}

fn forget(busy: &mut HashMap<OrganizationId, usize>, ended: Result<OrganizationId, tokio::task::JoinError>) {
    match ended {
        Ok(organization) => {
            if let Some(count) = busy.get_mut(&organization) {
                *count = count.saturating_sub(1);
            }
        }
        // Which one it was is not known any more; the caps begin anew rather than shut somebody out for good.
        Err(_) => busy.clear(),
    }
}

async fn claim(app: &App, busy: &HashMap<OrganizationId, usize>, under_way: usize) -> Option<Lane> {
    if under_way >= LANES {
        return None;
    }
    let full: Vec<Uuid> =
        busy.iter().filter(|(_, count)| **count >= LANES_OF_ONE).map(|(organization, _)| organization.uuid()).collect();
    stored::claim_lane(app.db(), app.new_id(), &full, LEASE_SECONDS).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "webhooks cannot be served for now");
        None
    })
}

/// A turn, with signs of life as long as it lasts.
async fn hold(app: &App, lane: &Lane) {
    let alive = async {
        loop {
            tokio::time::sleep(SIGN_OF_LIFE).await;
            if !stored::prolong(app.db(), lane, LEASE_SECONDS).await.unwrap_or(true) {
                return;
            }
        }
    };
    tokio::select! {
        done = turn(app, lane) => if let Err(error) = done {
            tracing::warn!(webhook = %lane.webhook, %error, "a webhook's turn is put off");
        },
        () = alive => tracing::warn!(webhook = %lane.webhook, "another sender has taken a webhook over"),
    }
}

async fn turn(app: &App, lane: &Lane) -> Result<(), DomainError> {
    let work = app.begin(lane.organization).await?;
    let row = stored::find(&work, lane.webhook).await?.filter(|row| row.disabled.is_none());
    let Some(row) = row else {
        stored::release(&work, lane).await?;
        return Ok(work.commit().await?);
    };
    let due = stored::due(&work, row.id, TURN).await?;
    let letters = letters(app, &work, &row, due).await?;
    let secrets = in_force(app, &work, &row, app.now()).await?;
    work.abandon().await;
    let (row, secrets) = (&row, &secrets);
    let tried: Vec<_> = stream::iter(letters)
        .map(|letter| async move { (letter.delivery, attempt(app, row, secrets, &letter).await) })
        .buffer_unordered(ABREAST)
        .map(|(delivery, tried)| Tried { delivery: delivery.id, failed_before: delivery.failed_tries, tried })
        .collect()
        .await;
    settle(app, lane, tried).await
}

/// What came of a letter.
struct Tried {
    delivery: Uuid,
    failed_before: i32,
    /// Nothing where it was not to be told any more.
    tried: Option<Attempt>,
}

struct Attempt {
    outcome: Outcome,
    status: Option<u16>,
    retry_after: Option<u32>,
    record: Value,
}

async fn attempt(app: &App, row: &WebhookRow, secrets: &[WebhookSecret], letter: &Letter) -> Option<Attempt> {
    let body = letter.body.as_ref()?;
    let (id, now) = (letter.id.to_string(), app.now());
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, now.timestamp(), body)).collect();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", "Custodian-Webhooks/1".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", now.timestamp().to_string()),
        ("webhook-signature", signatures.join(" ")),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
    let begun = Instant::now();
    let request = FetchRequest { method: "POST", url: row.url.clone(), headers, body: body.clone() };
    let answer = app.courier().send(request).await;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (outcome, status, retry_after) = match answer {
        Ok(answer) => (Outcome::of_status(answer.status), Some(answer.status), answer.retry_after),
        Err(error) => (outcome_of(error), None, None),
    };
    metrics::counter!("custodian_webhook_tries_total", "outcome" => outcome.as_str()).increment(1);
    let record = json!({"at": now, "outcome": outcome.as_str(), "status": status, "milliseconds": milliseconds});
    Some(Attempt { outcome, status, retry_after, record })
}

/// What it means that a call did not come about.
pub(crate) const fn outcome_of(error: FetchError) -> Outcome {
    match error {
        FetchError::Forbidden => Outcome::Blocked,
        FetchError::Unreachable => Outcome::Unreachable,
        FetchError::Late => Outcome::Late,
        FetchError::TooLarge => Outcome::TooLarge,
    }
}

/// Writes down what came of a turn and gives the lane back, in one transaction. The webhook's row is held before the lane's, as everywhere.
async fn settle(app: &App, lane: &Lane, tried: Vec<Tried>) -> Result<(), DomainError> {
    let work = app.begin(lane.organization).await?;
    if let Some(row) = stored::lock(&work, lane.webhook).await? {
        let settled: Vec<Settled> = tried.iter().map(|one| settled(app, one)).collect();
        stored::settle(&work, &settled, app.now()).await?;
        look_after(app, &work, &row, &tried, &settled).await?;
    }
    if stored::release(&work, lane).await? {
        Ok(work.commit().await?)
    } else {
        work.abandon().await;
        Ok(())
    }
}

fn settled(app: &App, one: &Tried) -> Settled {
    let settled = |state: State, failed_tries, wait, tried| Settled {
        id: one.delivery,
        state: state.as_str(),
        failed_tries,
        wait,
        tried,
    };
    let Some(Attempt { outcome, retry_after, record, .. }) = &one.tried else {
        return settled(State::Dropped, one.failed_before, 0.0, Value::Null);
    };
    let failed = one.failed_before.saturating_add(1);
    match outcome {
        Outcome::Delivered => settled(State::Delivered, one.failed_before, 0.0, record.clone()),
        Outcome::Gone => settled(State::Failed, failed, 0.0, record.clone()),
        _ => match next_try(u32::try_from(failed).unwrap_or(u32::MAX), *retry_after, jitter(app)) {
            // Far below 2^53.
            Some(wait) => settled(State::Pending, failed, wait.num_milliseconds() as f64 / 1000.0, record.clone()),
            None => settled(State::Failed, failed, 0.0, record.clone()),
        },
    }
}

fn jitter(app: &App) -> u16 {
    let mut bytes = [0_u8; 2];
    app.rng().fill(&mut bytes);
    u16::from_be_bytes(bytes) % 1000
}

/// Notes how the webhook does, and switches it off where that is of no use any more.
async fn look_after(
    app: &App,
    work: &Work,
    row: &WebhookRow,
    tried: &[Tried],
    settled: &[Settled],
) -> Result<(), DomainError> {
    let outcomes: Vec<Outcome> = tried.iter().filter_map(|one| one.tried.as_ref()).map(|one| one.outcome).collect();
    if outcomes.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let delivered = outcomes.contains(&Outcome::Delivered).then_some(now);
    let failing = if delivered.is_some() { None } else { row.failing_since.or(Some(now)) };
    let given_up = delivered.is_none() && settled.iter().any(|one| one.state == State::Failed.as_str());
    let given_up = given_up && row.failing_since.is_some_and(|since| fails_for_good(since, now));
    let gone = outcomes.contains(&Outcome::Gone);
    let why = if gone { Some(Disabled::Gone) } else { given_up.then_some(Disabled::Failing) };
    let why = why.filter(|_| row.disabled.is_none());
    stored::note_health(work, row.id, delivered, failing, why.map(Disabled::as_str)).await?;
    let Some(why) = why else { return Ok(()) };
    stored::drop_pending(work, row.id, now).await?;
    let status = tried.iter().filter_map(|one| one.tried.as_ref()?.status).next_back();
    tracing::warn!(webhook = %row.id, why = why.as_str(), status, "a webhook was switched off");
    let event = Event::of(EventType::WebhooksDisabled)
        .with("webhook_id", Fact::Id(row.id))
        .with("why", Fact::Code(why.as_str().to_owned()));
    publish(app, work, event).await?;
    let draft = entry(Action::WebhooksDisable, row.id).with("why", Detail::Code(why.as_str().to_owned()));
    let entry = app.own_entry(work.organization(), draft).await?;
    record_all(work, &[&entry]).await
}
