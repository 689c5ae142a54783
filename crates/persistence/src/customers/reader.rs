//! Single reads gathered into one statement: what arrives while a fetch is under way goes with the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use custodian_domain::kernel::{CustomerId, OrganizationId, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{Consents, CustomerRow, shown};
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
    consents: Consents,
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
    pub async fn find(
        &self,
        organization: OrganizationId,
        id: CustomerId,
        user: Option<UserId>,
        consents: Consents,
    ) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.queue
            .try_send(Ask { organization, id, user, consents, answer })
            .map_err(|_| DbError::Unavailable("read queue is full or closed".into()))?;
        waiting.await.unwrap_or_else(|_| Err(DbError::Unavailable("reader ended".into())))
    }
}

async fn read_all(db: Database, mut asks: mpsc::Receiver<Ask>) {
    let mut connection: Option<Connection> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while asks.recv_many(&mut batch, BATCH).await > 0 {
        let fetched = match tokio::time::timeout(DEADLINE, fetch(&db, &mut connection, &batch)).await {
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
    agreeing: Statement,
    held: Statement,
}

impl Connection {
    async fn open(db: &Database) -> Result<Self, DbError> {
        let client = db.dedicated().await?;
        let sql = |consents| {
            let columns = shown(consents);
            format!(
                "SELECT {columns} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL"
            )
        };
        let customers = client.prepare(&sql(Consents::Unwanted)).await?;
        let agreeing = client.prepare(&sql(Consents::Wanted)).await?;
        let held = client.prepare(HELD_PAIRS).await?;
        Ok(Self { client, customers, agreeing, held })
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

async fn fetch(db: &Database, connection: &mut Option<Connection>, batch: &[Ask]) -> Result<Found, DbError> {
    if connection.as_ref().is_none_or(|open| open.client.is_closed()) {
        *connection = Some(Connection::open(db).await?);
    }
    let Some(Connection { client, customers, agreeing, held }) = connection.as_ref() else {
        return Err(DbError::Internal("reader has no connection".into()));
    };
    let mut wanted: BTreeMap<OrganizationId, Wanted> = BTreeMap::new();
    for ask in batch {
        wanted.entry(ask.organization).or_default().add(ask);
    }
    let mut found = Found::default();
    for (organization, Wanted { ids, users, theirs, consents }) in wanted {
        let customers = if consents { agreeing } else { customers };
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

/// What is asked for in one organisation. `users` and `theirs` are of one length: a person, and a customer whose rights are asked about.
#[derive(Default)]
struct Wanted {
    ids: Vec<Uuid>,
    users: Vec<Uuid>,
    theirs: Vec<Uuid>,
    /// Whether somebody asks for consents; then everybody is told of them.
    consents: bool,
}

impl Wanted {
    fn add(&mut self, ask: &Ask) {
        self.ids.push(ask.id.uuid());
        self.consents |= ask.consents == Consents::Wanted;
        if let Some(user) = ask.user {
            self.users.push(user.uuid());
            self.theirs.push(ask.id.uuid());
        }
    }
}
