//! Single decisions gathered into one round trip: what is asked while one is under way goes with the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_domain::consents::Standing;
use custodian_domain::kernel::{DepartmentId, OrganizationId, UserId};
use custodian_domain::purposes::Purpose;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::decisions::standing_in;
use crate::work::begin_for;
use crate::{Database, DbError};

/// The most questions of one round.
const BATCH: usize = 256;
/// The most questions waiting; past it they are refused rather than letting memory grow.
const QUEUE: usize = 20_000;
/// How long a round may take before its callers are refused and the connection is given up.
const DEADLINE: Duration = Duration::from_secs(5);

const PURPOSES: &str = "SELECT p.code, p.state, p.content, p.consents_from, clock_timestamp() FROM purposes p WHERE p.organization_id = $1 AND p.code = ANY($2)";

/// OFFSET 0 keeps the look-ups apart: a join would go through whole tables that nobody has analysed yet.
const PEOPLE: &str = "SELECT w.id, w.purpose, c.owner_id, c.department_id, c.region, r.restricted, o.at, s.channel, s.state, s.at, s.expires_at, s.consent_id, s.notice_id \
     FROM unnest($2::uuid[], $3::text[]) AS w(id, purpose) \
     CROSS JOIN LATERAL (SELECT owner_id, department_id, region, restricted FROM customers k WHERE k.organization_id = $1 AND k.id = w.id AND k.archived_at IS NULL OFFSET 0) c \
     CROSS JOIN LATERAL (SELECT CASE WHEN c.restricted THEN EXISTS (SELECT FROM privacy_restrictions x WHERE x.organization_id = $1 AND x.customer_id = w.id \
       AND x.since <= clock_timestamp() AND (x.lifted_at IS NULL OR x.lifted_at > clock_timestamp())) ELSE false END AS restricted OFFSET 0) r \
     CROSS JOIN LATERAL (SELECT max(k.at) AS at FROM opt_outs k WHERE k.organization_id = $1 AND k.customer_id = w.id OFFSET 0) o \
     LEFT JOIN LATERAL (SELECT channel, state, at, expires_at, consent_id, notice_id FROM consent_states k \
       WHERE k.organization_id = $1 AND k.customer_id = w.id AND k.purpose = w.purpose OFFSET 0) s ON true";

/// A purpose as it is, and the moment of the answer.
#[derive(Clone, Debug)]
pub struct PurposeNow {
    /// The moment, by the database's clock.
    pub at: DateTime<Utc>,
    /// Whether it is in force.
    pub active: bool,
    /// What it says; read once for all who ask in one round.
    pub content: Arc<Purpose>,
    /// Consents given before do not count.
    pub consents_from: DateTime<Utc>,
}

/// Somebody as a decision about one purpose sees them.
#[derive(Clone, Debug)]
pub struct Stands {
    /// Who they are assigned to.
    pub owner: Option<UserId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// Their ISO 3166-2 region.
    pub region: Option<String>,
    /// Their processing is restricted.
    pub restricted: bool,
    /// When they last opted out.
    pub opted_out: Option<DateTime<Utc>>,
    /// Where they stand with the purpose, by channel.
    pub standings: Vec<Standing>,
}

/// What a decision about one person and purpose is made of.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// The purpose, if there is one of this code.
    pub purpose: Option<PurposeNow>,
    /// The person, if they are on file. Whether the caller may know of them is decided above.
    pub person: Option<Stands>,
}

type Answer = Result<Answered, DbError>;

struct Ask {
    organization: OrganizationId,
    customer: Uuid,
    purpose: String,
    answer: oneshot::Sender<Answer>,
}

/// Reads for single decisions. One per worker thread; cheap to clone.
#[derive(Clone)]
pub struct DecisionReader {
    queue: mpsc::Sender<Ask>,
}

impl DecisionReader {
    /// Starts the reader's task on the current runtime. It ends when the last handle is dropped.
    pub fn start(db: Database) -> Self {
        let (queue, asks) = mpsc::channel(QUEUE);
        tokio::spawn(read_all(db, asks));
        Self { queue }
    }

