//! Which entries the leaves of a tree are: ids in the order of their places, 256 to a bundle.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// Entries in a full bundle.
pub const WIDTH: usize = 256;

/// A bundle: the entries at places `256 * number` and following.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// From 0, as the tiles of level 0.
    pub number: i64,
    /// Its entries, in the order of their places.
    pub entries: Vec<Uuid>,
    /// The least of the ids, as stored.
    pub first: Uuid,
    /// The greatest, as stored.
    pub last: Uuid,
}

fn ids(packed: &[u8]) -> Vec<Uuid> {
    packed.as_chunks::<16>().0.iter().map(|bytes| Uuid::from_bytes(*bytes)).collect()
}

impl From<&Row> for Bundle {
    fn from(row: &Row) -> Self {
        Self { number: row.get(0), entries: ids(row.get(1)), first: row.get(2), last: row.get(3) }
    }
}

/// Bundles from `first`, at most `count`, in order.
pub async fn range(work: &Work, first: i64, count: i64) -> Result<Vec<Bundle>, DbError> {
    let sql = "SELECT number, entry_ids, first_id, last_id FROM audit_bundles WHERE organization_id = $1 AND number >= $2 AND number < $3 ORDER BY number";
    let rows = work.query(sql, &[&work.organization().uuid(), &first, &first.saturating_add(count)]).await?;
    Ok(rows.iter().map(Bundle::from).collect())
}

/// Bundles that may hold an id between these two, both included.
pub async fn between(work: &Work, first: Uuid, last: Uuid) -> Result<Vec<Bundle>, DbError> {
    let sql = "SELECT number, entry_ids, first_id, last_id FROM audit_bundles WHERE organization_id = $1 AND last_id >= $2 AND first_id <= $3 ORDER BY number";
    let rows = work.query(sql, &[&work.organization().uuid(), &first, &last]).await?;
    Ok(rows.iter().map(Bundle::from).collect())
}

/// The last bundle that holds an id below this one.
pub async fn last_below(work: &Work, id: Uuid) -> Result<Option<Bundle>, DbError> {
    let sql = "SELECT number, entry_ids, first_id, last_id FROM audit_bundles WHERE organization_id = $1 AND first_id < $2 ORDER BY number DESC LIMIT 1";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(Bundle::from))
}

/// How many bundles the candidates for one id are looked for in at first: they lie close together, for ids and places both go with time.
const NEAR: i64 = 8;

/// The place of an entry, from 0; none if it has none yet.
pub async fn place_of(work: &Work, entry: Uuid) -> Result<Option<u64>, DbError> {
    const SQL: &str = "SELECT number, entry_ids, first_id, last_id FROM (SELECT number, entry_ids, first_id, last_id FROM audit_bundles \
         WHERE organization_id = $1 AND last_id >= $2 ORDER BY last_id LIMIT $3) AS near WHERE first_id <= $2";
    for limit in [NEAR, i64::MAX] {
        let rows = work.query(SQL, &[&work.organization().uuid(), &entry, &limit]).await?;
        for bundle in rows.iter().map(Bundle::from) {
            if let Some(at) = bundle.entries.iter().position(|id| *id == entry) {
                let (number, at) = (u64::try_from(bundle.number).unwrap_or(0), u64::try_from(at).unwrap_or(0));
                return Ok(Some(number * 256 + at));
            }
        }
    }
    Ok(None)
}

/// The places of those of these entries that have one.
pub async fn places_of(work: &Work, entries: &[Uuid]) -> Result<HashMap<Uuid, u64>, DbError> {
    const SQL: &str = "SELECT w.id, b.number, position(uuid_send(w.id) IN b.entry_ids) FROM unnest($2::uuid[]) AS w(id) CROSS JOIN LATERAL \
         (SELECT number, entry_ids, first_id FROM audit_bundles WHERE organization_id = $1 AND last_id >= w.id ORDER BY last_id LIMIT $3) AS b \
         WHERE b.first_id <= w.id AND position(uuid_send(w.id) IN b.entry_ids) % 16 = 1";
    let mut places = HashMap::new();
    for limit in [NEAR, i64::MAX] {
        let sought: Vec<Uuid> = entries.iter().copied().filter(|id| !places.contains_key(id)).collect();
        if sought.is_empty() {
            break;
        }
        for row in work.query(SQL, &[&work.organization().uuid(), &sought, &limit]).await? {
            let (number, at): (i64, i32) = (row.get(1), row.get(2));
            let at = i64::from(at - 1) / 16;
            places.insert(row.get(0), u64::try_from(number.saturating_mul(256).saturating_add(at)).unwrap_or(0));
        }
    }
    Ok(places)
}

/// Those of these entries that have a place already.
pub async fn placed(work: &Work, entries: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT w.id FROM unnest($2::uuid[]) AS w(id) WHERE EXISTS (SELECT FROM audit_bundles b WHERE b.organization_id = $1 \
         AND b.last_id >= w.id AND b.first_id <= w.id AND position(uuid_send(w.id) IN b.entry_ids) % 16 = 1)";
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let rows = work.query(SQL, &[&work.organization().uuid(), &entries]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Adds bundles, and lets those grow that were not full. A full one is never replaced: that is an error.
pub async fn store(work: &Work, bundles: &[Bundle]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO audit_bundles (organization_id, number, width, entry_ids, first_id, last_id) \
         SELECT $1, * FROM unnest($2::bigint[], $3::smallint[], $4::bytea[], $5::uuid[], $6::uuid[]) \
         ON CONFLICT (organization_id, number) DO UPDATE \
         SET width = excluded.width, entry_ids = excluded.entry_ids, first_id = excluded.first_id, last_id = excluded.last_id \
         WHERE audit_bundles.width < excluded.width";
    let numbers: Vec<i64> = bundles.iter().map(|bundle| bundle.number).collect();
    let widths: Vec<i16> =
        bundles.iter().map(|bundle| i16::try_from(bundle.entries.len()).unwrap_or(i16::MAX)).collect();
    let packed: Vec<Vec<u8>> =
        bundles.iter().map(|bundle| bundle.entries.iter().flat_map(|id| *id.as_bytes()).collect()).collect();
    let (first, last): (Vec<Uuid>, Vec<Uuid>) = bundles.iter().map(|bundle| (bundle.first, bundle.last)).unzip();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&work.organization().uuid(), &numbers, &widths, &packed, &first, &last];
    if usize::try_from(work.execute(SQL, &params).await?).ok() == Some(bundles.len()) {
        Ok(())
    } else {
        Err(DbError::Internal("a full bundle was to be replaced".into()))
    }
}
