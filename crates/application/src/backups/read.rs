//! What there is of backups: taken, put back to try them, and whether they can be relied on.

use chrono::{DateTime, Duration, Utc};
use custodian_domain::audit::Action;
use custodian_domain::backups::{Health, Known, health};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::backups::{self as stored, BackupRow};
use uuid::Uuid;

use crate::audit::Draft;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// How old the newest backup may be: one a night, and two hours for it.
pub const LONGEST: Duration = Duration::hours(26);
/// How long ago the last trial may be.
pub const BETWEEN_DRILLS: Duration = Duration::days(31);

/// A page of backups, and what is to be said of all of them.
#[derive(Clone, Debug)]
pub struct Backups {
    /// Newest first.
    pub rows: Vec<BackupRow>,
    /// The last id of a page that is not the last.
    pub next: Option<Uuid>,
    /// Whether they can be relied on.
    pub health: Health,
    /// The time that ages are counted to.
    pub now: DateTime<Utc>,
}

/// The backups of this deployment: all of its organisations are in each.
pub async fn list(app: &App, call: &Call, before: Option<Uuid>, limit: usize) -> Result<Backups, DomainError> {
    call.needs(Permission::BackupsRead)?;
    let work = app.begin(call.organization()).await?;
    let (rows, known) = (stored::list(&work, before, one_more(limit)).await, stored::newest(&work).await);
    work.abandon().await;
    let (mut rows, (taken_at, drilled)) = (rows?, known?);
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::BackupsRead)).await?;
    let now = app.now();
    Ok(Backups { rows, next, health: health(Known { taken_at, drilled }, now, LONGEST, BETWEEN_DRILLS), now })
}

/// Says how the backups stand: a figure for those who watch, and a line that must wake somebody once one was ever taken.
pub async fn watch(app: &App) -> Result<Health, DomainError> {
    let work = Work::begin_global(app.db()).await?;
    let known = stored::newest(&work).await;
    work.abandon().await;
    let (taken_at, drilled) = known?;
    let now = app.now();
    let state = health(Known { taken_at, drilled }, now, LONGEST, BETWEEN_DRILLS);
    let age = taken_at.map_or(-1, |at| (now - at).num_seconds());
    // Exact up to 2^53, far beyond any age.
    metrics::gauge!("custodian_backup_age_seconds").set(age as f64);
    metrics::gauge!("custodian_backup_sound").set(f64::from(u8::from(state == Health::Sound)));
    match state {
        Health::Sound | Health::Missing => {}
        Health::Undrilled => tracing::warn!(state = state.as_str(), "no backup was put back to try it for long"),
        Health::Old | Health::DrillFailed => {
            tracing::error!(alert = "critical", state = state.as_str(), "the backups cannot be relied on");
        }
    }
    Ok(state)
}
