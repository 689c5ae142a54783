//! Access requests, their decisions, and what comes of them.

mod grants;
mod policies;
mod staffing;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, UserId};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use grants::{
    GrantFilter, GrantRow, Held, HeldGrant, begin_holding, find_grant, grants_in_force, grants_of, held_locked,
    insert_grant, list_grants, lock_grant, naming, note_use, revoke_grant, revoke_grants_of,
};
pub(crate) use grants::{HELD_PAIRS, held_rows};
pub use policies::{PolicyRow, delete_policy, find_policy, insert_policy, list_policies, lock_policy, update_policy};
pub use staffing::{
    DelegationRow, StaffRow, delegations, end_delegation, end_delegations_of, insert_delegation, list_delegations,
    staff,
};

use crate::{DbError, Work};

/// One request.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Its id, and that of the job that watches its times.
    pub id: Uuid,
    /// `fields`, `emergency` or `export`.
    pub kind: String,
    /// Where it stands by the database's clock.
    pub state: String,
    /// Who asks.
    pub requester: UserId,
    /// Keys of the fields.
    pub fields: Vec<String>,
    /// The closest guarded of them.
    pub classification: String,
    /// How many customers.
    pub customer_count: i32,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Why; sealed under the organisation's data key.
    pub sealed_reason: Vec<u8>,
    /// How long the right lasts, in minutes.
    pub duration_minutes: i32,
    /// The policy; `None` for the one that the product brings.
    pub policy: Option<Uuid>,
    /// Its steps as they were then.
    pub steps: Value,
    /// How many of them were approved.
    pub step: i32,
    /// When the present one began.
    pub step_started_at: DateTime<Utc>,
    /// Whether those it escalates to were told.
    pub escalated: bool,
    /// A request that is still pending then has lapsed.
    pub lapses_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ended; `None` as long as something of it is to come.
    pub closed_at: Option<DateTime<Utc>>,
}

/// Where a request stands by the database's clock, whether its job has looked at it yet or not.
const STATE: &str = "CASE WHEN r.state = 'pending' AND r.lapses_at <= clock_timestamp() THEN 'lapsed' \
     WHEN r.state = 'approved' AND EXISTS (SELECT FROM access_grants e WHERE e.organization_id = r.organization_id AND e.request_id = r.id \
         AND e.ends_at <= clock_timestamp()) THEN 'expired' ELSE r.state END";

const REST: &str = "r.requester_id, r.fields, r.classification, r.customer_count, r.purpose, r.sealed_reason, r.duration_minutes, \
     r.policy_id, r.steps, r.step, r.step_started_at, r.escalated, r.lapses_at, r.created_at, r.closed_at";

fn columns() -> String {
    format!("r.id, r.kind, {STATE}, {REST}")
}

impl From<&Row> for RequestRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            kind: row.get(1),
            state: row.get(2),
            requester: UserId::from(row.get::<_, Uuid>(3)),
            fields: row.get(4),
            classification: row.get(5),
            customer_count: row.get(6),
            purpose: row.get(7),
            sealed_reason: row.get(8),
            duration_minutes: row.get(9),
            policy: row.get(10),
            steps: row.get(11),
            step: row.get(12),
            step_started_at: row.get(13),
            escalated: row.get(14),
            lapses_at: row.get(15),
            created_at: row.get(16),
            closed_at: row.get(17),
        }
    }
}

/// One decision about a step.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// The step, from 0.
    pub step: i32,
    /// Who decided.
    pub approver: Uuid,
    /// For whom.
    pub on_behalf_of: Option<Uuid>,
    /// `approve` or `deny`.
    pub decision: String,
    /// A word about it; sealed under the organisation's data key.
    pub sealed_comment: Option<Vec<u8>>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// Adds a request.
