//! What a person is shown of themselves: every value, what it is used for, where it came from, whom it goes to and how long it stays.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, name_without_others, without_others};
use custodian_domain::kernel::DomainError;
use custodian_domain::privacy_requests::{is_free_text, is_plan};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::{Work, purposes};
use serde::Deserialize as _;
use uuid::Uuid;

use super::oneself;
use crate::attachments::{self, AttachmentView};
use crate::audit::{Detail, Draft, Inclusion, Shown, inclusion};
use crate::customers::{self, SeenCustomer, SeenValue, guard, own_values};
use crate::erasures::identifiers_of;
use crate::records::{OwnRecord, own_records};
use crate::{App, Call};

/// A person's own data.
#[derive(Clone, Debug)]
pub struct DataView {
    /// Every value in full.
    pub seen: SeenCustomer,
    /// Where the record came from.
    pub source: Option<String>,
    /// What the data is used for, by code.
    pub purposes: Vec<(String, Purpose)>,
    /// What hangs on them, the latest first; at most [`MOST_RECORDS`].
    pub records: Vec<OwnRecordView>,
    /// Whether there is more of it, which a package holds.
    pub more_records: bool,
    /// Files that hang on them, newest first, without their bytes.
    pub attachments: Vec<AttachmentView>,
}

/// What is shown of so much that hangs on a person.
const MOST_RECORDS: usize = 1_000;

/// Something that hangs on a person, as it is shown to them.
#[derive(Clone, Debug)]
pub struct OwnRecordView {
    /// Code of its type.
    pub record_type: &'static str,
    /// Its id.
    pub id: Uuid,
    /// When it happened, or was entered.
    pub at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Keys and values, in catalog order.
    pub fields: Vec<(&'static str, SeenValue)>,
}

/// Shows a person themselves.
pub async fn own_data(app: &App, reader: &CustomerReader, call: &Call) -> Result<DataView, DomainError> {
    let customer = oneself(call)?;
    let row = customers::find(app, reader, call, customer.uuid(), Permission::CustomersRead).await?;
    let mut seen = customers::read(app, reader, call, customer.uuid()).await?;
    let identifiers = identifiers_of(&own_values(app, call, &row)?);
    for field in &mut seen.fields {
        if let (Some(SeenValue::Text(text)), Some(known)) = (&mut field.value, call.customer().field(field.key)) {
            *text = of_nobody_else(known, std::mem::take(text), &identifiers);
        }
    }
    let work = app.begin(call.organization()).await?;
    let purposes = in_force(&work).await;
    let records = own_records(app, call, &work, &row, i64::try_from(MOST_RECORDS).unwrap_or(1_000) + 1).await;
    let files = attachments::of_oneself(app, call, &work, &row).await;
    work.abandon().await;
    let (purposes, held) = (purposes?, guard(app, call, customer, records).await?);
    let mut attachments = guard(app, call, customer, files).await?;
    for file in &mut attachments {
        file.name = name_without_others(&file.name, &identifiers);
    }
    let (records, shown) = views(&held, &identifiers);
    let count = Detail::Count(u32::try_from(attachments.len()).unwrap_or(u32::MAX));
    let draft = Draft { shown, ..Draft::about(Action::RecordsList, customer) };
    app.record_read(call, draft.with("attachments", count)).await?;
    let (source, more_records) = (row.source.clone(), held.len() > MOST_RECORDS);
    Ok(DataView { seen, source, purposes, records, more_records, attachments })
}

/// A value as its person is shown it: others' numbers and addresses are taken out of what was written freely.
fn of_nobody_else(field: &Field, text: String, own: &[String]) -> String {
    if is_free_text(field) { without_others(&text, own) } else { text }
}

/// As they are shown, and the names of the fields that are. What the company plans for itself is not.
fn views(held: &[OwnRecord<'_>], own: &[String]) -> (Vec<OwnRecordView>, Shown) {
    let mut shown = Shown::default();
    let mut views = Vec::with_capacity(held.len());
    for record in held.iter().take(MOST_RECORDS) {
        let mut fields = Vec::with_capacity(record.values.len());
        for (field, text) in record.values.iter().filter(|(field, _)| !is_plan(field)) {
            if !shown.read.contains(&field.name) {
                shown.read.push(field.name);
            }
            let text = of_nobody_else(field, text.clone(), own);
            fields.push((field.key, SeenValue::from(field.present(&text))));
        }
        let (record_type, id, at, updated_at) = (record.of.code, record.id, record.at, record.updated_at);
        views.push(OwnRecordView { record_type, id, at, updated_at, fields });
    }
    (views, shown)
}

/// The proof that an entry about a person stands in the log: nobody can take it out again, nor change it.
///
/// Errors: 404 for an entry that concerns others alone, or that there is not; 409 `not_yet_placed` within the first second of its life.
pub async fn own_proof(app: &App, call: &Call, entry: Uuid) -> Result<Inclusion, DomainError> {
    oneself(call)?;
    inclusion(app, call, entry).await.map_err(|error| match error {
        DomainError::Forbidden { .. } => DomainError::NotFound,
        other => other,
    })
}

/// The organisation's purposes.
pub(crate) async fn in_force(work: &Work) -> Result<Vec<(String, Purpose)>, DomainError> {
    let rows = purposes::list(work, Some("active")).await?;
    let read = |row: purposes::PurposeRow| {
        let purpose = Purpose::deserialize(&row.content).map_err(|_| DomainError::internal("a stored purpose"))?;
        Ok((row.code, purpose))
    };
    rows.into_iter().map(read).collect()
}
