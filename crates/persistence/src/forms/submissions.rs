//! What people sent by a form.

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Param;
use crate::customers::{Filter, Where};
use crate::{DbError, Work};

/// One submission.
#[derive(Clone, Debug)]
pub struct SubmissionRow {
    /// Its id, and that of the token that it came with.
    pub id: Uuid,
    /// By which form.
    pub form: Uuid,
    /// At which version.
    pub version: i32,
    /// Whom it is about.
    pub customer: CustomerId,
    /// `entered`, `proposed`, `accepted` or `dismissed`.
    pub state: String,
    /// In which language the page was.
    pub language: String,
    /// Keyed digest of the request.
    pub digest: Vec<u8>,
    /// What was sent, sealed under the customer's key.
    pub sealed: Option<Vec<u8>>,
    /// When.
    pub at: DateTime<Utc>,
    /// When somebody decided about it.
    pub decided_at: Option<DateTime<Utc>>,
    /// Who did.
    pub decided_by: Option<Uuid>,
}

const COLUMNS: &str = "s.id, s.form_id, s.form_version, s.customer_id, s.state, s.language, s.digest, s.sealed, s.at, s.decided_at, s.decided_by";

impl From<&Row> for SubmissionRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            form: row.get(1),
            version: row.get(2),
            customer: CustomerId::from(row.get::<_, Uuid>(3)),
            state: row.get(4),
            language: row.get(5),
            digest: row.get(6),
            sealed: row.get(7),
            at: row.get(8),
            decided_at: row.get(9),
            decided_by: row.get(10),
        }
    }
}

/// Has everybody who comes with one of these bytes wait for the end of this transaction: two pages that send the same at once follow each other.
pub async fn serialise(work: &Work, keys: &[[u8; 16]]) -> Result<(), DbError> {
    let mut keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    // In one order, so that no two wait for each other.
    keys.sort_unstable();
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.forms:' || $1 || encode(k, 'hex'), 0)) FROM unnest($2::bytea[]) k";
    work.query(sql, &[&work.organization().uuid().to_string(), &keys]).await?;
    Ok(())
}

/// Adds a submission.
pub async fn insert_submission(work: &Work, row: &SubmissionRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO form_submissions (organization_id, id, form_id, form_version, customer_id, state, language, digest, sealed, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let SubmissionRow { id, form, version, customer, state, language, digest, sealed, at, .. } = row;
    let (organization, customer) = (work.organization().uuid(), customer.uuid());
    let params: [Param<'_>; 10] = [&organization, id, form, version, &customer, state, language, digest, sealed, at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One submission.
pub async fn find_submission(work: &Work, id: Uuid) -> Result<Option<SubmissionRow>, DbError> {
    one(work, id, "").await
}

/// One submission, held until the transaction ends.
pub async fn lock_submission(work: &Work, id: Uuid) -> Result<Option<SubmissionRow>, DbError> {
    one(work, id, " FOR UPDATE").await
}

async fn one(work: &Work, id: Uuid, mode: &str) -> Result<Option<SubmissionRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM form_submissions s WHERE s.organization_id = $1 AND s.id = $2{mode}");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(SubmissionRow::from))
}

/// A page of the submissions about customers inside the scope, newest first; of one form and one state if given.
pub async fn list_submissions(
    work: &Work,
    scope: &RowScope,
    form: Option<Uuid>,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SubmissionRow>, DbError> {
    let organization = work.organization().uuid();
    let everybody = Filter::default();
    let reached = Where::new(scope, &everybody, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    reached.push_params(&everybody, &mut params);
    let n = params.len();
    params.extend([&form as Param<'_>, &state, &before, &limit]);
    let sql = format!(
        "SELECT {COLUMNS} FROM form_submissions s JOIN customers c ON c.organization_id = s.organization_id AND c.id = s.customer_id \
         WHERE {} AND (${}::uuid IS NULL OR s.form_id = ${}) AND (${}::text IS NULL OR s.state = ${}) AND (${}::uuid IS NULL OR s.id < ${}) ORDER BY s.id DESC LIMIT ${}",
        reached.sql,
        n + 1,
        n + 1,
        n + 2,
        n + 2,
        n + 3,
        n + 3,
        n + 4
    );
    Ok(work.query(&sql, &params).await?.iter().map(SubmissionRow::from).collect())
}

/// How many submissions about somebody wait for a decision.
pub async fn waiting(work: &Work, customer: CustomerId) -> Result<i64, DbError> {
    let sql =
        "SELECT count(*) FROM form_submissions WHERE organization_id = $1 AND customer_id = $2 AND state = 'proposed'";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &customer.uuid()]).await?.get(0))
}

/// The submissions about somebody that wait for a decision, oldest first.
pub async fn waiting_of(work: &Work, customer: CustomerId) -> Result<Vec<SubmissionRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM form_submissions s WHERE s.organization_id = $1 AND s.customer_id = $2 AND s.state = 'proposed' ORDER BY s.id LIMIT 1000"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok(rows.iter().map(SubmissionRow::from).collect())
}

/// Notes what was decided, and what stays of what was sent.
pub async fn decide(work: &Work, id: Uuid, state: &str, by: Uuid, sealed: Option<&[u8]>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE form_submissions SET state = $3, decided_by = $4, decided_at = clock_timestamp(), sealed = $5 WHERE organization_id = $1 AND id = $2";
    work.execute(SQL, &[&work.organization().uuid(), &id, &state, &by, &sealed]).await?;
    Ok(())
}

/// Counts one more submission of this hour from a source; how many there are with it, and the seconds until they are counted anew.
pub async fn count(work: &Work, form: Uuid, source: &[u8; 32]) -> Result<(i32, i64), DbError> {
    const SQL: &str = "INSERT INTO form_sources (organization_id, form_id, source, since, count) VALUES ($1, $2, $3, clock_timestamp(), 1) \
         ON CONFLICT (organization_id, form_id, source) DO UPDATE SET \
             count = CASE WHEN form_sources.since <= clock_timestamp() - interval '1 hour' THEN 1 ELSE form_sources.count + 1 END, \
             since = CASE WHEN form_sources.since <= clock_timestamp() - interval '1 hour' THEN clock_timestamp() ELSE form_sources.since END \
         RETURNING count, ceil(extract(epoch FROM since + interval '1 hour' - clock_timestamp()))::bigint";
    let organization = work.organization().uuid();
    let row = work.query_one(SQL, &[&organization, &form, &source.as_slice()]).await?;
    let sql = "DELETE FROM form_sources WHERE organization_id = $1 AND form_id = $2 AND since <= clock_timestamp() - interval '2 hours'";
    work.execute(sql, &[&organization, &form]).await?;
    Ok((row.get(0), row.get(1)))
}
