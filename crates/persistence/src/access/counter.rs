//! Counting close looks together: those that gather while one transaction runs are counted in the next.
//!
//! A transaction for each first look would cost several times what the look itself costs.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use custodian_domain::kernel::OrganizationId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{SPEND_ON_PEOPLE, spent_of};
use crate::connect::run_on_thread;
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most looks in one transaction: bounds the time that the first of them waits.
const BATCH: usize = 256;
/// The most looks waiting; past it they are refused rather than letting memory grow.
const QUEUE: usize = 20_000;
/// How long one round may take before its waiters are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

/// Somebody about to see people closely.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whose data it is.
    pub organization: OrganizationId,
    /// Who looks.
    pub caller: Uuid,
    /// At whom.
    pub people: Vec<Uuid>,
    /// The most people whom this caller may see in a day.
    pub limit: u32,
}

type Answer = Option<NaiveDate>;
type Ask = (Look, oneshot::Sender<Answer>);

/// Hands looks to the counter's thread. Cheap to clone.
#[derive(Clone)]
pub struct LookCounter {
    queue: mpsc::Sender<Ask>,
}

impl LookCounter {
    /// Starts the thread. It ends when the last handle is dropped.
    pub fn start(db: Database) -> Result<Self, DbError> {
        let (queue, asks) = mpsc::channel(QUEUE);
        run_on_thread("look-counter", count_all(db, asks))?;
        Ok(Self { queue })
    }

    /// The day that the look counts for, once it is counted; `None` when it would pass the limit: then none of its people is counted.
    ///
    /// The count is committed without waiting for the disk. It is in front of the look's own entry in the database's journal, so that
    /// it is durable whenever the entry is, and before that nothing is shown.
    pub async fn count(&self, look: Look) -> Result<Answer, DbError> {
        let (answer, waiting) = oneshot::channel();
        let full = |_| DbError::Unavailable("too many looks are being counted".into());
        self.queue.try_send((look, answer)).map_err(full)?;
        waiting.await.map_err(|_| DbError::Unavailable("looks cannot be counted".into()))
    }
}

struct Prepared {
    client: Client,
    statement: Statement,
}

/// Whoever is not answered is told that looks cannot be counted: their sender is dropped.
async fn count_all(db: Database, mut queue: mpsc::Receiver<Ask>) {
    let mut connection: Option<Prepared> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let round = count_batch(&db, &mut connection, &mut batch);
        let outcome = tokio::time::timeout(DEADLINE, round).await.unwrap_or(Err(DbError::deadline("counting looks")));
        if let Err(error) = outcome {
            tracing::error!(%error, "close looks cannot be counted");
            // Never carry on with a connection whose state is unknown.
            connection = None;
        }
        batch.clear();
    }
}

async fn count_batch(db: &Database, connection: &mut Option<Prepared>, batch: &mut Vec<Ask>) -> Result<(), DbError> {
    if connection.as_ref().is_none_or(|known| known.client.is_closed()) {
        let client = db.dedicated().await?;
        let statement = client.prepare(SPEND_ON_PEOPLE).await?;
        *connection = Some(Prepared { client, statement });
    }
    let Some(prepared) = connection.as_ref() else {
        return Err(DbError::Internal("the counter has no connection".into()));
    };
    let mut by_organization: BTreeMap<OrganizationId, Vec<Ask>> = BTreeMap::new();
    for ask in batch.drain(..) {
        by_organization.entry(ask.0.organization).or_default().push(ask);
    }
    for (organization, asks) in by_organization {
        count_organization(prepared, organization, asks).await?;
    }
    Ok(())
}

/// Callers whose looks together pass their limit are taken out and counted look by look, so that they hold up nobody else.
async fn count_organization(on: &Prepared, organization: OrganizationId, asks: Vec<Ask>) -> Result<(), DbError> {
    let mut asks = asks;
    while !asks.is_empty() {
        let over = match attempt(on, organization, &asks).await? {
            Attempt::Counted(day) => {
                answer(asks, Some(day));
                return Ok(());
            }
            Attempt::Over(callers) => callers,
        };
        let (single, rest): (Vec<Ask>, Vec<Ask>) = asks.into_iter().partition(|(look, _)| over.contains(&look.caller));
        for ask in single {
            let alone = vec![ask];
            match attempt(on, organization, &alone).await? {
                Attempt::Counted(day) => answer(alone, Some(day)),
                Attempt::Over(_) => answer(alone, None),
            }
        }
        asks = rest;
    }
    Ok(())
}

fn answer(asks: Vec<Ask>, with: Answer) {
    for (_, waiting) in asks {
        // A caller that went away is counted all the same.
        let _ = waiting.send(with);
    }
}

enum Attempt {
    Counted(NaiveDate),
    /// Nothing was counted: these passed their limits.
    Over(Vec<Uuid>),
}

async fn attempt(on: &Prepared, organization: OrganizationId, asks: &[Ask]) -> Result<Attempt, DbError> {
    let begin = format!("{}; SET LOCAL synchronous_commit = off", begin_for(organization));
    let (mut callers, mut people) = (Vec::<Uuid>::new(), Vec::<Uuid>::new());
    for (look, _) in asks {
        people.extend(&look.people);
        callers.resize(people.len(), look.caller);
    }
    let id = organization.uuid();
    let params: [&(dyn ToSql + Sync); 3] = [&id, &callers, &people];
    let (_, rows) = tokio::try_join!(
        biased;
        on.client.batch_execute(&begin),
        on.client.query(&on.statement, &params),
    )?;
    let spent = spent_of(&rows)?;
    let limit = |caller: &Uuid| asks.iter().find(|(look, _)| look.caller == *caller).map_or(0, |(look, _)| look.limit);
    let over: Vec<Uuid> =
        spent.callers.iter().filter(|(caller, used)| *used > limit(caller)).map(|(caller, _)| *caller).collect();
    if over.is_empty() {
        on.client.batch_execute("COMMIT").await?;
        Ok(Attempt::Counted(spent.day))
    } else {
        on.client.batch_execute("ROLLBACK").await?;
        Ok(Attempt::Over(over))
    }
}
