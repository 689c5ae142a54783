//! Changes of one kind that are asked for at the same time share a transaction: what comes while one of its organisation is under way goes with the next.
//!
//! Each on its own would spend most of its time on the way to the database and back and on its own commit. Only what nothing stands in the way of is made
//! together; whatever is refused, waits for somebody or fails is made alone, so that nobody pays for another.

use std::collections::HashMap;
use std::time::Duration;

use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use crate::App;

/// The most changes in one transaction: bounds what a failing one costs the others.
const BATCH: usize = 64;
/// The most callers waiting; past it they are served alone rather than letting memory grow.
const QUEUE: usize = 4_096;
/// How long one transaction may take before its callers are refused and the connection is given up: whoever comes after must not wait for it.
const DEADLINE: Duration = Duration::from_secs(5);

/// A kind of change that can share its transaction with others of its kind.
pub(crate) trait Shareable: Send + Sync + 'static {
    /// What is asked for.
    type Asked: Send + Sync + 'static;
    /// What it is answered with.
    type Done: Send + 'static;

    /// Makes, with their entries, those of these that nothing stands in the way of, and answers in their order; none for what must be made alone. The
    /// transaction is committed after it, or leaves nothing behind where this fails.
    fn make(
        app: &App,
        work: &Work,
        asked: &[Self::Asked],
    ) -> impl Future<Output = Result<Vec<Option<Self::Done>>, DomainError>> + Send;
}

struct Waiting<K: Shareable> {
    organization: OrganizationId,
    asked: K::Asked,
    answer: oneshot::Sender<Result<Option<K::Done>, DomainError>>,
}

/// Makes changes of one kind. One per worker thread; cheap to clone.
pub(crate) struct Together<K: Shareable> {
    queue: mpsc::Sender<Waiting<K>>,
}

impl<K: Shareable> Clone for Together<K> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<K: Shareable> Together<K> {
    /// Who makes them, and the work of doing so: to be spawned; it ends when the last handle is dropped and everybody is answered.
    pub fn new(app: App) -> (Self, impl Future<Output = ()>) {
        let (queue, asks) = mpsc::channel(QUEUE);
        (Self { queue }, make_all(app, asks))
    }

    /// Makes a change, committed with its entry before this returns. None where it must be made alone; nothing of it was made then.
    ///
    /// Errors: `unavailable`, `audit_unavailable`; after either it may have been made.
    pub async fn ask(&self, organization: OrganizationId, asked: K::Asked) -> Result<Option<K::Done>, DomainError> {
        let (answer, waiting) = oneshot::channel();
        if self.queue.try_send(Waiting { organization, asked, answer }).is_err() {
            return Ok(None);
        }
        waiting.await.unwrap_or_else(|_| Err(DomainError::unavailable("the writer ended")))
    }
}

/// One transaction at a time for each organisation, so that none waits for what holds up another.
async fn make_all<K: Shareable>(app: App, mut asks: mpsc::Receiver<Waiting<K>>) {
    let mut waiting: HashMap<OrganizationId, Vec<Waiting<K>>> = HashMap::new();
    let mut rounds = FuturesUnordered::new();
    let mut open = true;
    while open || !rounds.is_empty() {
        tokio::select! {
            biased;
            asked = asks.recv(), if open => match asked {
                Some(one) => {
                    let organization = one.organization;
                    match waiting.get_mut(&organization) {
                        Some(queue) => queue.push(one),
                        None => {
                            waiting.insert(organization, Vec::new());
                            rounds.push(round(&app, organization, vec![one]));
                        }
                    }
                }
                None => open = false,
            },
            Some(organization) = rounds.next(), if !rounds.is_empty() => {
                let mut next = waiting.remove(&organization).unwrap_or_default();
                if !next.is_empty() {
                    let later = next.split_off(next.len().min(BATCH));
                    waiting.insert(organization, later);
                    rounds.push(round(&app, organization, next));
                }
            }
        }
    }
}

/// Answers everybody, and says whose turn is over.
async fn round<K: Shareable>(app: &App, organization: OrganizationId, mut asks: Vec<Waiting<K>>) -> OrganizationId {
    asks.retain(|one| !one.answer.is_closed());
    let (asked, answers): (Vec<_>, Vec<_>) = asks.into_iter().map(|one| (one.asked, one.answer)).unzip();
    let made = tokio::time::timeout(DEADLINE, in_one::<K>(app, organization, &asked)).await;
    match made.unwrap_or_else(|_| Err(DomainError::unavailable("changes made together took too long"))) {
        Ok(done) => {
            for (answer, done) in answers.into_iter().zip(done) {
                // A caller that went away needs no answer; its change is made and on record all the same.
                let _ = answer.send(Ok(done));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
    organization
}

/// What was made of each. An error where none can be made, and where the commit failed: it may or may not have happened.
async fn in_one<K: Shareable>(
    app: &App,
    organization: OrganizationId,
    asked: &[K::Asked],
) -> Result<Vec<Option<K::Done>>, DomainError> {
    let work = app.begin(organization).await?;
    match K::make(app, &work, asked).await {
        Ok(done) if done.iter().any(Option::is_some) => {
            work.commit().await?;
            Ok(done)
        }
        Ok(done) => {
            work.abandon().await;
            Ok(done)
        }
        Err(error @ (DomainError::Unavailable { .. } | DomainError::AuditUnavailable)) => {
            work.abandon().await;
            Err(error)
        }
        Err(error) => {
            work.abandon().await;
            tracing::debug!(%error, "changes are made alone that could not be made together");
            Ok(asked.iter().map(|_| None).collect())
        }
    }
}
