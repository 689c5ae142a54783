//! Retention policies, whom each meets, what each round did, and the clock that they go by.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use custodian_domain::retention::Since;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::customers::mark_of;
use crate::{DbError, Work};

/// One policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Customers at this stage alone.
    pub stage: Option<String>,
    /// From when the time is counted.
    pub since: String,
    /// For how long nobody has to have touched them.
    pub days: i32,
    /// What hangs on customers, by its type; customers themselves when absent.
    pub record_type: Option<String>,
    /// Records in this state alone.
    pub record_state: Option<String>,
    /// Values of this field alone.
    pub field: Option<String>,
    /// Those who said something about this purpose alone.
    pub purpose: Option<String>,
    /// `warn`, `archive`, `anonymise` or `destroy`.
    pub action: String,
    /// `dry_run`, `active` or `paused`.
    pub state: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it was last put in force.
    pub activated_at: Option<DateTime<Utc>>,
    /// By whom.
    pub activated_by: Option<Uuid>,
}

const COLUMNS: &str = "id, name, stage, since, days, action, state, created_at, created_by, activated_at, activated_by, \
     record_type, record_state, purpose, field";

impl From<&Row> for PolicyRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            name: row.get(1),
            stage: row.get(2),
            since: row.get(3),
            days: row.get(4),
            action: row.get(5),
            state: row.get(6),
            created_at: row.get(7),
            created_by: row.get(8),
            activated_at: row.get(9),
            activated_by: row.get(10),
            record_type: row.get(11),
            record_state: row.get(12),
            purpose: row.get(13),
            field: row.get(14),
        }
    }
}

/// Adds a policy.
pub async fn insert_policy(work: &Work, row: &PolicyRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO retention_policies (organization_id, id, name, stage, since, days, action, state, created_at, created_by, record_type, \
         record_state, purpose, field) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let PolicyRow { id, name, stage, since, days, action, state, created_at, created_by, .. } = row;
    let PolicyRow { record_type, record_state, purpose, field, .. } = row;
    let params: [&(dyn ToSql + Sync); 14] = [
        &work.organization().uuid(),
        id,
        name,
        stage,
        since,
        days,
        action,
        state,
        created_at,
        created_by,
        record_type,
        record_state,
        purpose,
        field,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Notes where a policy stands now.
pub async fn update_policy(work: &Work, row: &PolicyRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE retention_policies SET state = $3, activated_at = $4, activated_by = $5 WHERE organization_id = $1 AND id = $2";
    let PolicyRow { id, state, activated_at, activated_by, .. } = row;
    work.execute(SQL, &[&work.organization().uuid(), id, state, activated_at, activated_by]).await?;
    Ok(())
}

/// Every policy, oldest first; those in force alone if asked for.
pub async fn list_policies(work: &Work, active_alone: bool) -> Result<Vec<PolicyRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM retention_policies WHERE organization_id = $1 AND (NOT $2 OR state = 'active') ORDER BY id LIMIT 1000"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &active_alone]).await?;
    Ok(rows.iter().map(PolicyRow::from).collect())
}

/// One policy.
pub async fn find_policy(work: &Work, id: Uuid) -> Result<Option<PolicyRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM retention_policies WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PolicyRow::from))
}

/// One policy, held until the transaction ends.
pub async fn lock_policy(work: &Work, id: Uuid) -> Result<Option<PolicyRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM retention_policies WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(PolicyRow::from))
}

/// Whom a policy meets.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// At this stage alone.
    pub stage: Option<&'a str>,
    /// Those who said something about this purpose, yes or no.
    pub purpose: Option<&'a str>,
    /// By which of their times.
    pub since: Since,
    /// Before this.
    pub before: DateTime<Utc>,
    /// Leaves out those that this policy has warned of.
    pub unwarned_by: Option<Uuid>,
    /// Leaves out those who are out of use already.
    pub in_use: bool,
    /// Those alone of whom there is a value of this field, now or before.
    pub field: Option<&'a str>,
}

