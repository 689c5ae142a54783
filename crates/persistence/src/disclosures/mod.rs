//! What partners' keys were shown, read from the log: the canonical bytes are read as JSON, never hashed.

pub mod decoys;

use custodian_domain::kernel::ThirdPartyId;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One answer to a key that showed something of somebody.
#[derive(Clone, Debug)]
pub struct DisclosureRow {
    /// The entry's id, which carries its time.
    pub entry: Uuid,
    /// The key.
    pub key: Uuid,
    /// The action's code.
    pub action: String,
    /// The purpose that the call named.
    pub purpose: Option<String>,
    /// How many customers it showed.
    pub customers: i32,
    /// Field keys, by how much of them: `read`, `masked`, `revealed`.
    pub fields: Value,
}

impl From<&Row> for DisclosureRow {
    fn from(row: &Row) -> Self {
        Self {
            entry: row.get(0),
            key: row.get(1),
            action: row.get(2),
            purpose: row.get(3),
            customers: row.get(4),
            fields: row.get(5),
        }
    }
}

/// Which disclosures are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct DisclosureFilter {
    /// To this key.
    pub key: Option<Uuid>,
    /// Of this customer, alone or among others.
    pub customer: Option<Uuid>,
    /// The first entry wanted.
    pub from: Option<Uuid>,
    /// The first entry no longer wanted.
    pub until: Option<Uuid>,
    /// Only entries before this one.
    pub before: Option<Uuid>,
}

/// Whether there is such a third party.
pub async fn is_third_party(work: &Work, id: ThirdPartyId) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM third_parties WHERE organization_id = $1 AND id = $2)";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &id.uuid()]).await?.get(0))
}

/// What the keys of a third party were shown, newest first. Each key is looked through by itself, so that one that reads much does not slow the others.
pub async fn list(
    work: &Work,
    third_party: ThirdPartyId,
    filter: &DisclosureFilter,
    limit: i64,
) -> Result<Vec<DisclosureRow>, DbError> {
    const SQL: &str = "SELECT s.* FROM api_keys k CROSS JOIN LATERAL ( \
         SELECT e.id, e.actor_id, e.action, x.entry ->> 'purpose', \
             CASE WHEN e.customer_id IS NULL THEN jsonb_array_length(x.entry -> 'customers') ELSE 1 END, coalesce(x.entry -> 'fields', '{}'::jsonb) \
         FROM audit_entries e CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS entry) x \
         WHERE e.organization_id = $1 AND e.actor_id = k.id AND e.verdict = 'allowed' AND e.action LIKE 'customers.%' \
             AND (e.customer_id IS NOT NULL OR jsonb_exists(x.entry, 'customers')) \
             AND (e.action IN ('customers.read', 'customers.list', 'customers.search', 'customers.history') \
                 OR jsonb_exists_any(x.entry -> 'fields', ARRAY['read', 'masked', 'revealed'])) \
             AND ($4::uuid IS NULL OR e.customer_id = $4 OR EXISTS (SELECT FROM audit_subjects s \
                 WHERE s.organization_id = $1 AND s.customer_id = $4 AND s.entry_id = e.id)) \
             AND ($5::uuid IS NULL OR e.id >= $5) AND ($6::uuid IS NULL OR e.id < $6) AND ($7::uuid IS NULL OR e.id < $7) \
         ORDER BY e.id DESC LIMIT $8) s \
         WHERE k.organization_id = $1 AND k.third_party_id = $2 AND ($3::uuid IS NULL OR k.id = $3) ORDER BY 1 DESC LIMIT $8";
    let DisclosureFilter { key, customer, from, until, before } = filter;
    let (organization, third_party) = (work.organization().uuid(), third_party.uuid());
    let rows = work.query(SQL, &[&organization, &third_party, key, customer, from, until, before, &limit]).await?;
    Ok(rows.iter().map(DisclosureRow::from).collect())
}
