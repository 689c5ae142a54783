//! Tiles of the organisations' trees, and of the tree over the log of all logs.

use tokio_postgres::Row;

use crate::{DbError, Work};

/// A tile as stored: `width` hashes of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRow {
    /// 0 for leaf hashes; each level above holds the roots of 256 hashes of the level below.
    pub level: i16,
    /// From the left, from 0.
    pub number: i64,
    /// The hashes, 32 to 8,192 bytes.
    pub hashes: Vec<u8>,
}

impl From<&Row> for TileRow {
    fn from(row: &Row) -> Self {
        Self { level: row.get(0), number: row.get(1), hashes: row.get(2) }
    }
}

/// Which tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// The organisation's, over its entries.
    Entries,
    /// The log of all logs', over the heads of the organisations.
    Heads,
}

/// Those of the tiles (level, number) that exist, by level and number.
pub async fn find(work: &Work, tree: Tree, wanted: &[(i16, i64)]) -> Result<Vec<TileRow>, DbError> {
    let levels: Vec<i16> = wanted.iter().map(|(level, _)| *level).collect();
    let numbers: Vec<i64> = wanted.iter().map(|(_, number)| *number).collect();
    let rows = match tree {
        Tree::Entries => {
            let sql = "SELECT t.level, t.number, t.hashes FROM unnest($2::smallint[], $3::bigint[]) AS w(level, number) \
                 JOIN audit_tiles t ON t.organization_id = $1 AND t.level = w.level AND t.number = w.number ORDER BY 1, 2";
            work.query(sql, &[&work.organization().uuid(), &levels, &numbers]).await?
        }
        Tree::Heads => {
            let sql = "SELECT t.level, t.number, t.hashes FROM unnest($1::smallint[], $2::bigint[]) AS w(level, number) \
                 JOIN audit_log_tiles t ON t.level = w.level AND t.number = w.number ORDER BY 1, 2";
            work.query(sql, &[&levels, &numbers]).await?
        }
    };
    Ok(rows.iter().map(TileRow::from).collect())
}

/// Tiles of one level from `first`, at most `count`, in order.
pub async fn range(work: &Work, tree: Tree, level: i16, first: i64, count: i64) -> Result<Vec<TileRow>, DbError> {
    let end = first.saturating_add(count);
    let rows = match tree {
        Tree::Entries => {
            let sql = "SELECT level, number, hashes FROM audit_tiles WHERE organization_id = $1 AND level = $2 AND number >= $3 AND number < $4 ORDER BY number";
            work.query(sql, &[&work.organization().uuid(), &level, &first, &end]).await?
        }
        Tree::Heads => {
            let sql = "SELECT level, number, hashes FROM audit_log_tiles WHERE level = $1 AND number >= $2 AND number < $3 ORDER BY number";
            work.query(sql, &[&level, &first, &end]).await?
        }
    };
    Ok(rows.iter().map(TileRow::from).collect())
}

/// Adds tiles, and replaces those that were not full. A full tile is never replaced: that is an error.
pub async fn store(work: &Work, tree: Tree, tiles: &[TileRow]) -> Result<(), DbError> {
    let levels: Vec<i16> = tiles.iter().map(|tile| tile.level).collect();
    let numbers: Vec<i64> = tiles.iter().map(|tile| tile.number).collect();
    let widths: Vec<i16> = tiles.iter().map(|tile| i16::try_from(tile.hashes.len() / 32).unwrap_or(i16::MAX)).collect();
    let hashes: Vec<&[u8]> = tiles.iter().map(|tile| tile.hashes.as_slice()).collect();
    let stored = match tree {
        Tree::Entries => {
            let sql = "INSERT INTO audit_tiles (organization_id, level, number, width, hashes) \
                 SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::smallint[], $5::bytea[]) \
                 ON CONFLICT (organization_id, level, number) DO UPDATE SET width = excluded.width, hashes = excluded.hashes \
                 WHERE audit_tiles.width < excluded.width";
            work.execute(sql, &[&work.organization().uuid(), &levels, &numbers, &widths, &hashes]).await?
        }
        Tree::Heads => {
            let sql = "INSERT INTO audit_log_tiles (level, number, width, hashes) \
                 SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::bytea[]) \
                 ON CONFLICT (level, number) DO UPDATE SET width = excluded.width, hashes = excluded.hashes \
                 WHERE audit_log_tiles.width < excluded.width";
            work.execute(sql, &[&levels, &numbers, &widths, &hashes]).await?
        }
    };
    if usize::try_from(stored).ok() == Some(tiles.len()) {
        Ok(())
    } else {
        Err(DbError::Internal("a full tile was to be replaced".into()))
    }
}
