//! Single reads gathered into one statement: what arrives while a fetch is under way goes with the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use custodian_domain::kernel::{CustomerId, OrganizationId};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{COLUMNS, CustomerRow};
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most customers in one fetch.
const BATCH: usize = 256;
/// How long a fetch may take before its callers are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

type Answer = Result<Option<Arc<CustomerRow>>, DbError>;
type Ask = (OrganizationId, CustomerId, oneshot::Sender<Answer>);

/// Reads single customers. One per worker thread; cheap to clone.
#[derive(Clone)]
pub struct CustomerReader {
    queue: mpsc::Sender<Ask>,
}

impl CustomerReader {
    /// Starts the reader's task on the current runtime. It ends when the last handle is dropped.
    pub fn start(db: Database) -> Self {
        let (queue, asks) = mpsc::channel(20_000);
        tokio::spawn(read_all(db, asks));
        Self { queue }
    }

    /// The customer as it is now, `None` where this organisation has no such customer (any more). Scope is decided above.
    pub async fn find(&self, organization: OrganizationId, id: CustomerId) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.queue
            .try_send((organization, id, answer))
            .map_err(|_| DbError::Unavailable("read queue is full or closed".into()))?;
        waiting.await.unwrap_or_else(|_| Err(DbError::Unavailable("reader ended".into())))
    }
}

async fn read_all(db: Database, mut asks: mpsc::Receiver<Ask>) {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL"
    );
    let mut connection: Option<(Client, Statement)> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while asks.recv_many(&mut batch, BATCH).await > 0 {
        let fetched = match tokio::time::timeout(DEADLINE, fetch(&db, &sql, &mut connection, &batch)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(DbError::deadline("reading customers")),
        };
        match fetched {
            Ok(found) => {
                for (organization, id, answer) in batch.drain(..) {
                    // A caller that went away needs no answer.
                    let _ = answer.send(Ok(found.get(&(organization, id)).cloned()));
                }
            }
            Err(error) => {
                connection = None;
                for (_, _, answer) in batch.drain(..) {
                    let _ = answer.send(Err(DbError::Unavailable(error.to_string())));
                }
            }
        }
    }
}

type Found = HashMap<(OrganizationId, CustomerId), Arc<CustomerRow>>;

async fn fetch(
    db: &Database,
    sql: &str,
    connection: &mut Option<(Client, Statement)>,
    batch: &[Ask],
) -> Result<Found, DbError> {
    if connection.as_ref().is_none_or(|(client, _)| client.is_closed()) {
        let client = db.dedicated().await?;
        let statement = client.prepare(sql).await?;
        *connection = Some((client, statement));
    }
    let Some((client, statement)) = connection.as_ref() else {
        return Err(DbError::Internal("reader has no connection".into()));
    };
    let mut wanted: BTreeMap<OrganizationId, Vec<Uuid>> = BTreeMap::new();
    for (organization, id, _) in batch {
        wanted.entry(*organization).or_default().push(id.uuid());
    }
    let mut found = Found::with_capacity(batch.len());
    for (organization, ids) in wanted {
        let begin = begin_for(organization);
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&organization.uuid(), &ids];
        let (_, rows, ()) = tokio::try_join!(
            biased;
            client.batch_execute(&begin),
            client.query(statement, &params),
            client.batch_execute("COMMIT"),
        )?;
        found.extend(rows.iter().map(|row| {
            let row = CustomerRow::from(row);
            ((organization, row.id), Arc::new(row))
        }));
    }
    Ok(found)
}
