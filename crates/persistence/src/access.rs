//! Curiosity budgets: what each caller has spent today, counted by the database.

use chrono::NaiveDate;
use custodian_domain::kernel::OrganizationId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// Somebody about to see people closely.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whose data it is.
    pub organization: OrganizationId,
    /// Who looks.
    pub caller: Uuid,
    /// At whom.
    pub people: Vec<Uuid>,
    /// The most people whom this caller may see in a day.
    pub limit: u32,
}

/// What was spent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The day, UTC by the database's clock.
    pub day: NaiveDate,
    /// What is spent by now, where something was spent just now.
    pub used: Option<u32>,
}

macro_rules! spend_on_people {
    ($($answer:literal),+) => {
        concat!(
            "WITH today AS MATERIALIZED (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day), \
             fresh AS (INSERT INTO access_budget_people (organization_id, caller_id, day, customer_id) \
                 SELECT $1, one.caller, today.day, one.person FROM today, unnest($2::uuid[], $3::uuid[]) AS one (caller, person) \
                 ORDER BY one.caller, one.person ON CONFLICT DO NOTHING RETURNING caller_id), \
             counted AS (SELECT caller_id, count(*)::int AS added FROM fresh GROUP BY caller_id), \
             kept AS (INSERT INTO access_budget_days AS d (organization_id, caller_id, day, kind, used) \
                 SELECT $1, counted.caller_id, today.day, 'reveals', counted.added FROM today, counted ORDER BY counted.caller_id \
                 ON CONFLICT (organization_id, caller_id, day, kind) DO UPDATE SET used = d.used + excluded.used RETURNING caller_id, used) ",
            $($answer),+
        )
    };
}

/// Callers ($2) and the people whom each looks at ($3), in pairs. One row for each caller with somebody new, or one row of the day alone.
///
/// In one order everywhere: two pages that overlap must not hold each other up.
pub(crate) const SPEND_ON_PEOPLE: &str =
    spend_on_people!("SELECT today.day, kept.caller_id, kept.used FROM today LEFT JOIN kept ON true");

/// The same, which fails with a division by zero, and takes its transaction with it, where a caller ($4) passes its limit ($5): so that a commit may follow
/// without waiting for what was counted.
pub(crate) const SPEND_WITHIN_LIMITS: &str = spend_on_people!(
    "SELECT today.day, kept.caller_id, kept.used / (kept.used <= coalesce(allowed.most, 0))::int FROM today LEFT JOIN kept ON true ",
    "LEFT JOIN unnest($4::uuid[], $5::int[]) AS allowed (caller, most) ON allowed.caller = kept.caller_id"
);

/// What [`SPEND_ON_PEOPLE`] counted.
pub(crate) struct SpentBy {
    pub day: NaiveDate,
    /// What each caller with somebody new has spent by now.
    pub callers: Vec<(Uuid, u32)>,
}

pub(crate) fn spent_of(rows: &[Row]) -> Result<SpentBy, DbError> {
    let first = rows.first().ok_or_else(|| DbError::Internal("a row was expected".into()))?;
    let caller = |row: &Row| {
        let (caller, used): (Option<Uuid>, Option<i32>) = (row.get(1), row.get(2));
        Some((caller?, u32::try_from(used?).unwrap_or_default()))
    };
    Ok(SpentBy { day: first.get(0), callers: rows.iter().filter_map(caller).collect() })
}

/// Counts these people against today, each once a day. The caller compares with the limit and lets the transaction go when it is passed:
/// then nothing was counted. Two that spend at once wait for each other, so that no two can both take the last place.
pub async fn spend_on_people(work: &Work, caller: Uuid, people: &[Uuid]) -> Result<Spent, DbError> {
    let callers = vec![caller; people.len()];
    let rows = work.query(SPEND_ON_PEOPLE, &[&work.organization().uuid(), &callers, &people]).await?;
    let SpentBy { day, callers } = spent_of(&rows)?;
    Ok(Spent { day, used: callers.first().map(|(_, used)| *used) })
}

/// Counts one search against today. The commit does not wait for the disk: the entry of the search, without which nothing is shown, is committed after
/// it, and a log that reaches the disk reaches it in order.
pub async fn spend_on_search(work: &Work, caller: Uuid) -> Result<Spent, DbError> {
    const SQL: &str = "INSERT INTO access_budget_days AS d (organization_id, caller_id, day, kind, used) \
         VALUES ($1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, 'last4_searches', 1) \
         ON CONFLICT (organization_id, caller_id, day, kind) DO UPDATE SET used = d.used + 1 \
         RETURNING day, used, set_config('synchronous_commit', 'off', true)";
    let row = work.query_one(SQL, &[&work.organization().uuid(), &caller]).await?;
    let used: i32 = row.get(1);
    Ok(Spent { day: row.get(0), used: u32::try_from(used).ok() })
}

/// What was spent today, of either kind.
pub async fn spent_today(work: &Work, caller: Uuid) -> Result<(NaiveDate, i32, i32), DbError> {
    const SQL: &str = "WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day) \
         SELECT today.day, \
         coalesce((SELECT used FROM access_budget_days d WHERE d.organization_id = $1 AND d.caller_id = $2 AND d.day = today.day AND d.kind = 'reveals'), 0), \
         coalesce((SELECT used FROM access_budget_days d WHERE d.organization_id = $1 AND d.caller_id = $2 AND d.day = today.day AND d.kind = 'last4_searches'), 0) \
         FROM today";
    let row = work.query_one(SQL, &[&work.organization().uuid(), &caller]).await?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// Forgets days that are long over.
pub async fn purge(work: &Work) -> Result<(), DbError> {
    for table in ["access_budget_people", "access_budget_days"] {
        let sql = format!(
            "DELETE FROM {table} WHERE organization_id = $1 AND day < (clock_timestamp() AT TIME ZONE 'UTC')::date - 7"
        );
        work.execute(&sql, &[&work.organization().uuid()]).await?;
    }
    Ok(())
}
