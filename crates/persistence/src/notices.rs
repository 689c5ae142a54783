//! Notices, each row a version, and the record of whom they were shown to.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One version of a notice.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    /// The version's own id.
    pub id: Uuid,
    /// What all versions share.
    pub code: String,
    /// 1 for the first.
    pub version: i32,
    /// `draft`, `published` or `superseded`.
    pub state: String,
    /// Counts changes of this row.
    pub revision: i32,
    /// Codes of the purposes that it tells of.
    pub purposes: Vec<String>,
    /// The data does not come from the person.
    pub from_others: bool,
    /// The texts, as the use cases serialise them.
    pub texts: Value,
    /// Its publication made consents need renewal.
    pub material: bool,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// By whom.
    pub published_by: Option<Uuid>,
}

impl From<&Row> for NoticeRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            code: row.get(1),
            version: row.get(2),
            state: row.get(3),
            revision: row.get(4),
            purposes: row.get(5),
            from_others: row.get(6),
            texts: row.get(7),
            material: row.get(8),
            created_at: row.get(9),
            created_by: row.get(10),
            published_at: row.get(11),
            published_by: row.get(12),
        }
    }
}

/// One showing.
#[derive(Clone, Debug)]
pub struct ShowingRow {
    /// Its id.
    pub id: Uuid,
    /// To whom.
    pub customer: Uuid,
    /// In which language.
    pub language: String,
    /// Where.
    pub channel: String,
    /// Digest of the text that was shown.
    pub sha256: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind of who recorded it.
    pub by_kind: String,
    /// Who recorded it.
    pub by: Uuid,
}

const COLUMNS: &str = "id, code, version, state, revision, purposes, from_others, texts, material, created_at, created_by, published_at, published_by";

/// A version that people were, or are, told.
#[derive(Clone, Debug)]
pub struct ToldRow {
    /// The version's own id.
    pub id: Uuid,
    /// 1 for the first.
    pub version: i32,
    /// Codes of the purposes that it tells of.
    pub purposes: Vec<String>,
    /// Consents under versions of this notice before this one need renewal.
    pub oldest_valid: Option<i32>,
    /// Codes of those of its purposes that have become others since its words were published: it tells of what they were.
    pub changed_since: Vec<String>,
}

/// Whether `n` tells of what the purpose `told.code` was before it last became another: it was published before, or says in one of its languages,
/// word for word, what a version in force at that moment said of it. Nobody who reads that language was told. A draft is taken for published now.
const OUTDATED: &str = "EXISTS (SELECT FROM (SELECT r.at FROM purpose_renewals r WHERE r.organization_id = $1 AND r.code = told.code AND r.cause = 'purpose' \
     ORDER BY r.at DESC LIMIT 1) changed WHERE changed.at > n.published_at OR EXISTS (SELECT FROM notices b WHERE b.organization_id = $1 \
     AND told.code = ANY(b.purposes) AND b.published_at < changed.at AND NOT EXISTS (SELECT FROM notices c WHERE c.organization_id = $1 AND c.code = b.code \
     AND c.version > b.version AND c.published_at < changed.at) AND EXISTS (SELECT FROM jsonb_each(n.texts) said(language, content) \
     WHERE b.texts #>> ARRAY[said.language, 'sha256'] = said.content ->> 'sha256')))";

/// What people are told by these versions; a draft tells nobody anything.
pub async fn told(work: &Work, ids: &[Uuid]) -> Result<Vec<ToldRow>, DbError> {
    let sql = format!(
        "SELECT n.id, n.version, n.purposes, (SELECT max(m.version) FROM notices m WHERE m.organization_id = $1 AND m.code = n.code AND m.material \
         AND m.state <> 'draft'), ARRAY(SELECT told.code FROM unnest(n.purposes) told(code) WHERE {OUTDATED}) \
         FROM notices n WHERE n.organization_id = $1 AND n.id = ANY($2) AND n.state <> 'draft'"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &ids]).await?;
    let read = |row: &Row| ToldRow {
        id: row.get(0),
        version: row.get(1),
        purposes: row.get(2),
        oldest_valid: row.get(3),
        changed_since: row.get(4),
    };
    Ok(rows.iter().map(read).collect())
}

