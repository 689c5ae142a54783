//! What is due and was not told of yet, and what each who sees to it is written to about.

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::kernel::{CustomerId, UserId};
use uuid::Uuid;

use crate::{DbError, Work};

/// A record on which something comes due, or was not done in time.
#[derive(Clone, Debug)]
pub struct ToTell {
    /// On whom it hangs.
    pub customer: CustomerId,
    /// The record.
    pub record: Uuid,
    /// Code of its type.
    pub record_type: String,
    /// Whether its moment has passed.
    pub overdue: bool,
}

/// In use, and nobody's processing restricted. `r` the record, `c` its customer.
const LIVE: &str =
    "NOT r.ended AND r.archived_at IS NULL AND c.archived_at IS NULL AND c.shelved_at IS NULL AND NOT c.restricted";

/// Takes some of what is due before `until`, and not before `since`, that was not told of as what it is at `now`; notes that it is. Two at once take
/// different ones.
pub async fn take_untold(
    work: &Work,
    (since, now, until): (DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<ToTell>, DbError> {
    let sql = format!(
        "WITH due AS (SELECT r.customer_id, r.id FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
             WHERE r.organization_id = $1 AND r.due_at > $2 AND r.due_at <= $4 AND r.overdue_told IS DISTINCT FROM r.due_at \
             AND (r.due_at <= $3 OR r.due_told IS DISTINCT FROM r.due_at) AND {LIVE} ORDER BY r.due_at, r.id LIMIT $5 FOR UPDATE OF r SKIP LOCKED) \
         UPDATE records r SET due_told = r.due_at, overdue_told = CASE WHEN r.due_at <= $3 THEN r.due_at ELSE r.overdue_told END \
         FROM due WHERE r.organization_id = $1 AND r.customer_id = due.customer_id AND r.id = due.id \
         RETURNING r.customer_id, r.id, r.record_type, r.due_at <= $3"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &since, &now, &until, &limit]).await?;
    let told = |row: &tokio_postgres::Row| ToTell {
        customer: CustomerId::from(row.get::<_, Uuid>(0)),
        record: row.get(1),
        record_type: row.get(2),
        overdue: row.get(3),
    };
    Ok(rows.iter().map(told).collect())
}

/// Begins the letters of a day, and forgets days long past. False where they are written already; whoever comes meanwhile waits, and is told so.
pub async fn begin_day(work: &Work, day: NaiveDate) -> Result<bool, DbError> {
    let organization = work.organization().uuid();
    let sql = "DELETE FROM follow_up_days WHERE organization_id = $1 AND day < $2::date - 7";
    work.execute(sql, &[&organization, &day]).await?;
    let sql = "INSERT INTO follow_up_days (organization_id, day) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(work.execute(sql, &[&organization, &day]).await? == 1)
}

/// Something that a member of staff sees to, with how much there is for them in all.
#[derive(Clone, Debug)]
pub struct Owned {
    /// Who, active and glad of letters.
    pub user: UserId,
    /// Code of its type.
    pub record_type: String,
    /// The record.
    pub record: Uuid,
    /// Whether its moment has passed.
    pub overdue: bool,
    /// How much is coming in all.
    pub coming: i64,
    /// How much is late in all.
    pub late: i64,
}

/// What is due between two moments, by who sees to it: the first few of each.
pub async fn owned(
    work: &Work,
    (since, now, until): (DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
    each: i64,
) -> Result<Vec<Owned>, DbError> {
    let sql = format!(
        "SELECT user_id, record_type, id, overdue, coming, late FROM (SELECT u.id AS user_id, r.record_type, r.id, r.due_at, r.due_at <= $3 AS overdue, \
             count(*) FILTER (WHERE r.due_at > $3) OVER w AS coming, count(*) FILTER (WHERE r.due_at <= $3) OVER w AS late, \
             row_number() OVER (PARTITION BY u.id ORDER BY r.due_at DESC, r.id) AS place \
             FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
             JOIN users u ON u.organization_id = r.organization_id AND u.id = coalesce(r.owner_id, c.owner_id) \
             WHERE r.organization_id = $1 AND r.due_at > $2 AND r.due_at <= $4 AND {LIVE} AND u.state = 'active' AND u.follow_up_letters \
             WINDOW w AS (PARTITION BY u.id)) o WHERE place <= $5 ORDER BY user_id, place"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &since, &now, &until, &each]).await?;
    let one = |row: &tokio_postgres::Row| Owned {
        user: UserId::from(row.get::<_, Uuid>(0)),
        record_type: row.get(1),
        record: row.get(2),
        overdue: row.get(3),
        coming: row.get(4),
        late: row.get(5),
    };
    Ok(rows.iter().map(one).collect())
}
