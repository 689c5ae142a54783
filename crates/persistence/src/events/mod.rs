//! Events: written in the transaction of what they tell, given their places in order after its commit, and read from a place on.

pub mod tickets;

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::kernel::{DepartmentId, OrganizationId, UserId};
use futures_util::future::try_join_all;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::customers::ScopeSql;
use crate::{Database, DbError, Work};

/// An event to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: Uuid,
    /// Code of its type.
    pub kind: &'static str,
    /// The customer that it is about.
    pub customer: Option<Uuid>,
    /// The colleagues whom it concerns.
    pub concerns: Vec<UserId>,
    /// What it says.
    pub data: Value,
}

/// An event with its place, and where its customer stands now.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its place in the organisation's order.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// Code of its type.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The customer that it is about.
    pub customer: Option<Uuid>,
    /// What it says.
    pub data: Value,
    /// That customer's owner.
    pub owner: Option<UserId>,
    /// That customer's department.
    pub department: Option<DepartmentId>,
    /// That customer's region.
    pub region: Option<String>,
    /// Whether its processing is restricted.
    pub restricted: bool,
    /// Who works on that customer beside its owner.
    pub collaborators: Vec<UserId>,
    /// Whether there is a customer, and it is no more.
    pub gone: bool,
}

impl From<&Row> for EventRow {
    fn from(row: &Row) -> Self {
        Self {
            position: row.get::<_, Option<i64>>(0).unwrap_or_default(),
            id: row.get(1),
            kind: row.get(2),
            at: row.get(3),
            customer: row.get(4),
            data: row.get(5),
            owner: row.get::<_, Option<Uuid>>(6).map(UserId::from),
            department: row.get::<_, Option<Uuid>>(7).map(DepartmentId::from),
            region: row.get(8),
            restricted: row.get::<_, Option<bool>>(9).unwrap_or_default(),
            gone: row.get(10),
            collaborators: row.get::<_, Vec<Uuid>>(11).into_iter().map(UserId::from).collect(),
        }
    }
}

const SELECT: &str = "SELECT e.position, e.id, e.type, e.at, e.customer_id, e.data, c.owner_id, c.department_id, c.region, c.restricted, \
     e.customer_id IS NOT NULL AND (c.id IS NULL OR c.archived_at IS NOT NULL), \
     ARRAY(SELECT k.user_id FROM customer_collaborators k WHERE k.organization_id = e.organization_id AND k.customer_id = e.customer_id \
     AND (k.ends_at IS NULL OR k.ends_at > clock_timestamp()))";

const CUSTOMER: &str = "LEFT JOIN customers c ON c.organization_id = e.organization_id AND c.id = e.customer_id";

/// Adds events and queues them for their places, in one statement.
pub async fn insert(work: &Work, events: &[NewEvent], at: DateTime<Utc>) -> Result<(), DbError> {
    const SQL: &str = "WITH told AS (INSERT INTO events (organization_id, id, type, customer_id, concerns, data, at) \
           SELECT $1, u.id, u.type, u.customer, u.concerns::uuid[], u.data, $7 \
           FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::jsonb[]) AS u(id, type, customer, concerns, data)) \
         INSERT INTO event_queue (organization_id, id, event_ids) VALUES ($1, ($2::uuid[])[1], $2)";
    let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
    let customers: Vec<Option<Uuid>> = events.iter().map(|event| event.customer).collect();
    let named = |event: &NewEvent| event.concerns.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let concerns: Vec<String> = events.iter().map(|event| format!("{{{}}}", named(event))).collect();
    let data: Vec<&Value> = events.iter().map(|event| &event.data).collect();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &kinds, &customers, &concerns, &data, &at]).await?;
    Ok(())
}

/// Organisations with events that wait for their places. One index probe for each, however many wait.
pub async fn organizations_waiting(db: &Database) -> Result<Vec<OrganizationId>, DbError> {
    const SQL: &str = "WITH RECURSIVE waiting AS ( \
         (SELECT organization_id FROM event_queue ORDER BY organization_id LIMIT 1) \
         UNION ALL SELECT (SELECT q.organization_id FROM event_queue q WHERE q.organization_id > w.organization_id ORDER BY q.organization_id LIMIT 1) \
         FROM waiting w WHERE w.organization_id IS NOT NULL) \
         SELECT organization_id FROM waiting WHERE organization_id IS NOT NULL";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let rows = client.query(&statement, &[]).await?;
    Ok(rows.iter().map(|row| OrganizationId::from(row.get::<_, Uuid>(0))).collect())
}

/// An event that was just given its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its place.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// Code of its type.
    pub kind: String,
}

/// Takes the fence of the organisation and answers the last place given; `None` while another instance holds it.
pub async fn lock_head(work: &Work) -> Result<Option<i64>, DbError> {
    let organization = work.organization().uuid();
    let sql = "INSERT INTO event_heads (organization_id, position) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&organization]).await?;
    let sql = "SELECT position FROM event_heads WHERE organization_id = $1 FOR UPDATE SKIP LOCKED";
    Ok(work.query_opt(sql, &[&organization]).await?.map(|row| row.get(0)))
}

/// How many statements that give a place are under way at once.
const PLACED_AT_ONCE: usize = 500;

