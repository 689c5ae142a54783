//! Many records at once, as a file brings them.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::RecordRow;
use crate::{DbError, Work};

/// Adds new records with their tags in two statements. [`DbError::Conflict`] on `record_indexes_unique` when a unique value is taken.
pub async fn insert_many(work: &Work, rows: &[RecordRow], tags: &[Vec<([u8; 16], bool)>]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO records (organization_id, customer_id, id, record_type, version, owner_id, at, due_at, state, amount, currency, \
         ended, created_at, created_by, updated_at, updated_by, fields, tags) \
         SELECT $1, u.customer_id, u.id, u.record_type, 1, u.owner_id, u.at, u.due_at, u.state, u.amount::numeric, u.currency, u.ended, \
         u.created_at, u.created_by, u.created_at, u.created_by, u.fields, u.tags \
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::bool[], \
         $12::timestamptz[], $13::uuid[], $14::bytea[], $15::bytea[]) \
         AS u(customer_id, id, record_type, owner_id, at, due_at, state, amount, currency, ended, created_at, created_by, fields, tags)";
    let customers: Vec<Uuid> = rows.iter().map(|r| r.customer.uuid()).collect();
    let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
    let types: Vec<&str> = rows.iter().map(|r| r.record_type.as_str()).collect();
    let owners: Vec<Option<Uuid>> = rows.iter().map(|r| r.owner.map(|o| o.uuid())).collect();
    let happened: Vec<DateTime<Utc>> = rows.iter().map(|r| r.at).collect();
    let due: Vec<Option<DateTime<Utc>>> = rows.iter().map(|r| r.due_at).collect();
    let states: Vec<Option<&str>> = rows.iter().map(|r| r.state.as_deref()).collect();
    let amounts: Vec<Option<&str>> = rows.iter().map(|r| r.amount.as_ref().map(|(sum, _)| sum.as_str())).collect();
    let currencies: Vec<Option<&str>> = rows.iter().map(|r| r.amount.as_ref().map(|(_, code)| code.as_str())).collect();
    let ended: Vec<bool> = rows.iter().map(|r| r.ended).collect();
    let created: Vec<DateTime<Utc>> = rows.iter().map(|r| r.created_at).collect();
    let creators: Vec<Uuid> = rows.iter().map(|r| r.created_by).collect();
    let fields: Vec<&[u8]> = rows.iter().map(|r| r.fields.packed()).collect();
    let packed: Vec<&[u8]> = rows.iter().map(|r| r.tags.as_slice()).collect();
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 15] = [
        &organization,
        &customers,
        &ids,
        &types,
        &owners,
        &happened,
        &due,
        &states,
        &amounts,
        &currencies,
        &ended,
        &created,
        &creators,
        &fields,
        &packed,
    ];
    work.execute(SQL, &params).await?;
    tag_many(work, rows, tags).await
}

async fn tag_many(work: &Work, rows: &[RecordRow], tags: &[Vec<([u8; 16], bool)>]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO record_indexes (organization_id, customer_id, record_id, tag, is_unique) \
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bool[])";
    let each = || rows.iter().zip(tags).flat_map(|(row, tags)| tags.iter().map(move |tag| (row, tag)));
    let customers: Vec<Uuid> = each().map(|(row, _)| row.customer.uuid()).collect();
    if customers.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = each().map(|(row, _)| row.id).collect();
    let values: Vec<&[u8]> = each().map(|(_, (tag, _))| tag.as_slice()).collect();
    let unique: Vec<bool> = each().map(|(_, (_, unique))| *unique).collect();
    work.execute(SQL, &[&work.organization().uuid(), &customers, &ids, &values, &unique]).await?;
    Ok(())
}

/// Which records hold these unique tags.
pub async fn by_unique_tags(work: &Work, tags: &[[u8; 16]]) -> Result<Vec<([u8; 16], Uuid)>, DbError> {
    let sql = "SELECT tag, record_id FROM record_indexes WHERE organization_id = $1 AND tag = ANY($2) AND is_unique";
    let values: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let rows = work.query(sql, &[&work.organization().uuid(), &values]).await?;
    Ok(rows.iter().filter_map(|row| Some((row.get::<_, &[u8]>(0).try_into().ok()?, row.get(1)))).collect())
}

/// Which of these customers have a record in use.
pub async fn hanging_on(work: &Work, customers: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT DISTINCT customer_id FROM records WHERE organization_id = $1 AND customer_id = ANY($2) AND archived_at IS NULL";
    let rows = work.query(sql, &[&work.organization().uuid(), &customers]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
