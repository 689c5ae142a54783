//! Sessions of staff.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{SessionId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

pub mod addresses;
pub mod mfa;
pub mod one_time;

/// One session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// How often its refresh token was rotated.
    pub generation: i32,
    /// Keyed digest of the refresh token in force.
    pub refresh_digest: Vec<u8>,
    /// When it was ended early.
    pub ended_at: Option<DateTime<Utc>>,
    /// When a second factor was last shown in it.
    pub mfa_at: Option<DateTime<Utc>>,
}

impl From<&Row> for SessionRow {
    fn from(row: &Row) -> Self {
        Self {
            id: SessionId::from(row.get::<_, Uuid>(0)),
            user: UserId::from(row.get::<_, Uuid>(1)),
            created_at: row.get(2),
            expires_at: row.get(3),
            generation: row.get(4),
            refresh_digest: row.get(5),
            ended_at: row.get(6),
            mfa_at: row.get(7),
        }
    }
}

const COLUMNS: &str =
    "s.id, s.user_id, s.created_at, s.expires_at, s.refresh_generation, s.refresh_digest, s.ended_at, s.mfa_at";

/// Opens a session.
pub async fn insert(work: &Work, session: &SessionRow) -> Result<(), DbError> {
    let SessionRow { id, user, created_at, expires_at, generation, refresh_digest, ended_at: _, mfa_at } = session;
    work.execute(
        "INSERT INTO sessions (organization_id, id, user_id, created_at, expires_at, refresh_generation, refresh_digest, authenticated_at, mfa_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $4, $8)",
        &[&work.organization().uuid(), &id.uuid(), &user.uuid(), created_at, expires_at, generation, refresh_digest, mfa_at],
    )
    .await?;
    Ok(())
}

/// The session, and whether it lives by the database's own clock.
pub async fn find(work: &Work, id: SessionId) -> Result<Option<(SessionRow, bool)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, s.ended_at IS NULL AND s.expires_at > clock_timestamp() FROM sessions s WHERE s.organization_id = $1 AND s.id = $2"
    );
    Ok(work
        .query_opt(&sql, &[&work.organization().uuid(), &id.uuid()])
        .await?
        .map(|row| (SessionRow::from(&row), row.get(8))))
}

/// The session, locked: two refreshes cannot both win.
pub async fn lock(work: &Work, id: SessionId) -> Result<Option<(SessionRow, bool)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, s.ended_at IS NULL AND s.expires_at > clock_timestamp() FROM sessions s \
         WHERE s.organization_id = $1 AND s.id = $2 FOR UPDATE"
    );
    Ok(work
        .query_opt(&sql, &[&work.organization().uuid(), &id.uuid()])
        .await?
        .map(|row| (SessionRow::from(&row), row.get(8))))
}

/// Puts the next refresh token in force.
pub async fn rotate(work: &Work, id: SessionId, generation: i32, digest: &[u8]) -> Result<(), DbError> {
    let sql = "UPDATE sessions SET refresh_generation = $3, refresh_digest = $4 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &generation, &digest]).await?;
    Ok(())
}

/// Ends the session, once; the first reason stays.
pub async fn end(work: &Work, id: SessionId, at: DateTime<Utc>, reason: &str) -> Result<(), DbError> {
    let sql = "UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &at, &reason]).await?;
    Ok(())
}

/// The sessions of an account that are going on by the database's own clock, newest first.
pub async fn going_on(work: &Work, user: UserId) -> Result<Vec<SessionRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions s WHERE s.organization_id = $1 AND s.user_id = $2 AND s.ended_at IS NULL \
         AND s.expires_at > clock_timestamp() ORDER BY s.id DESC LIMIT 1000"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &user.uuid()]).await?.iter().map(SessionRow::from).collect())
}