impl Due<'_> {
    fn mark(&self) -> Option<Vec<u8>> {
        self.field.map(mark_of)
    }
}

/// Whoever enters or changes something that hangs on a customer touches the customer, whatever became of it since.
const NOTHING_TOUCHED: &str =
    "NOT EXISTS (SELECT FROM records r WHERE r.organization_id = $1 AND r.customer_id = c.id AND r.updated_at >= $3)";

/// Those who are due, in words of SQL; $1 organisation, $2 stage, $3 before, $4 policy, $5 purpose, $6 mark of a field. Whoever is erased, or waits to be, is nobody's any more;
/// whose processing is restricted may need the data for a claim of their own (GDPR art. 18(1)(c)).
fn meets(due: &Due<'_>) -> String {
    // Out of use is whoever was deleted, and whoever lies in the archive.
    let since = match due.since {
        Since::CreatedAt => "c.created_at",
        Since::UpdatedAt => "c.updated_at",
        Since::ArchivedAt => "least(c.shelved_at, c.archived_at)",
    };
    let untouched = match due.since {
        Since::UpdatedAt => NOTHING_TOUCHED,
        Since::CreatedAt | Since::ArchivedAt => "true",
    };
    let used = if due.in_use { "c.archived_at IS NULL" } else { "true" };
    format!(
        "c.organization_id = $1 AND c.erased_at IS NULL AND c.merged_into IS NULL AND NOT c.restricted AND {used} AND ($2::text IS NULL OR c.stage = $2) AND {since} < $3 AND {untouched} \
         AND ($4::uuid IS NULL OR NOT EXISTS (SELECT FROM retention_warnings w WHERE w.organization_id = $1 AND w.policy_id = $4 AND w.customer_id = c.id)) \
         AND ($5::text IS NULL OR EXISTS (SELECT FROM consent_states s WHERE s.organization_id = $1 AND s.customer_id = c.id AND s.purpose = $5)) \
         AND ($6::bytea IS NULL OR position($6 IN c.fields) > 0 OR EXISTS (SELECT FROM customer_versions v WHERE v.organization_id = $1 AND v.customer_id = c.id \
             AND position($6 IN v.previous_fields) > 0)) \
         AND NOT EXISTS (SELECT FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = c.id)"
    )
}

/// A hold in force on a customer, in words of SQL.
pub(super) const HELD: &str = "EXISTS (SELECT FROM legal_hold_customers b JOIN legal_holds h ON h.organization_id = b.organization_id AND h.id = b.hold_id \
     WHERE b.organization_id = $1 AND b.customer_id = c.id AND h.released_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp()))";

/// How many are due and free to go, and how many a hold keeps.
pub async fn count_due(work: &Work, due: &Due<'_>) -> Result<(i64, i64), DbError> {
    let sql = format!(
        "SELECT count(*) FILTER (WHERE NOT {HELD}), count(*) FILTER (WHERE {HELD}) FROM customers c WHERE {}",
        meets(due)
    );
    let params: [&(dyn ToSql + Sync); 6] =
        [&work.organization().uuid(), &due.stage, &due.before, &due.unwarned_by, &due.purpose, &due.mark()];
    let row = work.query_one(&sql, &params).await?;
    Ok((row.get(0), row.get(1)))
}

