//! The door of the people whom data is about: visits, sessions, preferences.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, OrganizationId, SessionId};
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// Somebody who asked for a code.
#[derive(Clone, Debug)]
pub struct VisitRow {
    /// Its id.
    pub id: Uuid,
    /// Key of the field of the contact point that was named.
    pub field: String,
    /// Blind index of its value.
    pub tag: [u8; 16],
    /// Who it turned out to be.
    pub customer: Option<CustomerId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From then on it is of no use.
    pub expires_at: DateTime<Utc>,
}

/// A person's session.
#[derive(Clone, Copy, Debug)]
pub struct SelfSessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub customer: CustomerId,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Adds a visit and queues it.
pub async fn insert_visit(work: &Work, row: &VisitRow) -> Result<(), DbError> {
    let VisitRow { id, field, tag, created_at, expires_at, .. } = row;
    let organization = work.organization().uuid();
    let sql = "INSERT INTO self_visits (organization_id, id, field, tag, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    work.execute(sql, &[&organization, id, field, &tag.as_slice(), created_at, expires_at]).await?;
    let sql = "INSERT INTO self_visit_queue (id, organization_id, created_at) VALUES ($1, $2, $3)";
    work.execute(sql, &[id, &organization, created_at]).await?;
    Ok(())
}

/// The visits that wait longest.
pub async fn waiting_visits(db: &Database) -> Result<Vec<(Uuid, OrganizationId)>, DbError> {
    let sql = "SELECT id, organization_id FROM self_visit_queue ORDER BY created_at LIMIT 20";
    let client = db.client().await?;
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), OrganizationId::from(row.get::<_, Uuid>(1)))).collect())
}

/// Takes a visit out of the queue. False when another instance was faster: do nothing.
pub async fn take_visit(work: &Work, id: Uuid) -> Result<bool, DbError> {
    Ok(work.execute("DELETE FROM self_visit_queue WHERE id = $1", &[&id]).await? == 1)
}

/// A visit that is still of use by the database's clock, held until the transaction ends.
pub async fn lock_visit(work: &Work, id: Uuid) -> Result<Option<VisitRow>, DbError> {
    let sql = "SELECT id, field, tag, customer_id, created_at, expires_at FROM self_visits \
         WHERE organization_id = $1 AND id = $2 AND expires_at > clock_timestamp() FOR UPDATE";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.and_then(|row| {
        Some(VisitRow {
            id: row.get(0),
            field: row.get(1),
            tag: row.get::<_, &[u8]>(2).try_into().ok()?,
            customer: row.get::<_, Option<Uuid>>(3).map(CustomerId::from),
            created_at: row.get(4),
            expires_at: row.get(5),
        })
    }))
}

/// Says who a visitor turned out to be.
pub async fn name_visitor(work: &Work, id: Uuid, customer: CustomerId) -> Result<(), DbError> {
    let sql = "UPDATE self_visits SET customer_id = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &customer.uuid()]).await?;
    Ok(())
}

/// How many codes were written to a person since then.
pub async fn codes_since(work: &Work, customer: CustomerId, since: DateTime<Utc>) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM self_visits WHERE organization_id = $1 AND customer_id = $2 AND created_at > $3";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &customer.uuid(), &since]).await?.get(0))
}

/// Opens a session by the contact point of this blind index. It lives no longer than that stands with the customer.
pub async fn insert_session(work: &Work, row: &SelfSessionRow, tag: [u8; 16]) -> Result<(), DbError> {
    let SelfSessionRow { id, customer, created_at, expires_at } = row;
    let sql = "INSERT INTO self_sessions (organization_id, id, customer_id, created_at, expires_at, tag) VALUES ($1, $2, $3, $4, $5, $6)";
    let organization = work.organization().uuid();
    work.execute(sql, &[&organization, &id.uuid(), &customer.uuid(), created_at, expires_at, &tag.as_slice()]).await?;
    Ok(())
}

/// A session that lives by the database's clock, of somebody about whom data is held, deleted or not, and whose the contact point that opened it still is.
pub async fn find_session(work: &Work, id: SessionId) -> Result<Option<SelfSessionRow>, DbError> {
    // Asked at each use: whatever changes a contact point (a merge, an import, a correction) ends the session, and need not know of it.
    const SQL: &str = "SELECT s.id, s.customer_id, s.created_at, s.expires_at FROM self_sessions s \
         JOIN customers c ON c.organization_id = s.organization_id AND c.id = s.customer_id AND c.erased_at IS NULL AND c.merged_into IS NULL \
         WHERE s.organization_id = $1 AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() \
         AND (s.tag IS NULL OR EXISTS (SELECT FROM blind_indexes b \
           WHERE b.organization_id = s.organization_id AND b.tag = s.tag AND b.customer_id = s.customer_id) \
         OR c.archived_at IS NOT NULL AND EXISTS (SELECT FROM deleted_contacts d \
           WHERE d.organization_id = s.organization_id AND d.customer_id = s.customer_id AND d.tag = s.tag))";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| SelfSessionRow {
        id: SessionId::from(row.get::<_, Uuid>(0)),
        customer: CustomerId::from(row.get::<_, Uuid>(1)),
        created_at: row.get(2),
        expires_at: row.get(3),
    }))
}

/// Ends a session.
pub async fn end_session(work: &Work, id: SessionId) -> Result<(), DbError> {
    let sql = "UPDATE self_sessions SET ended_at = clock_timestamp() WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(())
}

/// The language that a person prefers, and the version of that.
pub async fn language(work: &Work, customer: CustomerId) -> Result<Option<(String, i32)>, DbError> {
    let sql = "SELECT language, version FROM self_preferences WHERE organization_id = $1 AND customer_id = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

/// Sets it; the new version.
pub async fn put_language(
    work: &Work,
    customer: CustomerId,
    language: &str,
    at: DateTime<Utc>,
) -> Result<i32, DbError> {
    const SQL: &str = "INSERT INTO self_preferences (organization_id, customer_id, language, version, updated_at) VALUES ($1, $2, $3, 1, $4) \
         ON CONFLICT (organization_id, customer_id) DO UPDATE SET language = excluded.language, version = self_preferences.version + 1, \
         updated_at = excluded.updated_at RETURNING version";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &customer.uuid(), &language, &at]).await?.get(0))
}

/// Takes away visits, sessions and preferences of a person: for when the person is gone.
pub async fn forget_person(work: &Work, customer: CustomerId) -> Result<(), DbError> {
    let (organization, customer) = (work.organization().uuid(), customer.uuid());
    for sql in [
        "DELETE FROM privacy_codes c USING self_visits v WHERE c.organization_id = $1 AND v.organization_id = $1 AND c.about = v.id AND v.customer_id = $2",
        "DELETE FROM self_visits WHERE organization_id = $1 AND customer_id = $2",
        "DELETE FROM self_sessions WHERE organization_id = $1 AND customer_id = $2",
        "DELETE FROM self_preferences WHERE organization_id = $1 AND customer_id = $2",
    ] {
        work.execute(sql, &[&organization, &customer]).await?;
    }
    Ok(())
}

/// Drops visits that began, and sessions that ended, before this moment.
pub async fn purge(work: &Work, before: DateTime<Utc>) -> Result<(), DbError> {
    for sql in [
        "DELETE FROM self_visits WHERE organization_id = $1 AND created_at < $2",
        "DELETE FROM self_sessions WHERE organization_id = $1 AND expires_at < $2",
    ] {
        work.execute(sql, &[&work.organization().uuid(), &before]).await?;
    }
    Ok(())
}
