//! What hangs on customers and is due by a policy.

use chrono::{DateTime, Utc};
use custodian_domain::retention::Since;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::policies::HELD;
use crate::customers::mark_of;
use crate::{DbError, Work};

/// Which records a policy meets.
#[derive(Clone, Debug)]
pub struct DueRecords<'a> {
    /// Of this type.
    pub record_type: &'a str,
    /// In this state alone.
    pub state: Option<&'a str>,
    /// Of those who said something about this purpose, yes or no.
    pub purpose: Option<&'a str>,
    /// By which of their times.
    pub since: Since,
    /// Before this.
    pub before: DateTime<Utc>,
    /// Leaves out those that are out of use already.
    pub in_use: bool,
    /// Those alone that have a value of one of these fields, now or before.
    pub fields: Option<Vec<&'a str>>,
    /// Beside them those that a file hangs on.
    pub files: bool,
    /// Leaves out those that this policy has warned of.
    pub unwarned_by: Option<Uuid>,
}

impl DueRecords<'_> {
    fn marks(&self) -> Option<Vec<Vec<u8>>> {
        self.fields.as_ref().map(|fields| fields.iter().map(|key| mark_of(key)).collect())
    }
}

/// A file that hangs on a record, in words of SQL.
const HAS_FILES: &str = "EXISTS (SELECT FROM attachments a WHERE a.organization_id = $1 AND a.customer_id = r.customer_id AND a.record_id = r.id)";

/// Those that are due, in words of SQL; $1 organisation, $2 type, $3 state, $4 before, $5 purpose, $6 marks of fields, $7 policy. What is somebody's who is being erased is left to that,
/// and of whoever's processing is restricted nothing is due.
fn meets(due: &DueRecords<'_>) -> String {
    let column = due.since.as_str();
    let used = if due.in_use { "r.archived_at IS NULL" } else { "true" };
    let files = if due.files { format!("OR {HAS_FILES}") } else { String::new() };
    format!(
        "FROM records r JOIN customers c ON c.organization_id = $1 AND c.id = r.customer_id AND c.erased_at IS NULL AND NOT c.restricted WHERE r.organization_id = $1 \
         AND r.record_type = $2 AND {used} AND ($3::text IS NULL OR r.state = $3) AND r.{column} < $4 AND ($5::text IS NULL OR EXISTS (SELECT FROM consent_states s \
         WHERE s.organization_id = $1 AND s.customer_id = c.id AND s.purpose = $5)) AND NOT EXISTS (SELECT FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = c.id) \
         AND ($6::bytea[] IS NULL OR EXISTS (SELECT FROM unnest($6) AS m(mark) WHERE position(m.mark IN r.fields) > 0 OR EXISTS (SELECT FROM record_versions v \
             WHERE v.organization_id = $1 AND v.customer_id = r.customer_id AND v.record_id = r.id AND position(m.mark IN v.previous_fields) > 0)) {files}) \
         AND ($7::uuid IS NULL OR NOT EXISTS (SELECT FROM retention_record_warnings w WHERE w.organization_id = $1 AND w.customer_id = r.customer_id \
             AND w.policy_id = $7 AND w.record_id = r.id))"
    )
}

/// How many are due and free to go, and how many a hold on their customer keeps.
pub async fn count_due_records(work: &Work, due: &DueRecords<'_>) -> Result<(i64, i64), DbError> {
    let sql = format!("SELECT count(*) FILTER (WHERE NOT {HELD}), count(*) FILTER (WHERE {HELD}) {}", meets(due));
    let (organization, marks) = (work.organization().uuid(), due.marks());
    let params: [&(dyn ToSql + Sync); 7] =
        [&organization, &due.record_type, &due.state, &due.before, &due.purpose, &marks, &due.unwarned_by];
    let row = work.query_one(&sql, &params).await?;
    Ok((row.get(0), row.get(1)))
}

/// Some of those that are due and that no hold keeps: customer and record, in the order of customers.
pub async fn list_due_records(work: &Work, due: &DueRecords<'_>, limit: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let sql = format!("SELECT r.customer_id, r.id {} AND NOT {HELD} ORDER BY r.customer_id, r.id LIMIT $8", meets(due));
    let (organization, marks) = (work.organization().uuid(), due.marks());
    let params: [&(dyn ToSql + Sync); 8] =
        [&organization, &due.record_type, &due.state, &due.before, &due.purpose, &marks, &due.unwarned_by, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Which of these records of a locked customer are due still, each held until the transaction ends.
pub async fn lock_due_records(
    work: &Work,
    due: &DueRecords<'_>,
    customer: Uuid,
    records: &[Uuid],
) -> Result<Vec<Uuid>, DbError> {
    let sql = format!(
        "SELECT r.id {} AND NOT {HELD} AND r.customer_id = $8 AND r.id = ANY($9) ORDER BY r.id FOR UPDATE OF r",
        meets(due)
    );
    let (organization, marks) = (work.organization().uuid(), due.marks());
    let params: [&(dyn ToSql + Sync); 9] = [
        &organization,
        &due.record_type,
        &due.state,
        &due.before,
        &due.purpose,
        &marks,
        &due.unwarned_by,
        &customer,
        &records,
    ];
    Ok(work.query(&sql, &params).await?.iter().map(|row| row.get(0)).collect())
}

/// Notes that a policy has told of records of a customer. How many it had not told of before.
pub async fn note_records_warned(work: &Work, policy: Uuid, customer: Uuid, records: &[Uuid]) -> Result<u64, DbError> {
    const SQL: &str = "INSERT INTO retention_record_warnings (organization_id, customer_id, policy_id, record_id) SELECT $1, $2, $3, * FROM unnest($4::uuid[]) \
         ON CONFLICT DO NOTHING";
    work.execute(SQL, &[&work.organization().uuid(), &customer, &policy, &records]).await
}

/// Takes the files off that hang on records of a locked customer. The records that had some, each once.
pub async fn remove_files(work: &Work, customer: Uuid, records: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "WITH gone AS (DELETE FROM attachments WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($3) RETURNING id, record_id), \
         pieces AS (DELETE FROM attachment_chunks c USING gone g WHERE c.organization_id = $1 AND c.attachment_id = g.id) \
         SELECT DISTINCT record_id FROM gone ORDER BY 1";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer, &records]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Takes records of a locked customer away with their past versions, their files and what they are found by. How many there were.
pub async fn remove_records(work: &Work, customer: Uuid, records: &[Uuid]) -> Result<u64, DbError> {
    const PARTS: [&str; 3] = [
        "DELETE FROM record_indexes WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($3)",
        "DELETE FROM record_versions WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($3)",
        "DELETE FROM records WHERE organization_id = $1 AND customer_id = $2 AND id = ANY($3)",
    ];
    remove_files(work, customer, records).await?;
    let mut gone = 0;
    for sql in PARTS {
        gone = work.execute(sql, &[&work.organization().uuid(), &customer, &records]).await?;
    }
    Ok(gone)
}

/// Takes records of a locked customer out of use. How many that were in use.
pub async fn archive_records(work: &Work, customer: Uuid, records: &[Uuid], at: DateTime<Utc>) -> Result<u64, DbError> {
    const TAGS: &str =
        "DELETE FROM record_indexes WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($3)";
    const SQL: &str = "UPDATE records SET archived_at = $4, tags = '' WHERE organization_id = $1 AND customer_id = $2 AND id = ANY($3) AND archived_at IS NULL";
    let organization = work.organization().uuid();
    work.execute(TAGS, &[&organization, &customer, &records]).await?;
    work.execute(SQL, &[&organization, &customer, &records, &at]).await
}
