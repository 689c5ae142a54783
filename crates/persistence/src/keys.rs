//! Wrapped keys and the places of the buckets. Nothing here can unwrap one.

use chrono::{DateTime, Utc};
use tokio_postgres::error::SqlState;

use crate::{Database, DbError, Work};

/// The root key check value and version that this database belongs to.
pub async fn deployment(db: &Database) -> Result<Option<(Vec<u8>, i32)>, DbError> {
    let client = db.client().await?;
    match client.query_opt("SELECT key_check_value, root_key_version FROM deployment", &[]).await {
        Ok(row) => Ok(row.map(|row| (row.get(0), row.get(1)))),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Binds an empty database to a root key. Does nothing when it is bound already.
pub async fn bind_deployment(
    db: &Database,
    check_value: &[u8],
    version: i32,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let client = db.client().await?;
    let sql = "INSERT INTO deployment (key_check_value, root_key_version, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&check_value, &version, &at]).await?;
    Ok(())
}

/// An Ed25519 key as stored.
#[derive(Clone, Debug)]
pub struct SigningKeyRow {
    /// RFC 7638 thumbprint.
    pub key_id: String,
    /// What it signs.
    pub purpose: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// Wrapped by the root key.
    pub wrapped_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

fn signing_key_row(row: &tokio_postgres::Row) -> SigningKeyRow {
    SigningKeyRow {
        key_id: row.get(0),
        purpose: row.get(1),
        public_key: row.get(2),
        wrapped_key: row.get(3),
        created_at: row.get(4),
    }
}

/// A token key, retired or not.
#[derive(Clone, Debug)]
pub struct TokenKeyRow {
    /// The key.
    pub row: SigningKeyRow,
    /// New tokens are made with it from then on.
    pub signs_from: DateTime<Utc>,
    /// No token of it is taken from then on.
    pub retired_at: Option<DateTime<Utc>>,
    /// Somebody else may have it.
    pub compromised: bool,
}

/// Every token key, oldest first.
pub async fn token_keys(db: &Database) -> Result<Vec<TokenKeyRow>, DbError> {
    const SQL: &str = "SELECT key_id, purpose, public_key, wrapped_key, created_at, coalesce(signs_from, created_at), retired_at, compromised \
         FROM signing_keys WHERE purpose = 'token' ORDER BY created_at, key_id";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    let of = |row: &tokio_postgres::Row| TokenKeyRow {
        row: signing_key_row(row),
        signs_from: row.get(5),
        retired_at: row.get(6),
        compromised: row.get(7),
    };
    Ok(client.query(&statement, &[]).await?.iter().map(of).collect())
}

/// Adds a token key and says until when the others are taken: none longer than before. How many others were taken until now.
pub async fn rotate_token_key(
    db: &Database,
    key: &SigningKeyRow,
    signs_from: DateTime<Utc>,
    taken_until: DateTime<Utc>,
    compromised: bool,
) -> Result<u64, DbError> {
    const RETIRE: &str = "UPDATE signing_keys SET retired_at = least(retired_at, $1), compromised = compromised OR $2 WHERE purpose = 'token' \
         AND (retired_at IS NULL OR retired_at > $1 OR $2)";
    const ADD: &str = "INSERT INTO signing_keys (key_id, purpose, public_key, wrapped_key, created_at, signs_from) VALUES ($1, $2, $3, $4, $5, $6)";
    let work = Work::begin_global(db).await?;
    work.query("SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))", &[]).await?;
    let older = work.execute(RETIRE, &[&taken_until, &compromised]).await?;
    let SigningKeyRow { key_id, purpose, public_key, wrapped_key, created_at } = key;
    work.execute(ADD, &[key_id, purpose, public_key, wrapped_key, created_at, &signs_from]).await?;
    work.commit().await?;
    Ok(older)
}

/// Adds a signing key.
pub async fn insert_signing_key(db: &Database, key: &SigningKeyRow) -> Result<(), DbError> {
    let client = db.client().await?;
    let sql = "INSERT INTO signing_keys (key_id, purpose, public_key, wrapped_key, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&key.key_id, &key.purpose, &key.public_key, &key.wrapped_key, &key.created_at]).await?;
    Ok(())
}

/// Every signing key of a purpose, retired or not, oldest first: what one of them signed stays to be verified.
pub async fn all_signing_keys(db: &Database, purpose: &str) -> Result<Vec<SigningKeyRow>, DbError> {
    let client = db.client().await?;
    let sql = "SELECT key_id, purpose, public_key, wrapped_key, created_at FROM signing_keys WHERE purpose = $1 ORDER BY created_at, key_id";
    Ok(client.query(sql, &[&purpose]).await?.iter().map(signing_key_row).collect())
}

/// Adds the first signing key of its purpose; does nothing when there is one, also when another instance is just adding it.
pub async fn insert_first_signing_key(db: &Database, key: &SigningKeyRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO signing_keys (key_id, purpose, public_key, wrapped_key, created_at) \
         SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM signing_keys WHERE purpose = $2)";
    let work = Work::begin_global(db).await?;
    work.query("SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))", &[]).await?;
    work.execute(SQL, &[&key.key_id, &key.purpose, &key.public_key, &key.wrapped_key, &key.created_at]).await?;
    work.commit().await
}

/// Adds a key of the organisation itself (`data` or `index_root`).
pub async fn insert_organization_key(
    work: &Work,
    kind: &str,
    version: i32,
    wrapped: &[u8],
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let sql = "INSERT INTO organization_keys (organization_id, kind, version, wrapped_key, created_at) VALUES ($1, $2, $3, $4, $5)";
    work.execute(sql, &[&work.organization().uuid(), &kind, &version, &wrapped, &at]).await?;
    Ok(())
}

/// The organisation's newest key of a kind.
pub async fn organization_key(work: &Work, kind: &str) -> Result<Option<(i32, Vec<u8>)>, DbError> {
    let sql = "SELECT version, wrapped_key FROM organization_keys WHERE organization_id = $1 AND kind = $2 ORDER BY version DESC LIMIT 1";
    Ok(work.query_opt(sql, &[&work.organization().uuid(), &kind]).await?.map(|row| (row.get(0), row.get(1))))
}

/// A bucket and the places taken in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketRow {
    /// Number of the bucket; 0 is the organisation's own.
    pub bucket: u16,
    /// The epoch in force.
    pub epoch: u32,
    /// Places handed out, of 256.
    pub reserved: i32,
}

pub(crate) fn bucket_row(row: &tokio_postgres::Row) -> Result<BucketRow, DbError> {
    let out_of_range = |_| DbError::Internal("bucket out of range".into());
    Ok(BucketRow {
        bucket: u16::try_from(row.get::<_, i32>(0)).map_err(out_of_range)?,
        epoch: u32::try_from(row.get::<_, i64>(1)).map_err(out_of_range)?,
        reserved: row.get(2),
    })
}

/// Takes up to `wanted` places in the fullest bucket that has any left; the count granted comes with it. `None` when all are full.
/// Bucket 0 is never used for customers.
pub async fn reserve_places(work: &Work, wanted: i32) -> Result<Option<(BucketRow, i32)>, DbError> {
    const SQL: &str = "WITH open AS (SELECT bucket, reserved FROM key_buckets WHERE organization_id = $1 AND bucket BETWEEN 1 AND 65534 AND reserved < 256 \
         ORDER BY reserved DESC, bucket LIMIT 1 FOR UPDATE SKIP LOCKED) \
         UPDATE key_buckets b SET reserved = least(256, open.reserved + $2) FROM open WHERE b.organization_id = $1 AND b.bucket = open.bucket \
         RETURNING b.bucket, b.epoch, b.reserved, b.reserved - open.reserved";
    match work.query_opt(SQL, &[&work.organization().uuid(), &wanted]).await? {
        None => Ok(None),
        Some(row) => Ok(Some((bucket_row(&row)?, row.get(3)))),
    }
}

/// The number after the highest bucket, serialised among instances until the transaction ends.
pub async fn next_bucket(work: &Work) -> Result<i32, DbError> {
    let organization = work.organization().uuid();
    work.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('bucket' || $1::text, 0))",
        &[&organization.to_string()],
    )
    .await?;
    Ok(work
        .query_one(
            "SELECT coalesce(max(bucket), -1) + 1 FROM key_buckets WHERE organization_id = $1 AND bucket < 65535",
            &[&organization],
        )
        .await?
        .get(0))
}

