//! Queries over the log. The canonical bytes are read as JSON only to filter and show them, never to hash them.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, OrganizationId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// What an entry is looked for by; every part given must match.
#[derive(Debug, Default, Clone)]
pub struct EntryFilter {
    /// Who acted.
    pub actor: Option<Uuid>,
    /// The action's code.
    pub action: Option<String>,
    /// A customer that the entry concerns.
    pub customer: Option<Uuid>,
    /// A field key that it names, at whatever level it was shown.
    pub field: Option<String>,
    /// The purpose that the caller named.
    pub purpose: Option<String>,
    /// The verdict's code.
    pub verdict: Option<String>,
    /// The first id wanted (ids carry the time).
    pub from: Option<Uuid>,
    /// The first id no longer wanted.
    pub until: Option<Uuid>,
    /// Only entries before this one (paging, newest first).
    pub before: Option<Uuid>,
}

/// An entry as stored.
#[derive(Debug)]
pub struct StoredEntry {
    /// Its id.
    pub id: Uuid,
    /// Its canonical bytes.
    pub canonical: Vec<u8>,
    /// Their MAC.
    pub mac: Vec<u8>,
}

impl From<&Row> for StoredEntry {
    fn from(row: &Row) -> Self {
        Self { id: row.get(0), canonical: row.get(1), mac: row.get(2) }
    }
}

/// Entries that match, newest first.
pub async fn list(work: &Work, filter: &EntryFilter, limit: i64) -> Result<Vec<StoredEntry>, DbError> {
    let organization = work.organization().uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    let mut clauses = String::new();
    let mut add = |clause: &str, value| {
        params.push(value);
        clauses.push_str(" AND ");
        clauses.push_str(&clause.replace('?', &format!("${}", params.len())));
    };
    let EntryFilter { actor, action, customer, field, purpose, verdict, from, until, before } = filter;
    if let Some(value) = actor {
        add("e.actor_id = ?", value)
    }
    if let Some(value) = action {
        add("e.action = ?", value)
    }
    if let Some(value) = customer {
        add(
            "(e.customer_id = ? OR EXISTS (SELECT FROM audit_subjects s WHERE s.organization_id = $1 AND s.customer_id = ? AND s.entry_id = e.id))",
            value,
        );
    }
    if let Some(value) = field {
        add(
            "EXISTS (SELECT FROM jsonb_each(convert_from(e.entry, 'UTF8')::jsonb -> 'fields') AS level WHERE jsonb_exists(level.value, ?))",
            value,
        );
    }
    if let Some(value) = purpose {
        add("convert_from(e.entry, 'UTF8')::jsonb ->> 'purpose' = ?", value)
    }
    if let Some(value) = verdict {
        add("e.verdict = ?", value)
    }
    if let Some(value) = from {
        add("e.id >= ?", value)
    }
    if let Some(value) = until {
        add("e.id < ?", value)
    }
    if let Some(value) = before {
        add("e.id < ?", value)
    }
    params.push(&limit);
    let sql = format!(
        "SELECT e.id, e.entry, e.mac FROM audit_entries e WHERE e.organization_id = $1{clauses} ORDER BY e.id DESC LIMIT ${}",
        params.len()
    );
    Ok(work.query(&sql, &params).await?.iter().map(StoredEntry::from).collect())
}

/// Entries that concern any of these customers, newest first, before `before` if given.
pub async fn by_customer(
    work: &Work,
    customers: &[CustomerId],
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<StoredEntry>, DbError> {
    const SQL: &str = "SELECT e.id, e.entry, e.mac FROM audit_entries e WHERE e.organization_id = $1 AND e.id = ANY(ARRAY( \
         (SELECT o.id FROM unnest($2::uuid[]) AS w(customer) CROSS JOIN LATERAL (SELECT id FROM audit_entries WHERE organization_id = $1 \
         AND customer_id = w.customer AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4) AS o) \
         UNION (SELECT o.entry_id FROM unnest($2::uuid[]) AS w(customer) CROSS JOIN LATERAL (SELECT entry_id FROM audit_subjects WHERE organization_id = $1 \
         AND customer_id = w.customer AND ($3::uuid IS NULL OR entry_id < $3) ORDER BY entry_id DESC LIMIT $4) AS o))) ORDER BY e.id DESC LIMIT $4";
    let customers: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    let rows = work.query(SQL, &[&work.organization().uuid(), &customers, &before, &limit]).await?;
    Ok(rows.iter().map(StoredEntry::from).collect())
}

/// When the newest entry of this organisation was made, read from its id. For the start-up clock check.
pub async fn latest_time(db: &Database, organization: OrganizationId) -> Result<Option<DateTime<Utc>>, DbError> {
    let work = Work::begin(db, organization).await?;
    let sql = "SELECT id FROM audit_entries WHERE organization_id = $1 ORDER BY id DESC LIMIT 1";
    let row = work.query_opt(sql, &[&organization.uuid()]).await?;
    work.abandon().await;
    Ok(row.and_then(|row| row.get::<_, Uuid>(0).get_timestamp()).and_then(|at| {
        let (seconds, nanos) = at.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }))
}
