//! Group commit for entries of reads: one thread, one connection; what gathers during a commit goes with the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::NaiveDate;
use custodian_domain::kernel::OrganizationId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::{Columns, INSERT, INSERT_SUBJECTS, NewEntry};
use crate::access::{Look, SPEND_ON_PEOPLE, SPEND_WITHIN_LIMITS, spent_of};
use crate::connect::run_on_thread;
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most entries in one commit: bounds the time that the first of them waits.
const BATCH: usize = 512;
/// The most entries waiting; past it the log counts as unavailable rather than letting memory grow.
const QUEUE: usize = 20_000;
/// How long one commit may take before its waiters are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

/// What became of entries that were handed in.
#[derive(Debug)]
pub enum Recorded {
    /// They are durable. The day that their close look counts for, where there was one.
    Durable(Option<NaiveDate>),
    /// Their look, or it together with others of the same caller, passes the limit. Nothing was counted or written: here they are again.
    OverBudget(Vec<NewEntry>),
}

/// Entries that wait, the close look that they tell of, and who is told.
struct Waiting {
    entries: Vec<NewEntry>,
    look: Option<Look>,
    done: oneshot::Sender<Recorded>,
}

/// Hands entries to the writer's thread. Cheap to clone.
#[derive(Clone)]
pub struct AuditWriter {
    queue: mpsc::Sender<Waiting>,
    status: Arc<WriterStatus>,
}

/// What the metrics and the readiness probe ask.
#[derive(Default, Debug)]
pub struct WriterStatus {
    waiting: AtomicUsize,
    failing: AtomicBool,
}

impl WriterStatus {
    /// Entries handed in and not yet durable.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// True from a failed commit until the next one that worked.
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

impl AuditWriter {
    /// Starts the thread. It ends when the last handle is dropped.
    pub fn start(db: Database) -> Result<Self, DbError> {
        let (queue, entries) = mpsc::channel(QUEUE);
        let status = Arc::new(WriterStatus::default());
        run_on_thread("audit-writer", write_all(db, entries, Arc::clone(&status)))?;
        Ok(Self { queue, status })
    }

    /// Returns when the entries, all of one organisation, are durable. Any error means that they may not be: nothing may be shown.
    ///
    /// A close look is counted in the same transaction, so that neither stands without the other.
    pub async fn record(&self, entries: Vec<NewEntry>, look: Option<Look>) -> Result<Recorded, DbError> {
        let (done, waiting) = oneshot::channel();
        let count = entries.len();
        self.queue
            .try_send(Waiting { entries, look, done })
            .map_err(|_| DbError::Unavailable("audit queue is full or closed".into()))?;
        self.status.waiting.fetch_add(count, Ordering::Relaxed);
        let outcome = waiting.await;
        self.status.waiting.fetch_sub(count, Ordering::Relaxed);
        outcome.map_err(|_| DbError::Unavailable("the audit log cannot be written".into()))
    }

    /// Queue length and health.
    pub fn status(&self) -> &WriterStatus {
        &self.status
    }
}

struct Prepared {
    client: Client,
    entries: Statement,
    subjects: Statement,
    looks: Statement,
    looks_within: Statement,
}

/// Whoever is not answered is told that the log cannot be written: their sender is dropped.
async fn write_all(db: Database, mut queue: mpsc::Receiver<Waiting>, status: Arc<WriterStatus>) {
    let mut connection: Option<Prepared> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let waiters = batch.len();
        let round = write_batch(&db, &mut connection, &mut batch);
        let outcome = tokio::time::timeout(DEADLINE, round).await.unwrap_or(Err(DbError::deadline("audit commit")));
        status.failing.store(outcome.is_err(), Ordering::Relaxed);
        if let Err(error) = &outcome {
            tracing::error!(%error, waiters, "the audit log cannot be written");
            // Never carry on with a connection whose state is unknown.
            connection = None;
        }
        metrics::histogram!("custodian_audit_batch_entries").record(waiters as f64);
        batch.clear();
    }
}

async fn write_batch(
    db: &Database,
    connection: &mut Option<Prepared>,
    batch: &mut Vec<Waiting>,
) -> Result<(), DbError> {
    if connection.as_ref().is_none_or(|c| c.client.is_closed()) {
        let client = db.dedicated().await?;
        let entries = client.prepare(INSERT).await?;
        let subjects = client.prepare(INSERT_SUBJECTS).await?;
        let looks = client.prepare(SPEND_ON_PEOPLE).await?;
        let looks_within = client.prepare(SPEND_WITHIN_LIMITS).await?;
        *connection = Some(Prepared { client, entries, subjects, looks, looks_within });
    }
    let Some(prepared) = connection.as_ref() else {
        return Err(DbError::Internal("audit writer has no connection".into()));
    };
    let mut by_organization: BTreeMap<OrganizationId, Vec<Waiting>> = BTreeMap::new();
    for waiting in batch.drain(..) {
        if let Some(organization) = waiting.entries.first().map(|entry| entry.organization) {
            by_organization.entry(organization).or_default().push(waiting);
        }
    }
    for (organization, waiting) in by_organization {
        write_organization(prepared, organization, waiting).await?;
    }
    Ok(())
}

