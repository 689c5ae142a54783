//! Erasures: from the wish to the certificate. Nothing here can open a value.

mod batches;
mod call_off;
mod effect;
mod pages;
mod renew;
mod sweep;
mod told;
mod typed;
mod unasked;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

pub use batches::{
    BatchFilter, BatchRow, MemberRow, batch_of_job, find_batch, held_among, insert_batch, list_batches, lock_batch,
    members, next_members, note_member, outcomes, update_batch,
};
pub use call_off::call_off;
pub use effect::{Removal, Removed, erase_customer, erased_with, restrict, what_is_there, what_is_there_of};
pub use pages::Pages;
pub use renew::{
    KeptBody, KeptLetter, KeptTraces, Untold, WrappedKey, all_keys, being_erased, buckets_to_renew, export_keys_on,
    import_keys_on, kept_bodies_on, keys_on, left_on, letters_on, note_all_destroyed, note_destroyed, note_told,
    own_keys, put_bodies, put_letters, put_traces, retire_epoch, retired_epochs, rewrap, rewrap_exports,
    rewrap_imports, terms_run, traces_on, untold,
};
pub use sweep::{
    Column, DestroyedKey, RecordPack, Survivor, certifiable, certify, destroyed_keys, entry_of, id_columns, ids_in,
    note_swept, record_packs, survivors, text_columns, text_rows, unswept,
};
pub use told::{Told, drop_told, queue_told, queued_told};
pub use typed::{Typed, TypedIn, blank, typed};
pub use unasked::{hold_proposals, to_propose};

/// One erasure.
#[derive(Clone, Debug)]
pub struct ErasureRow {
    /// Its id.
    pub id: Uuid,
    /// Who is erased.
    pub customer: CustomerId,
    /// `scheduled`, `blocked`, `erasing` or `erased`.
    pub state: String,
    /// Code of the ground.
    pub ground: String,
    /// The request of the person that it answers.
    pub privacy_request: Option<Uuid>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// By whom.
    pub requested_by: Uuid,
    /// The duties to keep that it waits for.
    pub blocked_by: Vec<Uuid>,
    /// When the last of them ends.
    pub blocked_until: Option<DateTime<Utc>>,
    /// From then on nothing could be read.
    pub erased_at: Option<DateTime<Utc>>,
    /// Keys of the fields that held a value.
    pub fields: Vec<String>,
    /// How many rows went, by what they were.
    pub removed: Value,
    /// How many rows stay, by what they are.
    pub kept: Value,
    /// The bucket whose key wrapped the customer's key; none where that did not open, and any may have: then all of them are left behind.
    pub bucket: Option<i32>,
    /// The epoch of that key.
    pub epoch: Option<i64>,
    /// The line of the security ledger.
    pub ledger_sequence: Option<i64>,
    /// The epoch of the bucket of what lives for a day, when the customer was erased.
    pub passing_epoch: Option<i64>,
    /// When the last key that could open anything of the person was destroyed.
    pub destroyed_at: Option<DateTime<Utc>>,
    /// What the sweep looks for, sealed; gone once it found nothing.
    pub sealed_traces: Option<Vec<u8>>,
    /// How much the last sweep looked through.
    pub sweep: Value,
    /// Where it found something.
    pub findings: Value,
    /// The certificate.
    pub certificate: Option<String>,
}

const COLUMNS: &str = "e.id, e.customer_id, e.state, e.ground, e.privacy_request_id, e.requested_at, e.requested_by, e.blocked_by, e.blocked_until, \
     e.erased_at, e.fields, e.removed, e.kept, e.bucket, e.epoch, e.ledger_sequence, e.passing_epoch, e.destroyed_at, e.sealed_traces, e.sweep, e.findings, e.certificate";

impl From<&Row> for ErasureRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            customer: CustomerId::from(row.get::<_, Uuid>(1)),
            state: row.get(2),
            ground: row.get(3),
            privacy_request: row.get(4),
            requested_at: row.get(5),
            requested_by: row.get(6),
            blocked_by: row.get(7),
            blocked_until: row.get(8),
            erased_at: row.get(9),
            fields: row.get(10),
            removed: row.get(11),
            kept: row.get(12),
            bucket: row.get(13),
            epoch: row.get(14),
            ledger_sequence: row.get(15),
            passing_epoch: row.get(16),
            destroyed_at: row.get(17),
            sealed_traces: row.get(18),
            sweep: row.get(19),
            findings: row.get(20),
            certificate: row.get(21),
        }
    }
}

/// Adds an erasure, or writes anew what became of it.
pub async fn put(work: &Work, row: &ErasureRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO erasures (organization_id, id, customer_id, state, ground, privacy_request_id, requested_at, requested_by, blocked_by, \
         blocked_until, erased_at, fields, removed, kept, bucket, epoch, passing_epoch, sealed_traces) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (organization_id, id) DO UPDATE SET state = $4, blocked_by = $9, blocked_until = $10, erased_at = $11, fields = $12, removed = $13, \
         kept = $14, bucket = $15, epoch = $16, passing_epoch = $17, sealed_traces = $18";
    let ErasureRow { id, customer, state, ground, privacy_request, requested_at, requested_by, .. } = row;
    let ErasureRow {
        blocked_by,
        blocked_until,
        erased_at,
        fields,
        removed,
        kept,
        bucket,
        epoch,
        passing_epoch,
        sealed_traces,
        ..
    } = row;
    let params: [&(dyn ToSql + Sync); 18] = [
        &work.organization().uuid(),
        id,
        &customer.uuid(),
        state,
        ground,
        privacy_request,
        requested_at,
        requested_by,
        blocked_by,
        blocked_until,
        erased_at,
        fields,
        removed,
        kept,
        bucket,
        epoch,
        passing_epoch,
        sealed_traces,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One erasure.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<ErasureRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM erasures e WHERE e.organization_id = $1 AND e.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ErasureRow::from))
}

/// The erasure of a customer.
pub async fn of_customer(work: &Work, customer: CustomerId) -> Result<Option<ErasureRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &customer.uuid()]).await?.as_ref().map(ErasureRow::from))
}

/// Which erasures are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct ErasureFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this customer.
    pub customer: Option<Uuid>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of erasures, newest first.
pub async fn list(work: &Work, filter: &ErasureFilter, limit: i64) -> Result<Vec<ErasureRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM erasures e WHERE e.organization_id = $1 AND ($2::text IS NULL OR e.state = $2) \
         AND ($3::uuid IS NULL OR e.customer_id = $3) AND ($4::uuid IS NULL OR e.id < $4) ORDER BY e.id DESC LIMIT $5"
    );
    let ErasureFilter { state, customer, before } = filter;
    let params: [&(dyn ToSql + Sync); 5] = [&work.organization().uuid(), state, customer, before, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(ErasureRow::from).collect())
}
