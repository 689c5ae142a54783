//! Spending from the curiosity budget. What is spent is counted before anything is shown; past the limit nothing is.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use custodian_domain::access::{Allowance, Who};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_persistence::Work;
use custodian_persistence::access::{self as stored, Look};
use uuid::Uuid;

use crate::audit::Draft;
use crate::{App, Call};

/// What somebody may spend today, and has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The day that it counts for, UTC by the database's clock.
    pub day: NaiveDate,
    /// When the next one begins.
    pub resets_at: DateTime<Utc>,
    /// Allowed.
    pub allowance: Allowance,
    /// Spent.
    pub spent: Allowance,
}

/// The caller's budget of today.
///
/// Errors: 403 `staff_only` for partner keys.
pub async fn own_budget(app: &App, call: &Call) -> Result<Budget, DomainError> {
    if call.identity.user().is_none() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    }
    let work = app.begin(call.organization()).await?;
    let spent = stored::spent_today(&work, call.identity.actor_id()).await;
    work.abandon().await;
    let (day, reveals, searches) = spent?;
    app.record_read(call, Draft::of(Action::MeRead)).await?;
    let count = |used: i32| u32::try_from(used).unwrap_or_default();
    Ok(Budget {
        day,
        resets_at: (day + TimeDelta::days(1)).and_time(NaiveTime::MIN).and_utc(),
        allowance: allowance(app, call),
        spent: Allowance { reveals: count(reveals), last4_searches: count(searches) },
    })
}

fn allowance(app: &App, call: &Call) -> Allowance {
    Allowance::of(&call.identity.caller, app.tuning().budget)
}

/// Those of whom it is not known yet that they were counted today. Only staff are counted.
fn uncounted(app: &App, call: &Call, people: &[CustomerId]) -> Vec<Uuid> {
    let Who::Staff(staff) = &call.identity.caller.who else {
        return Vec::new();
    };
    app.counted().unknown(app.now().date_naive(), staff.user.uuid(), people)
}

/// Counts people whom the caller is about to see closely, together with what others look at meanwhile. Free for people who were counted today already.
///
/// Errors: 403 `reveal_budget_exhausted`; then none of them is counted.
pub(crate) async fn spend(app: &App, call: &Call, people: &[CustomerId]) -> Result<(), DomainError> {
    let people = uncounted(app, call, people);
    if people.is_empty() {
        return Ok(());
    }
    let (organization, caller) = (call.organization(), call.identity.actor_id());
    let look = Look { organization, caller, people: people.clone(), limit: allowance(app, call).reveals };
    let day = app.look_counter().count(look).await?.ok_or_else(exhausted)?;
    app.counted().remember(day, caller, &people);
    Ok(())
}

/// The same in the caller's transaction, whose end decides whether it counts.
pub(crate) async fn spend_in(app: &App, call: &Call, work: &Work, people: &[CustomerId]) -> Result<(), DomainError> {
    let people = uncounted(app, call, people);
    if people.is_empty() {
        return Ok(());
    }
    let spent = stored::spend_on_people(work, call.identity.actor_id(), &people).await?;
    let within = spent.used.is_none_or(|used| used <= allowance(app, call).reveals);
    if within { Ok(()) } else { Err(exhausted()) }
}

fn exhausted() -> DomainError {
    DomainError::refused(RefusedAs::Forbidden, "reveal_budget_exhausted")
}

/// Counts a search by last digits. Each counts, whatever it finds: ten thousand of them would find everybody.
///
/// Errors: 403 `search_budget_exhausted`.
pub(crate) async fn spend_search(app: &App, call: &Call) -> Result<(), DomainError> {
    let limit = allowance(app, call).last4_searches;
    let work = app.begin(call.organization()).await?;
    let spent = stored::spend_on_search(&work, call.identity.actor_id()).await?;
    if spent.used.is_none_or(|used| used > limit) {
        work.abandon().await;
        return Err(DomainError::refused(RefusedAs::Forbidden, "search_budget_exhausted"));
    }
    Ok(work.commit().await?)
}

/// Forgets days that are long over, organisation by organisation.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    for (organization, _) in custodian_persistence::organizations::list(app.db()).await? {
        let work = app.begin(organization).await?;
        stored::purge(&work).await?;
        work.commit().await?;
    }
    Ok(())
}