    /// How this customer stands with this purpose at a moment after the call.
    pub async fn ask(&self, organization: OrganizationId, customer: Uuid, purpose: &str) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.queue
            .try_send(Ask { organization, customer, purpose: purpose.to_owned(), answer })
            .map_err(|_| DbError::Unavailable("decision queue is full or closed".into()))?;
        waiting.await.unwrap_or_else(|_| Err(DbError::Unavailable("reader ended".into())))
    }
}

async fn read_all(db: Database, mut asks: mpsc::Receiver<Ask>) {
    let mut connection: Option<Connection> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while asks.recv_many(&mut batch, BATCH).await > 0 {
        let read = match tokio::time::timeout(DEADLINE, read(&db, &mut connection, &batch)).await {
            Ok(read) => read,
            Err(_) => Err(DbError::deadline("reading for decisions")),
        };
        match read {
            Ok(found) => {
                for Ask { organization, customer, purpose, answer } in batch.drain(..) {
                    let person = found.people.get(&(organization, customer, purpose.clone())).cloned();
                    // A caller that went away needs no answer.
                    let _ = answer.send(Ok(Answered { purpose: found.purpose(organization, purpose), person }));
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
    purposes: Statement,
    people: Statement,
}

impl Connection {
    async fn open(db: &Database) -> Result<Self, DbError> {
        let client = db.dedicated().await?;
        let (purposes, people) = (client.prepare(PURPOSES).await?, client.prepare(PEOPLE).await?);
        Ok(Self { client, purposes, people })
    }
}

#[derive(Default)]
struct Found {
    purposes: HashMap<(OrganizationId, String), PurposeNow>,
    people: HashMap<(OrganizationId, Uuid, String), Stands>,
}

impl Found {
    fn purpose(&self, organization: OrganizationId, code: String) -> Option<PurposeNow> {
        self.purposes.get(&(organization, code)).cloned()
    }

    fn add(&mut self, organization: OrganizationId, row: &Row) {
        let key = (organization, row.get(0), row.get(1));
        let stands = self.people.entry(key).or_insert_with(|| Stands {
            owner: row.get::<_, Option<Uuid>>(2).map(UserId::from),
            department: row.get::<_, Option<Uuid>>(3).map(DepartmentId::from),
            region: row.get(4),
            restricted: row.get(5),
            opted_out: row.get(6),
            standings: Vec::new(),
        });
        stands.standings.extend(standing_in(row, 7));
    }
}

fn purpose_now(row: &Row) -> Result<PurposeNow, DbError> {
    let unreadable = |_| DbError::Internal("a stored purpose".into());
    let content = Purpose::deserialize(row.get::<_, Value>(2)).map_err(unreadable)?;
    let active = row.get::<_, &str>(1) == "active";
    Ok(PurposeNow { at: row.get(4), active, content: Arc::new(content), consents_from: row.get(3) })
}

async fn read(db: &Database, connection: &mut Option<Connection>, batch: &[Ask]) -> Result<Found, DbError> {
    if connection.as_ref().is_none_or(|open| open.client.is_closed()) {
        *connection = Some(Connection::open(db).await?);
    }
    let Some(Connection { client, purposes, people }) = connection.as_ref() else {
        return Err(DbError::Internal("reader has no connection".into()));
    };
    let mut wanted: BTreeMap<OrganizationId, BTreeSet<(Uuid, &str)>> = BTreeMap::new();
    for Ask { organization, customer, purpose, .. } in batch {
        wanted.entry(*organization).or_default().insert((*customer, purpose.as_str()));
    }
    let mut found = Found::default();
    for (organization, pairs) in wanted {
        let (begin, tenant) = (begin_for(organization), organization.uuid());
        let (ids, named): (Vec<Uuid>, Vec<&str>) = pairs.into_iter().unzip();
        let codes: Vec<&str> = named.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let of_purposes: crate::work::Params<'_> = &[&tenant, &codes];
        let of_people: crate::work::Params<'_> = &[&tenant, &ids, &named];
        let (_, known, rows, ()) = tokio::try_join!(
            biased;
            client.batch_execute(&begin),
            client.query(purposes, of_purposes),
            client.query(people, of_people),
            client.batch_execute("COMMIT"),
        )?;
        for row in &known {
            found.purposes.insert((organization, row.get(0)), purpose_now(row)?);
        }
        rows.iter().for_each(|row| found.add(organization, row));
    }
    Ok(found)
}
