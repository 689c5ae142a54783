//! Walking over every stored customer, to give each the tags that the catalog asks for now.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use super::{mark_of, remove_tags};
use crate::{DbError, Work};

/// How many customers have no value of this field, counted up to `most`: those of a field that nobody has yet are found at once, and only where
/// everybody has one is every row looked at.
pub async fn without(work: &Work, key: &str, most: i64) -> Result<i64, DbError> {
    let mark = mark_of(key);
    let sql = "SELECT count(*) FROM (SELECT FROM customers WHERE organization_id = $1 AND archived_at IS NULL AND position($2::bytea IN fields) = 0 LIMIT $3) AS lacking";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &mark, &most]).await?.get(0))
}

/// How many customers there are.
pub async fn total(work: &Work) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM customers WHERE organization_id = $1 AND archived_at IS NULL";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// The next customers after this one, in order of id.
pub async fn next_ids(work: &Work, after: Uuid, limit: i64) -> Result<Vec<CustomerId>, DbError> {
    let sql =
        "SELECT id FROM customers WHERE organization_id = $1 AND id > $2 AND archived_at IS NULL ORDER BY id LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// The next of those that were written since.
pub async fn changed_since(
    work: &Work,
    since: DateTime<Utc>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<CustomerId>, DbError> {
    let sql = "SELECT id FROM customers WHERE organization_id = $1 AND updated_at >= $2 AND id > $3 AND archived_at IS NULL ORDER BY id LIMIT $4";
    let rows = work.query(sql, &[&work.organization().uuid(), &since, &after, &limit]).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// Gives locked customers these tags and no others: what goes is named, what stands already is held to its uniqueness.
/// [`DbError::Conflict`] on `blind_indexes_unique` when a unique value is taken.
pub async fn retag(
    work: &Work,
    rows: &[(CustomerId, Vec<u8>)],
    gone: &[(CustomerId, [u8; 16])],
    wanted: &[(CustomerId, [u8; 16], bool)],
) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    remove_tags(work, gone).await?;
    let sql = "INSERT INTO blind_indexes AS b (organization_id, tag, customer_id, is_unique) \
         SELECT $1, * FROM unnest($2::bytea[], $3::uuid[], $4::bool[]) ON CONFLICT (organization_id, tag, customer_id) \
         DO UPDATE SET is_unique = EXCLUDED.is_unique WHERE b.is_unique <> EXCLUDED.is_unique";
    let tags: Vec<&[u8]> = wanted.iter().map(|(_, tag, _)| tag.as_slice()).collect();
    let customers: Vec<Uuid> = wanted.iter().map(|(customer, _, _)| customer.uuid()).collect();
    let unique: Vec<bool> = wanted.iter().map(|(_, _, unique)| *unique).collect();
    work.execute(sql, &[&organization, &tags, &customers, &unique]).await?;
    let sql = "UPDATE customers c SET tags = u.tags FROM unnest($2::uuid[], $3::bytea[]) AS u(id, tags) \
         WHERE c.organization_id = $1 AND c.id = u.id";
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| id.uuid()).collect();
    let packed: Vec<&[u8]> = rows.iter().map(|(_, tags)| tags.as_slice()).collect();
    work.execute(sql, &[&organization, &ids, &packed]).await?;
    Ok(())
}
