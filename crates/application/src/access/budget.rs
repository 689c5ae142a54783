//! Spending from the curiosity budget. What is spent is counted before anything is shown; past the limit nothing is.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use custodian_domain::access::{Allowance, Who};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_persistence::Work;
use custodian_persistence::access::{self as stored, Look};
use custodian_persistence::audit::{NewEntry, Recorded};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::audit::{Draft, record_all};
use crate::auth::still_valid_beside;
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
    let (day, reveals, searches) = app
        .reading(call.organization(), async |work| stored::spent_today(work, call.identity.actor_id()).await)
        .await?;
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

/// Writes the entry of a read that shows these people closely and counts them against the caller's budget, in one commit with what others do
/// meanwhile; returns when both are durable. Free for people who were counted today already.
///
/// Errors: 403 `reveal_budget_exhausted`; then nothing is counted or written.
pub(crate) async fn record_look(
    app: &App,
    call: &Call,
    draft: Draft,
    people: &[CustomerId],
) -> Result<(), DomainError> {
    let people = uncounted(app, call, people);
    if people.is_empty() {
        return app.record_read(call, draft).await;
    }
    still_valid_beside(app, &call.identity).await?;
    let entries = vec![app.entry(call, draft).await?];
    let (organization, caller) = (call.organization(), call.identity.actor_id());
    if app.counted().has_spent_all(app.now().date_naive(), caller) {
        return record_alone(app, call, &people, &entries).await;
    }
    let look = Look { organization, caller, people: people.clone(), limit: allowance(app, call).reveals };
    match app.record_looking(entries, look).await? {
        Recorded::Durable(day) => {
            if let Some(day) = day {
                app.counted().remember(day, caller, &people);
            }
            Ok(())
        }
        Recorded::OverBudget(entries) => record_alone(app, call, &people, &entries).await,
    }
}

/// The same in a transaction of its own: whoever is near the end of a budget holds up nobody else.
async fn record_alone(app: &App, call: &Call, people: &[Uuid], entries: &[NewEntry]) -> Result<(), DomainError> {
    let caller = call.identity.actor_id();
    let work = app.begin(call.organization()).await?;
    let spent = stored::spend_on_people(&work, caller, people).await?;
    if spent.used.is_some_and(|used| used > allowance(app, call).reveals) {
        work.abandon().await;
        app.counted().note_spent_all(spent.day, caller);
        return Err(exhausted());
    }
    record_all(&work, &entries.iter().collect::<Vec<_>>()).await?;
    work.commit().await?;
    app.counted().remember(spent.day, caller, people);
    Ok(())
}

/// Counts people in the caller's own transaction, whose end decides whether it counts. Nothing may be handed to the log's writer between this and
/// that end: it would wait for the caller's count.
///
/// Errors: 403 `reveal_budget_exhausted`.
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
        app.counted().note_searched_all(spent.day, call.identity.actor_id());
        return Err(DomainError::refused(RefusedAs::Forbidden, "search_budget_exhausted"));
    }
    Ok(work.commit().await?)
}

/// Whether the caller was refused a search today: what they look for now is counted before the database looks for it, and not beside.
pub(crate) fn was_refused_search(app: &App, call: &Call) -> bool {
    app.counted().has_searched_all(app.now().date_naive(), call.identity.actor_id())
}

/// Forgets days that are long over, organisation by organisation.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    app.in_each(|work| stored::purge(work).boxed()).await
}
