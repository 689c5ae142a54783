//! Rows about nobody, each shown to one key alone.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::ApiKeyId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One of them.
#[derive(Clone, Debug)]
pub struct DecoyRow {
    /// Its id, as a customer's would be.
    pub id: Uuid,
    /// The key that it is shown to.
    pub key: ApiKeyId,
    /// Stage code.
    pub stage: Option<String>,
    /// ISO 3166-2.
    pub region: Option<String>,
    /// Its values, sealed.
    pub sealed: Vec<u8>,
    /// Since when it seems to be on file.
    pub at: DateTime<Utc>,
    /// When it was made up.
    pub made_at: DateTime<Utc>,
    /// When it was shown no more.
    pub retired_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "d.id, d.api_key_id, d.stage, d.region, d.sealed, d.at, d.made_at, d.retired_at";

impl From<&Row> for DecoyRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            key: ApiKeyId::from(row.get::<_, Uuid>(1)),
            stage: row.get(2),
            region: row.get(3),
            sealed: row.get(4),
            at: row.get(5),
            made_at: row.get(6),
            retired_at: row.get(7),
        }
    }
}

/// What a key is shown now.
pub async fn shown_to(work: &Work, key: ApiKeyId) -> Result<Option<DecoyRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM disclosure_decoys d WHERE d.organization_id = $1 AND d.api_key_id = $2 AND d.retired_at IS NULL"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &key.uuid()]).await?;
    Ok(row.as_ref().map(DecoyRow::from))
}

/// Adds one with the digests of its values; false when the key is shown one already.
pub async fn insert(work: &Work, row: &DecoyRow, tags: &[Vec<u8>]) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO disclosure_decoys (organization_id, id, api_key_id, stage, region, sealed, at, made_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization_id, api_key_id) WHERE retired_at IS NULL DO NOTHING";
    const VALUES: &str = "INSERT INTO disclosure_decoy_values (organization_id, tag, decoy_id) SELECT DISTINCT $1::uuid, t, $3::uuid FROM unnest($2::bytea[]) t";
    let DecoyRow { id, key, stage, region, sealed, at, made_at, retired_at: _ } = row;
    let organization = work.organization().uuid();
    let added = work.execute(SQL, &[&organization, id, &key.uuid(), stage, region, sealed, at, made_at]).await?;
    if added == 1 {
        work.execute(VALUES, &[&organization, &tags, id]).await?;
    }
    Ok(added == 1)
}

/// Shows it to its key no more; false where the key was never shown it.
pub async fn retire(work: &Work, key: ApiKeyId, id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE disclosure_decoys SET retired_at = coalesce(retired_at, clock_timestamp()) \
         WHERE organization_id = $1 AND id = $2 AND api_key_id = $3";
    Ok(work.execute(SQL, &[&work.organization().uuid(), &id, &key.uuid()]).await? == 1)
}

/// The one that a value stands in alone, by its digest.
pub async fn by_value(work: &Work, tag: &[u8]) -> Result<Option<DecoyRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM disclosure_decoy_values v JOIN disclosure_decoys d ON d.organization_id = v.organization_id AND d.id = v.decoy_id \
         WHERE v.organization_id = $1 AND v.tag = $2"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &tag]).await?;
    Ok(row.as_ref().map(DecoyRow::from))
}

/// Whether at least so many people are on file.
pub async fn are_many(work: &Work, many: i64) -> Result<bool, DbError> {
    const SQL: &str = "SELECT count(*) >= $2 FROM (SELECT FROM customers WHERE organization_id = $1 AND archived_at IS NULL LIMIT $2) s";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &many]).await?.get(0))
}

/// The id of somebody who is on file, of those who were entered at or after the moment of an id, or else of the first.
pub async fn somebody(work: &Work, from: Uuid) -> Result<Option<Uuid>, DbError> {
    const SQL: &str = "SELECT coalesce((SELECT id FROM customers WHERE organization_id = $1 AND archived_at IS NULL AND id >= $2 ORDER BY id LIMIT 1), \
         (SELECT id FROM customers WHERE organization_id = $1 AND archived_at IS NULL ORDER BY id LIMIT 1))";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &from]).await?.get(0))
}

/// The ids of the first and of the last customer.
pub async fn first_and_last(work: &Work) -> Result<Option<(Uuid, Uuid)>, DbError> {
    const SQL: &str = "SELECT (SELECT id FROM customers WHERE organization_id = $1 AND archived_at IS NULL ORDER BY id LIMIT 1), \
         (SELECT id FROM customers WHERE organization_id = $1 AND archived_at IS NULL ORDER BY id DESC LIMIT 1)";
    let row = work.query_one(SQL, &[&work.organization().uuid()]).await?;
    Ok(row.get::<_, Option<Uuid>>(0).zip(row.get(1)))
}