/// Gives what waits longest its places after `last`, for at most `most` transactions. The fence must be held.
pub async fn place(work: &Work, last: i64, most: i64) -> Result<Vec<Placed>, DbError> {
    const TAKE: &str = "DELETE FROM event_queue WHERE organization_id = $1 AND id IN \
         (SELECT id FROM event_queue WHERE organization_id = $1 ORDER BY id LIMIT $2) RETURNING id, event_ids";
    // One statement each, sent together: while the planner takes the table to be small, which it does for the minute before it is analysed anew, one for many reads
    // every event of the organisation.
    const PLACE: &str = "UPDATE events SET position = $3 WHERE organization_id = $1 AND id = $2 RETURNING type";
    let organization = work.organization().uuid();
    let mut taken: Vec<(Uuid, Vec<Uuid>)> =
        work.query(TAKE, &[&organization, &most]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    taken.sort_unstable_by_key(|(id, _)| *id);
    let told: Vec<(Uuid, i64)> = taken.into_iter().flat_map(|(_, events)| events).zip(last + 1..).collect();
    let give = async |&(id, position): &(Uuid, i64)| -> Result<Option<Placed>, DbError> {
        let row = work.query_opt(PLACE, &[&organization, &id, &position]).await?;
        Ok(row.map(|row| Placed { position, id, kind: row.get(0) }))
    };
    let mut placed = Vec::with_capacity(told.len());
    // The first goes alone: a session that does not know the statement yet would prepare it for each.
    let (first, rest) = told.split_at(told.len().min(1));
    for some in std::iter::once(first).chain(rest.chunks(PLACED_AT_ONCE)) {
        placed.extend(try_join_all(some.iter().map(&give)).await?.into_iter().flatten());
    }
    if let Some(newest) = placed.last() {
        let sql = "UPDATE event_heads SET position = $2 WHERE organization_id = $1";
        work.execute(sql, &[&organization, &newest.position]).await?;
    }
    Ok(placed)
}

/// The last place given.
pub async fn head(work: &Work) -> Result<i64, DbError> {
    let sql = "SELECT coalesce((SELECT position FROM event_heads WHERE organization_id = $1), 0)";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// Up to which size of the audit log webhooks were told of; the row is held. `None` while another instance holds it.
pub async fn lock_checkpoint(work: &Work) -> Result<Option<i64>, DbError> {
    if lock_head(work).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT checkpoint_size FROM event_heads WHERE organization_id = $1";
    Ok(work.query_opt(sql, &[&work.organization().uuid()]).await?.map(|row| row.get(0)))
}

/// Notes that webhooks were told of this size.
pub async fn note_checkpoint(work: &Work, size: i64) -> Result<(), DbError> {
    let sql = "UPDATE event_heads SET checkpoint_size = $2 WHERE organization_id = $1";
    work.execute(sql, &[&work.organization().uuid(), &size]).await?;
    Ok(())
}

/// The place of an event, if it has one.
pub async fn position_of(work: &Work, id: Uuid) -> Result<Option<i64>, DbError> {
    let sql = "SELECT position FROM events WHERE organization_id = $1 AND id = $2 AND position IS NOT NULL";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &id]).await?.map(|row| row.get(0)))
}

/// What a reader reaches: types about customers with the scope of their permission, types heard of by holding a permission, and types about colleagues that
/// concern one account.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Types about customers, by scope. Trees must have been resolved.
    pub customers: Vec<(Vec<&'static str>, RowScope)>,
    /// Types that are told whole.
    pub whole: Vec<&'static str>,
    /// Types of which those events are told that concern this account.
    pub own: Vec<&'static str>,
    /// That account.
    pub account: Option<Uuid>,
    /// Events about this customer alone.
    pub customer: Option<Uuid>,
}

/// Events after a place, in order, as far as this reaches.
pub async fn read(work: &Work, reach: &Reach, after: i64, limit: i64) -> Result<Vec<EventRow>, DbError> {
    let organization = work.organization().uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> =
        vec![&organization, &after, &limit, &reach.whole, &reach.own, &reach.account, &reach.customer];
    let mut parts = vec!["e.type = ANY($4)".to_owned(), "(e.type = ANY($5) AND $6::uuid = ANY(e.concerns))".to_owned()];
    let mut scopes = Vec::with_capacity(reach.customers.len());
    let mut next = params.len() + 1;
    for (kinds, scope) in &reach.customers {
        let sql = ScopeSql::new(scope, next + 1);
        parts.push(format!("(e.type = ANY(${next}) AND {})", sql.clause));
        let mut own: Vec<&(dyn ToSql + Sync)> = Vec::new();
        sql.push_params(&mut own);
        next += 1 + own.len();
        scopes.push((kinds, sql));
    }
    for (kinds, sql) in &scopes {
        params.push(*kinds);
        sql.push_params(&mut params);
    }
    let sql = format!(
        "{SELECT} FROM events e {CUSTOMER} WHERE e.organization_id = $1 AND e.position > $2 AND ($7::uuid IS NULL OR e.customer_id = $7) AND ({}) ORDER BY e.position LIMIT $3",
        parts.join(" OR ")
    );
    Ok(work.query(&sql, &params).await?.iter().map(EventRow::from).collect())
}

/// Events by their ids, whether they have their place yet or not.
pub async fn by_ids(work: &Work, ids: &[Uuid]) -> Result<Vec<EventRow>, DbError> {
    // Each by its key, whatever the planner takes the table to hold.
    let sql = format!(
        "{SELECT} FROM unnest($2::uuid[]) AS w(id) \
         CROSS JOIN LATERAL (SELECT * FROM events i WHERE i.organization_id = $1 AND i.id = w.id OFFSET 0) e {CUSTOMER}"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &ids]).await?.iter().map(EventRow::from).collect())
}

/// Drops events older than `before`; how many went.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    let sql = "DELETE FROM events WHERE organization_id = $1 AND at < $2 AND position IS NOT NULL";
    work.execute(sql, &[&work.organization().uuid(), &before]).await
}
