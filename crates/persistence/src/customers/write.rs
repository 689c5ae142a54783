//! Writes of customers and their tags. Batches, so that one row and five hundred take the same statements.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use super::{COLUMNS, Consents, CustomerRow, VersionRow, insert_versions, shown};
use crate::{DbError, Work};

/// Inserts new customers (not their tags).
async fn insert_many(work: &Work, rows: &[&CustomerRow]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO customers (organization_id, id, version, stage, source, region, owner_id, department_id, restricted, \
         created_at, created_by, updated_at, updated_by, key_version, wrapped_key, fields, tags) \
         SELECT $1, u.id, u.version, u.stage, u.source, u.region, u.owner_id, u.department_id, false, u.created_at, u.created_by, \
         u.created_at, u.created_by, u.key_version, u.wrapped_key, u.fields, u.tags \
         FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::timestamptz[], $10::uuid[], $11::int[], \
         $12::bytea[], $13::bytea[], $14::bytea[]) \
         AS u(id, version, stage, source, region, owner_id, department_id, created_at, created_by, key_version, wrapped_key, fields, tags)";
    let ids: Vec<Uuid> = rows.iter().map(|r| r.id.uuid()).collect();
    let versions: Vec<i32> = rows.iter().map(|r| r.version).collect();
    let stages: Vec<Option<&str>> = rows.iter().map(|r| r.stage.as_deref()).collect();
    let sources: Vec<Option<&str>> = rows.iter().map(|r| r.source.as_deref()).collect();
    let regions: Vec<Option<&str>> = rows.iter().map(|r| r.region.as_deref()).collect();
    let owners: Vec<Option<Uuid>> = rows.iter().map(|r| r.owner.map(|o| o.uuid())).collect();
    let departments: Vec<Option<Uuid>> = rows.iter().map(|r| r.department.map(|d| d.uuid())).collect();
    let created: Vec<DateTime<Utc>> = rows.iter().map(|r| r.created_at).collect();
    let creators: Vec<Uuid> = rows.iter().map(|r| r.created_by).collect();
    let key_versions: Vec<i32> = rows.iter().map(|r| r.key_version).collect();
    let keys: Vec<&[u8]> = rows.iter().map(|r| r.wrapped_key.as_slice()).collect();
    let fields: Vec<&[u8]> = rows.iter().map(|r| r.fields.packed()).collect();
    let tags: Vec<&[u8]> = rows.iter().map(|r| r.tags.as_slice()).collect();
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &ids,
            &versions,
            &stages,
            &sources,
            &regions,
            &owners,
            &departments,
            &created,
            &creators,
            &key_versions,
            &keys,
            &fields,
            &tags,
        ],
    )
    .await?;
    Ok(())
}

/// Adds tags. [`DbError::Conflict`] on `blind_indexes_unique` when a unique value is taken.
pub(super) async fn insert_tags(work: &Work, tags: &[(CustomerId, [u8; 16], bool)]) -> Result<(), DbError> {
    if tags.is_empty() {
        return Ok(());
    }
    const SQL: &str = "INSERT INTO blind_indexes (organization_id, tag, customer_id, is_unique) \
         SELECT $1, * FROM unnest($2::bytea[], $3::uuid[], $4::bool[])";
    // In the index's own order: neighbours share its pages, which halves what a batch costs.
    let mut sorted: Vec<_> = tags.iter().collect();
    sorted.sort_unstable_by_key(|(_, tag, _)| *tag);
    let values: Vec<&[u8]> = sorted.iter().map(|(_, tag, _)| tag.as_slice()).collect();
    let customers: Vec<Uuid> = sorted.iter().map(|(customer, _, _)| customer.uuid()).collect();
    let unique: Vec<bool> = sorted.iter().map(|(_, _, unique)| *unique).collect();
    work.execute(SQL, &[&work.organization().uuid(), &values, &customers, &unique]).await?;
    Ok(())
}

/// Inserts new customers and their tags in one round trip. [`DbError::Conflict`] on `blind_indexes_unique` when a unique value is taken.
pub async fn insert_tagged(
    work: &Work,
    rows: &[&CustomerRow],
    tags: &[(CustomerId, [u8; 16], bool)],
) -> Result<(), DbError> {
    let (inserted, tagged) = tokio::join!(biased; insert_many(work, rows), insert_tags(work, tags));
    cause([inserted, tagged])
}

/// Stores a change of one customer in one round trip: its row, what the version replaced, the tags that go and those that come.
/// [`DbError::Conflict`] on `blind_indexes_unique` when a unique value is taken.
pub async fn store_change(
    work: &Work,
    row: &CustomerRow,
    version: &VersionRow,
    gone: &[(CustomerId, [u8; 16])],
    added: &[(CustomerId, [u8; 16], bool)],
) -> Result<(), DbError> {
    let (updated, kept, removed, tagged) = tokio::join!(
        biased;
        update_many(work, std::slice::from_ref(row)),
        insert_versions(work, std::slice::from_ref(version)),
        remove_tags(work, gone),
        insert_tags(work, added),
    );
    cause([updated, kept, removed, tagged])
}

