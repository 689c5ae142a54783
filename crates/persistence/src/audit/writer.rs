//! Group commit for entries of reads: one thread, one connection; what gathers during a commit goes with the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use custodian_domain::kernel::OrganizationId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};

use super::{Columns, INSERT, INSERT_SUBJECTS, NewEntry};
use crate::connect::run_on_thread;
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most entries in one commit: bounds the time that the first of them waits.
const BATCH: usize = 512;
/// The most entries waiting; past it the log counts as unavailable rather than letting memory grow.
const QUEUE: usize = 20_000;
/// How long one commit may take before its waiters are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

type Waiter = oneshot::Sender<Result<(), DbError>>;

/// Hands entries to the writer's thread. Cheap to clone.
#[derive(Clone)]
pub struct AuditWriter {
    queue: mpsc::Sender<(Vec<NewEntry>, Waiter)>,
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

    /// Returns when the entries are durable. Any error means that they may not be: nothing may be shown.
    pub async fn record(&self, entries: Vec<NewEntry>) -> Result<(), DbError> {
        let (done, waiting) = oneshot::channel();
        let count = entries.len();
        self.queue
            .try_send((entries, done))
            .map_err(|_| DbError::Unavailable("audit queue is full or closed".into()))?;
        self.status.waiting.fetch_add(count, Ordering::Relaxed);
        let outcome = waiting.await.unwrap_or_else(|_| Err(DbError::Unavailable("audit writer ended".into())));
        self.status.waiting.fetch_sub(count, Ordering::Relaxed);
        outcome
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
}

async fn write_all(db: Database, mut queue: mpsc::Receiver<(Vec<NewEntry>, Waiter)>, status: Arc<WriterStatus>) {
    let mut connection: Option<Prepared> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let outcome = match tokio::time::timeout(DEADLINE, write_batch(&db, &mut connection, &batch)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(DbError::deadline("audit commit")),
        };
        status.failing.store(outcome.is_err(), Ordering::Relaxed);
        if let Err(error) = &outcome {
            tracing::error!(%error, entries = batch.len(), "the audit log cannot be written");
            // Never carry on with a connection whose state is unknown.
            connection = None;
        }
        metrics::histogram!("custodian_audit_batch_entries").record(batch.len() as f64);
        for (_, waiter) in batch.drain(..) {
            let answer = match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(DbError::Unavailable(error.to_string())),
            };
            // The request may have been given up meanwhile; its entry is durable all the same.
            let _ = waiter.send(answer);
        }
    }
}

async fn write_batch(
    db: &Database,
    connection: &mut Option<Prepared>,
    batch: &[(Vec<NewEntry>, Waiter)],
) -> Result<(), DbError> {
    if connection.as_ref().is_none_or(|c| c.client.is_closed()) {
        let client = db.dedicated().await?;
        let entries = client.prepare(INSERT).await?;
        let subjects = client.prepare(INSERT_SUBJECTS).await?;
        *connection = Some(Prepared { client, entries, subjects });
    }
    let Some(prepared) = connection.as_ref() else {
        return Err(DbError::Internal("audit writer has no connection".into()));
    };
    let mut by_organization: BTreeMap<OrganizationId, Columns<'_>> = BTreeMap::new();
    for entry in batch.iter().flat_map(|(entries, _)| entries) {
        by_organization.entry(entry.organization).or_insert_with(|| Columns::of(entry.organization)).push(entry);
    }
    for (organization, columns) in &by_organization {
        write_organization(prepared, *organization, columns).await?;
    }
    Ok(())
}

/// One transaction, queued whole: no statement waits for the one before it.
async fn write_organization(to: &Prepared, organization: OrganizationId, columns: &Columns<'_>) -> Result<(), DbError> {
    let begin = begin_for(organization);
    let (entry_params, subject_params) = (columns.entry_params(), columns.subject_params());
    let outcome = if columns.has_subjects() {
        tokio::try_join!(
            biased;
            to.client.batch_execute(&begin),
            to.client.execute(&to.entries, &entry_params),
            to.client.execute(&to.subjects, &subject_params),
            to.client.batch_execute("COMMIT"),
        )
        .map(|(_, inserted, _, ())| inserted)
    } else {
        tokio::try_join!(
            biased;
            to.client.batch_execute(&begin),
            to.client.execute(&to.entries, &entry_params),
            to.client.batch_execute("COMMIT"),
        )
        .map(|(_, inserted, ())| inserted)
    };
    // COMMIT of a failed transaction answers ROLLBACK without an error; the statement's own error has ended the join then.
    outcome.map(drop).map_err(DbError::from)
}
