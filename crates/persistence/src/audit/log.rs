//! The log of all logs: heads of the organisations as leaves, its own head, and what witnesses signed.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::OrganizationId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// A leaf: an organisation's head as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRow {
    /// Its place, from 0.
    pub position: i64,
    /// Whose head.
    pub organization: OrganizationId,
    /// Size of that log.
    pub size: i64,
    /// Its root hash at that size, 32 bytes.
    pub root: Vec<u8>,
    /// The canonical bytes that are hashed.
    pub leaf: Vec<u8>,
}

impl From<&Row> for LeafRow {
    fn from(row: &Row) -> Self {
        let organization = OrganizationId::from(row.get::<_, Uuid>(1));
        Self { position: row.get(0), organization, size: row.get(2), root: row.get(3), leaf: row.get(4) }
    }
}

/// The newest checkpoint of the log of all logs.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// The name that it was begun under; none before the first start.
    pub origin: Option<String>,
    /// Number of leaves.
    pub size: i64,
    /// Root hash over them.
    pub root: Vec<u8>,
    /// The checkpoint as a signed note; empty before the first.
    pub note: String,
    /// When it was signed.
    pub made_at: DateTime<Utc>,
}

impl From<&Row> for LogHead {
    fn from(row: &Row) -> Self {
        Self { origin: row.get(0), size: row.get(1), root: row.get(2), note: row.get(3), made_at: row.get(4) }
    }
}

const HEAD: &str = "SELECT origin, size, root, note, made_at FROM audit_log_head";

/// The head. An error when its row is gone.
pub async fn head(work: &Work) -> Result<LogHead, DbError> {
    Ok(LogHead::from(&work.query_one(HEAD, &[]).await?))
}

/// The head, held until the transaction ends: the fence. None when another sequencer has it.
pub async fn lock_head(work: &Work) -> Result<Option<LogHead>, DbError> {
    let sql = format!("{HEAD} FOR UPDATE SKIP LOCKED");
    Ok(work.query_opt(&sql, &[]).await?.as_ref().map(LogHead::from))
}

/// Names the log for good if it has no name yet, and answers its name.
pub async fn name(db: &Database, origin: &str) -> Result<String, DbError> {
    let client = db.client().await?;
    client.execute("UPDATE audit_log_head SET origin = $1 WHERE origin IS NULL", &[&origin]).await?;
    let row = client.query_opt("SELECT origin FROM audit_log_head", &[]).await?;
    row.and_then(|row| row.get(0)).ok_or_else(|| DbError::Internal("the head of the log of all logs is gone".into()))
}

/// Replaces size, root, note and time of the head whose fence this transaction holds.
pub async fn advance(work: &Work, head: &LogHead) -> Result<(), DbError> {
    let sql = "UPDATE audit_log_head SET size = $1, root = $2, note = $3, made_at = $4";
    work.execute(sql, &[&head.size, &head.root, &head.note, &head.made_at]).await?;
    Ok(())
}

/// Adds leaves.
pub async fn append(work: &Work, leaves: &[LeafRow]) -> Result<(), DbError> {
    let sql = "INSERT INTO audit_log_leaves (position, organization_id, size, root, leaf) \
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[])";
    let positions: Vec<i64> = leaves.iter().map(|leaf| leaf.position).collect();
    let organizations: Vec<Uuid> = leaves.iter().map(|leaf| leaf.organization.uuid()).collect();
    let sizes: Vec<i64> = leaves.iter().map(|leaf| leaf.size).collect();
    let roots: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.root.as_slice()).collect();
    let bytes: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.leaf.as_slice()).collect();
    work.execute(sql, &[&positions, &organizations, &sizes, &roots, &bytes]).await?;
    Ok(())
}

const LEAVES: &str = "SELECT position, organization_id, size, root, leaf FROM audit_log_leaves";

/// Leaves from `first`, at most `count`, in order.
pub async fn leaves(work: &Work, first: i64, count: i64) -> Result<Vec<LeafRow>, DbError> {
    let sql = format!("{LEAVES} WHERE position >= $1 AND position < $2 ORDER BY position");
    let rows = work.query(&sql, &[&first, &first.saturating_add(count)]).await?;
    Ok(rows.iter().map(LeafRow::from).collect())
}

/// Leaves of the transaction's organisation with a size above `after`, at most `count`, by size.
pub async fn leaves_of(work: &Work, after: i64, count: i64) -> Result<Vec<LeafRow>, DbError> {
    let sql = format!("{LEAVES} WHERE organization_id = $1 AND size > $2 ORDER BY size LIMIT $3");
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &count]).await?;
    Ok(rows.iter().map(LeafRow::from).collect())
}

/// The newest leaf of every organisation that has one.
pub async fn newest(work: &Work) -> Result<Vec<LeafRow>, DbError> {
    const SQL: &str = "WITH RECURSIVE known AS ((SELECT organization_id FROM audit_log_leaves ORDER BY organization_id LIMIT 1) \
         UNION ALL SELECT (SELECT l.organization_id FROM audit_log_leaves l WHERE l.organization_id > k.organization_id ORDER BY l.organization_id LIMIT 1) \
         FROM known k WHERE k.organization_id IS NOT NULL) \
         SELECT l.* FROM known k CROSS JOIN LATERAL (SELECT position, organization_id, size, root, leaf FROM audit_log_leaves n \
         WHERE n.organization_id = k.organization_id ORDER BY size DESC LIMIT 1) AS l";
    Ok(work.query(SQL, &[]).await?.iter().map(LeafRow::from).collect())
}

/// The newest leaf of the transaction's organisation that a log of `size` leaves holds.
pub async fn newest_of(work: &Work, size: i64) -> Result<Option<LeafRow>, DbError> {
    let sql = format!("{LEAVES} WHERE organization_id = $1 AND position < $2 ORDER BY size DESC LIMIT 1");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &size]).await?.as_ref().map(LeafRow::from))
}

/// Keeps a witness's signature line for the checkpoint of that size.
pub async fn keep_cosignature(
    db: &Database,
    size: i64,
    witness: &str,
    line: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let sql = "INSERT INTO audit_log_cosignatures (size, witness, line, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let client = db.client().await?;
    client.execute(sql, &[&size, &witness, &line, &at]).await?;
    Ok(())
}

/// Signature lines for the checkpoint of that size, by witness.
pub async fn cosignatures(work: &Work, size: i64) -> Result<Vec<String>, DbError> {
    let sql = "SELECT line FROM audit_log_cosignatures WHERE size = $1 ORDER BY witness";
    Ok(work.query(sql, &[&size]).await?.iter().map(|row| row.get(0)).collect())
}

/// The greatest size that any witness has signed.
pub async fn newest_witnessed(work: &Work) -> Result<Option<i64>, DbError> {
    let sql = "SELECT max(size) FROM audit_log_cosignatures";
    Ok(work.query_one(sql, &[]).await?.get(0))
}

/// The greatest size that a witness has signed.
pub async fn witnessed(db: &Database, witness: &str) -> Result<Option<i64>, DbError> {
    let client = db.client().await?;
    let sql = "SELECT max(size) FROM audit_log_cosignatures WHERE witness = $1";
    Ok(client.query_one(sql, &[&witness]).await?.get(0))
}