/// Adds a bucket whose key is already durable in the key store.
pub async fn insert_bucket(work: &Work, row: BucketRow, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql =
        "INSERT INTO key_buckets (organization_id, bucket, epoch, reserved, created_at) VALUES ($1, $2, $3, $4, $5)";
    work.execute(
        sql,
        &[&work.organization().uuid(), &i32::from(row.bucket), &i64::from(row.epoch), &row.reserved, &at],
    )
    .await?;
    Ok(())
}

/// Every bucket of the organisation.
pub async fn buckets(work: &Work) -> Result<Vec<BucketRow>, DbError> {
    let sql = "SELECT bucket, epoch, reserved FROM key_buckets WHERE organization_id = $1 ORDER BY bucket";
    work.query(sql, &[&work.organization().uuid()]).await?.iter().map(bucket_row).collect()
}

/// What a bucket's epoch is held by while something is wrapped under it. $1 organisation as text, $2 bucket.
const EPOCH_LOCK: &str = "hashtextextended('epoch' || $1 || '/' || b::text, 0)";

/// The epochs in force of these buckets; none of them changes until the transaction ends. One that does not exist is missing.
pub async fn hold_epochs(work: &Work, buckets: &[u16]) -> Result<Vec<(u16, u32)>, DbError> {
    const SQL: &str = "SELECT bucket, epoch, reserved FROM key_buckets WHERE organization_id = $1 AND bucket = ANY($2)";
    let lock = format!(
        "SELECT count(pg_advisory_xact_lock_shared({EPOCH_LOCK})) FROM (SELECT DISTINCT unnest($2::int[]) AS b ORDER BY 1) u"
    );
    let (organization, text) = (work.organization().uuid(), work.organization().to_string());
    let buckets: Vec<i32> = buckets.iter().map(|bucket| i32::from(*bucket)).collect();
    // Two statements: the second must see what was committed while the first one waited.
    let locking: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&text, &buckets];
    let reading: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&organization, &buckets];
    let (_, rows) = tokio::try_join!(biased; work.query(&lock, &locking), work.query(SQL, &reading))?;
    rows.iter().map(|row| bucket_row(row).map(|row| (row.bucket, row.epoch))).collect()
}

/// The epoch in force of a bucket; nobody wraps under it until the transaction ends.
pub async fn take_epoch(work: &Work, bucket: u16) -> Result<Option<u32>, DbError> {
    const SQL: &str = "SELECT bucket, epoch, reserved FROM key_buckets WHERE organization_id = $1 AND bucket = $2";
    let lock = format!("SELECT count(pg_advisory_xact_lock({EPOCH_LOCK})) FROM (SELECT $2::int AS b) u");
    let bucket = i32::from(bucket);
    work.query(&lock, &[&work.organization().to_string(), &bucket]).await?;
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &bucket]).await?;
    row.as_ref().map(|row| bucket_row(row).map(|row| row.epoch)).transpose()
}
