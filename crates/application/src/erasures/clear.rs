//! A copy of somebody who was erased in what is kept of somebody who stays: it is taken out where the sweep found it. A change of the field leaves it in the
//! past, and what is deleted, restricted or out of use nobody can change.

use std::iter;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as people, CustomerRow, Whoever, lock_any, lock_whoever};
use custodian_persistence::erasures::{self as stored, ErasureRow};
use custodian_persistence::{Work, attachments, records};
use serde_json::{Value, json};
use uuid::Uuid;

use super::matcher::Matcher;
use super::{entry, traces};
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::catalog::load;
use crate::customers::{decide_row, forget_field, open_row, refuse, value_of};
use crate::events::{Event, EventType, Fact, publish};
use crate::records::forget_fields;
use crate::retention::unbound;
use crate::{App, Call};

/// Where a finding says that a copy stands: in a field, or in the name of a file.
#[derive(Clone, Debug)]
pub struct FoundCopy {
    /// Whose it is.
    pub customer: Uuid,
    /// In which record of theirs; none where it stands in a field of the customer.
    pub record: Option<Uuid>,
    /// In the name of which file of theirs; none where it stands in a field.
    pub attachment: Option<Uuid>,
    /// In which field; none where it stands in the name of a file.
    pub field: Option<String>,
    /// The version that replaced it; none for a value of now.
    pub version: Option<i32>,
}

impl FoundCopy {
    /// Whether a stored finding speaks of it.
    fn is_named_by(&self, finding: &Value) -> bool {
        let says = |member: &str, value: Value| *finding.get(member).unwrap_or(&Value::Null) == value;
        says("kind", json!("identifier"))
            && says("customer_id", json!(self.customer))
            && says("record_id", json!(self.record))
            && says("attachment_id", json!(self.attachment))
            && says("field", json!(self.field))
            && says("version", json!(self.version))
    }
}

/// Takes such a copy away for good: out of the past version, or the value of now with all that the field was before, or the file. That there was a version, who
/// made it and which fields it changed stays; the next round looks again.
///
/// Errors: 403 `step_up_required`; 404, also for a customer out of reach; 409 `legal_hold` with the ids of the holds; 422 `unknown_finding` for what the last
/// sweep did not find, or what is there no more. Of a customer who was merged away, reach and holds of the one that they are by now count as well.
pub async fn clear_finding(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    copy: &FoundCopy,
    reason: String,
) -> Result<(), DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let erasure = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    require_step_up(app, call, work).await?;
    let unknown = || DomainError::invalid("/version", "unknown_finding");
    // The finding is what makes it right to touch what is somebody else's: nothing beside it is touched.
    if !erasure.findings.as_array().into_iter().flatten().any(|finding| copy.is_named_by(finding)) {
        return Err(unknown());
    }
    let Some(found) = lock(work, CustomerId::from(copy.customer)).await? else { return Err(unknown()) };
    for row in found.rows() {
        refuse(decide_row(app, call, row, Permission::ErasuresRequest).outcome, Permission::ErasuresRequest)?;
    }
    for row in found.rows() {
        unbound(work, row.id).await?;
    }
    if !take_out(app, call, work, &erasure, &found, copy).await? {
        return Err(unknown());
    }
    app.record_change(work, call, told(id, found.row.id, copy, reason)).await
}

/// In whose row a copy stands, held until the transaction ends.
struct Found {
    row: CustomerRow,
    in_use: bool,
    /// Who they are by now.
    survivor: Option<CustomerRow>,
}

impl Found {
    /// Every row of the one person.
    fn rows(&self) -> impl Iterator<Item = &CustomerRow> {
        iter::once(&self.row).chain(&self.survivor)
    }
}

/// Nothing for somebody who was erased.
async fn lock(work: &Work, id: CustomerId) -> Result<Option<Found>, DomainError> {
    // Who stays is held first, as where both are erased: a hold that is laid on them meanwhile is waited for.
    if let Some(survivor) = people::merged_into(work, id).await? {
        lock_any(work, survivor).await?;
    }
    let Some(Whoever { row, in_use, merged_into }) = lock_whoever(work, &[id]).await?.pop() else { return Ok(None) };
    if row.wrapped_key.is_empty() {
        return Ok(None);
    }
    // Until this row was held they could be merged, or told apart again.
    let survivor = match merged_into {
        Some(survivor) => lock_any(work, survivor).await?.map(|(survivor, _)| survivor),
        None => None,
    };
    Ok(Some(Found { row, in_use, survivor }))
}

