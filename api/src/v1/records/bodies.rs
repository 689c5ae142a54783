//! A record on the wire. Values reach it only as `SeenRecord`, which the decision has passed.

use chrono::{DateTime, Utc};
use custodian_application::records::{FollowUp, Happened, RecordChange, RecordVersion, SeenRecord};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::attachments::{AttachmentBody, attachment_example};
use crate::v1::customers::{Accesses, FieldAccessBody, Fields, Shown, split};

/// One record as the caller may see it.
#[derive(Serialize, ToSchema)]
pub struct RecordBody {
    /// Its id.
    id: Uuid,
    /// Code of its type.
    #[serde(rename = "type")]
    record_type: String,
    /// The customer that it hangs on.
    customer_id: Uuid,
    /// Counts changes.
    version: i32,
    /// Who sees to it; null leaves it to the customer's owner.
    owner_id: Option<Uuid>,
    /// When it happened, or was entered.
    at: DateTime<Utc>,
    /// Values by field key; masked where `field_access` says `masked` or `reveal`. Hidden fields are absent.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Fields,
    /// What the caller may do with each field that it may know of.
    #[schema(value_type = BTreeMap<String, FieldAccessBody>)]
    field_access: Accesses,
    /// When it was entered.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<SeenRecord> for RecordBody {
    fn from(seen: SeenRecord) -> Self {
        let SeenRecord { id, record_type, customer, version, owner, at, created_at, updated_at, fields } = seen;
        let (fields, field_access) = split(fields);
        Self {
            id,
            record_type,
            customer_id: customer,
            version,
            owner_id: owner,
            at,
            fields,
            field_access,
            created_at,
            updated_at,
        }
    }
}

/// Something that happened with a customer.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineEntryBody {
    /// A record.
    Record(RecordBody),
    /// A file that hangs on the customer or one of its records.
    Attachment(AttachmentBody),
}

impl From<Happened> for TimelineEntryBody {
    fn from(one: Happened) -> Self {
        match one {
            Happened::Record(seen) => Self::Record(seen.into()),
            Happened::File(view) => Self::Attachment(view.into()),
        }
    }
}

/// Something that is due.
#[derive(Serialize, ToSchema)]
pub struct FollowUpBody {
    /// When.
    due_at: DateTime<Utc>,
    /// It should have been done by now.
    overdue: bool,
    /// The record.
    record: RecordBody,
}

impl From<FollowUp> for FollowUpBody {
    fn from(one: FollowUp) -> Self {
        let FollowUp { due_at, overdue, record } = one;
        Self { due_at, overdue, record: record.into() }
    }
}

/// One version.
#[derive(Serialize, ToSchema)]
pub struct RecordVersionBody {
    /// The version that the change made; 1 is the creation.
    version: i32,
    /// When.
    at: DateTime<Utc>,
    /// Who changed it.
    by: Uuid,
    /// What changed; hidden fields are absent.
    changes: Vec<RecordChangeBody>,
}

/// One change.
#[derive(Serialize, ToSchema)]
pub struct RecordChangeBody {
    /// Field key, or `owner_id`.
    name: String,
    /// The value before, as the caller may see it.
    before: Value,
    /// The value after, as the caller may see it.
    after: Value,
}

impl From<RecordVersion> for RecordVersionBody {
    fn from(version: RecordVersion) -> Self {
        let RecordVersion { version, at, by, changes } = version;
        let json = |value: Option<custodian_application::customers::SeenValue>| {
            value.and_then(|v| serde_json::to_value(Shown(&v)).ok()).unwrap_or(Value::Null)
        };
        let change =
            |RecordChange { name, before, after }| RecordChangeBody { name, before: json(before), after: json(after) };
        Self { version, at, by, changes: changes.into_iter().map(change).collect() }
    }
}

pub(super) fn record_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "type": "interaction", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "version": 1,
        "owner_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "at": "2026-11-22T08:00:00Z",
        "fields": {"channel": "phone", "occurred_at": "2026-11-22T08:00:00Z", "summary": "希望下周回电", "next_follow_up_at": "2026-11-29T08:00:00Z"},
        "field_access": {"channel": {"view": "read", "edit": true}, "summary": {"view": "read", "edit": true}},
        "created_at": "2026-11-22T08:05:00Z", "updated_at": "2026-11-22T08:05:00Z"})
}

pub(super) fn timeline_example() -> Value {
    let of = |kind: &str, mut entry: Value| {
        if let Some(members) = entry.as_object_mut() {
            members.insert("kind".to_owned(), kind.into());
        }
        entry
    };
    json!([of("attachment", attachment_example()), of("record", record_example())])
}
