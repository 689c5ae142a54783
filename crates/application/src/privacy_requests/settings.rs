//! What an organisation sets for itself: its own limit where the law only says "in time", and calendars of years that the product does not know.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, Fault};
use custodian_domain::privacy_requests::{Jurisdiction, OwnLimits};
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, CalendarRow, SettingsRow};
use custodian_persistence::{Work, customers as people};
use uuid::Uuid;

use super::recompute::order_recompute;
use super::times::{Times, own_limits};
use crate::audit::{Detail, Draft};
use crate::customers::{decide_row, refuse};
use crate::{App, Call};

/// The settings as they are read.
#[derive(Clone, Debug)]
pub struct SettingsView {
    /// What counts.
    pub own: OwnLimits,
    /// Counts changes; 0 as long as nothing was set.
    pub version: i32,
    /// The years that the organisation has given.
    pub calendars: Vec<CalendarRow>,
    /// Years that requests of today or of the next two months need and nobody has given.
    pub missing: Vec<(Jurisdiction, i32)>,
}

/// A year of a calendar.
#[derive(Clone, Debug)]
pub struct CalendarYear {
    /// Whose.
    pub jurisdiction: Jurisdiction,
    /// Which.
    pub year: i32,
    /// Days off beside weekends.
    pub off: Vec<NaiveDate>,
    /// Days of weekends that are worked on.
    pub worked: Vec<NaiveDate>,
    /// Where it is from: the notice, by its number or address.
    pub source: Option<String>,
    /// Whether somebody held it against the source.
    pub verified: bool,
}

async fn view(work: &Work, held: bool) -> Result<SettingsView, DomainError> {
    let row = stored::settings(work, held).await?;
    let version = row.map_or(0, |row| row.version);
    let (own, today) = (own_limits(row), work.database_time().await?.date_naive());
    let mut missing = Vec::new();
    for jurisdiction in Jurisdiction::ALL {
        let times = Times::load(work, *jurisdiction).await?;
        missing.extend(times.missing(*jurisdiction, today).map(|year| (*jurisdiction, year)));
    }
    Ok(SettingsView { own, version, calendars: stored::calendars(work).await?, missing })
}

/// Reads them.
pub async fn read_settings(app: &App, call: &Call) -> Result<SettingsView, DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let found = app.reading(call.organization(), async |work| view(work, false).await).await?;
    app.record_read(call, Draft::of(Action::PrivacyRequestsRead)).await?;
    Ok(found)
}

/// Sets the organisation's own limit. A job sets the days of open requests anew.
///
/// Errors: what `admits` says of the version.
pub async fn set_settings(
    app: &App,
    call: &Call,
    work: &Work,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    own: OwnLimits,
) -> Result<SettingsView, DomainError> {
    call.needs(Permission::PrivacyRequestsManage)?;
    stored::hold(work).await?;
    let before = view(work, true).await?;
    admits(before.version)?;
    let OwnLimits { working_days, rolls } = own;
    let row = SettingsRow { working_days: i32::from(working_days), rolls, version: before.version + 1 };
    stored::put_settings(work, row, work.database_time().await?, call.identity.actor_id()).await?;
    let draft = Draft::of(Action::PrivacyRequestsSettings)
        .with("working_days", Detail::Count(u32::from(working_days)))
        .with("rolls", Detail::Code(rolls.to_string()));
    app.record_change(work, call, draft).await?;
    order_recompute(app, work, call).await?;
    view(work, false).await
}

/// Gives a year of a calendar, or gives it anew. A job sets the days of open requests anew.
///
/// Errors: 422 for days of another year, other days than weekends among those worked on, and `verified` without a source.
pub async fn set_calendar(
    app: &App,
    call: &Call,
    work: &Work,
    given: CalendarYear,
) -> Result<SettingsView, DomainError> {
    call.needs(Permission::PrivacyRequestsManage)?;
    let CalendarYear { jurisdiction, year, off, worked, source, verified } = given;
    let mut faults = day_faults("/days_off", &off, year, false);
    faults.extend(day_faults("/days_worked", &worked, year, true));
    if verified && source.is_none() {
        faults.push(Fault::new("/source", "required"));
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    stored::hold(work).await?;
    let unique = |days: Vec<NaiveDate>| days.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let (off, worked) = (unique(off), unique(worked));
    let row = CalendarRow { jurisdiction: jurisdiction.as_str().to_owned(), year, off, worked, source, verified };
    stored::put_calendar(work, &row).await?;
    let draft = Draft::of(Action::PrivacyRequestsSettings)
        .with("jurisdiction", Detail::Code(row.jurisdiction))
        .with("year", Detail::Code(year.to_string()))
        .with("verified", Detail::Code(verified.to_string()));
    app.record_change(work, call, draft).await?;
    order_recompute(app, work, call).await?;
    view(work, false).await
}

fn day_faults(pointer: &str, days: &[NaiveDate], year: i32, weekends_only: bool) -> Vec<Fault> {
    let weekend = |day: &NaiveDate| matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let wrong = |day: &NaiveDate| day.year() != year || (weekends_only && !weekend(day));
    let at = |index: usize| Fault::new(format!("{pointer}/{index}"), "not_allowed");
    days.iter().enumerate().filter(|(_, day)| wrong(day)).map(|(index, _)| at(index)).collect()
}

/// Notes that somebody arranged, for the time after their death, that relatives are not to have their data.
///
/// Errors: 404 for a customer out of sight.
pub async fn arrange(app: &App, call: &Call, work: &Work, customer: Uuid) -> Result<(), DomainError> {
    let permission = Permission::PrivacyRequestsManage;
    call.needs(permission)?;
    let row = people::lock_on_file(work, CustomerId::from(customer)).await?.ok_or(DomainError::NotFound)?;
    refuse(decide_row(app, call, &row, permission).outcome, permission)?;
    let (now, by) = (work.database_time().await?, call.identity.actor_id());
    stored::insert_arrangement(work, customer, now, by).await?;
    app.record_change(work, call, Draft::about(Action::PrivacyRequestsArrange, row.id)).await
}
