//! Reminders of what is due: an event when it comes and one when it is late, and one letter a day to who sees to it, which names ids alone.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::records::open_facts;
use custodian_persistence::records::{self as stored, Owned, ToTell};
use custodian_persistence::{Work, organizations, users};

use crate::App;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::mail;
use crate::users::view;

/// How long before its moment something is told of as coming.
const BEFORE: TimeDelta = TimeDelta::days(1);
/// What was late for longer than this when it was entered, by an import for one, is told of no more.
const LATE_AT_MOST: TimeDelta = TimeDelta::days(7);
/// What is late for longer stands in no letter any more.
const IN_LETTERS: TimeDelta = TimeDelta::days(30);
/// How much is told of in one transaction.
const TOGETHER: i64 = 500;
/// How many such transactions one round makes at most.
const MOST_ROUNDS: usize = 40;
/// How much one letter names; the rest is counted.
const NAMED: i64 = 20;
/// How long a letter may wait for a mail server.
const LETTER_LIVES: TimeDelta = TimeDelta::hours(20);

/// A round for every organisation. One that fails is told of and does not keep the others.
pub async fn remind_all(app: &App) -> Result<(), DomainError> {
    for (organization, _) in organizations::list(app.db()).await? {
        if let Err(error) = remind(app, organization).await {
            tracing::warn!(%organization, %error, "an organisation cannot be reminded; the next round goes on");
        }
    }
    Ok(())
}

/// A round for one organisation: events, and the letters of the day, once whichever instance comes first.
pub async fn remind(app: &App, organization: OrganizationId) -> Result<(), DomainError> {
    for _ in 0..MOST_ROUNDS {
        let work = app.begin(organization).await?;
        let now = work.database_time().await?;
        let due = stored::take_untold(&work, (now - LATE_AT_MOST, now, now + BEFORE), TOGETHER).await?;
        let count = due.len();
        tell(app, &work, due).await?;
        work.commit().await?;
        if i64::try_from(count).is_ok_and(|count| count < TOGETHER) {
            break;
        }
    }
    if app.mail().is_none() {
        return Ok(());
    }
    let work = app.begin(organization).await?;
    let now = work.database_time().await?;
    if stored::begin_day(&work, day_of(app, now)).await? {
        write(app, &work, now).await?;
        work.commit().await?;
    } else {
        work.abandon().await;
    }
    Ok(())
}

/// The day whose letters are due: it begins at the hour that is set.
fn day_of(app: &App, now: DateTime<Utc>) -> chrono::NaiveDate {
    (now - TimeDelta::hours(i64::from(app.tuning().follow_up_hour))).date_naive()
}

async fn tell(app: &App, work: &Work, due: Vec<ToTell>) -> Result<(), DomainError> {
    if due.is_empty() {
        return Ok(());
    }
    let event = |one: ToTell| {
        let key = open_facts(&one.record_type).due?;
        let kind = if one.overdue { EventType::RecordsOverdue } else { EventType::RecordsDue };
        let event = Event::about(kind, one.customer)
            .with("record_id", Fact::Person(one.record))
            .with("record_type", Fact::Code(one.record_type.clone()))
            .with("fields", Fact::Fields(vec![key.to_owned()]));
        Some(event)
    };
    publish_all(app, work, due.into_iter().filter_map(event).collect()).await
}

/// One letter for each who sees to something.
async fn write(app: &App, work: &Work, now: DateTime<Utc>) -> Result<(), DomainError> {
    let all = stored::owned(work, (now - IN_LETTERS, now, now + BEFORE), NAMED).await?;
    if all.is_empty() {
        return Ok(());
    }
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    for those in all.chunk_by(|one, other| one.user == other.user) {
        let Some(Owned { user, coming, late, .. }) = those.first().cloned() else { continue };
        let Some(row) = users::find(work, user).await? else { continue };
        let (language, email) = (row.language, view(&keys, work.organization(), row)?.email);
        let lines = |overdue: bool| -> Vec<String> {
            let named = those.iter().filter(|one| one.overdue == overdue);
            named.map(|one| format!("GET /v1/records/{}/{}", one.record_type, one.record)).collect()
        };
        let letter =
            mail::follow_ups(language, &organization, (coming, lines(false)), (late, lines(true)), now + BEFORE);
        mail::queue(app, work, &keys, (user, email), letter, now + LETTER_LIVES).await?;
    }
    Ok(())
}
