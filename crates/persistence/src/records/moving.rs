//! Records that go from one customer to another, with all their past, under the other's key.

use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use super::{COLUMNS, RecordRow, record};
use crate::customers::{SealedFields, mark_of};
use crate::{DbError, Work};

/// What a version of a record replaced.
#[derive(Clone, Debug)]
pub struct Past {
    /// The record.
    pub record: Uuid,
    /// The version.
    pub version: i32,
    /// The sealed values.
    pub fields: SealedFields,
}

/// Every record of a customer, in use or not; those named alone if there are any names. Held until the transaction ends.
pub async fn lock_of(work: &Work, customer: CustomerId, only: Option<&[Uuid]>) -> Result<Vec<RecordRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records r WHERE r.organization_id = $1 AND r.customer_id = $2 AND ($3::uuid[] IS NULL OR r.id = ANY($3)) ORDER BY r.id FOR UPDATE"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer.uuid(), &only]).await?;
    Ok(rows.iter().map(|row| record(row, 0)).collect())
}

/// What the versions of these records replaced.
pub async fn pasts(work: &Work, customer: CustomerId, records: &[Uuid]) -> Result<Vec<Past>, DbError> {
    const SQL: &str = "SELECT record_id, version, previous_fields FROM record_versions WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($3)";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer.uuid(), &records]).await?;
    let past = |row: &tokio_postgres::Row| Past {
        record: row.get(0),
        version: row.get(1),
        fields: SealedFields::from_packed(row.get(2)),
    };
    Ok(rows.iter().map(past).collect())
}

/// Gives locked records to another customer, each with its values as they are sealed there; their tags go along.
pub async fn move_records(
    work: &Work,
    (from, to): (CustomerId, CustomerId),
    packs: &[(Uuid, SealedFields)],
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE records r SET customer_id = $3, fields = u.fields FROM unnest($4::uuid[], $5::bytea[]) AS u(id, fields) \
         WHERE r.organization_id = $1 AND r.customer_id = $2 AND r.id = u.id";
    const TAGS: &str = "UPDATE record_indexes SET customer_id = $3 WHERE organization_id = $1 AND customer_id = $2 AND record_id = ANY($4)";
    let (organization, from, to) = (work.organization().uuid(), from.uuid(), to.uuid());
    let ids: Vec<Uuid> = packs.iter().map(|(id, _)| *id).collect();
    let fields: Vec<&[u8]> = packs.iter().map(|(_, fields)| fields.packed()).collect();
    work.execute(SQL, &[&organization, &from, &to, &ids, &fields]).await?;
    work.execute(TAGS, &[&organization, &from, &to, &ids]).await?;
    Ok(())
}

/// The same for what their versions replaced.
pub async fn move_pasts(work: &Work, (from, to): (CustomerId, CustomerId), pasts: &[Past]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE record_versions v SET customer_id = $3, previous_fields = u.fields FROM unnest($4::uuid[], $5::int[], $6::bytea[]) AS u(id, version, fields) \
         WHERE v.organization_id = $1 AND v.customer_id = $2 AND v.record_id = u.id AND v.version = u.version";
    let ids: Vec<Uuid> = pasts.iter().map(|past| past.record).collect();
    let versions: Vec<i32> = pasts.iter().map(|past| past.version).collect();
    let fields: Vec<&[u8]> = pasts.iter().map(|past| past.fields.packed()).collect();
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &from.uuid(), &to.uuid(), &ids, &versions, &fields]).await?;
    Ok(())
}

/// Takes what a field was before away from the past of a locked record, from the one version alone if one is named. How many versions held something of it.
pub async fn scrub_versions(
    work: &Work,
    customer: CustomerId,
    record: Uuid,
    key: &str,
    only: Option<i32>,
) -> Result<usize, DbError> {
    const FIND: &str = "SELECT version, previous_fields FROM record_versions WHERE organization_id = $1 AND customer_id = $2 AND record_id = $3 \
         AND position($4::bytea IN previous_fields) > 0 AND ($5::integer IS NULL OR version = $5)";
    const PUT: &str = "UPDATE record_versions SET previous_fields = $5 WHERE organization_id = $1 AND customer_id = $2 AND record_id = $3 AND version = $4";
    let (organization, customer) = (work.organization().uuid(), customer.uuid());
    let mut held = 0;
    for row in work.query(FIND, &[&organization, &customer, &record, &mark_of(key), &only]).await? {
        let past = SealedFields::from_packed(row.get(1));
        if past.get(key).is_none() {
            continue;
        }
        let left = past.without(key).ok_or_else(|| DbError::Internal("a broken pack".to_owned()))?;
        work.execute(PUT, &[&organization, &customer, &record, &row.get::<_, i32>(0), &left.packed()]).await?;
        held += 1;
    }
    Ok(held)
}