/// For each purpose the published version that tells of the fewest others, and of those the newest: what somebody is to read before they agree.
/// One that tells of what the purpose was before it became another is none of them.
pub async fn to_agree_under(work: &Work) -> Result<Vec<(String, Uuid)>, DbError> {
    let sql = format!(
        "SELECT DISTINCT ON (told.code) told.code, n.id FROM notices n, unnest(n.purposes) told(code) \
         WHERE n.organization_id = $1 AND n.state = 'published' AND NOT {OUTDATED} \
         ORDER BY told.code, cardinality(n.purposes), n.published_at DESC, n.id DESC"
    );
    let rows = work.query(&sql, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Codes of the purposes that would be told of as they are now once this draft is published: by it, or by another notice in force.
pub async fn covered_with(work: &Work, draft: &NoticeRow) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "SELECT DISTINCT told.code FROM notices n, unnest(n.purposes) told(code) WHERE n.organization_id = $1 \
         AND (n.id = $2 OR (n.state = 'published' AND n.code <> $3)) AND NOT {OUTDATED}"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &draft.id, &draft.code]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Adds a draft. [`DbError::Conflict`] when the code has one.
pub async fn insert(work: &Work, row: &NoticeRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO notices (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    let NoticeRow { id, code, version, state, revision, purposes, from_others, texts, material, .. } = row;
    let NoticeRow { created_at, created_by, published_at, published_by, .. } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 14] = [
        &organization,
        id,
        code,
        version,
        state,
        revision,
        purposes,
        from_others,
        texts,
        material,
        created_at,
        created_by,
        published_at,
        published_by,
    ];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Stores what a version has become.
pub async fn update(work: &Work, row: &NoticeRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE notices SET state = $3, revision = $4, purposes = $5, from_others = $6, texts = $7, material = $8, published_at = $9, \
         published_by = $10 WHERE organization_id = $1 AND id = $2";
    let NoticeRow { id, state, revision, purposes, from_others, texts, material, published_at, published_by, .. } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 10] =
        [&organization, id, state, revision, purposes, from_others, texts, material, published_at, published_by];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One version.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<NoticeRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM notices WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(NoticeRow::from))
}

/// Every version of a code, newest first, held against every other change until the transaction ends.
pub async fn lock_all(work: &Work, code: &str) -> Result<Vec<NoticeRow>, DbError> {
    let organization = work.organization().uuid();
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.notices:' || $1 || ':' || $2, 0))";
    work.query(lock, &[&organization.to_string(), &code]).await?;
    let sql = format!("SELECT {COLUMNS} FROM notices WHERE organization_id = $1 AND code = $2 ORDER BY version DESC");
    Ok(work.query(&sql, &[&organization, &code]).await?.iter().map(NoticeRow::from).collect())
}

/// Every version in order of code, newest first; of one code or state if given.
pub async fn list(work: &Work, code: Option<&str>, state: Option<&str>) -> Result<Vec<NoticeRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notices WHERE organization_id = $1 AND ($2::text IS NULL OR code = $2) AND ($3::text IS NULL OR state = $3) \
         ORDER BY code, version DESC"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &code, &state]).await?;
    Ok(rows.iter().map(NoticeRow::from).collect())
}

/// Records that a notice was shown.
pub async fn insert_showing(work: &Work, notice: Uuid, row: &ShowingRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO notice_showings (organization_id, id, notice_id, customer_id, language, channel, sha256, at, by_kind, by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let ShowingRow { id, customer, language, channel, sha256, at, by_kind, by } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 10] =
        [&organization, id, &notice, customer, language, channel, sha256, at, by_kind, by];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// A page of the showings of a notice, newest first; to one customer if given.
pub async fn showings(
    work: &Work,
    notice: Uuid,
    customer: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ShowingRow>, DbError> {
    const SQL: &str = "SELECT id, customer_id, language, channel, sha256, at, by_kind, by_id FROM notice_showings \
         WHERE organization_id = $1 AND notice_id = $2 AND ($3::uuid IS NULL OR customer_id = $3) AND ($4::uuid IS NULL OR id < $4) \
         ORDER BY id DESC LIMIT $5";
    let rows = work.query(SQL, &[&work.organization().uuid(), &notice, &customer, &before, &limit]).await?;
    let read = |row: &Row| ShowingRow {
        id: row.get(0),
        customer: row.get(1),
        language: row.get(2),
        channel: row.get(3),
        sha256: row.get(4),
        at: row.get(5),
        by_kind: row.get(6),
        by: row.get(7),
    };
    Ok(rows.iter().map(read).collect())
}
