//! Single reads gathered into one statement: what arrives while a fetch is under way goes with the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use custodian_domain::kernel::{CustomerId, OrganizationId, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{CustomerRow, SHOWN};
use crate::access_requests::{HELD_PAIRS, Held, HeldGrant, held_rows};
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most customers in one fetch.
const BATCH: usize = 256;
/// How long a fetch may take before its callers are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

type Answer = Result<Option<(Arc<CustomerRow>, Held)>, DbError>;

struct Ask {
    organization: OrganizationId,
    id: CustomerId,
    user: Option<UserId>,
    answer: oneshot::Sender<Answer>,
}

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

    /// The customer as it is now with the rights to it that `user` holds now, `None` where this organisation has no such customer (any more).
    /// Scope is decided above.
    pub async fn find(&self, organization: OrganizationId, id: CustomerId, user: Option<UserId>) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.queue
            .try_send(Ask { organization, id, user, answer })
            .map_err(|_| DbError::Unavailable("read queue is full or closed".into()))?;
        waiting.await.unwrap_or_else(|_| Err(DbError::Unavailable("reader ended".into())))
    }
}

async fn read_all(db: Database, mut asks: mpsc::Receiver<Ask>) {
    let sql = format!(
        "SELECT {SHOWN} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL"
    );
    let mut connection: Option<Connection> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while asks.recv_many(&mut batch, BATCH).await > 0 {
        let fetched = match tokio::time::timeout(DEADLINE, fetch(&db, &sql, &mut connection, &batch)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(DbError::deadline("reading customers")),
        };
        match fetched {
            Ok(found) => {
                for ask in batch.drain(..) {
                    let row = found.rows.get(&(ask.organization, ask.id)).cloned();
                    // A caller that went away needs no answer.
                    let _ = ask.answer.send(Ok(row.map(|row| (row, found.held_by(ask.user, ask.id)))));
                }
            }
            Err(error) => {
                connection = None;
                for Ask { answer, .. } in batch.drain(..) {
                    let _ = answer.send(Err(DbError::Unavailable(error.to_string())));
                }
            }
        }
    }
}

struct Connection {
    client: Client,
    customers: Statement,
    held: Statement,
}

impl Connection {
    async fn open(db: &Database, sql: &str) -> Result<Self, DbError> {
        let client = db.dedicated().await?;
        let (customers, held) = (client.prepare(sql).await?, client.prepare(HELD_PAIRS).await?);
        Ok(Self { client, customers, held })
    }
}

#[derive(Default)]
struct Found {
    rows: HashMap<(OrganizationId, CustomerId), Arc<CustomerRow>>,
    held: Held,
}

impl Found {
    /// The rights of this person to this customer.
    fn held_by(&self, user: Option<UserId>, id: CustomerId) -> Held {
        let names = |one: &&HeldGrant| Some(one.user) == user && one.grant.customers.contains(&id);
        Held { grants: self.held.grants.iter().filter(names).cloned().collect(), at: self.held.at }
    }
}

async fn fetch(db: &Database, sql: &str, connection: &mut Option<Connection>, batch: &[Ask]) -> Result<Found, DbError> {
    if connection.as_ref().is_none_or(|open| open.client.is_closed()) {
        *connection = Some(Connection::open(db, sql).await?);
    }
    let Some(Connection { client, customers, held }) = connection.as_ref() else {
        return Err(DbError::Internal("reader has no connection".into()));
    };
    let mut wanted: BTreeMap<OrganizationId, Wanted> = BTreeMap::new();
    for Ask { organization, id, user, .. } in batch {
        wanted.entry(*organization).or_default().add(*id, *user);
    }
    let mut found = Found::default();
    for (organization, Wanted { ids, users, theirs }) in wanted {
        let begin = begin_for(organization);
        let tenant = organization.uuid();
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&tenant, &ids];
        let rights = async {
            // One more statement, and no further way to the database and back: what is asked is sent together.
            if users.is_empty() { Ok(Vec::new()) } else { client.query(held, &[&tenant, &users, &theirs]).await }
        };
        let (_, rows, rights, ()) = tokio::try_join!(
            biased;
            client.batch_execute(&begin),
            client.query(customers, &params),
            rights,
            client.batch_execute("COMMIT"),
        )?;
        found.rows.extend(rows.iter().map(|row| {
            let row = CustomerRow::from(row);
            ((organization, row.id), Arc::new(row))
        }));
        let Held { grants, at } = held_rows(&rights);
        found.held.grants.extend(grants);
        found.held.at = at.or(found.held.at);
    }
    Ok(found)
}

/// What is asked for in one organisation. The last two are of one length: a person, and a customer whose rights are asked about.
#[derive(Default)]
struct Wanted {
    ids: Vec<Uuid>,
    users: Vec<Uuid>,
    theirs: Vec<Uuid>,
}

impl Wanted {
    fn add(&mut self, id: CustomerId, user: Option<UserId>) {
        self.ids.push(id.uuid());
        if let Some(user) = user {
            self.users.push(user.uuid());
            self.theirs.push(id.uuid());
        }
    }
}
