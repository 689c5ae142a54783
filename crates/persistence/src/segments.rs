//! Filters that are kept, and how each person likes to see their list.

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::kernel::CustomerId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::customers::{Consents, CustomerRow, Filter, Where, by_ids};
use crate::{DbError, Work};

type Param<'a> = &'a (dyn ToSql + Sync);

/// One segment.
#[derive(Clone, Debug)]
pub struct SegmentRow {
    /// Its id.
    pub id: Uuid,
    /// Who made it; nobody else sees it unless it is shared.
    pub owner: Uuid,
    /// Whether colleagues see it.
    pub shared: bool,
    /// What people call it.
    pub name: String,
    /// What stands beside the fields, as the use cases serialise it.
    pub filter: Value,
    /// Values looked for, by field and kind of search.
    pub terms: Value,
    /// The tier of those who match.
    pub tier: Option<Value>,
    /// Counts changes.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
    /// When its rule works by itself next.
    pub next_run_at: Option<DateTime<Utc>>,
    /// What came of it last.
    pub last_run: Option<Value>,
}

/// With whose rights a rule works by itself, and by which job.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// The job.
    pub job: Uuid,
    /// Whose rights.
    pub by: Uuid,
    /// The session that it was said in.
    pub session: Uuid,
    /// Code of the purpose that was named then.
    pub purpose: Option<String>,
    /// When it works next.
    pub next_run_at: DateTime<Utc>,
}

const READ: &str = "id, owner_id, shared, name, filter, terms, tier, version, created_at, updated_at, updated_by, next_run_at, last_run";
const COLUMNS: &str = "id, owner_id, shared, name, filter, terms, tier, version, created_at, updated_at, updated_by";

impl From<&Row> for SegmentRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            owner: row.get(1),
            shared: row.get(2),
            name: row.get(3),
            filter: row.get(4),
            terms: row.get(5),
            tier: row.get(6),
            version: row.get(7),
            created_at: row.get(8),
            updated_at: row.get(9),
            updated_by: row.get(10),
            next_run_at: row.get(11),
            last_run: row.get(12),
        }
    }
}

/// A page of the segments that this person sees, oldest first.
pub async fn list(work: &Work, user: Uuid, after: Option<Uuid>, limit: i64) -> Result<Vec<SegmentRow>, DbError> {
    let sql = format!(
        "SELECT {READ} FROM segments WHERE organization_id = $1 AND (shared OR owner_id = $2) AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &user, &after, &limit]).await?;
    Ok(rows.iter().map(SegmentRow::from).collect())
}

/// How many segments of their own somebody has.
pub async fn count_of(work: &Work, user: Uuid) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM segments WHERE organization_id = $1 AND owner_id = $2";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &user]).await?.get(0))
}

/// One segment that this person sees.
pub async fn find(work: &Work, user: Uuid, id: Uuid) -> Result<Option<SegmentRow>, DbError> {
    one(work, user, id, "").await
}

/// The same, held until the transaction ends.
pub async fn lock(work: &Work, user: Uuid, id: Uuid) -> Result<Option<SegmentRow>, DbError> {
    one(work, user, id, " FOR UPDATE").await
}

async fn one(work: &Work, user: Uuid, id: Uuid, mode: &str) -> Result<Option<SegmentRow>, DbError> {
    let sql = format!(
        "SELECT {READ} FROM segments WHERE organization_id = $1 AND id = $3 AND (shared OR owner_id = $2){mode}"
    );
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &user, &id]).await?.as_ref().map(SegmentRow::from))
}

