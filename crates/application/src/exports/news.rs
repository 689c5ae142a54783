//! What others are told of exports: their requesters, and those who trace leaks.

use chrono::{DateTime, Utc};
use custodian_domain::exports::Stage;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::exports::ExportRow;

use crate::App;
use crate::events::{Event, EventType, Fact, publish};

/// A file is there.
pub(super) async fn ready(
    app: &App,
    work: &Work,
    row: &ExportRow,
    rows: i32,
    expires_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    let event = Event::of(EventType::ExportsReady)
        .concerning([row.requester])
        .with("export_id", Fact::Id(row.id))
        .with("rows", Fact::Count(i64::from(rows)))
        .with("expires_at", Fact::Time(expires_at));
    publish(app, work, event).await
}

/// A file has gone to its requester.
pub(super) async fn downloaded(app: &App, work: &Work, row: &ExportRow) -> Result<(), DomainError> {
    let event = Event::of(EventType::ExportsDownloaded)
        .concerning([row.requester])
        .with("export_id", Fact::Id(row.id))
        .with("rows", Fact::Count(row.row_count.map_or(0, i64::from)));
    publish(app, work, event).await
}

/// A file will not go to anybody.
pub(super) async fn ended(app: &App, work: &Work, row: &ExportRow, stage: Stage) -> Result<(), DomainError> {
    let event = Event::of(EventType::ExportsEnded)
        .concerning([row.requester])
        .with("export_id", Fact::Id(row.id))
        .with("state", Fact::Code(stage.as_str().to_owned()));
    publish(app, work, event).await
}
