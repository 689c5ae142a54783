//! Records as a file brings them: each checked as if it were entered by hand, many of them stored together.

use custodian_domain::access::Outcome;
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{DomainError, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::records::{self as stored, Hung, RecordRow};
use uuid::Uuid;

use super::read::entry;
use super::sealing::{Spot, key_of, open_record, seal};
use super::write::{Change, blank, opened, state_facts};
use crate::access_requests::Holding;
use crate::audit::Detail;
use crate::customers::{editable, guard, judge_fields, unrestricted};
use crate::{App, Call};

/// Whether the caller may enter these fields for this customer; the code of the refusal.
pub(crate) fn may_enter(
    app: &App,
    call: &Call,
    customer: &CustomerRow,
    of: &RecordType,
    fields: &[&Field],
) -> Result<(), &'static str> {
    let judged = judge_fields(app, call, customer, Permission::RecordsWrite, &Holding::default(), &of.fields);
    if judged.decision.outcome != Outcome::Allowed {
        // Whom the caller does not reach is nobody to it.
        return Err("unknown_customer");
    }
    editable(&judged.decision, fields.iter().copied()).map_err(|_| "field_not_editable")?;
    unrestricted(call, customer).map_err(|_| "customer_restricted")
}

/// A new record, sealed under its customer's key and ready to be stored; `tags` are those of `values`.
pub(crate) async fn made(
    app: &App,
    call: &Call,
    of: &RecordType,
    customer: &CustomerRow,
    owner: Option<UserId>,
    (values, tags): (&[(&Field, &str)], &[Tag]),
) -> Result<RecordRow, DomainError> {
    let mut record = blank(app, call, customer.id, of.code, owner);
    let key = guard(app, call, customer.id, key_of(app, call.organization(), customer)).await?;
    let spot =
        Spot { organization: call.organization(), customer: customer.id, record_type: of.code, record: record.id };
    record.fields = seal(app, &key, spot, 1, &[], values);
    record.tags = tags.iter().flat_map(|(tag, _)| *tag).collect();
    state_facts(of, values, &mut record);
    Ok(record)
}

/// A tag of the blind index, and whether no other record may carry it.
type Tag = ([u8; 16], bool);

/// Fields with their new values; `None` takes a value away.
pub(crate) type Values<'c> = Vec<(&'c Field, Option<String>)>;

/// Changes a locked record to these values and this owner; answers what of them changed. A change that changes nothing makes no version.
pub(crate) async fn change<'c>(
    app: &App,
    call: &Call,
    work: &Work,
    of: &'c RecordType,
    hung: &mut Hung,
    (values, owner): (Values<'c>, Option<UserId>),
) -> Result<Values<'c>, DomainError> {
    let key = guard(app, call, hung.customer.id, open_record(app, call.organization(), hung)).await?;
    let before = guard(app, call, hung.customer.id, opened(call, of, &key, &hung.record)).await?;
    let held = |field: &Field| before.iter().find(|(known, _)| known.key == field.key).map(|(_, value)| value);
    let changed: Values<'c> = values.into_iter().filter(|(field, value)| held(field) != value.as_ref()).collect();
    if !changed.is_empty() || owner != hung.record.owner {
        let change = Change { of, key: &key, before: &before, changed: &changed, owner };
        change.store(app, call, work, &mut hung.record).await?;
    }
    Ok(changed)
}

/// A record by its id, held with its customer until the transaction ends.
pub(crate) async fn held(work: &Work, of: &RecordType, id: Uuid) -> Result<Option<Hung>, DomainError> {
    Ok(stored::lock(work, of.code, id).await?)
}

/// The entry of a change that a file brought.
pub(crate) async fn note_import(
    app: &App,
    call: &Call,
    work: &Work,
    hung: &Hung,
    job: Uuid,
) -> Result<(), DomainError> {
    let version = Detail::Count(u32::try_from(hung.record.version).unwrap_or_default());
    let draft = entry(Action::RecordsUpdate, hung).with("version", version);
    app.record_change(work, call, draft.with("job", Detail::Code(job.to_string()))).await
}
