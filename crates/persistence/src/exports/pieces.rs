//! The sealed pieces of files, and the digests of what stands in one file alone.

use uuid::Uuid;

use crate::{DbError, Work};

/// Adds a sealed piece.
pub async fn insert_chunk(work: &Work, id: Uuid, sequence: i32, sealed: &[u8]) -> Result<(), DbError> {
    let sql = "INSERT INTO export_chunks (organization_id, export_id, sequence, sealed) VALUES ($1, $2, $3, $4)";
    work.execute(sql, &[&work.organization().uuid(), &id, &sequence, &sealed]).await?;
    Ok(())
}

/// A sealed piece.
pub async fn chunk(work: &Work, id: Uuid, sequence: i32) -> Result<Option<Vec<u8>>, DbError> {
    let sql = "SELECT sealed FROM export_chunks WHERE organization_id = $1 AND export_id = $2 AND sequence = $3";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &id, &sequence]).await?.map(|row| row.get(0)))
}

/// Forgets the pieces of a file.
pub(super) async fn forget(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM export_chunks WHERE organization_id = $1 AND export_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// Whether one of these values stands in a decoy already, or on file about somebody who exists: `terms` are tags of the blind index.
pub async fn any_decoy(work: &Work, tags: &[Vec<u8>], terms: &[Vec<u8>]) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM export_decoys WHERE organization_id = $1 AND tag = ANY($2)) \
         OR EXISTS (SELECT FROM disclosure_decoy_values WHERE organization_id = $1 AND tag = ANY($2)) \
         OR EXISTS (SELECT FROM blind_indexes WHERE organization_id = $1 AND tag = ANY($3))";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &tags, &terms]).await?.get(0))
}

/// Keeps the digests of the values that stand in this file alone.
pub async fn insert_decoys(work: &Work, id: Uuid, tags: &[Vec<u8>]) -> Result<(), DbError> {
    let sql = "INSERT INTO export_decoys (organization_id, tag, export_id) SELECT $1, t, $3 FROM unnest($2::bytea[]) t ON CONFLICT DO NOTHING";
    work.execute(sql, &[&work.organization().uuid(), &tags, &id]).await?;
    Ok(())
}

/// The file that a value stands in alone, by its digest.
pub async fn by_decoy(work: &Work, tag: &[u8]) -> Result<Option<Uuid>, DbError> {
    let sql = "SELECT export_id FROM export_decoys WHERE organization_id = $1 AND tag = $2";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &tag]).await?.map(|row| row.get(0)))
}
