//! Requests that ended longer ago than they are kept.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// Such a request `r` that ended before $2, in words of SQL. One that something younger rests on stays as long as that: a restriction that is in force or was lifted
/// later, one that repeats it, an erasure that is not done; and one of somebody whom a duty to keep binds, under the id of now as well.
const ENDED: &str = "r.organization_id = $1 AND r.closed_at < $2 \
     AND NOT EXISTS (SELECT FROM privacy_restrictions x WHERE x.organization_id = $1 AND x.request_id = r.id AND (x.lifted_at IS NULL OR x.lifted_at >= $2)) \
     AND NOT EXISTS (SELECT FROM privacy_requests d WHERE d.organization_id = $1 AND d.duplicate_of = r.id AND (d.closed_at IS NULL OR d.closed_at >= $2)) \
     AND NOT EXISTS (SELECT FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = r.customer_id AND e.privacy_request_id = r.id AND e.state <> 'erased') \
     AND NOT EXISTS (SELECT FROM legal_hold_customers b JOIN legal_holds h ON h.organization_id = b.organization_id AND h.id = b.hold_id WHERE b.organization_id = $1 \
         AND (b.customer_id = r.customer_id OR b.customer_id = (SELECT c.merged_into FROM customers c WHERE c.organization_id = $1 AND c.id = r.customer_id)) \
         AND h.released_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp()))";

/// Some of the requests that ended before a moment and are kept by nothing, the oldest first, each with whose it was.
pub async fn ended_before(
    work: &Work,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Uuid, Option<Uuid>)>, DbError> {
    let sql =
        format!("SELECT r.id, r.customer_id FROM privacy_requests r WHERE {ENDED} ORDER BY r.closed_at, r.id LIMIT $3");
    let rows = work.query(&sql, &[&work.organization().uuid(), &before, &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Takes these requests away with everything that was said in them and told of them, those alone that ended before the moment and are kept by nothing by now. Who is
/// meant must be locked, and the organisation's requests be held. The ids of those that went.
pub async fn remove_ended(work: &Work, before: DateTime<Utc>, ids: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    const PARTS: [&str; 7] = [
        "DELETE FROM rights_callbacks WHERE organization_id = $1 AND exchange_id = ANY($2)",
        "DELETE FROM rights_exchanges WHERE organization_id = $1 AND id = ANY($2)",
        "DELETE FROM privacy_notifications WHERE organization_id = $1 AND request_id = ANY($2)",
        "DELETE FROM privacy_restrictions WHERE organization_id = $1 AND request_id = ANY($2)",
        "DELETE FROM privacy_codes WHERE organization_id = $1 AND about = ANY($2)",
        "DELETE FROM privacy_request_events WHERE organization_id = $1 AND request_id = ANY($2)",
        "DELETE FROM privacy_requests WHERE organization_id = $1 AND id = ANY($2)",
    ];
    let organization = work.organization().uuid();
    let sql = format!("SELECT r.id FROM privacy_requests r WHERE {ENDED} AND r.id = ANY($3) ORDER BY r.id FOR UPDATE");
    let rows = work.query(&sql, &[&organization, &before, &ids]).await?;
    let gone: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    for sql in PARTS {
        work.execute(sql, &[&organization, &gone]).await?;
    }
    Ok(gone)
}
