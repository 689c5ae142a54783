//! Erasures of many: proposals, whom each is about, and what became of them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One proposal.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// Its id.
    pub id: Uuid,
    /// `asked` or `unasked`.
    pub origin: String,
    /// Code of the ground.
    pub ground: String,
    /// Who was meant, as it was sent.
    pub filter: Value,
    /// Why, sealed.
    pub sealed_reason: Option<Vec<u8>>,
    /// `pending`, `running`, `done`, `denied` or `cancelled`.
    pub state: String,
    /// How many it is about.
    pub customers: i32,
    /// Who proposed it; nil for the service.
    pub requested_by: Uuid,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// The job that carries it out.
    pub job: Option<Uuid>,
    /// When everybody's outcome was known.
    pub finished_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "b.id, b.origin, b.ground, b.filter, b.sealed_reason, b.state, b.customer_count, b.requested_by, b.requested_at, b.decided_by, \
     b.decided_at, b.job_id, b.finished_at";

impl From<&Row> for BatchRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            origin: row.get(1),
            ground: row.get(2),
            filter: row.get(3),
            sealed_reason: row.get(4),
            state: row.get(5),
            customers: row.get(6),
            requested_by: row.get(7),
            requested_at: row.get(8),
            decided_by: row.get(9),
            decided_at: row.get(10),
            job: row.get(11),
            finished_at: row.get(12),
        }
    }
}

/// Adds a proposal about these customers.
pub async fn insert_batch(work: &Work, row: &BatchRow, customers: &[Uuid]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO erasure_batches (organization_id, id, origin, ground, filter, sealed_reason, state, customer_count, requested_by, requested_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    const ABOUT: &str = "INSERT INTO erasure_batch_customers (organization_id, batch_id, customer_id) SELECT $1, $2, * FROM unnest($3::uuid[])";
    let organization = work.organization().uuid();
    let BatchRow {
        id, origin, ground, filter, sealed_reason, state, customers: count, requested_by, requested_at, ..
    } = row;
    let params: [&(dyn ToSql + Sync); 10] =
        [&organization, id, origin, ground, filter, sealed_reason, state, count, requested_by, requested_at];
    work.execute(SQL, &params).await?;
    work.execute(ABOUT, &[&organization, id, &customers]).await?;
    Ok(())
}

/// Notes where a proposal stands now.
pub async fn update_batch(work: &Work, row: &BatchRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE erasure_batches SET state = $3, decided_by = $4, decided_at = $5, job_id = $6, finished_at = $7 WHERE organization_id = $1 AND id = $2";
    let BatchRow { id, state, decided_by, decided_at, job, finished_at, .. } = row;
    let params: [&(dyn ToSql + Sync); 7] =
        [&work.organization().uuid(), id, state, decided_by, decided_at, job, finished_at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One proposal.
pub async fn find_batch(work: &Work, id: Uuid) -> Result<Option<BatchRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM erasure_batches b WHERE b.organization_id = $1 AND b.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(BatchRow::from))
}

/// The same, held until the transaction ends.
pub async fn lock_batch(work: &Work, id: Uuid) -> Result<Option<BatchRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM erasure_batches b WHERE b.organization_id = $1 AND b.id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(BatchRow::from))
}

/// That which a job carries out, held until the transaction ends.
pub async fn batch_of_job(work: &Work, job: Uuid) -> Result<Option<BatchRow>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM erasure_batches b WHERE b.organization_id = $1 AND b.job_id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &job]).await?.as_ref().map(BatchRow::from))
}

/// Which proposals are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct BatchFilter {
    /// In this state.
    pub state: Option<String>,
    /// Proposed by a person, or by the service.
    pub origin: Option<String>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of proposals, newest first.
pub async fn list_batches(work: &Work, filter: &BatchFilter, limit: i64) -> Result<Vec<BatchRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM erasure_batches b WHERE b.organization_id = $1 AND ($2::text IS NULL OR b.state = $2) AND ($3::text IS NULL OR b.origin = $3) \
         AND ($4::uuid IS NULL OR b.id < $4) ORDER BY b.id DESC LIMIT $5"
    );
    let BatchFilter { state, origin, before } = filter;
    let rows = work.query(&sql, &[&work.organization().uuid(), state, origin, before, &limit]).await?;
    Ok(rows.iter().map(BatchRow::from).collect())
}

/// What became of one of those whom a proposal is about.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Who.
    pub customer: Uuid,
    /// What became of them; `None` before.
    pub outcome: Option<String>,
    /// Their erasure, where there is one.
    pub erasure: Option<Uuid>,
    /// The legal holds that kept them.
    pub held_by: Vec<Uuid>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

/// A page of them in the order of their ids, of one outcome if given.
pub async fn members(
    work: &Work,
    batch: Uuid,
    outcome: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MemberRow>, DbError> {
    const SQL: &str = "SELECT customer_id, outcome, erasure_id, held_by, at FROM erasure_batch_customers WHERE organization_id = $1 AND batch_id = $2 \
         AND ($3::text IS NULL OR outcome = $3) AND ($4::uuid IS NULL OR customer_id > $4) ORDER BY customer_id LIMIT $5";
    let rows = work.query(SQL, &[&work.organization().uuid(), &batch, &outcome, &after, &limit]).await?;
    let member = |row: &Row| MemberRow {
        customer: row.get(0),
        outcome: row.get(1),
        erasure: row.get(2),
        held_by: row.get(3),
        at: row.get(4),
    };
    Ok(rows.iter().map(member).collect())
}

/// Whose turn it is.
pub async fn next_members(work: &Work, batch: Uuid, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT customer_id FROM erasure_batch_customers WHERE organization_id = $1 AND batch_id = $2 AND outcome IS NULL ORDER BY customer_id LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &batch, &limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Notes what became of one of them.
pub async fn note_member(work: &Work, batch: Uuid, row: &MemberRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE erasure_batch_customers SET outcome = $4, erasure_id = $5, held_by = $6, at = $7 \
         WHERE organization_id = $1 AND batch_id = $2 AND customer_id = $3 AND outcome IS NULL";
    let MemberRow { customer, outcome, erasure, held_by, at } = row;
    let params: [&(dyn ToSql + Sync); 7] =
        [&work.organization().uuid(), &batch, customer, outcome, erasure, held_by, at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// How many came to which outcome.
pub async fn outcomes(work: &Work, batch: Uuid) -> Result<Vec<(String, i64)>, DbError> {
    let sql = "SELECT outcome, count(*) FROM erasure_batch_customers WHERE organization_id = $1 AND batch_id = $2 AND outcome IS NOT NULL GROUP BY 1 ORDER BY 1";
    let rows = work.query(sql, &[&work.organization().uuid(), &batch]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Of these customers: how many a legal hold keeps, and how many a statutory term puts off.
pub async fn held_among(work: &Work, customers: &[Uuid]) -> Result<(i64, i64), DbError> {
    const SQL: &str = "SELECT count(*) FILTER (WHERE held), count(*) FILTER (WHERE NOT held AND term) FROM (SELECT i.id, bool_or(h.kind <> 'statutory') AS held, \
         bool_or(h.kind = 'statutory') AS term FROM unnest($2::uuid[]) AS i(id) JOIN legal_hold_customers b ON b.organization_id = $1 AND b.customer_id = i.id \
         JOIN legal_holds h ON h.organization_id = $1 AND h.id = b.hold_id AND h.released_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp()) \
         GROUP BY i.id) AS bound";
    let row = work.query_one(SQL, &[&work.organization().uuid(), &customers]).await?;
    Ok((row.get(0), row.get(1)))
}
