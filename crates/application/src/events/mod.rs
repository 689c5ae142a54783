//! Events: told in the transaction that makes them happen, so that what was acknowledged is told whatever is killed, and what was not is never told.

mod checkpoints;
mod dispatch;
mod follow;
mod read;
mod tickets;

use chrono::Duration;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::events::{self as stored, NewEvent};
use futures_util::FutureExt;
use uuid::Uuid;

pub use checkpoints::tell_checkpoints;
pub use custodian_domain::events::{Event, EventType, Fact};
pub use dispatch::run;
pub use follow::Follower;
pub use read::{EventView, Page, Wanted, list};
pub use tickets::{Admitted, FIRST_SECONDS, Ticket, admit, hear, issue, open};

use crate::App;

/// How long events are kept, to be read and delivered again.
const KEPT_DAYS: i64 = 30;

/// Tells of something, in the transaction that makes it happen. It is heard of after the commit, and only then.
pub async fn publish(app: &App, work: &Work, event: Event) -> Result<(), DomainError> {
    publish_all(app, work, vec![event]).await
}

/// The same of several things, in one statement.
pub async fn publish_all(app: &App, work: &Work, events: Vec<Event>) -> Result<(), DomainError> {
    publish_as(app, work, events.into_iter().map(|event| (app.new_id(), event)).collect()).await
}

/// The same under ids of the caller's own, none of which was published before: by them it finds the deliveries of what it told.
pub(crate) async fn publish_as(app: &App, work: &Work, events: Vec<(Uuid, Event)>) -> Result<(), DomainError> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events.into_iter().map(|(id, event)| row(id, event)).collect::<Result<Vec<_>, _>>()?;
    Ok(stored::insert(work, &rows, app.now()).await?)
}

/// The same of one thing, whose id is answered.
pub(crate) async fn publish_with_id(app: &App, work: &Work, event: Event) -> Result<Uuid, DomainError> {
    let row = row(app.new_id(), event)?;
    let id = row.id;
    stored::insert(work, &[row], app.now()).await?;
    Ok(id)
}

fn row(id: Uuid, event: Event) -> Result<NewEvent, DomainError> {
    if !event.keeps_its_promise() {
        return Err(DomainError::internal(format!(
            "an event {} says something else than it promises",
            event.kind.code()
        )));
    }
    let Event { kind, customer, concerns, data } = event;
    let data = serde_json::to_value(data).map_err(|_| DomainError::internal("an event does not serialise"))?;
    Ok(NewEvent { id, kind: kind.code(), customer: customer.map(Into::into), concerns, data })
}

/// Drops events that are too old, organisation by organisation.
pub async fn purge(app: &App) -> Result<(), DomainError> {
    let (events, tickets) = (app.now() - Duration::days(KEPT_DAYS), app.now() - Duration::days(1));
    app.in_each(|work| stored::purge(work, events).boxed()).await?;
    app.in_each(|work| stored::tickets::purge(work, tickets).boxed()).await
}
