//! Tickets for streams: each opens one, and opens it again for who comes back at once.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{SessionId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One ticket.
#[derive(Clone, Debug)]
pub struct TicketRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user: UserId,
    /// The session that it lives and dies with.
    pub session: SessionId,
    /// The purpose that its stream is for.
    pub purpose: Option<String>,
    /// When it was given.
    pub issued_at: DateTime<Utc>,
    /// Where its stream began; none as long as it was not opened.
    pub position: Option<i64>,
    /// How often it was opened.
    pub openings: i32,
}

impl From<&Row> for TicketRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            user: UserId::from(row.get::<_, Uuid>(1)),
            session: SessionId::from(row.get::<_, Uuid>(2)),
            purpose: row.get(3),
            issued_at: row.get(4),
            position: row.get(5),
            openings: row.get(6),
        }
    }
}

/// Adds a ticket; it is given at this moment of the database's clock, which is answered.
pub async fn insert(
    work: &Work,
    id: Uuid,
    (user, session): (UserId, SessionId),
    purpose: Option<&str>,
) -> Result<DateTime<Utc>, DbError> {
    const SQL: &str = "INSERT INTO event_tickets (organization_id, id, user_id, session_id, purpose, issued_at) \
         VALUES ($1, $2, $3, $4, $5, clock_timestamp()) RETURNING issued_at";
    let params: crate::work::Params<'_> = &[&work.organization().uuid(), &id, &user.uuid(), &session.uuid(), &purpose];
    Ok(work.query_one(SQL, params).await?.get(0))
}

/// A ticket that this address may open a stream with now: for the first time within `first` seconds, and again within `again` seconds after it was
/// last heard of.
pub async fn find(
    work: &Work,
    id: Uuid,
    peer: Option<IpAddr>,
    (first, again): (f64, f64),
) -> Result<Option<TicketRow>, DbError> {
    const SQL: &str = "SELECT id, user_id, session_id, purpose, issued_at, position, openings FROM event_tickets WHERE organization_id = $1 AND id = $2 \
         AND CASE WHEN openings = 0 THEN issued_at + make_interval(secs => $4) > clock_timestamp() \
             ELSE seen_at + make_interval(secs => $5) > clock_timestamp() AND peer IS NOT DISTINCT FROM $3 END";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &id, &peer, &first, &again]).await?;
    Ok(row.as_ref().map(TicketRow::from))
}

/// Notes that a stream is opened, from this place the first time; the number of the opening, unless another call opened it since `openings` was read.
pub async fn open(
    work: &Work,
    ticket: &TicketRow,
    peer: Option<IpAddr>,
    position: i64,
) -> Result<Option<i32>, DbError> {
    const SQL: &str = "UPDATE event_tickets SET openings = openings + 1, seen_at = clock_timestamp(), peer = $4, position = coalesce(position, $5) \
         WHERE organization_id = $1 AND id = $2 AND openings = $3 RETURNING openings";
    let params: crate::work::Params<'_> =
        &[&work.organization().uuid(), &ticket.id, &ticket.openings, &peer, &position];
    Ok(work.query_opt(SQL, params).await?.map(|row| row.get(0)))
}

/// Notes that a stream is still heard; false when a later opening took its place.
pub async fn hear(work: &Work, id: Uuid, opening: i32) -> Result<bool, DbError> {
    const SQL: &str =
        "UPDATE event_tickets SET seen_at = clock_timestamp() WHERE organization_id = $1 AND id = $2 AND openings = $3";
    Ok(work.execute(SQL, &[&work.organization().uuid(), &id, &opening]).await? == 1)
}

/// Drops tickets that were given before.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<u64, DbError> {
    const SQL: &str = "DELETE FROM event_tickets WHERE organization_id = $1 AND issued_at < $2 \
         AND (seen_at IS NULL OR seen_at < $2)";
    work.execute(SQL, &[&work.organization().uuid(), &before]).await
}
