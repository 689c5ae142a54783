//! Two rows made one: who is who by now, what went along, and back.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{COLUMNS, CustomerRow, WIDTH};
use crate::{DbError, Work};

/// One merge.
#[derive(Clone, Debug)]
pub struct MergeRow {
    /// Its id.
    pub id: Uuid,
    /// The customer that stays.
    pub survivor: CustomerId,
    /// The one that is it by now.
    pub merged: CustomerId,
    /// The version of the one that stays which the merge made, or left.
    pub survivor_version: i32,
    /// What went along.
    pub moved: Value,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
    /// It can be undone before this moment.
    pub undo_until: DateTime<Utc>,
    /// When it was.
    pub undone_at: Option<DateTime<Utc>>,
}

const MERGE: &str = "m.id, m.survivor_id, m.merged_id, m.survivor_version, m.moved, m.at, m.by_id, m.undo_until, m.undone_at FROM customer_merges m";

impl From<&Row> for MergeRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            survivor: CustomerId::from(row.get::<_, Uuid>(1)),
            merged: CustomerId::from(row.get::<_, Uuid>(2)),
            survivor_version: row.get(3),
            moved: row.get(4),
            at: row.get(5),
            by: row.get(6),
            undo_until: row.get(7),
            undone_at: row.get(8),
        }
    }
}

/// A customer whatever became of it.
#[derive(Clone, Debug)]
pub struct Whoever {
    /// The row.
    pub row: CustomerRow,
    /// Whether it is in use.
    pub in_use: bool,
    /// The customer that it is by now.
    pub merged_into: Option<CustomerId>,
}

/// These customers whatever became of them, locked in id order until the transaction ends.
pub async fn lock_whoever(work: &Work, ids: &[CustomerId]) -> Result<Vec<Whoever>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, c.archived_at IS NULL, c.merged_into FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) ORDER BY c.id FOR UPDATE OF c"
    );
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = work.query(&sql, &[&work.organization().uuid(), &ids]).await?;
    let of = |row: &Row| Whoever {
        row: CustomerRow::from(row),
        in_use: row.get(WIDTH),
        merged_into: row.get::<_, Option<Uuid>>(WIDTH + 1).map(CustomerId::from),
    };
    Ok(rows.iter().map(of).collect())
}

/// The customer that another one is by now.
pub async fn merged_into(work: &Work, id: CustomerId) -> Result<Option<CustomerId>, DbError> {
    let sql = "SELECT merged_into FROM customers WHERE organization_id = $1 AND id = $2 AND merged_into IS NOT NULL";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| CustomerId::from(row.get::<_, Uuid>(0))))
}

/// Those that are this customer by now, oldest first.
pub async fn merged_ids(work: &Work, survivor: CustomerId) -> Result<Vec<CustomerId>, DbError> {
    let sql = "SELECT id FROM customers WHERE organization_id = $1 AND merged_into = $2 ORDER BY id";
    let rows = work.query(sql, &[&work.organization().uuid(), &survivor.uuid()]).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// Whom a consent of this customer was copied from when they were merged into it, also where that was undone since.
pub async fn copied_from(work: &Work, survivor: CustomerId, consent: Uuid) -> Result<Vec<CustomerId>, DbError> {
    const SQL: &str = "SELECT DISTINCT merged_id FROM customer_merges \
         WHERE organization_id = $1 AND survivor_id = $2 AND moved -> 'consents' ? $3::text ORDER BY merged_id";
    let params: [&(dyn ToSql + Sync); 3] = [&work.organization().uuid(), &survivor.uuid(), &consent.to_string()];
    let rows = work.query(SQL, &params).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// The rows of those that are this customer by now, oldest first, and when each became somebody else. Not locked: whoever parts them holds the survivor.
pub async fn merged_rows(
    work: &Work,
    survivor: CustomerId,
) -> Result<Vec<(CustomerRow, Option<DateTime<Utc>>)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT max(m.at) FROM customer_merges m WHERE m.organization_id = c.organization_id AND m.merged_id = c.id AND m.undone_at IS NULL) \
         FROM customers c WHERE c.organization_id = $1 AND c.merged_into = $2 ORDER BY c.id"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &survivor.uuid()]).await?;
    Ok(rows.iter().map(|row| (CustomerRow::from(row), row.get(WIDTH))).collect())
}

