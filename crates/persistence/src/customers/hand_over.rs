//! Customers of one person for another, many at a time.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, DepartmentId, JobId, SessionId, UserId};
use uuid::Uuid;

use super::{COLUMNS, CustomerRow, SealedFields};
use crate::{DbError, Work};

/// Who hands what to whom.
#[derive(Clone, Copy, Debug)]
pub struct HandOver {
    /// Whose the customers become; nobody's where they go to a department alone.
    pub to: Option<UserId>,
    /// The department that they go to.
    pub department: Option<DepartmentId>,
    /// Who does it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// The next customers of a person, at most so many, held until the transaction ends.
pub async fn lock_owned(work: &Work, owner: UserId, limit: i64) -> Result<Vec<CustomerRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.archived_at IS NULL ORDER BY c.id LIMIT $3 FOR UPDATE"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &owner.uuid(), &limit]).await?;
    Ok(rows.iter().map(CustomerRow::from).collect())
}

/// Hands held customers over, each with its values packed for its next version, and keeps what that version replaces.
pub async fn hand_over(work: &Work, packs: &[(CustomerId, SealedFields)], hand: &HandOver) -> Result<(), DbError> {
    const SQL: &str = "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::bytea[]) AS g(id, fields)), \
         kept AS (INSERT INTO customer_versions (organization_id, customer_id, version, changed_at, changed_by, actor_kind, changed_fields, previous, previous_fields) \
         SELECT c.organization_id, c.id, c.version + 1, $6::timestamptz, $7::uuid, 'staff', \
         array_remove(ARRAY[CASE WHEN c.owner_id IS DISTINCT FROM $4::uuid THEN 'owner_id' END, CASE WHEN c.department_id IS DISTINCT FROM $5::uuid THEN 'department_id' END], NULL), \
         jsonb_build_object('stage', c.stage, 'source', c.source, 'region', c.region, 'owner_id', c.owner_id, 'department_id', c.department_id), ''::bytea \
         FROM customers c JOIN given g ON g.id = c.id WHERE c.organization_id = $1) \
         UPDATE customers c SET owner_id = $4::uuid, department_id = $5::uuid, version = c.version + 1, updated_at = $6::timestamptz, \
         updated_by = $7::uuid, fields = g.fields FROM given g WHERE c.organization_id = $1 AND c.id = g.id";
    let ids: Vec<Uuid> = packs.iter().map(|(id, _)| id.uuid()).collect();
    let fields: Vec<&[u8]> = packs.iter().map(|(_, fields)| fields.packed()).collect();
    let HandOver { to, department, by, at } = hand;
    let (to, department) = (to.map(|to| to.uuid()), department.map(|d| d.uuid()));
    work.execute(SQL, &[&work.organization().uuid(), &ids, &fields, &to, &department, at, by]).await?;
    Ok(())
}

/// A hand-over that goes on in a job.
#[derive(Clone, Debug)]
pub struct HandOverRow {
    /// The job.
    pub id: JobId,
    /// Whose they become.
    pub owner: Option<UserId>,
    /// The department that they go to.
    pub department: Option<DepartmentId>,
    /// Whether what is due on them goes along.
    pub follow_ups: bool,
    /// Why, sealed.
    pub sealed_reason: Vec<u8>,
    /// Those who wait.
    pub customers: Vec<Uuid>,
    /// Handed over, left as they were, records along with them, skipped.
    pub counts: [i32; 4],
    /// Who asked for it.
    pub created_by: UserId,
    /// In which session.
    pub session: SessionId,
}

/// Adds a hand-over.
pub async fn insert_hand_over(work: &Work, row: &HandOverRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO hand_overs (organization_id, id, owner_id, department_id, follow_ups, sealed_reason, customer_ids, created_by, session_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let HandOverRow { id, owner, department, follow_ups, sealed_reason, customers, counts: _, created_by, session } =
        row;
    let (owner, department) = (owner.map(|id| id.uuid()), department.map(|id| id.uuid()));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
        &work.organization().uuid(),
        &id.uuid(),
        &owner,
        &department,
        follow_ups,
        sealed_reason,
        customers,
        &created_by.uuid(),
        &session.uuid(),
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// A hand-over, held until the transaction ends.
pub async fn lock_hand_over(work: &Work, id: JobId) -> Result<Option<HandOverRow>, DbError> {
    const SQL: &str = "SELECT owner_id, department_id, follow_ups, sealed_reason, customer_ids, handed_over, unchanged, records, skipped, created_by, session_id \
         FROM hand_overs WHERE organization_id = $1 AND id = $2 FOR UPDATE";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| HandOverRow {
        id,
        owner: row.get::<_, Option<Uuid>>(0).map(UserId::from),
        department: row.get::<_, Option<Uuid>>(1).map(DepartmentId::from),
        follow_ups: row.get(2),
        sealed_reason: row.get(3),
        customers: row.get(4),
        counts: [row.get(5), row.get(6), row.get(7), row.get(8)],
        created_by: UserId::from(row.get::<_, Uuid>(9)),
        session: SessionId::from(row.get::<_, Uuid>(10)),
    }))
}

/// Notes who waits still, and what was done.
pub async fn note_hand_over(work: &Work, id: JobId, waiting: &[Uuid], counts: [i32; 4]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE hand_overs SET customer_ids = $3, handed_over = $4, unchanged = $5, records = $6, skipped = $7 \
         WHERE organization_id = $1 AND id = $2";
    let [handed, unchanged, records, skipped] = counts;
    work.execute(SQL, &[&work.organization().uuid(), &id.uuid(), &waiting, &handed, &unchanged, &records, &skipped])
        .await?;
    Ok(())
}
