//! Long work: what it is doing, and the queue that workers of every instance take it from.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{JobId, OrganizationId};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// One job.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// `queued`, `running`, `succeeded` or `failed`.
    pub state: String,
    /// Items done.
    pub done: i64,
    /// Items in all, once known.
    pub total: Option<i64>,
    /// Items refused.
    pub error_count: i64,
    /// What came of it.
    pub result: Option<Value>,
    /// The code of what ended it.
    pub failure: Option<String>,
    /// Who asked for it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it first ran.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<&Row> for JobRow {
    fn from(row: &Row) -> Self {
        Self {
            id: JobId::from(row.get::<_, Uuid>(0)),
            kind: row.get(1),
            state: row.get(2),
            done: row.get(3),
            total: row.get(4),
            error_count: row.get(5),
            result: row.get(6),
            failure: row.get(7),
            created_by: row.get(8),
            created_at: row.get(9),
            started_at: row.get(10),
            finished_at: row.get(11),
        }
    }
}

const COLUMNS: &str =
    "id, kind, state, done, total, error_count, result, failure, created_by, created_at, started_at, finished_at";

/// A job taken by this worker until the lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// Its organisation.
    pub organization: OrganizationId,
    /// Its kind.
    pub kind: String,
    /// Fences writes: a worker whose lease was taken over cannot go on.
    pub token: Uuid,
    /// How often it was taken before.
    pub attempts: i32,
}

/// Adds a job and queues it.
pub async fn insert(work: &Work, id: JobId, kind: &str, created_by: Uuid, at: DateTime<Utc>) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "INSERT INTO jobs (organization_id, id, kind, state, created_by, created_at) VALUES ($1, $2, $3, 'queued', $4, $5)";
    work.execute(sql, &[&organization, &id.uuid(), &kind, &created_by, &at]).await?;
    let sql = "INSERT INTO job_queue (job_id, organization_id, kind, due_at) VALUES ($1, $2, $3, $4)";
    work.execute(sql, &[&id.uuid(), &organization, &kind, &at]).await?;
    Ok(())
}

/// Queues jobs of the service itself, each by its id, when it was created and when it is due, in one statement.
pub async fn insert_due(
    work: &Work,
    kind: &str,
    jobs: &[(JobId, DateTime<Utc>, DateTime<Utc>)],
) -> Result<(), DbError> {
    const SQL: &str = "WITH made AS (INSERT INTO jobs (organization_id, id, kind, state, created_by, created_at) \
           SELECT $1, u.id, $2, 'queued', $3, u.at FROM unnest($4::uuid[], $5::timestamptz[]) AS u(id, at)) \
         INSERT INTO job_queue (job_id, organization_id, kind, due_at) SELECT u.id, $1, $2, u.due FROM unnest($4::uuid[], $6::timestamptz[]) AS u(id, due)";
    let ids: Vec<Uuid> = jobs.iter().map(|(id, _, _)| id.uuid()).collect();
    let at: Vec<DateTime<Utc>> = jobs.iter().map(|(_, at, _)| *at).collect();
    let due: Vec<DateTime<Utc>> = jobs.iter().map(|(_, _, due)| *due).collect();
    work.execute(SQL, &[&work.organization().uuid(), &kind, &Uuid::nil(), &ids, &at, &due]).await?;
    Ok(())
}

/// One job.
pub async fn find(work: &Work, id: JobId) -> Result<Option<JobRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?.as_ref().map(JobRow::from))
}

/// A page of jobs, newest first; of one creator if given.
pub async fn list(
    work: &Work,
    creator: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<JobRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE organization_id = $1 AND ($2::uuid IS NULL OR created_by = $2) AND ($3::uuid IS NULL OR id < $3) \
         ORDER BY id DESC LIMIT $4"
    );
    Ok(work
        .query(&sql, &[&work.organization().uuid(), &creator, &before, &limit])
        .await?
        .iter()
        .map(JobRow::from)
        .collect())
}