/// Takes a locked customer, and whoever is it by now, out of use in favour of another.
pub async fn hide_merged(
    work: &Work,
    merged: CustomerId,
    survivor: CustomerId,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE customers SET merged_into = $3, archived_at = coalesce(archived_at, $4), tags = '' \
         WHERE organization_id = $1 AND (id = $2 OR merged_into = $2)";
    work.execute(SQL, &[&work.organization().uuid(), &merged.uuid(), &survivor.uuid(), &at]).await?;
    Ok(())
}

/// Takes a locked customer that was merged into use again, with these tags of blind indexes. [`DbError::Conflict`] on `blind_indexes_unique` when a
/// unique value is taken by now.
pub async fn show_merged(work: &Work, merged: CustomerId, tags: &[([u8; 16], bool)]) -> Result<(), DbError> {
    let packed: Vec<u8> = tags.iter().flat_map(|(tag, _)| *tag).collect();
    let sql =
        "UPDATE customers SET merged_into = NULL, archived_at = NULL, tags = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &merged.uuid(), &packed]).await?;
    let all: Vec<(CustomerId, [u8; 16], bool)> = tags.iter().map(|(tag, unique)| (merged, *tag, *unique)).collect();
    super::write::insert_tags(work, &all).await
}

/// Adds a merge.
pub async fn insert_merge(work: &Work, row: &MergeRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO customer_merges (organization_id, id, survivor_id, merged_id, survivor_version, moved, at, by_id, undo_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let MergeRow { id, survivor, merged, survivor_version, moved, at, by, undo_until, undone_at: _ } = row;
    let params: [&(dyn ToSql + Sync); 9] = [
        &work.organization().uuid(),
        id,
        &survivor.uuid(),
        &merged.uuid(),
        survivor_version,
        moved,
        at,
        by,
        undo_until,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One merge of a customer, held until the transaction ends.
pub async fn lock_merge(work: &Work, survivor: CustomerId, id: Uuid) -> Result<Option<MergeRow>, DbError> {
    let sql = format!("SELECT {MERGE} WHERE m.organization_id = $1 AND m.survivor_id = $2 AND m.id = $3 FOR UPDATE");
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &survivor.uuid(), &id]).await?;
    Ok(row.as_ref().map(MergeRow::from))
}

/// Every merge of a customer, newest first.
pub async fn merges(work: &Work, survivor: CustomerId) -> Result<Vec<MergeRow>, DbError> {
    let sql =
        format!("SELECT {MERGE} WHERE m.organization_id = $1 AND m.survivor_id = $2 ORDER BY m.id DESC LIMIT 1000");
    let rows = work.query(&sql, &[&work.organization().uuid(), &survivor.uuid()]).await?;
    Ok(rows.iter().map(MergeRow::from).collect())
}

/// Notes that a merge was undone.
pub async fn note_undone(work: &Work, id: Uuid, at: DateTime<Utc>, by: Uuid) -> Result<(), DbError> {
    let sql = "UPDATE customer_merges SET undone_at = $3, undone_by = $4 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &at, &by]).await?;
    Ok(())
}

/// Lays the duties to keep that bind one customer on another, too.
pub async fn share_holds(work: &Work, from: CustomerId, to: CustomerId) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO legal_hold_customers (organization_id, customer_id, hold_id) \
         SELECT organization_id, $3, hold_id FROM legal_hold_customers WHERE organization_id = $1 AND customer_id = $2 ON CONFLICT DO NOTHING";
    work.execute(SQL, &[&work.organization().uuid(), &from.uuid(), &to.uuid()]).await?;
    Ok(())
}

/// Gives requests of one person to another row: those named, open or closed, or else all that are open. Answers their ids.
pub async fn move_requests(
    work: &Work,
    from: CustomerId,
    to: CustomerId,
    only: Option<&[Uuid]>,
) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "UPDATE privacy_requests SET customer_id = $3 WHERE organization_id = $1 AND customer_id = $2 \
         AND (id = ANY($4) OR ($4::uuid[] IS NULL AND closed_at IS NULL)) RETURNING id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &from.uuid(), &to.uuid(), &only]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
