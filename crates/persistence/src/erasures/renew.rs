//! Bucket keys left behind: whose keys are wrapped by which epoch, what is on none of the old ones any more, and what was destroyed.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use crate::keys::BucketRow;
use crate::{DbError, Work};

/// A wrapped key and who it belongs to.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// The customer, or whatever else has a key of its own.
    pub owner: Uuid,
    /// The version of the key itself.
    pub version: i32,
    /// The key, wrapped by a bucket key.
    pub wrapped: Vec<u8>,
}

fn wrapped_key(row: &tokio_postgres::Row) -> WrappedKey {
    WrappedKey { owner: row.get(0), version: row.get(1), wrapped: row.get(2) }
}

/// The first eight bytes of every key that a bucket's epoch has wrapped.
fn header(bucket: u16, epoch: u32) -> Vec<u8> {
    [&[0xC2, 0x01], bucket.to_be_bytes().as_slice(), &epoch.to_be_bytes()].concat()
}

/// Every key that a bucket's epoch has wrapped is at or after the first and before the second: as an index is asked.
fn span(bucket: u16, epoch: u32) -> [Vec<u8>; 2] {
    let first = header(bucket, epoch);
    let after = first.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)) + 1;
    [first, after.to_be_bytes().to_vec()]
}

/// The buckets that erasures wait for: their epoch in force is still the one that wrapped an erased customer's key. Of somebody whose key did not open it
/// may have been any: all of the customers' buckets that were not left since.
pub async fn buckets_to_renew(work: &Work) -> Result<Vec<BucketRow>, DbError> {
    const SQL: &str = "SELECT k.bucket, k.epoch, k.reserved FROM key_buckets k WHERE k.organization_id = $1 AND EXISTS (SELECT FROM erasures e \
         WHERE e.organization_id = $1 AND e.state = 'erasing' AND ((e.bucket = k.bucket AND e.epoch = k.epoch) \
         OR (e.bucket IS NULL AND k.bucket BETWEEN 1 AND 65534 AND NOT EXISTS (SELECT FROM key_epochs l WHERE l.organization_id = $1 \
         AND l.bucket = k.bucket AND l.retired_at >= e.erased_at)) \
         OR (k.bucket = 65535 AND e.passing_epoch = k.epoch AND (e.clean OR e.sweep = '{}')))) ORDER BY k.bucket";
    work.query(SQL, &[&work.organization().uuid()]).await?.iter().map(crate::keys::bucket_row).collect()
}

/// Every customer's key on this epoch, each held until the transaction ends.
pub async fn keys_on(work: &Work, bucket: u16, epoch: u32) -> Result<Vec<WrappedKey>, DbError> {
    const SQL: &str = "SELECT id, key_version, wrapped_key FROM customers WHERE organization_id = $1 AND wrapped_key >= $2 AND wrapped_key < $3 ORDER BY id FOR UPDATE";
    let [first, after] = span(bucket, epoch);
    let rows = work.query(SQL, &[&work.organization().uuid(), &first, &after]).await?;
    Ok(rows.iter().map(wrapped_key).collect())
}

/// The keys of imports on this epoch, each held until the transaction ends.
pub async fn import_keys_on(work: &Work, bucket: u16, epoch: u32) -> Result<Vec<WrappedKey>, DbError> {
    const SQL: &str = "SELECT id, key_version, wrapped_key FROM imports WHERE organization_id = $1 AND substr(wrapped_key, 1, 8) = $2 ORDER BY id FOR UPDATE";
    let rows = work.query(SQL, &[&work.organization().uuid(), &header(bucket, epoch)]).await?;
    Ok(rows.iter().map(wrapped_key).collect())
}

/// The keys of files that wait to be taken away on this epoch, each held until the transaction ends.
pub async fn export_keys_on(work: &Work, bucket: u16, epoch: u32) -> Result<Vec<WrappedKey>, DbError> {
    const SQL: &str = "SELECT id, key_version, wrapped_key FROM exports WHERE organization_id = $1 AND substr(wrapped_key, 1, 8) = $2 ORDER BY id FOR UPDATE";
    let rows = work.query(SQL, &[&work.organization().uuid(), &header(bucket, epoch)]).await?;
    Ok(rows.iter().map(wrapped_key).collect())
}

