//! Files that hang on customers: their sealed pieces, and what is known of each. Nothing here can open them.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One file.
#[derive(Clone, Debug)]
pub struct AttachmentRow {
    /// Its id.
    pub id: Uuid,
    /// The customer that it hangs on.
    pub customer: CustomerId,
    /// The record of that customer that it belongs to.
    pub record: Option<Uuid>,
    /// What it is.
    pub media_type: String,
    /// Bytes of the file.
    pub size: i64,
    /// Its pieces.
    pub chunks: i32,
    /// Code of where it stands.
    pub state: String,
    /// Its key, sealed.
    pub sealed_key: Vec<u8>,
    /// Its name, size, pieces, state and digest, sealed.
    pub sealed_facts: Vec<u8>,
    /// When it was taken in.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
}

const COLUMNS: &str = "id, customer_id, record_id, media_type, size, chunks, state, sealed_key, sealed_facts, created_at, created_by FROM attachments";

impl From<&Row> for AttachmentRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            customer: CustomerId::from(row.get::<_, Uuid>(1)),
            record: row.get(2),
            media_type: row.get(3),
            size: row.get(4),
            chunks: row.get(5),
            state: row.get(6),
            sealed_key: row.get(7),
            sealed_facts: row.get(8),
            created_at: row.get(9),
            created_by: row.get(10),
        }
    }
}

/// Keeps sealed pieces, from this number on.
pub async fn insert_chunks(work: &Work, id: Uuid, first: i32, sealed: &[Vec<u8>]) -> Result<(), DbError> {
    let sql = "INSERT INTO attachment_chunks (organization_id, attachment_id, sequence, sealed) \
         SELECT $1, $2, $3 + (u.place - 1)::int, u.sealed FROM unnest($4::bytea[]) WITH ORDINALITY AS u(sealed, place)";
    work.execute(sql, &[&work.organization().uuid(), &id, &first, &sealed]).await?;
    Ok(())
}

/// One sealed piece.
pub async fn chunk(work: &Work, id: Uuid, sequence: i32) -> Result<Option<Vec<u8>>, DbError> {
    let sql =
        "SELECT sealed FROM attachment_chunks WHERE organization_id = $1 AND attachment_id = $2 AND sequence = $3";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &id, &sequence]).await?.map(|row| row.get(0)))
}

/// Throws the pieces of a file away.
pub async fn forget_chunks(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM attachment_chunks WHERE organization_id = $1 AND attachment_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// Throws away the pieces of files that were begun before this id and never became one.
pub async fn forget_orphans(work: &Work, before: Uuid) -> Result<u64, DbError> {
    const SQL: &str = "DELETE FROM attachment_chunks c WHERE c.organization_id = $1 AND c.attachment_id < $2 \
         AND NOT EXISTS (SELECT FROM attachments a WHERE a.organization_id = $1 AND a.id = c.attachment_id)";
    work.execute(SQL, &[&work.organization().uuid(), &before]).await
}

/// Adds a file whose pieces are there.
pub async fn insert(work: &Work, row: &AttachmentRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO attachments (organization_id, id, customer_id, record_id, media_type, size, chunks, state, sealed_key, sealed_facts, created_at, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let AttachmentRow {
        id,
        customer,
        record,
        media_type,
        size,
        chunks,
        state,
        sealed_key,
        sealed_facts,
        created_at,
        created_by,
    } = row;
    let params: [&(dyn ToSql + Sync); 12] = [
        &work.organization().uuid(),
        id,
        &customer.uuid(),
        record,
        media_type,
        size,
        chunks,
        state,
        sealed_key,
        sealed_facts,
        created_at,
        created_by,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// The files of a customer, newest first; those named alone if there are any names.
pub async fn of_customer(
    work: &Work,
    customer: CustomerId,
    only: Option<&[Uuid]>,
) -> Result<Vec<AttachmentRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE organization_id = $1 AND customer_id = $2 AND ($3::uuid[] IS NULL OR id = ANY($3)) ORDER BY id DESC"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer.uuid(), &only]).await?;
    Ok(rows.iter().map(AttachmentRow::from).collect())
}

/// How much hangs on a customer: files, and bytes in all.
pub async fn held_by(work: &Work, customer: CustomerId) -> Result<(i64, i64), DbError> {
    let sql = "SELECT count(*), coalesce(sum(size), 0)::bigint FROM attachments WHERE organization_id = $1 AND customer_id = $2";
    let row = work.query_one(sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok((row.get(0), row.get(1)))
}

/// Bytes of all files of the organisation.
pub async fn held_in_all(work: &Work) -> Result<i64, DbError> {
    let sql = "SELECT coalesce(sum(size), 0)::bigint FROM attachments WHERE organization_id = $1";
    Ok(work.query_one(sql, &[&work.organization().uuid()]).await?.get(0))
}

/// The customer that a file hangs on, by the file alone.
pub async fn customer_of(work: &Work, id: Uuid) -> Result<Option<CustomerId>, DbError> {
    let sql = "SELECT customer_id FROM attachments WHERE organization_id = $1 AND id = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| CustomerId::from(row.get::<_, Uuid>(0))))
}

/// Says where a file stands now, with its facts as they are sealed then.
pub async fn set_state(work: &Work, row: &AttachmentRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE attachments SET state = $4, sealed_key = $5, sealed_facts = $6 WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let AttachmentRow { id, customer, state, sealed_key, sealed_facts, .. } = row;
    work.execute(SQL, &[&work.organization().uuid(), &customer.uuid(), id, state, sealed_key, sealed_facts]).await?;
    Ok(())
}

/// The files of these customers.
pub async fn of_customers(work: &Work, customers: &[Uuid]) -> Result<Vec<AttachmentRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} WHERE organization_id = $1 AND customer_id = ANY($2)");
    let rows = work.query(&sql, &[&work.organization().uuid(), &customers]).await?;
    Ok(rows.iter().map(AttachmentRow::from).collect())
}

/// One file of a customer.
pub async fn find(work: &Work, customer: CustomerId, id: Uuid) -> Result<Option<AttachmentRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} WHERE organization_id = $1 AND customer_id = $2 AND id = $3");
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &customer.uuid(), &id]).await?;
    Ok(row.as_ref().map(AttachmentRow::from))
}

/// Takes a file off, with its pieces.
pub async fn delete(work: &Work, customer: CustomerId, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM attachments WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    work.execute(sql, &[&work.organization().uuid(), &customer.uuid(), &id]).await?;
    forget_chunks(work, id).await
}

/// Hangs a file on another customer, with its key and facts as they are sealed there.
pub async fn move_to(work: &Work, from: CustomerId, to: CustomerId, row: &AttachmentRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE attachments SET customer_id = $4, sealed_key = $5, sealed_facts = $6 WHERE organization_id = $1 AND customer_id = $2 AND id = $3";
    let AttachmentRow { id, sealed_key, sealed_facts, .. } = row;
    work.execute(SQL, &[&work.organization().uuid(), &from.uuid(), id, &to.uuid(), sealed_key, sealed_facts]).await?;
    Ok(())
}

/// Whether a record in use hangs on a customer.
pub async fn has_record(work: &Work, customer: CustomerId, record: Uuid) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM records WHERE organization_id = $1 AND customer_id = $2 AND id = $3 AND archived_at IS NULL)";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &customer.uuid(), &record]).await?.get(0))
}
