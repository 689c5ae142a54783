//! What the checks read, page by page: entries with the columns that stand beside their bytes, and customers with what the log says of them.

use std::collections::HashMap;

use custodian_domain::kernel::OrganizationId;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// An entry with the columns that it is found by.
#[derive(Debug)]
pub struct WholeEntry {
    /// Its canonical bytes.
    pub canonical: Vec<u8>,
    /// Their MAC.
    pub mac: Vec<u8>,
    /// The one customer that it concerns.
    pub customer: Option<Uuid>,
    /// Who acted.
    pub actor: Uuid,
    /// The action's code.
    pub action: String,
    /// The verdict's code.
    pub verdict: String,
}

/// Entries by their ids, as far as they exist.
pub async fn entries(work: &Work, ids: &[Uuid]) -> Result<HashMap<Uuid, WholeEntry>, DbError> {
    const SQL: &str = "SELECT id, entry, mac, customer_id, actor_id, action, verdict FROM audit_entries \
         WHERE organization_id = $1 AND id = ANY($2) AND id BETWEEN $3 AND $4";
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(HashMap::new());
    };
    let rows = work.query(SQL, &[&work.organization().uuid(), &ids, first, last]).await?;
    let entry = |row: &tokio_postgres::Row| WholeEntry {
        canonical: row.get(1),
        mac: row.get(2),
        customer: row.get(3),
        actor: row.get(4),
        action: row.get(5),
        verdict: row.get(6),
    };
    Ok(rows.iter().map(|row| (row.get(0), entry(row))).collect())
}

/// Ids of entries after `after` and before `until`, at most `count`, in order.
pub async fn ids(work: &Work, after: Uuid, until: Uuid, count: i64) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT id FROM audit_entries WHERE organization_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";
    let rows = work.query(sql, &[&work.organization().uuid(), &after, &until, &count]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Entries of an action, newest first, at most `count`: id, bytes, MAC.
pub async fn of_action(work: &Work, action: &str, count: i64) -> Result<Vec<(Uuid, Vec<u8>, Vec<u8>)>, DbError> {
    let sql =
        "SELECT id, entry, mac FROM audit_entries WHERE organization_id = $1 AND action = $2 ORDER BY id DESC LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &action, &count]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// Every organisation that any table of the log knows, and those that there are.
pub async fn organizations(db: &Database) -> Result<Vec<OrganizationId>, DbError> {
    let client = db.client().await?;
    let sql = "SELECT organization_id FROM organizations UNION SELECT organization_id FROM audit_heads ORDER BY 1";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| OrganizationId::from(row.get::<_, Uuid>(0))).collect())
}

/// A customer's row beside the entries of its newest changes.
#[derive(Debug)]
pub struct CustomerState {
    /// The customer.
    pub id: Uuid,
    /// Version of its row.
    pub version: i32,
    /// SHA-256 of the sealed values of its row.
    pub digest: Vec<u8>,
    /// Canonical bytes of its newest entries of entering and changing, newest first; at most [`CHANGES`].
    pub changes: Vec<Vec<u8>>,
}

/// How many entries of changes are looked at for one customer.
pub const CHANGES: i64 = 16;

/// Customers after `after`, at most `count`, in the order of their ids. Row and entries are of one moment. A tombstone has no values that could be older
/// than they should be, and is left out.
pub async fn customers(work: &Work, after: Uuid, count: i64) -> Result<Vec<CustomerState>, DbError> {
    const SQL: &str = "SELECT c.id, c.version, sha256(c.fields), ARRAY(SELECT a.entry FROM audit_entries a WHERE a.organization_id = $1 \
         AND a.customer_id = c.id AND a.action IN ('customers.create', 'customers.update', 'customers.archive', 'customers.restore', 'customers.merge', 'customers.unmerge', 'customers.delete') AND a.verdict = 'allowed' ORDER BY a.id DESC LIMIT $4) \
         FROM customers c WHERE c.organization_id = $1 AND c.id > $2 AND NOT (c.erased_at IS NOT NULL AND c.wrapped_key = '') ORDER BY c.id LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &after, &count, &CHANGES]).await?;
    let state = |row: &tokio_postgres::Row| CustomerState {
        id: row.get(0),
        version: row.get(1),
        digest: row.get(2),
        changes: row.get(3),
    };
    Ok(rows.iter().map(state).collect())
}