/// Puts customers' keys in the place of those that were wrapped before.
pub async fn rewrap(work: &Work, keys: &[WrappedKey]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE customers c SET wrapped_key = u.wrapped FROM unnest($2::uuid[], $3::bytea[]) AS u(id, wrapped) \
         WHERE c.organization_id = $1 AND c.id = u.id";
    put(work, SQL, keys).await
}

/// The same for imports.
pub async fn rewrap_imports(work: &Work, keys: &[WrappedKey]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE imports i SET wrapped_key = u.wrapped FROM unnest($2::uuid[], $3::bytea[]) AS u(id, wrapped) \
         WHERE i.organization_id = $1 AND i.id = u.id";
    put(work, SQL, keys).await
}

/// The same for files that wait to be taken away.
pub async fn rewrap_exports(work: &Work, keys: &[WrappedKey]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE exports i SET wrapped_key = u.wrapped FROM unnest($2::uuid[], $3::bytea[]) AS u(id, wrapped) \
         WHERE i.organization_id = $1 AND i.id = u.id";
    put(work, SQL, keys).await
}

async fn put(work: &Work, sql: &str, keys: &[WrappedKey]) -> Result<(), DbError> {
    let owners: Vec<Uuid> = keys.iter().map(|key| key.owner).collect();
    let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
    work.execute(sql, &[&work.organization().uuid(), &owners, &wrapped]).await?;
    Ok(())
}

/// A kept answer: the first bytes of its body are the wrapped key of the rest.
#[derive(Clone, Debug)]
pub struct KeptBody {
    /// Whose.
    pub caller: Uuid,
    /// Under which key.
    pub key: String,
    /// The whole body.
    pub sealed: Vec<u8>,
    /// The caller is a partner's key.
    pub of_partner: bool,
}

/// Some kept answers on this epoch, each held until the transaction ends.
pub async fn kept_bodies_on(work: &Work, bucket: u16, epoch: u32, limit: i64) -> Result<Vec<KeptBody>, DbError> {
    const SQL: &str = "SELECT i.caller_id, i.key, i.sealed_body, EXISTS (SELECT FROM api_keys k WHERE k.organization_id = $1 AND k.id = i.caller_id) \
         FROM idempotency_keys i WHERE i.organization_id = $1 AND substr(i.sealed_body, 1, 8) = $2 LIMIT $3 FOR UPDATE OF i";
    let rows = work.query(SQL, &[&work.organization().uuid(), &header(bucket, epoch), &limit]).await?;
    let body = |row: &tokio_postgres::Row| KeptBody {
        caller: row.get(0),
        key: row.get(1),
        sealed: row.get(2),
        of_partner: row.get(3),
    };
    Ok(rows.iter().map(body).collect())
}

/// Writes kept answers anew.
pub async fn put_bodies(work: &Work, bodies: &[KeptBody]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE idempotency_keys i SET sealed_body = u.body FROM unnest($2::uuid[], $3::text[], $4::bytea[]) AS u(caller, key, body) \
         WHERE i.organization_id = $1 AND i.caller_id = u.caller AND i.key = u.key";
    let callers: Vec<Uuid> = bodies.iter().map(|body| body.caller).collect();
    let keys: Vec<&str> = bodies.iter().map(|body| body.key.as_str()).collect();
    let sealed: Vec<&[u8]> = bodies.iter().map(|body| body.sealed.as_slice()).collect();
    work.execute(SQL, &[&work.organization().uuid(), &callers, &keys, &sealed]).await?;
    Ok(())
}

/// What a sweep looks for; its first bytes are the wrapped key of the rest.
#[derive(Clone, Debug)]
pub struct KeptTraces {
    /// The erasure.
    pub erasure: Uuid,
    /// The whole.
    pub sealed: Vec<u8>,
}

