//! What the sweep looks through: every column of ids, every column of text, and the sealed values of everybody who stays.

use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::ErasureRow;
use super::pages::{Pages, quoted};
use crate::{DbError, Work};

/// A column of a table that belongs to organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The table.
    pub table: String,
    /// The column.
    pub name: String,
    /// Whether it holds several values.
    pub is_array: bool,
}

/// Columns of these types in every table with `organization_id`, as the database itself lists them. The log is left out: it holds ids by rule and is
/// far too large to be read through for each erasure.
async fn columns(work: &Work, types: &[&str]) -> Result<Vec<Column>, DbError> {
    const SQL: &str = "SELECT c.relname::text, a.attname::text, t.typname LIKE '\\_%' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid \
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE 'audit\\_%' AND t.typname = ANY($1) \
         AND a.attname <> 'organization_id' AND has_column_privilege(c.oid, a.attnum, 'SELECT') \
         AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id') ORDER BY 1, 2";
    let rows = work.query(SQL, &[&types]).await?;
    Ok(rows.iter().map(|row| Column { table: row.get(0), name: row.get(1), is_array: row.get(2) }).collect())
}

/// Every column that could name a customer by id.
pub async fn id_columns(work: &Work) -> Result<Vec<Column>, DbError> {
    columns(work, &["uuid", "_uuid"]).await
}

/// Every column that could hold text.
pub async fn text_columns(work: &Work) -> Result<Vec<Column>, DbError> {
    columns(work, &["text", "_text", "varchar", "_varchar", "json", "jsonb", "bpchar", "name"]).await
}

/// Which of these ids stand in a column, and how often.
pub async fn ids_in(work: &Work, column: &Column, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, DbError> {
    let (table, name) = (quoted(&column.table), quoted(&column.name));
    let sql = if column.is_array {
        format!(
            "SELECT u.id, count(*) FROM {table} t, unnest(t.{name}) AS u(id) WHERE t.organization_id = $1 AND t.{name} && $2 AND u.id = ANY($2) GROUP BY 1"
        )
    } else {
        format!(
            "SELECT t.{name}, count(*) FROM {table} t WHERE t.organization_id = $1 AND t.{name} = ANY($2) GROUP BY 1"
        )
    };
    let rows = work.query(&sql, &[&work.organization().uuid(), &ids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The next rows of a table, each as the text of these columns with a line break between them.
pub async fn text_rows(work: &Work, names: &[&str], pages: &mut Pages) -> Result<Vec<String>, DbError> {
    let parts: Vec<String> = names.iter().map(|name| format!("t.{}::text", quoted(name))).collect();
    let rows = pages.read(work, &format!("concat_ws(E'\\n', {})", parts.join(", "))).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Somebody who stays, with all that is sealed of them: as they are, and as they were.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// Who.
    pub id: CustomerId,
    /// Version of the data key.
    pub key_version: i32,
    /// The data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Packs of sealed values, the present one first.
    pub packs: Vec<Vec<u8>>,
    /// The versions that replaced the others, in their order.
    pub versions: Vec<i32>,
}

/// Some of those who stay, in the order of their ids.
pub async fn survivors(work: &Work, after: Uuid, limit: i64) -> Result<Vec<Survivor>, DbError> {
    const SQL: &str = "SELECT c.id, c.key_version, c.wrapped_key, ARRAY[c.fields] || ARRAY(SELECT v.previous_fields FROM customer_versions v \
         WHERE v.organization_id = $1 AND v.customer_id = c.id ORDER BY v.version DESC), \
         ARRAY(SELECT v.version FROM customer_versions v WHERE v.organization_id = $1 AND v.customer_id = c.id ORDER BY v.version DESC) \
         FROM customers c WHERE c.organization_id = $1 AND c.id > $2 AND c.wrapped_key <> '' ORDER BY c.id LIMIT $3";
    let rows = work.query(SQL, &[&work.organization().uuid(), &after, &limit]).await?;
    let survivor = |row: &Row| Survivor {
        id: CustomerId::from(row.get::<_, Uuid>(0)),
        key_version: row.get(1),
        wrapped_key: row.get(2),
        packs: row.get(3),
        versions: row.get(4),
    };
    Ok(rows.iter().map(survivor).collect())
}

/// Sealed values of something that hangs on a customer: as they are, or as they were.
#[derive(Clone, Debug)]
pub struct RecordPack {
    /// On whom.
    pub customer: Uuid,
    /// Its type.
    pub record_type: String,
    /// Its id.
    pub record: Uuid,
    /// The version that replaced these values; none for those of now.
    pub version: Option<i32>,
    /// The pack.
    pub fields: Vec<u8>,
}

/// Everything that hangs on these customers, past versions included.
pub async fn record_packs(work: &Work, customers: &[Uuid]) -> Result<Vec<RecordPack>, DbError> {
    const SQL: &str = "SELECT r.customer_id, r.record_type, r.id, p.version, p.fields FROM records r CROSS JOIN LATERAL (SELECT NULL::integer, r.fields UNION ALL \
         SELECT v.version, v.previous_fields FROM record_versions v WHERE v.organization_id = $1 AND v.customer_id = r.customer_id AND v.record_id = r.id) AS p(version, fields) \
         WHERE r.organization_id = $1 AND r.customer_id = ANY($2)";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customers]).await?;
    let pack = |row: &Row| RecordPack {
        customer: row.get(0),
        record_type: row.get(1),
        record: row.get(2),
        version: row.get(3),
        fields: row.get(4),
    };
    Ok(rows.iter().map(pack).collect())
}

/// Erasures that the sweep has not found clean yet, those that it has not looked at for longest first. Once it has looked, those whose last letter still waits
/// are left out: it would find that again each time.
pub async fn unswept(work: &Work, limit: i64) -> Result<Vec<ErasureRow>, DbError> {
    let sql = format!(
        "SELECT {} FROM erasures e WHERE e.organization_id = $1 AND e.state = 'erasing' AND NOT e.clean AND (e.sweep = '{{}}' OR NOT EXISTS (SELECT \
         FROM mail_outbox m WHERE m.organization_id = $1 AND m.customer_id = e.customer_id)) ORDER BY e.sweep->>'at' NULLS FIRST, e.id LIMIT $2",
        super::COLUMNS
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &limit]).await?;
    Ok(rows.iter().map(ErasureRow::from).collect())
}

/// Notes what the sweep found of one person. Once it found nothing, what was looked for is let go.
pub async fn note_swept(
    work: &Work,
    id: Uuid,
    sweep: &serde_json::Value,
    findings: &serde_json::Value,
    clean: bool,
) -> Result<(), DbError> {
    const SQL: &str = "UPDATE erasures SET sweep = $3, findings = $4, clean = $5, sealed_traces = CASE WHEN $5 THEN NULL ELSE sealed_traces END \
         WHERE organization_id = $1 AND id = $2 AND NOT clean";
    work.execute(SQL, &[&work.organization().uuid(), &id, sweep, findings, &clean]).await?;
    Ok(())
}

/// Erasures whose keys are destroyed and of whom nothing was found: the certificate may be given. Each is held until the transaction ends.
pub async fn certifiable(work: &Work, limit: i64) -> Result<Vec<ErasureRow>, DbError> {
    let sql = format!(
        "SELECT {} FROM erasures e WHERE e.organization_id = $1 AND e.state = 'erasing' AND e.clean AND e.destroyed_at IS NOT NULL \
         AND e.ledger_sequence IS NOT NULL ORDER BY e.id LIMIT $2 FOR UPDATE SKIP LOCKED",
        super::COLUMNS
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &limit]).await?;
    Ok(rows.iter().map(ErasureRow::from).collect())
}

