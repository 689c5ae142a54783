//! What was used, and when: read from the audit log and the sessions.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// What one user or key did since the campaign looks back.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// The actions on record that were allowed.
    pub actions: BTreeSet<String>,
    /// The newest entry's id; its time is the last use.
    pub last: Option<Uuid>,
}

/// What everybody did from this id on (ids carry the time), by user or key. Refusals are no use.
pub async fn used_since(work: &Work, from: Uuid) -> Result<Vec<(Uuid, Used)>, DbError> {
    let sql = "SELECT actor_id, array_agg(DISTINCT action), max(id::text) FROM audit_entries \
         WHERE organization_id = $1 AND id >= $2 AND verdict = 'allowed' GROUP BY actor_id";
    let rows = work.query(sql, &[&work.organization().uuid(), &from]).await?;
    let used = |row: &tokio_postgres::Row| {
        let last = row.get::<_, Option<String>>(2).and_then(|text| Uuid::try_parse(&text).ok());
        (row.get(0), Used { actions: row.get::<_, Vec<String>>(1).into_iter().collect(), last })
    };
    Ok(rows.iter().map(used).collect())
}

/// A session's user, beginning and end.
pub type SessionSpan = (Uuid, DateTime<Utc>, DateTime<Utc>);

/// The sessions that went on at this moment or later.
pub async fn sessions_since(work: &Work, from: DateTime<Utc>) -> Result<Vec<SessionSpan>, DbError> {
    let sql = "SELECT user_id, created_at, coalesce(ended_at, expires_at) FROM sessions WHERE organization_id = $1 AND coalesce(ended_at, expires_at) > $2";
    let rows = work.query(sql, &[&work.organization().uuid(), &from]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}