/// What sweeps still look for on this epoch, each held until the transaction ends.
pub async fn traces_on(work: &Work, bucket: u16, epoch: u32) -> Result<Vec<KeptTraces>, DbError> {
    const SQL: &str = "SELECT id, sealed_traces FROM erasures WHERE organization_id = $1 AND substr(sealed_traces, 1, 8) = $2 ORDER BY id FOR UPDATE";
    let rows = work.query(SQL, &[&work.organization().uuid(), &header(bucket, epoch)]).await?;
    Ok(rows.iter().map(|row| KeptTraces { erasure: row.get(0), sealed: row.get(1) }).collect())
}

/// Writes them anew; each erasure waits for this epoch from now on.
pub async fn put_traces(work: &Work, traces: &[KeptTraces], epoch: u32) -> Result<(), DbError> {
    const SQL: &str = "UPDATE erasures e SET sealed_traces = u.sealed, passing_epoch = $4 FROM unnest($2::uuid[], $3::bytea[]) AS u(id, sealed) \
         WHERE e.organization_id = $1 AND e.id = u.id";
    let ids: Vec<Uuid> = traces.iter().map(|one| one.erasure).collect();
    let sealed: Vec<&[u8]> = traces.iter().map(|one| one.sealed.as_slice()).collect();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &sealed, &i64::from(epoch)]).await?;
    Ok(())
}

/// A letter to a customer that waits for its sender; its first bytes are the wrapped key of the rest.
#[derive(Clone, Debug)]
pub struct KeptLetter {
    /// The letter.
    pub id: Uuid,
    /// The whole.
    pub sealed: Vec<u8>,
}

/// Letters on this epoch, each held until the transaction ends.
pub async fn letters_on(work: &Work, bucket: u16, epoch: u32) -> Result<Vec<KeptLetter>, DbError> {
    const SQL: &str = "SELECT id, sealed_letter FROM mail_outbox WHERE organization_id = $1 AND substr(sealed_letter, 1, 8) = $2 ORDER BY id FOR UPDATE";
    let rows = work.query(SQL, &[&work.organization().uuid(), &header(bucket, epoch)]).await?;
    Ok(rows.iter().map(|row| KeptLetter { id: row.get(0), sealed: row.get(1) }).collect())
}

/// Writes them anew.
pub async fn put_letters(work: &Work, letters: &[KeptLetter]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE mail_outbox m SET sealed_letter = u.sealed FROM unnest($2::uuid[], $3::bytea[]) AS u(id, sealed) \
         WHERE m.organization_id = $1 AND m.id = u.id";
    let ids: Vec<Uuid> = letters.iter().map(|one| one.id).collect();
    let sealed: Vec<&[u8]> = letters.iter().map(|one| one.sealed.as_slice()).collect();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &sealed]).await?;
    Ok(())
}

/// Notes that nothing is to be wrapped by this epoch any more, and by which one from now on.
pub async fn retire_epoch(
    work: &Work,
    bucket: u16,
    [old, new]: [u32; 2],
    commitment: &[u8],
    rewrapped: usize,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    const NOTE: &str = "INSERT INTO key_epochs (organization_id, bucket, epoch, commitment, rewrapped, retired_at) VALUES ($1, $2, $3, $4, $5, $6)";
    const RAISE: &str = "UPDATE key_buckets SET epoch = $3 WHERE organization_id = $1 AND bucket = $2";
    let organization = work.organization().uuid();
    let (bucket, rewrapped) = (i32::from(bucket), i64::try_from(rewrapped).unwrap_or(i64::MAX));
    work.execute(NOTE, &[&organization, &bucket, &i64::from(old), &commitment, &rewrapped, &at]).await?;
    work.execute(RAISE, &[&organization, &bucket, &i64::from(new)]).await?;
    Ok(())
}

/// Epochs that were left before `before` and are not yet destroyed.
pub async fn retired_epochs(work: &Work, before: DateTime<Utc>) -> Result<Vec<(u16, u32)>, DbError> {
    const SQL: &str = "SELECT bucket, epoch FROM key_epochs WHERE organization_id = $1 AND destroyed_at IS NULL AND retired_at <= $2 ORDER BY 1, 2";
    let rows = work.query(SQL, &[&work.organization().uuid(), &before]).await?;
    let out_of_range = |_| DbError::Internal("epoch out of range".into());
    let pair = |row: &tokio_postgres::Row| {
        let bucket = u16::try_from(row.get::<_, i32>(0)).map_err(out_of_range)?;
        Ok((bucket, u32::try_from(row.get::<_, i64>(1)).map_err(out_of_range)?))
    };
    rows.iter().map(pair).collect()
}

