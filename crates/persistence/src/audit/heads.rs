//! The newest checkpoint of each organisation's log. Its row is the sequencer's fence.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::OrganizationId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// A head as stored.
#[derive(Clone, Debug)]
pub struct HeadRow {
    /// Whose log.
    pub organization: OrganizationId,
    /// Entries that have a place.
    pub size: i64,
    /// Root hash over them, 32 bytes.
    pub root: Vec<u8>,
    /// The checkpoint as a signed note; empty before the first.
    pub note: String,
    /// When it was signed.
    pub made_at: DateTime<Utc>,
    /// The greatest entry time placed.
    pub last_time: DateTime<Utc>,
    /// The greatest entry id placed.
    pub last_id: Uuid,
    /// The size that the log of all logs has last been given.
    pub published_size: i64,
    /// Where it stands there.
    pub global_position: Option<i64>,
}

impl From<&Row> for HeadRow {
    fn from(row: &Row) -> Self {
        Self {
            organization: OrganizationId::from(row.get::<_, Uuid>(0)),
            size: row.get(1),
            root: row.get(2),
            note: row.get(3),
            made_at: row.get(4),
            last_time: row.get(5),
            last_id: row.get(6),
            published_size: row.get(7),
            global_position: row.get(8),
        }
    }
}

const COLUMNS: &str = "organization_id, size, root, note, made_at, last_time, last_id, published_size, global_position";

/// The head of the transaction's organisation; none before its first entry got its place.
pub async fn find(work: &Work) -> Result<Option<HeadRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM audit_heads WHERE organization_id = $1");
    Ok(work.query_opt(&sql, &[&work.organization().uuid()]).await?.as_ref().map(HeadRow::from))
}

/// Every head, by organisation.
pub async fn all(db: &Database) -> Result<Vec<HeadRow>, DbError> {
    let client = db.client().await?;
    let sql = format!("SELECT {COLUMNS} FROM audit_heads ORDER BY organization_id");
    Ok(client.query(&sql, &[]).await?.iter().map(HeadRow::from).collect())
}

/// Takes the fence until the transaction ends; makes an empty head for a log that has none. None when another sequencer has it.
pub async fn lock(work: &Work, empty_root: &[u8]) -> Result<Option<HeadRow>, DbError> {
    let locked = format!("SELECT {COLUMNS} FROM audit_heads WHERE organization_id = $1 FOR UPDATE SKIP LOCKED");
    let organization = work.organization().uuid();
    if let Some(row) = work.query_opt(&locked, &[&organization]).await? {
        return Ok(Some(HeadRow::from(&row)));
    }
    let new = "INSERT INTO audit_heads (organization_id, size, root, note, made_at, last_time, last_id) \
         SELECT $1, 0, $2, '', 'epoch', 'epoch', '00000000-0000-0000-0000-000000000000' \
         WHERE NOT EXISTS (SELECT FROM audit_heads WHERE organization_id = $1) ON CONFLICT DO NOTHING";
    if work.execute(new, &[&organization, &empty_root]).await? == 0 {
        return Ok(None);
    }
    Ok(work.query_opt(&locked, &[&organization]).await?.as_ref().map(HeadRow::from))
}

/// Replaces size, root, note and times of a head whose fence this transaction holds.
pub async fn advance(work: &Work, head: &HeadRow) -> Result<(), DbError> {
    let sql = "UPDATE audit_heads SET size = $2, root = $3, note = $4, made_at = $5, last_time = $6, last_id = $7 WHERE organization_id = $1";
    let HeadRow { size, root, note, made_at, last_time, last_id, .. } = head;
    let organization = work.organization().uuid();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&organization, size, root, note, made_at, last_time, last_id];
    match work.execute(sql, &params).await? {
        1 => Ok(()),
        _ => Err(DbError::Internal("the head of a log is gone".into())),
    }
}

/// Heads that have grown since they were published, at most `most`; held until the transaction ends. Those that a sequencer holds come next time.
pub async fn lock_unpublished(work: &Work, most: i64) -> Result<Vec<HeadRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_heads WHERE size > published_size ORDER BY organization_id LIMIT $1 FOR UPDATE SKIP LOCKED"
    );
    Ok(work.query(&sql, &[&most]).await?.iter().map(HeadRow::from).collect())
}

/// Notes where these heads stand in the log of all logs: organisation, size, position.
pub async fn published(work: &Work, leaves: &[(Uuid, i64, i64)]) -> Result<(), DbError> {
    let sql = "UPDATE audit_heads h SET published_size = p.size, global_position = p.position \
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS p(organization_id, size, position) WHERE h.organization_id = p.organization_id";
    let organizations: Vec<Uuid> = leaves.iter().map(|leaf| leaf.0).collect();
    let sizes: Vec<i64> = leaves.iter().map(|leaf| leaf.1).collect();
    let positions: Vec<i64> = leaves.iter().map(|leaf| leaf.2).collect();
    work.execute(sql, &[&organizations, &sizes, &positions]).await?;
    Ok(())
}
