//! How far a job has come that brings the indexes of stored customers in line with the catalog.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::JobId;
use uuid::Uuid;

use crate::{DbError, Work};

/// A rebuild and how far it has come.
#[derive(Clone, Debug)]
pub struct RebuildRow {
    /// Code of the record type.
    pub record_type: String,
    /// The field whose change asked for it.
    pub key: String,
    /// Whether this is the job that what the field is building waits for.
    pub builds: bool,
    /// 1 for all of them, 2 for those written while the first ran.
    pub round: i16,
    /// The last customer or record that was done in this round.
    pub after: Uuid,
    /// What was written since then is looked at again.
    pub since: DateTime<Utc>,
    /// Customers or records looked at.
    pub done: i64,
    /// Those whose value another one has, of a field that is to be unique.
    pub repeated: i64,
}

/// Keeps a new rebuild beside its job. One that builds is from now on the only one of its field that does.
pub async fn insert_rebuild(
    work: &Work,
    job: JobId,
    record_type: &str,
    key: &str,
    builds: bool,
    since: DateTime<Utc>,
) -> Result<(), DbError> {
    const RELIEVE: &str = "UPDATE catalog_rebuilds SET builds = false WHERE organization_id = $1 AND record_type = $2 AND key = $3 AND builds";
    if builds {
        // Older programs have all their jobs build, also those that began before the field did and count only the rest of what repeats.
        work.execute(RELIEVE, &[&work.organization().uuid(), &record_type, &key]).await?;
    }
    let sql = "INSERT INTO catalog_rebuilds (organization_id, job_id, record_type, key, builds, since) VALUES ($1, $2, $3, $4, $5, $6)";
    work.execute(sql, &[&work.organization().uuid(), &job.uuid(), &record_type, &key, &builds, &since]).await?;
    Ok(())
}

/// A rebuild by its job.
pub async fn rebuild(work: &Work, job: JobId) -> Result<Option<RebuildRow>, DbError> {
    let sql = "SELECT record_type, key, builds, round, after_id, since, done, repeated FROM catalog_rebuilds WHERE organization_id = $1 AND job_id = $2";
    let found = work.query_opt(sql, &[&work.organization().uuid(), &job.uuid()]).await?;
    Ok(found.map(|row| RebuildRow {
        record_type: row.get(0),
        key: row.get(1),
        builds: row.get(2),
        round: row.get(3),
        after: row.get(4),
        since: row.get(5),
        done: row.get(6),
        repeated: row.get(7),
    }))
}

/// Keeps how far a rebuild has come.
pub async fn checkpoint(work: &Work, job: JobId, row: &RebuildRow) -> Result<(), DbError> {
    let sql = "UPDATE catalog_rebuilds SET round = $3, after_id = $4, done = $5, repeated = $6 WHERE organization_id = $1 AND job_id = $2";
    let RebuildRow { record_type: _, key: _, builds: _, round, after, since: _, done, repeated } = row;
    work.execute(sql, &[&work.organization().uuid(), &job.uuid(), round, after, done, repeated]).await?;
    Ok(())
}