/// How many keys are wrapped by this epoch, wherever they are kept. A statement of its own sees everything that was committed before it.
pub async fn left_on(work: &Work, bucket: u16, epoch: u32) -> Result<i64, DbError> {
    const SQL: &str = "SELECT (SELECT count(*) FROM customers WHERE organization_id = $1 AND wrapped_key >= $2 AND wrapped_key < $4) \
         + (SELECT count(*) FROM organization_keys WHERE organization_id = $1 AND substr(wrapped_key, 1, 8) = $2) \
         + CASE WHEN $3 THEN (SELECT count(*) FROM imports WHERE organization_id = $1 AND substr(wrapped_key, 1, 8) = $2) \
         + (SELECT count(*) FROM exports WHERE organization_id = $1 AND substr(wrapped_key, 1, 8) = $2) \
         + (SELECT count(*) FROM idempotency_keys WHERE organization_id = $1 AND substr(sealed_body, 1, 8) = $2) \
         + (SELECT count(*) FROM erasures WHERE organization_id = $1 AND substr(sealed_traces, 1, 8) = $2) \
         + (SELECT count(*) FROM mail_outbox WHERE organization_id = $1 AND substr(sealed_letter, 1, 8) = $2) ELSE 0 END";
    let (passing, [first, after]) = (bucket == u16::MAX, span(bucket, epoch));
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &first, &passing, &after]).await?.get(0))
}

/// Notes that an epoch's key is nowhere any more.
pub async fn note_destroyed(work: &Work, bucket: u16, epoch: u32, at: DateTime<Utc>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE key_epochs SET destroyed_at = $4 WHERE organization_id = $1 AND bucket = $2 AND epoch = $3 AND destroyed_at IS NULL";
    work.execute(SQL, &[&work.organization().uuid(), &i32::from(bucket), &i64::from(epoch), &at]).await?;
    Ok(())
}

/// Erasures all of whose epochs are destroyed now; each is noted with the time of the last.
pub async fn note_all_destroyed(work: &Work) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "UPDATE erasures e SET destroyed_at = greatest(k.destroyed_at, p.destroyed_at) FROM erasures s \
         JOIN key_epochs k ON k.organization_id = s.organization_id AND k.bucket = s.bucket AND k.epoch = s.epoch AND k.destroyed_at IS NOT NULL \
         LEFT JOIN key_epochs p ON p.organization_id = s.organization_id AND p.bucket = 65535 AND p.epoch = s.passing_epoch \
         WHERE e.organization_id = $1 AND s.organization_id = $1 AND s.id = e.id AND e.state = 'erasing' AND e.destroyed_at IS NULL \
         AND (s.passing_epoch IS NULL OR p.destroyed_at IS NOT NULL) RETURNING e.id";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    let mut noted: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    noted.extend(note_every_bucket_destroyed(work).await?);
    Ok(noted)
}

/// The same for those whose key did not open: no epoch that was in force when they were erased, or before, is in force or in the store.
async fn note_every_bucket_destroyed(work: &Work) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "UPDATE erasures e SET destroyed_at = (SELECT max(d.destroyed_at) FROM key_epochs d WHERE d.organization_id = $1) \
         WHERE e.organization_id = $1 AND e.state = 'erasing' AND e.erased_at IS NOT NULL AND e.destroyed_at IS NULL AND e.bucket IS NULL \
         AND NOT EXISTS (SELECT FROM key_buckets k WHERE k.organization_id = $1 AND k.bucket BETWEEN 1 AND 65534 \
         AND NOT EXISTS (SELECT FROM key_epochs l WHERE l.organization_id = $1 AND l.bucket = k.bucket AND l.retired_at >= e.erased_at)) \
         AND NOT EXISTS (SELECT FROM key_epochs o WHERE o.organization_id = $1 AND o.bucket BETWEEN 1 AND 65534 AND o.destroyed_at IS NULL \
         AND NOT EXISTS (SELECT FROM key_epochs l WHERE l.organization_id = $1 AND l.bucket = o.bucket AND l.epoch < o.epoch AND l.retired_at >= e.erased_at)) \
         AND EXISTS (SELECT FROM key_epochs p WHERE p.organization_id = $1 AND p.bucket = 65535 AND p.epoch = e.passing_epoch AND p.destroyed_at IS NOT NULL) \
         RETURNING e.id";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A page of every customer's wrapped key, in the order of their ids.
