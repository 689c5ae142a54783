//! The right edge of a stored tree, believed only when its tiles lead to the root that one of our keys has signed.

use custodian_crypto::merkle::{Frontier, Hash, Node, RightEdge, Tile, TileId, TileSet, edge_tiles, left_nodes};
use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::tiles::{self, TileRow, Tree};
use custodian_persistence::{DbError, Work};

use super::LogKeys;

/// A head as it is stored: nothing of it is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Name of the log.
    pub origin: &'a str,
    /// Number of leaves.
    pub size: i64,
    /// Root hash.
    pub root: &'a [u8],
    /// The signed checkpoint; empty for a log without leaves.
    pub note: &'a str,
}

/// Why a tree is not gone on with.
#[derive(Debug)]
pub enum EdgeError {
    /// What is stored is not what was signed; a sentence says what differs.
    Unsound(String),
    /// It could not be looked at.
    Db(DbError),
}

impl From<DbError> for EdgeError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<EdgeError> for DomainError {
    fn from(error: EdgeError) -> Self {
        match error {
            EdgeError::Unsound(says) => Self::internal(says),
            EdgeError::Db(error) => error.into(),
        }
    }
}

/// Size and root of a stored head, if one of our keys has signed exactly these.
pub fn signed(head: Stored<'_>, keys: &LogKeys) -> Result<(u64, Hash), String> {
    let size = u64::try_from(head.size).map_err(|_| "The size of the tree is below zero.".to_owned())?;
    if size == 0 && head.note.is_empty() {
        return Ok((0, custodian_crypto::merkle::empty_root()));
    }
    let Some(checkpoint) = keys.open(head.origin, head.note) else {
        return Err("The newest checkpoint is not signed by a key of ours.".to_owned());
    };
    if checkpoint.size != size || checkpoint.root.as_slice() != head.root {
        return Err(format!(
            "The head says {size} leaves, the signed checkpoint {}, or their roots differ.",
            checkpoint.size
        ));
    }
    Ok((size, checkpoint.root))
}

/// The right edge of the tree, ready to grow.
pub async fn open(work: &Work, tree: Tree, head: Stored<'_>, keys: &LogKeys) -> Result<RightEdge, EdgeError> {
    let (size, root) = signed(head, keys).map_err(EdgeError::Unsound)?;
    let wanted: Vec<_> = edge_tiles(size).into_iter().map(|(id, _)| address(id)).collect();
    let stored = tiles::find(work, tree, &wanted).await?;
    let edge = RightEdge::new(size, &stored.into_iter().filter_map(tile).collect::<Vec<_>>())
        .map_err(|error| EdgeError::Unsound(format!("The tree's right edge is not whole: {error}.")))?;
    if edge.root() != root {
        return Err(EdgeError::Unsound(
            "The tiles at the tree's right edge do not lead to the signed root.".to_owned(),
        ));
    }
    Ok(edge)
}

/// The stored tiles that these nodes are found in, as far as they exist.
pub async fn tile_set(work: &Work, tree: Tree, nodes: &[Node]) -> Result<TileSet, DbError> {
    let wanted: Vec<_> = TileSet::needed(nodes).into_iter().map(address).collect();
    let mut set = TileSet::new();
    tiles::find(work, tree, &wanted).await?.into_iter().filter_map(tile).for_each(|tile| set.insert(tile));
    Ok(set)
}

/// The root that the tree had at a size, from its tiles as they are stored. None where tiles are missing.
pub async fn root_at(work: &Work, tree: Tree, size: u64) -> Result<Option<Hash>, DbError> {
    let nodes = left_nodes(size);
    let set = tile_set(work, tree, &nodes).await?;
    let hashes: Result<Vec<Hash>, _> = nodes.iter().map(|node| set.node(node.level, node.index)).collect();
    Ok(hashes.ok().and_then(|hashes| Frontier::from_hashes(size, hashes).ok()).map(|frontier| frontier.root()))
}

/// Level and number as the database has them; beyond its numbers there is nothing.
pub fn address(id: TileId) -> (i16, i64) {
    (i16::from(id.level), i64::try_from(id.number).unwrap_or(i64::MAX))
}

/// A stored tile as the tree takes it.
pub fn tile(row: TileRow) -> Option<Tile> {
    let id = TileId { level: u8::try_from(row.level).ok()?, number: u64::try_from(row.number).ok()? };
    Some(Tile { id, bytes: row.hashes })
}

/// A tile as it is stored.
pub fn row(tile: Tile) -> TileRow {
    let (level, number) = address(tile.id);
    TileRow { level, number, hashes: tile.bytes }
}
