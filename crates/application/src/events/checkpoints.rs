//! Checkpoints of the audit log on their way to webhooks: who keeps them elsewhere can hold this database to them.

use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::heads::{self, HeadRow};
use custodian_persistence::events as stored;

use super::{Event, EventType, Fact, publish};
use crate::{App, webhooks};

/// Tells of each log that has grown since it was last told of, where a webhook takes that. Telling leaves no entry, or it would never end.
pub async fn tell_checkpoints(app: &App) -> Result<(), DomainError> {
    for head in heads::all(app.db()).await?.into_iter().filter(|head| head.size > 0) {
        if let Err(error) = tell(app, &head).await {
            tracing::warn!(organization = %head.organization, %error, "a checkpoint cannot be told of for now");
        }
    }
    Ok(())
}

async fn tell(app: &App, head: &HeadRow) -> Result<(), DomainError> {
    let work = app.begin(head.organization).await?;
    let told = match webhooks::anyone_takes(&work, EventType::AuditCheckpoint).await? {
        true => stored::lock_checkpoint(&work).await?,
        false => None,
    };
    if told.is_none_or(|size| size >= head.size) {
        work.abandon().await;
        return Ok(());
    }
    let event = Event::of(EventType::AuditCheckpoint)
        .with("size", Fact::Count(head.size))
        .with("note", Fact::Text(head.note.clone()));
    publish(app, &work, event).await?;
    stored::note_checkpoint(&work, head.size).await?;
    Ok(work.commit().await?)
}