/// Ends an erasure with its certificate.
pub async fn certify(work: &Work, id: Uuid, certificate: &str) -> Result<(), DbError> {
    let sql = "UPDATE erasures SET state = 'erased', certificate = $3 WHERE organization_id = $1 AND id = $2 AND certificate IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &id, &certificate]).await?;
    Ok(())
}

/// A key that was destroyed, as a certificate names it.
#[derive(Clone, Debug)]
pub struct DestroyedKey {
    /// Its bucket.
    pub bucket: i32,
    /// Its epoch.
    pub epoch: i64,
    /// Tells which key it was, and nothing of it.
    pub commitment: Vec<u8>,
    /// How many keys of others were rewrapped before.
    pub rewrapped: i64,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
}

/// The keys whose destruction made somebody unreadable in every copy: theirs, or where theirs did not open the one of each bucket that was in force.
pub async fn destroyed_keys(work: &Work, row: &ErasureRow) -> Result<Vec<DestroyedKey>, DbError> {
    const SQL: &str = "SELECT k.bucket, k.epoch, k.commitment, k.rewrapped, k.destroyed_at FROM key_epochs k WHERE k.organization_id = $1 \
         AND k.destroyed_at IS NOT NULL AND ((k.bucket = $2 AND k.epoch = $3) OR (k.bucket = 65535 AND k.epoch = $4) \
         OR ($2 IS NULL AND k.bucket BETWEEN 1 AND 65534 AND k.retired_at >= $5 AND NOT EXISTS (SELECT FROM key_epochs l WHERE l.organization_id = $1 \
         AND l.bucket = k.bucket AND l.epoch < k.epoch AND l.retired_at >= $5))) ORDER BY 1";
    let ErasureRow { bucket, epoch, passing_epoch, erased_at, .. } = row;
    let params: [&(dyn ToSql + Sync); 5] = [&work.organization().uuid(), bucket, epoch, passing_epoch, erased_at];
    let key = |row: &Row| DestroyedKey {
        bucket: row.get(0),
        epoch: row.get(1),
        commitment: row.get(2),
        rewrapped: row.get(3),
        at: row.get(4),
    };
    Ok(work.query(SQL, &params).await?.iter().map(key).collect())
}

/// The entry of the log that tells of an erasure.
pub async fn entry_of(work: &Work, customer: CustomerId) -> Result<Option<Uuid>, DbError> {
    const SQL: &str = "SELECT id FROM audit_entries WHERE organization_id = $1 AND customer_id = $2 AND action = 'erasures.erase' AND verdict = 'allowed' \
         ORDER BY id LIMIT 1";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok(row.map(|row| row.get(0)))
}
