//! The days of open requests, many at a time: for when a calendar or the organisation's own limit has changed.

use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// The days that a request is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaysRow {
    /// Its last day.
    pub due_on: NaiveDate,
    /// The first moment after that day.
    pub due_at: DateTime<Utc>,
    /// It can be extended before this moment.
    pub window_ends_at: DateTime<Utc>,
    /// From then on the organisation's own limit is hard to argue.
    pub warn_on: Option<NaiveDate>,
    /// Its receipt is to be confirmed by the end of this day.
    pub acknowledge_by: Option<NaiveDate>,
}

/// What the days of an open request follow from, and what they are.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// Its id.
    pub id: Uuid,
    /// Code of the law.
    pub jurisdiction: String,
    /// Code of the right.
    pub right: String,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// For how long its clock has stood still.
    pub paused_seconds: i64,
    /// Whether it was extended.
    pub extended: bool,
    /// Counts changes.
    pub version: i32,
    /// Its days as they stand.
    pub days: DaysRow,
}

impl From<&Row> for OpenRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            jurisdiction: row.get(1),
            right: row.get(2),
            received_at: row.get(3),
            paused_seconds: row.get(4),
            extended: row.get(5),
            version: row.get(6),
            days: DaysRow {
                due_on: row.get(7),
                due_at: row.get(8),
                window_ends_at: row.get(9),
                warn_on: row.get(10),
                acknowledge_by: row.get(11),
            },
        }
    }
}

/// How many requests are open.
pub async fn count_open(work: &Work) -> Result<i64, DbError> {
    const SQL: &str = "SELECT count(*) FROM privacy_requests WHERE organization_id = $1 AND closed_at IS NULL";
    Ok(work.query_one(SQL, &[&work.organization().uuid()]).await?.get(0))
}

/// Open requests in the order of their ids, after this one.
pub async fn open_after(work: &Work, after: Uuid, limit: i64) -> Result<Vec<OpenRow>, DbError> {
    const SQL: &str = "SELECT id, jurisdiction, right_code, received_at, paused_seconds, extended_at IS NOT NULL, version, due_on, due_at, window_ends_at, \
         warn_on, acknowledge_by FROM privacy_requests WHERE organization_id = $1 AND closed_at IS NULL AND id > $2 ORDER BY id LIMIT $3";
    let params: [&(dyn ToSql + Sync); 3] = [&work.organization().uuid(), &after, &limit];
    Ok(work.query(SQL, &params).await?.iter().map(OpenRow::from).collect())
}

/// Gives these requests these days, notes it in their histories and has the job behind each look in time; how many there were. One that somebody changed
/// since it was read is left to them. What was said too early counts as not said.
pub async fn put_days(work: &Work, cause: Uuid, rows: &[OpenRow]) -> Result<i64, DbError> {
    const SQL: &str = "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::int4[], $4::date[], $5::timestamptz[], $6::timestamptz[], $7::date[], $8::date[]) \
             AS g(id, version, due_on, due_at, window_ends_at, warn_on, acknowledge_by)), \
         set AS (UPDATE privacy_requests r SET due_on = g.due_on, due_at = g.due_at, window_ends_at = g.window_ends_at, warn_on = g.warn_on, \
             acknowledge_by = g.acknowledge_by, version = r.version + 1, \
             told = LEAST(r.told, CASE WHEN g.due_at - interval '3 days' > clock_timestamp() THEN 0 WHEN g.due_at > clock_timestamp() THEN 1 ELSE 2 END) \
             FROM given g WHERE r.organization_id = $1 AND r.id = g.id AND r.version = g.version AND r.closed_at IS NULL RETURNING r.id, r.state, r.due_on, r.due_at), \
         noted AS (INSERT INTO privacy_request_events (organization_id, request_id, id, kind, state, at, by_kind, by_id, details) \
             SELECT $1, s.id, substr(encode(sha256(uuid_send(s.id) || uuid_send($9)), 'hex'), 1, 32)::uuid, 'recomputed', s.state, clock_timestamp(), 'system', \
             '00000000-0000-0000-0000-000000000000', jsonb_build_object('due_on', s.due_on) FROM set s ON CONFLICT DO NOTHING), \
         woken AS (UPDATE job_queue q SET due_at = LEAST(q.due_at, s.due_at - interval '3 days') FROM set s WHERE q.job_id = s.id) \
         SELECT count(*) FROM set";
    fn column<T>(rows: &[OpenRow], of: impl Fn(&OpenRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    let (ids, versions) = (column(rows, |row| row.id), column(rows, |row| row.version));
    let (due_on, due_at) = (column(rows, |row| row.days.due_on), column(rows, |row| row.days.due_at));
    let windows = column(rows, |row| row.days.window_ends_at);
    let (warn, acknowledge) = (column(rows, |row| row.days.warn_on), column(rows, |row| row.days.acknowledge_by));
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 9] =
        [&organization, &ids, &versions, &due_on, &due_at, &windows, &warn, &acknowledge, &cause];
    Ok(work.query_one(SQL, &params).await?.get(0))
}
