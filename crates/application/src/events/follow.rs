//! Following what happens: from the present, or from an event on, without an end.

use std::time::Duration;

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::events as stored;

use super::read::{Page, Wanted, list, look, start_of};
use crate::audit::Draft;
use crate::{App, Call};

/// How often a follower looks for news.
const LOOK: Duration = Duration::from_millis(300);

/// A place in what happens, to go on from.
pub struct Follower {
    wanted: Wanted,
    position: i64,
}

impl Follower {
    /// Begins after the event that `wanted` names, else with what happens from now on.
    ///
    /// Errors: those of [`list`].
    pub async fn begin(app: &App, call: &Call, wanted: Wanted) -> Result<Self, DomainError> {
        call.needs(Permission::EventsRead)?;
        let work = app.begin(call.organization()).await?;
        let position = match start_of(&work, call, &wanted).await {
            Ok(Some(position)) => Ok(position),
            Ok(None) => stored::head(&work).await.map_err(DomainError::from),
            Err(error) => Err(error),
        };
        work.abandon().await;
        let position = position?;
        // Refuses now what a page would refuse: a caller that must name a purpose, for one.
        look(app, call, &Wanted { position: Some(position), limit: 1, ..wanted.clone() }).await?;
        app.record_read(call, Draft::of(Action::EventsRead)).await?;
        Ok(Self { wanted, position })
    }

    /// Up to here everything was looked at.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// Waits until something has happened, but no longer than this. True when there is something to read.
    pub async fn wait(&self, app: &App, call: &Call, patience: Duration) -> Result<bool, DomainError> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let work = app.begin(call.organization()).await?;
            let head = stored::head(&work).await;
            work.abandon().await;
            if head? > self.position {
                return Ok(true);
            }
            if tokio::time::Instant::now() + LOOK > until {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What has happened since, as far as this caller may read it: ask who it is anew before each call. The entry is durable when it is answered.
    pub async fn next(&mut self, app: &App, call: &Call) -> Result<Page, DomainError> {
        let wanted = Wanted { position: Some(self.position), ..self.wanted.clone() };
        let page = look(app, call, &wanted).await?;
        let page = if page.events.is_empty() { page } else { list(app, call, &wanted).await? };
        self.position = self.position.max(page.position);
        Ok(page)
    }
}