/// Those whose looks pass their limits are given back, so that they hold up nobody else.
async fn write_organization(to: &Prepared, organization: OrganizationId, waiting: Vec<Waiting>) -> Result<(), DbError> {
    let mut waiting = waiting;
    while !waiting.is_empty() {
        let callers = match commit_together(to, organization, &waiting).await? {
            Attempt::Durable(day) => {
                for Waiting { look, done, .. } in waiting {
                    // The request may have been given up meanwhile; its entry is durable all the same.
                    let _ = done.send(Recorded::Durable(look.and(day)));
                }
                return Ok(());
            }
            Attempt::Over(callers) => callers,
        };
        let is_over = |one: &Waiting| one.look.as_ref().is_some_and(|look| callers.contains(&look.caller));
        let (over, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_over);
        for Waiting { entries, done, .. } in over {
            let _ = done.send(Recorded::OverBudget(entries));
        }
        waiting = rest;
    }
    Ok(())
}

enum Attempt {
    Durable(Option<NaiveDate>),
    /// Nothing was written: these callers passed their limits.
    Over(Vec<Uuid>),
}

/// One transaction. No statement waits for the one before it, nor does the commit. Where a limit is passed it comes to nothing, and another one says whose.
async fn commit_together(to: &Prepared, organization: OrganizationId, waiting: &[Waiting]) -> Result<Attempt, DbError> {
    let mut columns = Columns::of(organization);
    for entry in waiting.iter().flat_map(|one| &one.entries) {
        if entry.organization != organization {
            return Err(DbError::Internal("entries of two organisations were handed in as one".into()));
        }
        columns.push(entry);
    }
    let looks: Vec<&Look> = waiting.iter().filter_map(|one| one.look.as_ref()).collect();
    loop {
        match at_once(to, organization, &columns, &looks).await {
            Ok(None) => return Ok(Attempt::Durable(None)),
            Ok(Some(spent)) => return Ok(Attempt::Durable(Some(spent_of(&spent)?.day))),
            Err(error) if error.code() == Some(&SqlState::DIVISION_BY_ZERO) => {
                let over = past_limits(to, organization, &looks).await?;
                // Where nobody is over any more a new day has begun.
                if !over.is_empty() {
                    return Ok(Attempt::Over(over));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What was spent, where anybody looked closely. COMMIT of a failed transaction answers ROLLBACK without an error; the statement's own error has ended the
/// join then.
async fn at_once(
    to: &Prepared,
    organization: OrganizationId,
    columns: &Columns<'_>,
    looks: &[&Look],
) -> Result<Option<Vec<Row>>, tokio_postgres::Error> {
    let begin = begin_for(organization);
    let (entry_params, subject_params) = (columns.entry_params(), columns.subject_params());
    let subjects =
        async { if columns.has_subjects() { to.client.execute(&to.subjects, &subject_params).await } else { Ok(0) } };
    let spent = async {
        if looks.is_empty() {
            return Ok(None);
        }
        let (callers, people) = pairs(looks);
        let (allowed, most): (Vec<Uuid>, Vec<i32>) = limits(looks).into_iter().unzip();
        let params: crate::work::Params<'_> = &[&organization.uuid(), &callers, &people, &allowed, &most];
        to.client.query(&to.looks_within, params).await.map(Some)
    };
    let (_, spent, _, _, ()) = tokio::try_join!(
        biased;
        to.client.batch_execute(&begin),
        spent,
        to.client.execute(&to.entries, &entry_params),
        subjects,
        to.client.batch_execute("COMMIT"),
    )?;
    Ok(spent)
}

/// Whose looks pass their limits, asked in a transaction that leaves nothing behind.
async fn past_limits(to: &Prepared, organization: OrganizationId, looks: &[&Look]) -> Result<Vec<Uuid>, DbError> {
    let (callers, people) = pairs(looks);
    to.client.batch_execute(&begin_for(organization)).await?;
    let spent = to.client.query(&to.looks, &[&organization.uuid(), &callers, &people]).await?;
    to.client.batch_execute("ROLLBACK").await?;
    let limits = limits(looks);
    let is_over =
        |(caller, used): &(Uuid, u32)| i64::from(*used) > limits.get(caller).map_or(0, |most| i64::from(*most));
    Ok(spent_of(&spent)?.callers.into_iter().filter(is_over).map(|(caller, _)| caller).collect())
}

/// Callers and the people whom each looks at.
fn pairs(looks: &[&Look]) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut callers, mut people) = (Vec::<Uuid>::new(), Vec::<Uuid>::new());
    for look in looks {
        people.extend(&look.people);
        callers.resize(people.len(), look.caller);
    }
    (callers, people)
}

/// The limit of each caller: that of its first look, where it changed meanwhile.
fn limits(looks: &[&Look]) -> BTreeMap<Uuid, i32> {
    let mut limits = BTreeMap::new();
    for look in looks {
        limits.entry(look.caller).or_insert(i32::try_from(look.limit).unwrap_or(i32::MAX));
    }
    limits
}