pub async fn insert(work: &Work, row: &RequestRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO access_requests (organization_id, id, kind, state, requester_id, fields, classification, customer_count, purpose, \
         sealed_reason, duration_minutes, policy_id, steps, step, step_started_at, escalated, lapses_at, created_at, closed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let (organization, requester) = (work.organization().uuid(), row.requester.uuid());
    let params: [&(dyn ToSql + Sync); 19] = [
        &organization,
        &row.id,
        &row.kind,
        &row.state,
        &requester,
        &row.fields,
        &row.classification,
        &row.customer_count,
        &row.purpose,
        &row.sealed_reason,
        &row.duration_minutes,
        &row.policy,
        &row.steps,
        &row.step,
        &row.step_started_at,
        &row.escalated,
        &row.lapses_at,
        &row.created_at,
        &row.closed_at,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Adds the customers that a request names.
pub async fn insert_customers(work: &Work, id: Uuid, customers: &[Uuid]) -> Result<(), DbError> {
    let sql = "INSERT INTO access_request_customers (organization_id, request_id, customer_id) SELECT $1, $2, * FROM unnest($3::uuid[])";
    work.execute(sql, &[&work.organization().uuid(), &id, &customers]).await?;
    Ok(())
}

/// One request.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<RequestRow>, DbError> {
    let columns = columns();
    let sql = format!("SELECT {columns} FROM access_requests r WHERE r.organization_id = $1 AND r.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(RequestRow::from))
}

/// Those of these requests that there are.
pub async fn by_ids(work: &Work, ids: &[Uuid]) -> Result<Vec<RequestRow>, DbError> {
    let columns = columns();
    let sql = format!("SELECT {columns} FROM access_requests r WHERE r.organization_id = $1 AND r.id = ANY($2)");
    Ok(work.query(&sql, &[&work.organization().uuid(), &ids]).await?.iter().map(RequestRow::from).collect())
}

/// One request, held until the transaction ends: of decisions at once each sees what the one before it made.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<RequestRow>, DbError> {
    let columns = columns();
    let sql =
        format!("SELECT {columns} FROM access_requests r WHERE r.organization_id = $1 AND r.id = $2 FOR UPDATE OF r");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(RequestRow::from))
}

/// Which requests are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this requester.
    pub requester: Option<Uuid>,
    /// Made by this person, or decided by them.
    pub concerning: Option<Uuid>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of requests, newest first.
pub async fn list(work: &Work, filter: &RequestFilter, limit: i64) -> Result<Vec<RequestRow>, DbError> {
    let columns = columns();
    let sql = format!(
        "SELECT {columns} FROM access_requests r WHERE r.organization_id = $1 AND ($2::text IS NULL OR {STATE} = $2) AND ($3::text IS NULL OR r.kind = $3) \
         AND ($4::uuid IS NULL OR r.requester_id = $4) AND ($5::uuid IS NULL OR r.requester_id = $5 OR EXISTS (SELECT FROM access_request_decisions d \
             WHERE d.organization_id = $1 AND d.request_id = r.id AND (d.approver_id = $5 OR d.on_behalf_of = $5))) \
         AND ($6::uuid IS NULL OR r.id < $6) ORDER BY r.id DESC LIMIT $7"
    );
    let RequestFilter { state, kind, requester, concerning, before } = filter;
    let params: [&(dyn ToSql + Sync); 7] =
        [&work.organization().uuid(), state, kind, requester, concerning, before, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(RequestRow::from).collect())
}

/// Whether an emergency of this person should have been reviewed by now, and was not.
pub async fn review_overdue(work: &Work, requester: UserId) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM access_requests r WHERE r.organization_id = $1 AND r.requester_id = $2 AND r.kind = 'emergency' \
         AND r.lapses_at <= clock_timestamp() AND NOT EXISTS (SELECT FROM access_request_decisions d WHERE d.organization_id = $1 AND d.request_id = r.id))";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &requester.uuid()]).await?.get(0))
}

/// Requests that wait for somebody, and emergencies that nobody has reviewed, newest first.
pub async fn pending(work: &Work, limit: i64) -> Result<Vec<RequestRow>, DbError> {
    let columns = columns();
    let sql = format!(
        "SELECT {columns} FROM access_requests r WHERE r.organization_id = $1 AND ((r.state = 'pending' AND r.lapses_at > clock_timestamp()) \
             OR (r.kind = 'emergency' AND NOT EXISTS (SELECT FROM access_request_decisions d WHERE d.organization_id = $1 AND d.request_id = r.id))) ORDER BY r.id DESC LIMIT $2"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &limit]).await?.iter().map(RequestRow::from).collect())
}

/// The customers that a request names.
pub async fn customers_of(work: &Work, id: Uuid, limit: i64) -> Result<Vec<CustomerId>, DbError> {
    let sql = "SELECT customer_id FROM access_request_customers WHERE organization_id = $1 AND request_id = $2 ORDER BY 1 LIMIT $3";
    let rows = work.query(sql, &[&work.organization().uuid(), &id, &limit]).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// Notes where a request stands now.
pub async fn update(work: &Work, row: &RequestRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE access_requests SET state = $3, step = $4, step_started_at = $5, escalated = $6, closed_at = $7 \
         WHERE organization_id = $1 AND id = $2";
    let RequestRow { id, state, step, step_started_at, escalated, closed_at, .. } = row;
    let params: [&(dyn ToSql + Sync); 7] =
        [&work.organization().uuid(), id, state, step, step_started_at, escalated, closed_at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Puts other steps in the place of a request's.
pub async fn set_steps(work: &Work, id: Uuid, steps: &Value) -> Result<(), DbError> {
    let sql = "UPDATE access_requests SET steps = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, steps]).await?;
    Ok(())
}

/// Adds a decision.
pub async fn insert_decision(work: &Work, request: Uuid, row: &DecisionRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO access_request_decisions (organization_id, request_id, step, approver_id, on_behalf_of, decision, sealed_comment, decided_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let DecisionRow { step, approver, on_behalf_of, decision, sealed_comment, decided_at } = row;
    let params: [&(dyn ToSql + Sync); 8] =
        [&work.organization().uuid(), &request, step, approver, on_behalf_of, decision, sealed_comment, decided_at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// The decisions about these requests, each with its request, in the order of the steps.
pub async fn decisions(work: &Work, requests: &[Uuid]) -> Result<Vec<(Uuid, DecisionRow)>, DbError> {
    let sql = "SELECT request_id, step, approver_id, on_behalf_of, decision, sealed_comment, decided_at FROM access_request_decisions \
         WHERE organization_id = $1 AND request_id = ANY($2) ORDER BY request_id, step";
    let of = |row: &Row| {
        let decision = DecisionRow {
            step: row.get(1),
            approver: row.get(2),
            on_behalf_of: row.get(3),
            decision: row.get(4),
            sealed_comment: row.get(5),
            decided_at: row.get(6),
        };
        (row.get(0), decision)
    };
    Ok(work.query(sql, &[&work.organization().uuid(), &requests]).await?.iter().map(of).collect())
}

/// Takes back every pending request of a person; their ids.
pub async fn cancel_all(work: &Work, requester: UserId) -> Result<Vec<Uuid>, DbError> {
    let sql = "UPDATE access_requests SET state = 'cancelled', closed_at = clock_timestamp() WHERE organization_id = $1 AND requester_id = $2 AND state = 'pending' RETURNING id";
    let rows = work.query(sql, &[&work.organization().uuid(), &requester.uuid()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