/// Whether there was something of it, still.
async fn take_out(
    app: &App,
    call: &Call,
    work: &Work,
    erasure: &ErasureRow,
    found: &Found,
    copy: &FoundCopy,
) -> Result<bool, DomainError> {
    let row = &found.row;
    Ok(match (copy.field.as_deref(), copy.version, copy.record, copy.attachment) {
        (Some(key), Some(version), None, None) => people::scrub_versions(work, row.id, key, Some(version)).await? > 0,
        (Some(key), Some(version), Some(record), None) => {
            records::scrub_versions(work, row.id, record, key, Some(version)).await? > 0
        }
        (Some(key), None, None, None) => forget(app, call, work, erasure, found, key).await?,
        (Some(key), None, Some(record), None) => forget_in(app, work, erasure, row, (record, key)).await?,
        (None, None, None, Some(file)) => match attachments::find(work, row.id, file).await? {
            Some(file) => {
                attachments::delete(work, row.id, file.id).await?;
                true
            }
            None => false,
        },
        _ => false,
    })
}

/// The entry that tells of it.
fn told(erasure: Uuid, customer: CustomerId, copy: &FoundCopy, reason: String) -> Draft {
    let FoundCopy { customer: _, record, attachment, field, version } = copy;
    let details = [
        ("record", record.map(|id| Detail::Code(id.to_string()))),
        ("attachment", attachment.map(|id| Detail::Code(id.to_string()))),
        ("changed", field.clone().map(|field| Detail::Codes(vec![field]))),
        ("version", version.map(|version| Detail::Count(u32::try_from(version).unwrap_or_default()))),
    ];
    let draft = Draft { reason: Some(reason), ..entry(Action::ErasuresClear, customer, erasure) };
    let known = details.into_iter().filter_map(|(name, detail)| Some((name, detail?)));
    known.fold(draft, |draft, (name, detail)| draft.with(name, detail))
}

/// Whether a value of now holds what is looked for, still: one that was changed since the sweep is no copy. In the same field of a customer it is their own.
fn holds(app: &App, work: &Work, erasure: &ErasureRow, text: &str, own: Option<&str>) -> Result<bool, DomainError> {
    let sought = [traces::open(app, work.organization(), erasure)?];
    let hits = Matcher::new(&sought)?.hits(text);
    let mut found = hits.iter().filter_map(|hit| sought.get(hit.person)?.get(hit.trace));
    Ok(found.any(|trace| own != Some(trace.field.as_str())))
}

/// Takes a field away from the customer, as a policy does.
async fn forget(
    app: &App,
    call: &Call,
    work: &Work,
    erasure: &ErasureRow,
    Found { row, in_use, survivor: _ }: &Found,
    key: &str,
) -> Result<bool, DomainError> {
    let Some(text) = value_of(app, work.organization(), row, key)? else { return Ok(false) };
    if !holds(app, work, erasure, &text, Some(key))? {
        return Ok(false);
    }
    let catalog = load(work).await?;
    let Some(field) = catalog.customer().ever().find(|field| field.key == key) else { return Ok(false) };
    let Some((version, draft)) = forget_field(app, work, row, field).await? else { return Ok(false) };
    // This one vouches for the row as it is from now on; why it was changed stands in the other.
    app.record_change(work, call, draft.with("erasure", Detail::Code(erasure.id.to_string()))).await?;
    // Who was deleted or merged away is no news to anybody.
    if *in_use {
        let event = Event::about(EventType::CustomersUpdated, row.id)
            .with("version", Fact::Count(version.into()))
            .with("fields", Fact::Fields(vec![key.to_owned()]));
        publish(app, work, event).await?;
    }
    Ok(true)
}

/// The same of a record of theirs.
async fn forget_in(
    app: &App,
    work: &Work,
    erasure: &ErasureRow,
    row: &CustomerRow,
    (record, key): (Uuid, &str),
) -> Result<bool, DomainError> {
    let packs = stored::record_packs(work, &[row.id.uuid()]).await?;
    let now = packs.iter().find(|pack| pack.record == record && pack.version.is_none());
    let Some(pack) = now else { return Ok(false) };
    let organization = work.organization();
    let (opening, fields) = (open_row(app, organization, row)?, traces::pack(&pack.fields));
    let Some(value) = fields.get(key) else { return Ok(false) };
    let text = traces::open_of_record(&opening, organization, pack, &value).ok_or(DomainError::Integrity)?;
    if !holds(app, work, erasure, &text, None)? {
        return Ok(false);
    }
    let catalog = load(work).await?;
    let Some(of) = catalog.record_type(&pack.record_type) else { return Ok(false) };
    let Some(field) = of.ever().find(|field| field.key == key) else { return Ok(false) };
    let forgotten = forget_fields(app, work, row, (of, &[field]), &[record]).await?;
    Ok(!forgotten.records.is_empty())
}
