//! Curiosity budgets: what each caller has spent today, counted by the database.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{DbError, Work};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Different people whose sensitive fields were seen in full.
    Reveals,
    /// Searches by the last four characters.
    Last4Searches,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Reveals => "reveals",
            Self::Last4Searches => "last4_searches",
        }
    }
}

/// What was spent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The day, UTC by the database's clock.
    pub day: NaiveDate,
    /// What is spent by now.
    pub used: i32,
    /// How much of it just now.
    pub added: i32,
}

/// Counts these people against today, each once a day. The caller compares with the limit and lets the transaction go when it is passed:
/// then nothing was counted. Two that spend at once wait for each other, so that no two can both take the last place.
pub async fn spend_on_people(work: &Work, caller: Uuid, people: &[Uuid]) -> Result<Spent, DbError> {
    // In one order everywhere: two pages that overlap must not hold each other up.
    let mut people = people.to_vec();
    people.sort_unstable();
    people.dedup();
    const SQL: &str = "WITH today AS MATERIALIZED (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day), \
         fresh AS (INSERT INTO access_budget_people (organization_id, caller_id, day, customer_id) \
             SELECT $1, $2, today.day, one FROM today, unnest($3::uuid[]) AS one ORDER BY one ON CONFLICT DO NOTHING RETURNING 1), \
         counted AS (SELECT count(*)::int AS added FROM fresh), \
         kept AS (INSERT INTO access_budget_days AS d (organization_id, caller_id, day, kind, used) \
             SELECT $1, $2, today.day, $4, counted.added FROM today, counted WHERE counted.added > 0 \
             ON CONFLICT (organization_id, caller_id, day, kind) DO UPDATE SET used = d.used + excluded.used RETURNING used) \
         SELECT today.day, coalesce((SELECT used FROM kept), 0), counted.added FROM today, counted";
    let kind = Kind::Reveals.as_str();
    let row = work.query_one(SQL, &[&work.organization().uuid(), &caller, &people, &kind]).await?;
    Ok(Spent { day: row.get(0), used: row.get(1), added: row.get(2) })
}

/// Counts one search against today.
pub async fn spend_on_search(work: &Work, caller: Uuid) -> Result<Spent, DbError> {
    const SQL: &str = "INSERT INTO access_budget_days AS d (organization_id, caller_id, day, kind, used) \
         VALUES ($1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, $3, 1) \
         ON CONFLICT (organization_id, caller_id, day, kind) DO UPDATE SET used = d.used + 1 RETURNING day, used";
    let kind = Kind::Last4Searches.as_str();
    let row = work.query_one(SQL, &[&work.organization().uuid(), &caller, &kind]).await?;
    Ok(Spent { day: row.get(0), used: row.get(1), added: 1 })
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