/// Takes the job that is due longest, by the database's clock; the lease holds for `seconds`.
pub async fn claim(db: &Database, token: Uuid, seconds: f64) -> Result<Option<Claim>, DbError> {
    const SQL: &str = "WITH due AS (SELECT job_id FROM job_queue WHERE due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp()) \
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
         UPDATE job_queue q SET lease_token = $1, lease_until = clock_timestamp() + make_interval(secs => $2), attempts = attempts + 1 \
         FROM due WHERE q.job_id = due.job_id RETURNING q.job_id, q.organization_id, q.kind, q.attempts";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let rows = client.query(&statement, &[&token, &seconds]).await?;
    Ok(rows.first().map(|row| Claim {
        job: JobId::from(row.get::<_, Uuid>(0)),
        organization: OrganizationId::from(row.get::<_, Uuid>(1)),
        kind: row.get(2),
        token,
        attempts: row.get(3),
    }))
}

/// Holds the claim for this transaction and prolongs it. False when another worker has taken the job: stop, write nothing.
pub async fn hold(work: &Work, claim: &Claim, seconds: f64) -> Result<bool, DbError> {
    let sql = "UPDATE job_queue SET lease_until = clock_timestamp() + make_interval(secs => $3) WHERE job_id = $1 AND lease_token = $2";
    Ok(work.execute(sql, &[&claim.job.uuid(), &claim.token, &seconds]).await? == 1)
}

/// Takes every claim back: for a start that knows it is the only instance.
pub async fn forget_claims(db: &Database) -> Result<(), DbError> {
    let client = db.client().await?;
    client.batch_execute("UPDATE job_queue SET lease_token = NULL, lease_until = NULL").await?;
    Ok(())
}

/// Gives the job back, to be taken again after `seconds`.
pub async fn release(db: &Database, claim: &Claim, seconds: f64) -> Result<(), DbError> {
    let sql = "UPDATE job_queue SET lease_token = NULL, lease_until = NULL, due_at = clock_timestamp() + make_interval(secs => $3) \
         WHERE job_id = $1 AND lease_token = $2";
    let client = db.client().await?;
    client.execute(sql, &[&claim.job.uuid(), &claim.token, &seconds]).await?;
    Ok(())
}

/// Looks at the job again at this time, by the database's clock, whoever has taken it now.
pub async fn put_off(work: &Work, id: JobId, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql =
        "UPDATE job_queue SET due_at = $2, lease_token = NULL, lease_until = NULL, attempts = 0 WHERE job_id = $1";
    work.execute(sql, &[&id.uuid(), &at]).await?;
    Ok(())
}

/// Says how far the job is.
pub async fn progress(
    work: &Work,
    id: JobId,
    done: i64,
    total: Option<i64>,
    errors: i64,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let sql = "UPDATE jobs SET state = 'running', done = $3, total = coalesce($4, total), error_count = $5, started_at = coalesce(started_at, $6) \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &done, &total, &errors, &at]).await?;
    Ok(())
}

/// Ends the job and takes it out of the queue.
pub async fn finish(work: &Work, id: JobId, outcome: Result<Value, &str>, at: DateTime<Utc>) -> Result<(), DbError> {
    let (state, result, failure) = match outcome {
        Ok(result) => ("succeeded", Some(result), None),
        Err(code) => ("failed", None, Some(code)),
    };
    let sql = "UPDATE jobs SET state = $3, result = $4, failure = $5, finished_at = $6, started_at = coalesce(started_at, $6) \
         WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &state, &result, &failure, &at]).await?;
    work.execute("DELETE FROM job_queue WHERE job_id = $1", &[&id.uuid()]).await?;
    Ok(())
}

/// Queues a job again that has ended, to be looked at at this time.
pub async fn reopen(work: &Work, id: JobId, kind: &str, at: DateTime<Utc>) -> Result<(), DbError> {
    const QUEUE: &str = "INSERT INTO job_queue (job_id, organization_id, kind, due_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at";
    let organization = work.organization().uuid();
    let sql = "UPDATE jobs SET state = 'queued', result = NULL, failure = NULL, finished_at = NULL WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&organization, &id.uuid()]).await?;
    work.execute(QUEUE, &[&id.uuid(), &organization, &kind, &at]).await?;
    Ok(())
}