/// Some of those who are due and whom no hold keeps, in the order of their ids.
pub async fn list_due(work: &Work, due: &Due<'_>, limit: i64) -> Result<Vec<CustomerId>, DbError> {
    let sql = format!("SELECT c.id FROM customers c WHERE {} AND NOT {HELD} ORDER BY c.id LIMIT $7", meets(due));
    let params: [&(dyn ToSql + Sync); 7] =
        [&work.organization().uuid(), &due.stage, &due.before, &due.unwarned_by, &due.purpose, &due.mark(), &limit];
    let rows = work.query(&sql, &params).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// Whether a locked customer is due still, and no hold keeps them.
pub async fn is_due(work: &Work, due: &Due<'_>, customer: CustomerId) -> Result<bool, DbError> {
    let sql =
        format!("SELECT EXISTS (SELECT FROM customers c WHERE {} AND NOT {HELD} AND c.id = $7::uuid)", meets(due));
    let (organization, mark, customer) = (work.organization().uuid(), due.mark(), customer.uuid());
    let params: [&(dyn ToSql + Sync); 7] =
        [&organization, &due.stage, &due.before, &due.unwarned_by, &due.purpose, &mark, &customer];
    Ok(work.query_one(&sql, &params).await?.get(0))
}

/// Notes that a policy has told of a customer.
pub async fn note_warned(work: &Work, policy: Uuid, customer: CustomerId) -> Result<(), DbError> {
    let sql = "INSERT INTO retention_warnings (organization_id, policy_id, customer_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&work.organization().uuid(), &policy, &customer.uuid()]).await?;
    Ok(())
}

/// One round of a policy, as the register keeps it.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: Uuid,
    /// Of which policy.
    pub policy: Uuid,
    /// What was done.
    pub action: String,
    /// To how many people.
    pub customers: i32,
    /// How many records, where the policy is about those.
    pub records: i32,
    /// The erasures, each with a certificate of its own.
    pub erasures: Vec<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// What was destroyed, signed; none for a round that destroyed nothing.
    pub certificate: Option<String>,
}

/// Adds a round to the register.
pub async fn insert_run(work: &Work, row: &RunRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO retention_runs (organization_id, id, policy_id, action, customer_count, erasure_ids, at, record_count, certificate) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let RunRow { id, policy, action, customers, records, erasures, at, certificate } = row;
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, id, policy, action, customers, erasures, at, records, certificate]).await?;
    Ok(())
}

/// The rounds of one policy, or of all, newest first.
pub async fn list_runs(
    work: &Work,
    policy: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RunRow>, DbError> {
    const SQL: &str = "SELECT id, policy_id, action, customer_count, erasure_ids, at, record_count, certificate FROM retention_runs \
         WHERE organization_id = $1 AND ($2::uuid IS NULL OR policy_id = $2) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4";
    let rows = work.query(SQL, &[&work.organization().uuid(), &policy, &before, &limit]).await?;
    Ok(rows.iter().map(run).collect())
}

fn run(row: &Row) -> RunRow {
    RunRow {
        id: row.get(0),
        policy: row.get(1),
        action: row.get(2),
        customers: row.get(3),
        erasures: row.get(4),
        at: row.get(5),
        records: row.get(6),
        certificate: row.get(7),
    }
}

/// One round.
pub async fn find_run(work: &Work, id: Uuid) -> Result<Option<RunRow>, DbError> {
    const SQL: &str = "SELECT id, policy_id, action, customer_count, erasure_ids, at, record_count, certificate FROM retention_runs \
         WHERE organization_id = $1 AND id = $2";
    Ok(work.query_opt(SQL, &[&work.organization().uuid(), &id]).await?.as_ref().map(run))
}

/// When the clock was last looked at, and since when a person's word is waited for. Held until the transaction ends.
pub async fn lock_clock(work: &Work) -> Result<Option<(DateTime<Utc>, Option<DateTime<Utc>>)>, DbError> {
    let sql = "SELECT seen_at, stopped_at FROM retention_clocks WHERE organization_id = $1 FOR UPDATE";
    Ok(work.query_opt(sql, &[&work.organization().uuid()]).await?.map(|row| (row.get(0), row.get(1))))
}

/// Notes a look at the clock.
pub async fn put_clock(work: &Work, seen: DateTime<Utc>, stopped: Option<DateTime<Utc>>) -> Result<(), DbError> {
    let sql = "INSERT INTO retention_clocks (organization_id, seen_at, stopped_at) VALUES ($1, $2, $3) \
         ON CONFLICT (organization_id) DO UPDATE SET seen_at = $2, stopped_at = $3";
    work.execute(sql, &[&work.organization().uuid(), &seen, &stopped]).await?;
    Ok(())
}