pub async fn all_keys(work: &Work, after: Uuid, limit: i64) -> Result<Vec<WrappedKey>, DbError> {
    const SQL: &str = "SELECT id, key_version, wrapped_key FROM customers WHERE organization_id = $1 AND id > $2 AND wrapped_key <> '' ORDER BY id LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(wrapped_key).collect())
}

/// The organisation's own wrapped keys that a bucket key opens; the owner is the organisation.
pub async fn own_keys(work: &Work) -> Result<Vec<WrappedKey>, DbError> {
    const SQL: &str = "SELECT organization_id, version, wrapped_key FROM organization_keys WHERE organization_id = $1 AND kind = 'data' ORDER BY version";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(wrapped_key).collect())
}

/// Erasures that wait for a term which has run, for a hold that was released, or for a request that came to nothing, oldest first.
pub async fn terms_run(work: &Work, now: DateTime<Utc>, limit: i64) -> Result<Vec<(Uuid, CustomerId)>, DbError> {
    const SQL: &str = "SELECT e.id, e.customer_id FROM erasures e WHERE e.organization_id = $1 AND e.state = 'blocked' AND (e.blocked_until <= $2 \
         OR EXISTS (SELECT FROM legal_holds h WHERE h.organization_id = $1 AND h.id = ANY(e.blocked_by) AND h.released_at IS NOT NULL) \
         OR EXISTS (SELECT FROM privacy_requests r WHERE r.organization_id = $1 AND r.id = e.privacy_request_id AND r.state IN ('cancelled', 'rejected'))) \
         ORDER BY e.id LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &now, &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), CustomerId::from(row.get::<_, Uuid>(1)))).collect())
}

/// An erasure that the ledger does not tell of yet: id, customer and time.
pub type Untold = (Uuid, Uuid, DateTime<Utc>);

/// Those, oldest first.
pub async fn untold(work: &Work, limit: i64) -> Result<Vec<Untold>, DbError> {
    const SQL: &str = "SELECT id, customer_id, erased_at FROM erasures WHERE organization_id = $1 AND erased_at IS NOT NULL AND ledger_sequence IS NULL ORDER BY id LIMIT $2";
    let rows = work.query(SQL, &[&work.organization().uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// Notes the line of the ledger that tells of an erasure.
pub async fn note_told(work: &Work, id: Uuid, sequence: i64) -> Result<(), DbError> {
    let sql =
        "UPDATE erasures SET ledger_sequence = $3 WHERE organization_id = $1 AND id = $2 AND ledger_sequence IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &id, &sequence]).await?;
    Ok(())
}

/// The customers whose erasure is under way: nothing that is carried over may name them.
pub async fn being_erased(work: &Work) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT customer_id FROM erasures WHERE organization_id = $1 AND state = 'erasing'";
    let rows = work.query(sql, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_the_keys_of_one_epoch_and_no_other() {
        for (bucket, epoch) in [(7, 1), (7, u32::MAX), (u16::MAX, u32::MAX)] {
            let ([first, after], key) = (span(bucket, epoch), [header(bucket, epoch), vec![0xFF; 60]].concat());
            assert!(first <= key && key < after, "{bucket} {epoch}");
        }
        let [first, after] = span(7, 2);
        for (bucket, epoch) in [(7, 1), (7, 3), (6, 2), (8, 0), (8, 2)] {
            let key = [header(bucket, epoch), vec![0xAA; 60]].concat();
            assert!(key < first || after <= key, "{bucket} {epoch}");
        }
    }
}
