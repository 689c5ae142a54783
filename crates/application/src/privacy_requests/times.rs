//! The days of a request, from the rules of its law, what the organisation set for itself, and the calendars that are known.

use chrono::NaiveDate;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::{Calendar, Jurisdiction, MissingYear, OwnLimits, missing_year};
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as stored, RequestRow};

use super::{Codes, codes};

const DAY: i64 = 86_400;

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

    /// Sets every day of the request anew. Whole days on which the clock stood still are added.
    ///
    /// Errors: 422 `calendar_missing` with the year.
    pub(super) fn set(&self, row: &mut RequestRow) -> Result<(), DomainError> {
        let Codes { jurisdiction, rule, .. } = codes(row)?;
        let still = u32::try_from(row.paused_seconds / DAY).unwrap_or(u32::MAX);
        let received = jurisdiction.day_of(row.received_at);
        let dates = rule.dates(received, still, &self.own, &self.calendar).map_err(missing)?;
        row.window_ends_at = jurisdiction.end_of(dates.due);
        row.due_on = if row.extended_at.is_some() { dates.longest.unwrap_or(dates.due) } else { dates.due };
        row.due_at = jurisdiction.end_of(row.due_on);
        row.warn_on = dates.warn;
        row.acknowledge_by = dates.acknowledge;
        Ok(())
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
