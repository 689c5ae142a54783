//! What others are told of records: ids and keys, never values.

use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::records::RecordRow;

use crate::App;
use crate::events::{Event, EventType, Fact, publish};

fn of(kind: EventType, record: &RecordRow, version: i32) -> Event {
    Event::about(kind, record.customer)
        .with("record_id", Fact::Person(record.id))
        .with("record_type", Fact::Code(record.record_type.clone()))
        .with("version", Fact::Count(version.into()))
}

/// A record was entered or changed; `fields` are keys of its type, and `owner_id`.
pub(super) async fn written(
    app: &App,
    work: &Work,
    kind: EventType,
    record: &RecordRow,
    fields: Vec<String>,
) -> Result<(), DomainError> {
    publish(app, work, of(kind, record, record.version).with("fields", Fact::Fields(fields))).await
}

/// A record was taken out of use, which makes one more version.
pub(super) async fn deleted(app: &App, work: &Work, record: &RecordRow) -> Result<(), DomainError> {
    publish(app, work, of(EventType::RecordsDeleted, record, record.version.saturating_add(1))).await
}