/// Stores a segment, new or changed.
pub async fn put(work: &Work, row: &SegmentRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO segments (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (organization_id, id) DO UPDATE SET shared = $4, name = $5, filter = $6, terms = $7, tier = $8, version = $9, updated_at = $11, updated_by = $12"
    );
    let SegmentRow {
        id, owner, shared, name, filter, terms, tier, version, created_at, updated_at, updated_by, ..
    } = row;
    let organization = work.organization().uuid();
    let params: [Param<'_>; 12] =
        [&organization, id, owner, shared, name, filter, terms, tier, version, created_at, updated_at, updated_by];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Says that a rule works by itself, or does not.
pub async fn set_schedule(work: &Work, id: Uuid, scheduled: Option<&Scheduled>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE segments SET schedule_job = $3, scheduled_by = $4, scheduled_session = $5, scheduled_purpose = $6, next_run_at = $7, \
         last_run = CASE WHEN $3::uuid IS NULL THEN NULL ELSE last_run END WHERE organization_id = $1 AND id = $2";
    let part = |of: fn(&Scheduled) -> Uuid| scheduled.map(of);
    let (job, by, session) = (part(|one| one.job), part(|one| one.by), part(|one| one.session));
    let purpose = scheduled.and_then(|one| one.purpose.clone());
    let next = scheduled.map(|one| one.next_run_at);
    work.execute(SQL, &[&work.organization().uuid(), &id, &job, &by, &session, &purpose, &next]).await?;
    Ok(())
}

/// The segment whose rule a job applies, held until the transaction ends; nothing where the rule does not work by itself any more.
pub async fn lock_scheduled(work: &Work, job: Uuid) -> Result<Option<(SegmentRow, Scheduled)>, DbError> {
    let sql = format!(
        "SELECT {READ}, schedule_job, scheduled_by, scheduled_session, scheduled_purpose FROM segments WHERE organization_id = $1 AND schedule_job = $2 FOR UPDATE"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &job]).await?;
    Ok(row.map(|row| {
        let segment = SegmentRow::from(&row);
        let next_run_at = segment.next_run_at.unwrap_or(segment.updated_at);
        let scheduled =
            Scheduled { job: row.get(13), by: row.get(14), session: row.get(15), purpose: row.get(16), next_run_at };
        (segment, scheduled)
    }))
}

/// Notes what came of a run, and when the next one is; none where there is to be none.
pub async fn note_run(work: &Work, id: Uuid, told: &Value, next: Option<DateTime<Utc>>) -> Result<(), DbError> {
    let sql = "UPDATE segments SET last_run = $3, next_run_at = $4 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, told, &next]).await?;
    Ok(())
}

/// Takes a segment away.
pub async fn delete(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM segments WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// Who is counted: those who match inside the scope.
#[derive(Clone, Debug)]
pub struct Among {
    /// The scope.
    pub scope: RowScope,
    /// The filter.
    pub filter: Filter,
    /// Those alone whose processing is not restricted.
    pub unrestricted: bool,
}

impl Among {
    /// `FROM .. WHERE ..`.
    fn clause(&self, matching: &Where) -> String {
        let open = if self.unrestricted { " AND NOT c.restricted" } else { "" };
        format!("FROM {} WHERE {}{open}", matching.from, matching.sql)
    }
}

/// How many there are.
pub async fn count(work: &Work, among: &Among) -> Result<i64, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(&among.scope, &among.filter, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    matching.push_params(&among.filter, &mut params);
    let sql = format!("SELECT count(*) {}", among.clause(&matching));
    Ok(work.query_one(&sql, &params).await?.get(0))
}

/// Those of them who do not carry this tag, by id, after the last of the page before.
pub async fn without_tag(
    work: &Work,
    among: &Among,
    tag: &[u8; 16],
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CustomerRow>, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(&among.scope, &among.filter, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    matching.push_params(&among.filter, &mut params);
    let (n, tag) = (params.len(), tag.to_vec());
    params.extend([&tag as Param<'_>, &after, &limit]);
    let sql = format!(
        "SELECT c.id {} AND NOT EXISTS (SELECT FROM blind_indexes b WHERE b.organization_id = $1 AND b.tag = ${} AND b.customer_id = c.id) \
         AND (${}::uuid IS NULL OR c.id > ${}) ORDER BY c.id LIMIT ${}",
        among.clause(&matching),
        n + 1,
        n + 2,
        n + 2,
        n + 3
    );
    let found = work.query(&sql, &params).await?;
    let ids: Vec<CustomerId> = found.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect();
    let mut rows = by_ids(work, &ids, Consents::Unwanted).await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// Those of these customers who are among them.
pub async fn members(work: &Work, among: &Among, ids: &[Uuid]) -> Result<Vec<CustomerId>, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(&among.scope, &among.filter, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    matching.push_params(&among.filter, &mut params);
    params.push(&ids);
    let sql = format!("SELECT c.id {} AND c.id = ANY(${}) ORDER BY c.id", among.clause(&matching), params.len());
    let found = work.query(&sql, &params).await?;
    Ok(found.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// How somebody likes to see their list.
#[derive(Clone, Debug)]
pub struct ViewRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub owner: Uuid,
    /// What they call it.
    pub name: String,
    /// Keys of the fields, in order.
    pub columns: Vec<String>,
    /// As in the list's `sort`.
    pub sort: String,
    /// What stands beside the fields.
    pub filter: Value,
    /// Values looked for.
    pub terms: Value,
    /// Counts changes.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

const VIEW: &str = "id, owner_id, name, columns, sort, filter, terms, version, created_at, updated_at";

impl From<&Row> for ViewRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            owner: row.get(1),
            name: row.get(2),
            columns: row.get(3),
            sort: row.get(4),
            filter: row.get(5),
            terms: row.get(6),
            version: row.get(7),
            created_at: row.get(8),
            updated_at: row.get(9),
        }
    }
}

/// Every view of a person, oldest first.
pub async fn views_of(work: &Work, owner: Uuid) -> Result<Vec<ViewRow>, DbError> {
    let sql = format!("SELECT {VIEW} FROM views WHERE organization_id = $1 AND owner_id = $2 ORDER BY id");
    Ok(work.query(&sql, &[&work.organization().uuid(), &owner]).await?.iter().map(ViewRow::from).collect())
}

/// One view of a person, held until the transaction ends.
pub async fn lock_view(work: &Work, owner: Uuid, id: Uuid) -> Result<Option<ViewRow>, DbError> {
    let sql = format!("SELECT {VIEW} FROM views WHERE organization_id = $1 AND owner_id = $2 AND id = $3 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &owner, &id]).await?.as_ref().map(ViewRow::from))
}

/// Stores a view, new or changed.
pub async fn put_view(work: &Work, row: &ViewRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO views (organization_id, {VIEW}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (organization_id, id) DO UPDATE SET name = $4, columns = $5, sort = $6, filter = $7, terms = $8, version = $9, updated_at = $11"
    );
    let ViewRow { id, owner, name, columns, sort, filter, terms, version, created_at, updated_at } = row;
    let organization = work.organization().uuid();
    let params: [Param<'_>; 11] =
        [&organization, id, owner, name, columns, sort, filter, terms, version, created_at, updated_at];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Takes a view away.
pub async fn delete_view(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM views WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}
