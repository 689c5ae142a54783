//! Entering customers together: those that gather while a commit is under way share the next one.
//!
//! A transaction for each would spend most of its time on the way to the database and back and on its own commit. Each
//! caller is checked and answered for itself; one that is refused takes nobody else with it.

use std::collections::{BTreeMap, HashSet};

use custodian_domain::kernel::{DomainError, OrganizationId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::{Work, customers as stored, users};
use tokio::sync::{mpsc, oneshot};

use super::create::{Checked, Entered, Known, check, create, owner_of, store};
use super::rules::taken;
use super::tags::usable_codes;
use super::{NewCustomer, SeenCustomer};
use crate::audit::Noted;
use crate::{App, Call};

/// The most customers in one transaction: bounds what a refused one costs the others.
const BATCH: usize = 64;
/// The most callers waiting; past it they are refused rather than letting memory grow.
const QUEUE: usize = 4_096;

type Answer = Result<SeenCustomer, DomainError>;

struct Ask {
    call: Call,
    new: NewCustomer,
    answer: oneshot::Sender<Answer>,
    /// Listens for the entry in the caller's own task.
    noted: Option<Noted>,
}

/// Enters customers for callers that need no transaction of their own. One per worker thread; cheap to clone.
#[derive(Clone)]
pub struct CustomerWriter {
    queue: mpsc::Sender<Ask>,
}

impl CustomerWriter {
    /// Starts the writer's task on the current runtime. It ends when the last handle is dropped.
    pub fn start(app: App) -> Self {
        let (queue, asks) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(app, asks));
        Self { queue }
    }

    /// As [`create`], in a transaction that is committed, with the entry, before this returns.
    pub async fn create(&self, call: &Call, new: NewCustomer) -> Answer {
        call.needs(Permission::CustomersCreate)?;
        let (answer, waiting) = oneshot::channel();
        let ask = Ask { call: call.clone(), new, answer, noted: Noted::here() };
        self.queue.try_send(ask).map_err(|_| DomainError::unavailable("too many customers are being entered"))?;
        waiting.await.unwrap_or_else(|_| Err(DomainError::unavailable("the writer ended")))
    }
}

async fn write_all(app: App, mut asks: mpsc::Receiver<Ask>) {
    let mut batch = Vec::with_capacity(BATCH);
    while asks.recv_many(&mut batch, BATCH).await > 0 {
        let mut by_organization: BTreeMap<OrganizationId, Vec<Ask>> = BTreeMap::new();
        for ask in batch.drain(..) {
            by_organization.entry(ask.call.organization()).or_default().push(ask);
        }
        for (organization, asks) in by_organization {
            write(&app, organization, asks).await;
        }
    }
}

/// Answers everybody. Where the transaction fails for all, each is tried again alone, so that each gets its own answer.
async fn write(app: &App, organization: OrganizationId, asks: Vec<Ask>) {
    match together(app, organization, &asks).await {
        Ok(answers) => {
            for (ask, answer) in asks.into_iter().zip(answers) {
                // A caller that went away needs no answer; its customer is entered and on record all the same.
                let _ = ask.answer.send(answer);
            }
        }
        Err(DomainError::Taken(_)) => {
            for Ask { call, new, answer, noted } in asks {
                let alone = alone(app, &call, new);
                let entered = match &noted {
                    Some(noted) => noted.during(alone).await,
                    None => alone.await,
                };
                let _ = answer.send(entered);
            }
        }
        Err(error) => {
            for ask in asks {
                let _ = ask.answer.send(Err(error.clone()));
            }
        }
    }
}

async fn alone(app: &App, call: &Call, new: NewCustomer) -> Answer {
    let work = app.begin(call.organization()).await?;
    let seen = create(app, call, &work, new).await;
    work.settle(seen).await
}

/// One answer for each, in their order; or the error of the whole transaction, of which nothing is left then.
async fn together(app: &App, organization: OrganizationId, asks: &[Ask]) -> Result<Vec<Answer>, DomainError> {
    let work = app.begin(organization).await?;
    let owners: HashSet<UserId> = asks.iter().filter_map(|ask| owner_of(&ask.call, &ask.new)).collect();
    let known = users::departments_of(&work, &owners.into_iter().collect::<Vec<_>>()).await?;
    let codes: Vec<String> = asks.iter().flat_map(|ask| ask.new.attributes.codes.iter().cloned()).collect();
    let known = Known { owners: &known, codes: &usable_codes(&work, &codes).await? };
    let checked: Vec<_> = asks.iter().map(|ask| check(app, &ask.call, known, ask.new.clone())).collect();
    let mut sealed = seal_all(app, &work, asks, checked).await?;
    refuse_taken(&work, asks, &mut sealed).await?;
    let mut answers = Vec::with_capacity(sealed.len());
    let mut entered = Vec::with_capacity(sealed.len());
    for one in sealed {
        answers.push(one.as_ref().map(|one| one.seen.clone()).map_err(DomainError::clone));
        entered.extend(one);
    }
    if entered.is_empty() {
        work.abandon().await;
    } else {
        if let Some(first) = asks.first() {
            store(app, &work, first.call.customer(), &entered).await?;
        }
        work.commit().await?;
    }
    Ok(answers)
}

async fn seal_all(
    app: &App,
    work: &Work,
    asks: &[Ask],
    checked: Vec<Result<Checked<'_>, DomainError>>,
) -> Result<Vec<Result<Entered, DomainError>>, DomainError> {
    let wanted = checked.iter().filter(|one| one.is_ok()).count();
    let keys = app.keys().open_organization(work).await?;
    let places = app.keys().places(app.db(), work, wanted, app.rng(), app.now()).await?;
    let mut buckets = places.iter().flat_map(|(bucket, count)| std::iter::repeat_n(bucket, *count));
    let seal = |(ask, checked): (&Ask, Result<Checked<'_>, DomainError>)| {
        let checked = checked?;
        let bucket = buckets.next().ok_or_else(|| DomainError::internal("no place for a customer"))?;
        Noted::carried(ask.noted.as_ref(), || Entered::new(app, &ask.call, &keys, bucket, checked))
    };
    Ok(asks.iter().zip(checked).map(seal).collect())
}

/// Refuses those whose unique values somebody has, the others of the batch before them included.
async fn refuse_taken(
    work: &Work,
    asks: &[Ask],
    sealed: &mut [Result<Entered, DomainError>],
) -> Result<(), DomainError> {
    let unique: Vec<[u8; 16]> = sealed.iter().flatten().flat_map(Entered::unique).collect();
    if unique.is_empty() {
        return Ok(());
    }
    let mut held: HashSet<[u8; 16]> =
        stored::by_unique_tags(work, &unique).await?.into_iter().map(|(tag, _)| tag).collect();
    for (ask, one) in asks.iter().zip(sealed) {
        if one.as_ref().is_ok_and(|entered| entered.unique().any(|tag| held.contains(&tag))) {
            *one = Err(taken(ask.call.customer()));
        } else if let Ok(entered) = one {
            held.extend(entered.unique());
        }
    }
    Ok(())
}