/// Of statements sent together, those after a refused one only say that they follow it.
fn cause<const N: usize>(outcomes: [Result<(), DbError>; N]) -> Result<(), DbError> {
    let failed: Vec<DbError> = outcomes.into_iter().filter_map(Result::err).collect();
    let cause = failed.iter().position(|error| !matches!(error, DbError::Aborted)).unwrap_or(0);
    failed.into_iter().nth(cause).map_or(Ok(()), Err)
}

/// Removes these tags of these customers.
pub async fn remove_tags(work: &Work, tags: &[(CustomerId, [u8; 16])]) -> Result<(), DbError> {
    if tags.is_empty() {
        return Ok(());
    }
    const SQL: &str = "DELETE FROM blind_indexes b USING unnest($2::bytea[], $3::uuid[]) AS u(tag, customer_id) \
         WHERE b.organization_id = $1 AND b.tag = u.tag AND b.customer_id = u.customer_id";
    let values: Vec<&[u8]> = tags.iter().map(|(_, tag)| tag.as_slice()).collect();
    let customers: Vec<Uuid> = tags.iter().map(|(customer, _)| customer.uuid()).collect();
    work.execute(SQL, &[&work.organization().uuid(), &values, &customers]).await?;
    Ok(())
}

/// The customer, locked until the transaction ends.
pub async fn lock(work: &Work, id: CustomerId) -> Result<Option<CustomerRow>, DbError> {
    Ok(lock_many(work, &[id]).await?.into_iter().next())
}

/// These customers, locked until the transaction ends, in id order so that two batches cannot deadlock.
pub async fn lock_many(work: &Work, ids: &[CustomerId]) -> Result<Vec<CustomerRow>, DbError> {
    lock_these(work, ids, COLUMNS, "FOR UPDATE").await
}

/// Those of these customers whom no other transaction holds, locked until the transaction ends. As they are read to be shown: nothing of them is to be stored anew.
pub async fn lock_free(work: &Work, ids: &[CustomerId], consents: Consents) -> Result<Vec<CustomerRow>, DbError> {
    lock_these(work, ids, shown(consents), "FOR UPDATE SKIP LOCKED").await
}

async fn lock_these(work: &Work, ids: &[CustomerId], columns: &str, mode: &str) -> Result<Vec<CustomerRow>, DbError> {
    let sql = format!(
        "SELECT {columns} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL ORDER BY c.id {mode}"
    );
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = work.query(&sql, &[&work.organization().uuid(), &ids]).await?;
    Ok(rows.iter().map(CustomerRow::from).collect())
}

/// Stores what a change may touch: attributes, sealed values, tags, version.
async fn update_many(work: &Work, rows: &[CustomerRow]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE customers c SET version = $3, stage = $4, source = $5, region = $6, owner_id = $7, department_id = $8, \
         updated_at = $9, updated_by = $10, fields = $11, tags = $12, shelved_at = $13 WHERE c.organization_id = $1 AND c.id = $2";
    let organization = work.organization().uuid();
    for row in rows {
        let CustomerRow {
            id,
            version,
            stage,
            source,
            region,
            owner,
            department,
            updated_at,
            updated_by,
            fields,
            tags,
            shelved_at,
            ..
        } = row;
        let (owner, department) = (owner.map(|o| o.uuid()), department.map(|d| d.uuid()));
        work.execute(
            SQL,
            &[
                &organization,
                &id.uuid(),
                version,
                stage,
                source,
                region,
                &owner,
                &department,
                updated_at,
                updated_by,
                &fields.packed(),
                tags,
                shelved_at,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Takes the customer out of every list and read; its row stays for history, retention and erasure, with its values closed under the version of `next`.
pub async fn archive(work: &Work, next: &CustomerRow, at: DateTime<Utc>, by: Uuid) -> Result<(), DbError> {
    const SQL: &str = "UPDATE customers SET archived_at = $3, updated_at = $3, updated_by = $4, version = $5, fields = $6, tags = '' \
         WHERE organization_id = $1 AND id = $2";
    let organization = work.organization().uuid();
    let fields = next.fields.packed();
    work.execute(SQL, &[&organization, &next.id.uuid(), &at, &by, &next.version, &fields]).await?;
    Ok(())
}

/// Which customers hold these unique tags.
pub async fn by_unique_tags(work: &Work, tags: &[[u8; 16]]) -> Result<Vec<([u8; 16], CustomerId)>, DbError> {
    const SQL: &str =
        "SELECT tag, customer_id FROM blind_indexes WHERE organization_id = $1 AND tag = ANY($2) AND is_unique";
    let values: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let rows = work.query(SQL, &[&work.organization().uuid(), &values]).await?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((row.get::<_, &[u8]>(0).try_into().ok()?, CustomerId::from(row.get::<_, Uuid>(1)))))
        .collect())
}

/// Is one of these unique tags held by a customer other than `except`?
pub async fn unique_taken(work: &Work, tags: &[[u8; 16]], except: CustomerId) -> Result<Vec<[u8; 16]>, DbError> {
    Ok(by_unique_tags(work, tags)
        .await?
        .into_iter()
        .filter(|(_, holder)| *holder != except)
        .map(|(tag, _)| tag)
        .collect())
}
