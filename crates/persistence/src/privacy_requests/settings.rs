//! What an organisation sets for itself: its own limit, its calendars, and who arranged otherwise.

use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// The settings of an organisation.
#[derive(Clone, Copy, Debug)]
pub struct SettingsRow {
    /// Working days that count as "in time".
    pub working_days: i32,
    /// Whether months that end on a weekend end on the working day after it.
    pub rolls: bool,
    /// Counts changes.
    pub version: i32,
}

/// A year of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRow {
    /// Code of the jurisdiction.
    pub jurisdiction: String,
    /// The year.
    pub year: i32,
    /// Days off beside weekends.
    pub off: Vec<NaiveDate>,
    /// Days of weekends that are worked on.
    pub worked: Vec<NaiveDate>,
    /// Where it is from.
    pub source: Option<String>,
    /// Whether somebody held it against the source.
    pub verified: bool,
}

/// The settings, if any were made; held until the transaction ends when `held`.
pub async fn settings(work: &Work, held: bool) -> Result<Option<SettingsRow>, DbError> {
    let lock = if held { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT working_days, rolls, version FROM privacy_settings WHERE organization_id = $1{lock}");
    let row = work.query_opt(&sql, &[&work.organization().uuid()]).await?;
    Ok(row.map(|row| SettingsRow { working_days: row.get(0), rolls: row.get(1), version: row.get(2) }))
}

/// Sets them.
pub async fn put_settings(work: &Work, row: SettingsRow, at: DateTime<Utc>, by: Uuid) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO privacy_settings (organization_id, working_days, rolls, version, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (organization_id) DO UPDATE SET working_days = excluded.working_days, rolls = excluded.rolls, version = excluded.version, \
         updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let SettingsRow { working_days, rolls, version } = row;
    work.execute(SQL, &[&work.organization().uuid(), &working_days, &rolls, &version, &at, &by]).await?;
    Ok(())
}

/// Every year that the organisation has given.
pub async fn calendars(work: &Work) -> Result<Vec<CalendarRow>, DbError> {
    let sql = "SELECT jurisdiction, year, days_off, days_worked, source, verified FROM privacy_calendars WHERE organization_id = $1 ORDER BY 1, 2";
    let of = |row: &Row| CalendarRow {
        jurisdiction: row.get(0),
        year: row.get(1),
        off: row.get(2),
        worked: row.get(3),
        source: row.get(4),
        verified: row.get(5),
    };
    Ok(work.query(sql, &[&work.organization().uuid()]).await?.iter().map(of).collect())
}

/// Gives a year, or gives it anew.
pub async fn put_calendar(work: &Work, row: &CalendarRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO privacy_calendars (organization_id, jurisdiction, year, days_off, days_worked, source, verified) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (organization_id, jurisdiction, year) DO UPDATE SET days_off = excluded.days_off, days_worked = excluded.days_worked, \
         source = excluded.source, verified = excluded.verified";
    let CalendarRow { jurisdiction, year, off, worked, source, verified } = row;
    work.execute(SQL, &[&work.organization().uuid(), jurisdiction, year, off, worked, source, verified]).await?;
    Ok(())
}

/// Whether this person has arranged otherwise for the time after their death.
pub async fn arranged_otherwise(work: &Work, customer: Uuid) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM privacy_arrangements WHERE organization_id = $1 AND customer_id = $2)";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &customer]).await?.get(0))
}

/// Notes that somebody has. A second time changes nothing.
pub async fn insert_arrangement(work: &Work, customer: Uuid, at: DateTime<Utc>, by: Uuid) -> Result<(), DbError> {
    let sql = "INSERT INTO privacy_arrangements (organization_id, customer_id, recorded_at, recorded_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&work.organization().uuid(), &customer, &at, &by]).await?;
    Ok(())
}
