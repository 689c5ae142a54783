//! Letters on their way out: the sealed letter, and the queue that senders of every instance take it from.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, OrganizationId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// A letter that is to go.
#[derive(Clone, Debug)]
pub struct LetterRow {
    /// Its id.
    pub id: Uuid,
    /// The member of staff that it is for.
    pub user: Option<UserId>,
    /// Else the customer.
    pub customer: Option<CustomerId>,
    /// What it is about: a code.
    pub kind: String,
    /// To staff sealed under the organisation's data key; to a customer under a key of its own, whose wrapped form stands before it.
    pub sealed_letter: Vec<u8>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// From then on it is of no use.
    pub expires_at: DateTime<Utc>,
}

impl From<&Row> for LetterRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            user: row.get::<_, Option<Uuid>>(1).map(UserId::from),
            customer: row.get::<_, Option<Uuid>>(2).map(CustomerId::from),
            kind: row.get(3),
            sealed_letter: row.get(4),
            created_at: row.get(5),
            expires_at: row.get(6),
        }
    }
}

/// A letter taken by this sender until the lease ends.
#[derive(Clone, Copy, Debug)]
pub struct DueLetter {
    /// The letter.
    pub id: Uuid,
    /// Its organisation.
    pub organization: OrganizationId,
    /// How often it was taken, this time included.
    pub attempts: i32,
}

/// Adds a letter and queues it.
pub async fn insert(work: &Work, letter: &LetterRow) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let LetterRow { id, user, customer, kind, sealed_letter, created_at, expires_at } = letter;
    let (user, customer) = (user.map(UserId::uuid), customer.map(CustomerId::uuid));
    let sql = "INSERT INTO mail_outbox (organization_id, id, user_id, kind, sealed_letter, created_at, expires_at, customer_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    work.execute(sql, &[&organization, id, &user, kind, sealed_letter, created_at, expires_at, &customer]).await?;
    let sql = "INSERT INTO mail_queue (id, organization_id, due_at) VALUES ($1, $2, clock_timestamp())";
    work.execute(sql, &[id, &organization]).await?;
    Ok(())
}

/// Takes the letter that is due longest, by the database's clock; the lease holds for `seconds`.
pub async fn claim(db: &Database, seconds: f64) -> Result<Option<DueLetter>, DbError> {
    const SQL: &str = "WITH due AS (SELECT id FROM mail_queue WHERE due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp()) \
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
         UPDATE mail_queue q SET lease_until = clock_timestamp() + make_interval(secs => $1), attempts = attempts + 1 \
         FROM due WHERE q.id = due.id RETURNING q.id, q.organization_id, q.attempts";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let rows = client.query(&statement, &[&seconds]).await?;
    Ok(rows.first().map(|row| DueLetter {
        id: row.get(0),
        organization: OrganizationId::from(row.get::<_, Uuid>(1)),
        attempts: row.get(2),
    }))
}

/// The letter, unless it was taken back, and whether it is still of use by the database's clock.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<(LetterRow, bool)>, DbError> {
    let sql = "SELECT id, user_id, customer_id, kind, sealed_letter, created_at, expires_at, expires_at > clock_timestamp() FROM mail_outbox \
         WHERE organization_id = $1 AND id = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| (LetterRow::from(&row), row.get(7))))
}

/// Takes a letter out: it went, or never will. False where it was out before.
pub async fn remove(work: &Work, id: Uuid) -> Result<bool, DbError> {
    let sql = "DELETE FROM mail_outbox WHERE organization_id = $1 AND id = $2";
    let gone = work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    work.execute("DELETE FROM mail_queue WHERE id = $1", &[&id]).await?;
    Ok(gone > 0)
}

/// Takes back every letter to a person that has not gone yet.
pub async fn remove_all(work: &Work, user: UserId) -> Result<u64, DbError> {
    const SQL: &str = "WITH gone AS (DELETE FROM mail_outbox WHERE organization_id = $1 AND user_id = $2 RETURNING id) \
         DELETE FROM mail_queue q USING gone WHERE q.id = gone.id";
    work.execute(SQL, &[&work.organization().uuid(), &user.uuid()]).await
}

/// Takes back every letter to a customer that has not gone yet.
pub async fn remove_all_of_customer(work: &Work, customer: CustomerId) -> Result<u64, DbError> {
    const SQL: &str = "WITH gone AS (DELETE FROM mail_outbox WHERE organization_id = $1 AND customer_id = $2 RETURNING id) \
         DELETE FROM mail_queue q USING gone WHERE q.id = gone.id";
    work.execute(SQL, &[&work.organization().uuid(), &customer.uuid()]).await
}

/// Letters to customers that are of no use any more, by the database's clock, held until the transaction ends. Those that somebody else holds are left out, and
/// those that a sender has right now: it may be handing them over.
pub async fn lock_expired_to_customers(work: &Work, limit: i64) -> Result<Vec<LetterRow>, DbError> {
    const SQL: &str = "SELECT m.id, m.user_id, m.customer_id, m.kind, m.sealed_letter, m.created_at, m.expires_at FROM mail_outbox m \
         WHERE m.organization_id = $1 AND m.customer_id IS NOT NULL AND m.expires_at <= clock_timestamp() \
         AND NOT EXISTS (SELECT FROM mail_queue q WHERE q.id = m.id AND q.lease_until > clock_timestamp()) ORDER BY m.id LIMIT $2 FOR UPDATE OF m SKIP LOCKED";
    let rows = work.query(SQL, &[&work.organization().uuid(), &limit]).await?;
    Ok(rows.iter().map(LetterRow::from).collect())
}

/// Takes out every letter to staff that is of no use any more, by the database's clock.
pub async fn remove_expired_to_staff(work: &Work) -> Result<u64, DbError> {
    const SQL: &str = "WITH gone AS (DELETE FROM mail_outbox WHERE organization_id = $1 AND customer_id IS NULL AND expires_at <= clock_timestamp() RETURNING id) \
         DELETE FROM mail_queue q USING gone WHERE q.id = gone.id";
    work.execute(SQL, &[&work.organization().uuid()]).await
}

/// Gives a letter back, to be tried again after `seconds`.
pub async fn put_off(db: &Database, id: Uuid, seconds: f64) -> Result<(), DbError> {
    let sql = "UPDATE mail_queue SET lease_until = NULL, due_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1";
    let client = db.client().await?;
    client.execute(sql, &[&id, &seconds]).await?;
    Ok(())
}
