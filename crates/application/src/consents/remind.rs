//! Recipients of a withdrawal are reminded, and late ones told of, until each has acknowledged it.

use chrono::{DateTime, Utc};
use custodian_domain::consents::reminder_at;
use custodian_domain::kernel::{CustomerId, DomainError, JobId};
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, Event, OpenCase, RecipientRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;

use crate::App;
use crate::events::{Event as News, EventType, Fact, publish};

/// The kind of these jobs; each has the id of its withdrawal.
pub const KIND: &str = "withdrawal";

const LEASE_SECONDS: f64 = 10.0;

/// Has withdrawals looked at again in time, in their own transaction.
pub(super) async fn watch(work: &Work, events: &[Event], due_at: DateTime<Utc>) -> Result<(), DomainError> {
    let due = |event: &Event| reminder_at(event.at, due_at, 0).unwrap_or(event.at);
    let all: Vec<_> = events.iter().map(|event| (JobId::from(event.id), event.at, due(event))).collect();
    Ok(jobs::insert_due(work, KIND, &all).await?)
}

/// Looks at a withdrawal whose time has come: tells who has not acknowledged it, and says when to look again.
pub async fn remind(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let now = work.database_time().await?;
    let mut next = None;
    for case in stored::lock_open_cases(&work, claim.job.uuid()).await? {
        let at = look(app, &work, &case, now).await?;
        next = next.into_iter().chain(at).min();
    }
    match next {
        Some(at) => jobs::put_off(&work, claim.job, at).await?,
        None => jobs::finish(&work, claim.job, Ok(json!({})), now).await?,
    }
    Ok(work.commit().await?)
}

/// When to look at this recipient again, if ever.
async fn look(
    app: &App,
    work: &Work,
    case: &OpenCase,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DomainError> {
    let row = &case.row;
    let mut reminded = case.reminded;
    let late = now >= row.due_at;
    match reminder_at(row.at, row.due_at, reminded) {
        Some(at) if late || at <= now => {
            let kind = if late { EventType::WithdrawalsOverdue } else { EventType::WithdrawalsReminder };
            publish(app, work, news(kind, row).with("due_at", Fact::Time(row.due_at))).await?;
            // Whoever is late is told so once; the reminders before are then of no use any more.
            reminded = if late { custodian_domain::consents::REMINDERS } else { reminded + 1 };
            stored::note_reminded(work, row, reminded).await?;
        }
        other => return Ok(other),
    }
    Ok(reminder_at(row.at, row.due_at, reminded))
}

/// What is told of a recipient's case.
pub(super) fn news(kind: EventType, row: &RecipientRow) -> News {
    News::about(kind, CustomerId::from(row.customer))
        .with("consent_id", Fact::Person(row.consent))
        .with("withdrawal_id", Fact::Person(row.id))
        .with("third_party_id", Fact::Id(row.third_party))
        .with("purpose", Fact::Code(row.purpose.clone()))
}
