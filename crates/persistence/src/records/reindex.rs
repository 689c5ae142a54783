//! Walking over every stored record of a type, to give each the tags that the catalog asks for now.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use super::write::{add_tags, remove_tags};
use super::{COLUMNS, Hung, RecordRow, record};
use crate::customers::{Whoever, lock_whoever, mark_of};
use crate::{DbError, Work};

/// How many records of this type have no value of this field, counted up to `most`.
pub async fn without(work: &Work, record_type: &str, key: &str, most: i64) -> Result<i64, DbError> {
    let mark = mark_of(key);
    let sql = "SELECT count(*) FROM (SELECT FROM records WHERE organization_id = $1 AND record_type = $2 AND archived_at IS NULL \
         AND position($3::bytea IN fields) = 0 LIMIT $4) AS lacking";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &record_type, &mark, &most]).await?.get(0))
}

/// How many records of this type there are, those out of use among them.
pub async fn total(work: &Work, record_type: &str) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM records WHERE organization_id = $1 AND record_type = $2";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &record_type]).await?.get(0))
}

/// The next records of this type after this one, in use or not, in order of id; of those written since, if a moment is given.
pub async fn next_ids(
    work: &Work,
    record_type: &str,
    since: Option<DateTime<Utc>>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT id FROM records WHERE organization_id = $1 AND record_type = $2 AND ($3::timestamptz IS NULL OR updated_at >= $3) \
         AND id > $4 ORDER BY id LIMIT $5";
    let rows = work.query(sql, &[&work.organization().uuid(), &record_type, &since, &after, &limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// One record with its customer, whatever became of either, both held until the transaction ends; the customer first, as everywhere. And whether both
/// are in use.
pub async fn lock_whatever(work: &Work, record_type: &str, id: Uuid) -> Result<Option<(Hung, bool)>, DbError> {
    let organization = work.organization().uuid();
    let sql = "SELECT customer_id FROM records WHERE organization_id = $1 AND record_type = $2 AND id = $3";
    let found = work.query_opt(sql, &[&organization, &record_type, &id]).await?;
    let Some(customer) = found.map(|row| CustomerId::from(row.get::<_, Uuid>(0))) else { return Ok(None) };
    let found = lock_whoever(work, &[customer]).await?.pop();
    let Some(Whoever { row: customer, in_use, merged_into: _ }) = found else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS}, r.archived_at IS NULL AS used FROM records r WHERE r.organization_id = $1 AND r.customer_id = $2 AND r.id = $3 FOR UPDATE"
    );
    let row = work.query_opt(&sql, &[&organization, &customer.id.uuid(), &id]).await?;
    Ok(row.map(|row| (Hung { record: record(&row, 0), customer }, in_use && row.get::<_, bool>("used"))))
}

/// Which of these unique tags a record other than this one has.
pub async fn held_by_others(work: &Work, tags: &[[u8; 16]], id: Uuid) -> Result<Vec<[u8; 16]>, DbError> {
    let sql =
        "SELECT tag FROM record_indexes WHERE organization_id = $1 AND tag = ANY($2) AND is_unique AND record_id <> $3";
    let values: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let rows = work.query(sql, &[&work.organization().uuid(), &values, &id]).await?;
    Ok(rows.iter().filter_map(|row| row.get::<_, &[u8]>(0).try_into().ok()).collect())
}

/// Gives a locked record these tags and no others, or leaves those it has where none are named, and the open facts of this row. [`DbError::Conflict`] on `record_indexes_unique` when a unique value is taken.
pub async fn retag(work: &Work, row: &RecordRow, tags: Option<&[([u8; 16], bool)]>) -> Result<(), DbError> {
    if let Some(tags) = tags {
        remove_tags(work, row.customer, row.id).await?;
        add_tags(work, row, tags).await?;
    }
    let packed: Option<Vec<u8>> = tags.map(|tags| tags.iter().flat_map(|(tag, _)| *tag).collect());
    let sql = "UPDATE records SET tags = coalesce($4::bytea, tags), at = $5, due_at = $6, state = $7, amount = $8::text::numeric, currency = $9, ended = $10 \
         WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let (amount, currency) = (row.amount.as_ref().map(|(sum, _)| sum), row.amount.as_ref().map(|(_, code)| code));
    let (organization, customer) = (work.organization().uuid(), row.customer.uuid());
    let RecordRow { id, at, due_at, state, ended, .. } = row;
    work.execute(sql, &[&organization, &customer, id, &packed, at, due_at, state, &amount, &currency, ended]).await?;
    Ok(())
}
