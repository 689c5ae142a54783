//! The days of a request, from the rules of its law, what the organisation set for itself, and the calendars that are known.

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::{Calendar, Jurisdiction, MissingYear, OwnLimits, Rule, missing_year};
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as stored, DaysRow, RequestRow};

use super::{Codes, codes};

const DAY: i64 = 86_400;

/// What of a request its days follow from.
#[derive(Clone, Copy)]
pub(super) struct Since {
    /// When it came in.
    pub at: DateTime<Utc>,
    /// For how long its clock has stood still.
    pub paused_seconds: i64,
    /// Whether it was extended.
    pub extended: bool,
}

/// What the days of a request depend on.
pub(super) struct Times {
    own: OwnLimits,
    calendar: Calendar,
}

impl Times {
    pub(super) async fn load(work: &Work, jurisdiction: Jurisdiction) -> Result<Self, DomainError> {
        let own = own_limits(stored::settings(work, false).await?);
        let mut calendar = Calendar::built_in(jurisdiction);
        for row in stored::calendars(work).await?.iter().filter(|row| row.jurisdiction == jurisdiction.as_str()) {
            calendar.add(row.year, &row.off, &row.worked);
        }
        Ok(Self { own, calendar })
    }

    /// The first year that requests of this day or of the next two months need and that is missing.
    pub(super) fn missing(&self, jurisdiction: Jurisdiction, today: NaiveDate) -> Option<i32> {
        missing_year(jurisdiction, today, &self.own, &self.calendar).map(|MissingYear(year)| year)
    }

    /// Sets every day of the request anew.
    ///
    /// Errors: 422 `calendar_missing` with the year.
    pub(super) fn set(&self, row: &mut RequestRow) -> Result<(), DomainError> {
        let Codes { jurisdiction, rule, .. } = codes(row)?;
        let from =
            Since { at: row.received_at, paused_seconds: row.paused_seconds, extended: row.extended_at.is_some() };
        let days = self.days(jurisdiction, rule, from).map_err(missing)?;
        row.window_ends_at = days.window_ends_at;
        row.due_on = days.due_on;
        row.due_at = days.due_at;
        row.warn_on = days.warn_on;
        row.acknowledge_by = days.acknowledge_by;
        Ok(())
    }

    /// Every day of a request. Whole days on which the clock stood still are added.
    pub(super) fn days(&self, jurisdiction: Jurisdiction, rule: &Rule, from: Since) -> Result<DaysRow, MissingYear> {
        let still = u32::try_from(from.paused_seconds / DAY).unwrap_or(u32::MAX);
        let dates = rule.dates(jurisdiction.day_of(from.at), still, &self.own, &self.calendar)?;
        let due_on = if from.extended { dates.longest.unwrap_or(dates.due) } else { dates.due };
        Ok(DaysRow {
            due_on,
            due_at: jurisdiction.end_of(due_on),
            window_ends_at: jurisdiction.end_of(dates.due),
            warn_on: dates.warn,
            acknowledge_by: dates.acknowledge,
        })
    }
}

/// What the organisation set, or else what the product brings.
pub(super) fn own_limits(row: Option<stored::SettingsRow>) -> OwnLimits {
    let usual = OwnLimits::default();
    row.map_or(usual, |row| OwnLimits {
        working_days: u16::try_from(row.working_days).unwrap_or(usual.working_days),
        rolls: row.rolls,
    })
}

fn missing(MissingYear(year): MissingYear) -> DomainError {
    let faults = vec![Fault::new("", "calendar_missing").with_arg(year.to_string())];
    DomainError::RefusedAt { status: RefusedAs::Unprocessable, code: "calendar_missing", faults }
}
