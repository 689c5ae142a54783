//! The log of requests, line by line.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// A line of the log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Id of the request.
    pub id: Uuid,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// Code of the right.
    pub right: String,
    /// Code of the jurisdiction.
    pub jurisdiction: String,
    /// How it came in.
    pub channel: String,
    /// Kind of who asked.
    pub requester: String,
    /// When its receipt was confirmed.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Its last day.
    pub due_on: NaiveDate,
    /// When it was extended.
    pub extended_at: Option<DateTime<Utc>>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// The answer: the state.
    pub state: String,
    /// The ground of a denial.
    pub ground: Option<String>,
    /// The article that the ground rests on.
    pub article: Option<String>,
    /// The one that it repeats.
    pub duplicate_of: Option<Uuid>,
}

/// Lines in the order in which requests were filed, behind one of them; of those that came in since then, if given.
pub async fn log_lines(
    work: &Work,
    since: Option<DateTime<Utc>>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LogRow>, DbError> {
    const SQL: &str = "SELECT id, received_at, right_code, jurisdiction, channel, requester, acknowledged_at, due_on, extended_at, closed_at, state, ground, \
         article, duplicate_of FROM privacy_requests WHERE organization_id = $1 AND ($2::timestamptz IS NULL OR received_at >= $2) \
         AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4";
    let rows = work.query(SQL, &[&work.organization().uuid(), &since, &after, &limit]).await?;
    let line = |row: &tokio_postgres::Row| LogRow {
        id: row.get(0),
        received_at: row.get(1),
        right: row.get(2),
        jurisdiction: row.get(3),
        channel: row.get(4),
        requester: row.get(5),
        acknowledged_at: row.get(6),
        due_on: row.get(7),
        extended_at: row.get(8),
        answered_at: row.get(9),
        state: row.get(10),
        ground: row.get(11),
        article: row.get(12),
        duplicate_of: row.get(13),
    };
    Ok(rows.iter().map(line).collect())
}
