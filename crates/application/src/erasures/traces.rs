//! Old identifiers of somebody who was erased, kept sealed until the sweep has found none of them anywhere.

use custodian_crypto::{DataKey, Place, seal_into, wrapped_header};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::catalog::Field;
use custodian_domain::erasures::{Trace, traces};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue, list_versions};
use custodian_persistence::erasures::{ErasureRow, RecordPack, record_packs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::catalog::Current;
use crate::customers::{open_one, open_row, values};
use crate::keys::{DATA_KEY_VERSION, KeyFailure, own_place, split_passing};

/// How many past versions are looked at.
const VERSIONS: i64 = 10_000;

#[derive(Serialize, Deserialize)]
struct Kept {
    field: String,
    text: String,
    word: bool,
}

/// What can be known of a locked customer before everything goes.
pub(super) struct Known {
    /// Every identifier that they have or had.
    pub traces: Vec<Trace>,
    /// How many values do not open: nobody can look for what they hold.
    pub unread: i64,
    /// Whether the values are those of the last change, and all of them.
    pub whole: bool,
    /// Bucket and epoch of the key that theirs opens with; nothing where it opens with none, for then its header proves nothing either.
    pub wrapped_by: Option<(u16, u32)>,
}

impl Known {
    fn take(&mut self, field: &Field, text: Option<String>) {
        match text {
            Some(text) => self.traces.extend(traces(field, &text).filter(|trace| !self.traces.contains(trace))),
            None => self.unread += 1,
        }
    }
}

/// Reads what is there to be read. A value, or a key, that does not open has no identifiers: the erasure is not kept from happening by it.
///
/// Errors: those of a key store that does not answer; what opens later is not taken for damaged.
pub(super) async fn of_customer(app: &App, work: &Work, row: &CustomerRow) -> Result<Known, DomainError> {
    let organization = work.organization();
    let key = match app.keys().data_key(organization, row.id, row.key_version, &row.wrapped_key) {
        Ok(key) => Some(key),
        Err(KeyFailure::Integrity) => None,
        Err(failure) => return Err(failure.into()),
    };
    let versions = list_versions(work, row.id, None, VERSIONS).await?;
    let past = versions.iter().flat_map(|version| version.previous_fields.iter());
    let Current { catalog, .. } = app.catalogs().current(work).await?;
    let wrapped_by = key.as_ref().and_then(|_| wrapped_header(&row.wrapped_key).ok());
    let whole = open_row(app, organization, row).is_ok();
    let mut known = Known { traces: Vec::new(), unread: 0, whole, wrapped_by };
    for value in values(row).chain(past) {
        let Some(value) = value else {
            known.unread += 1;
            continue;
        };
        let Some(field) = catalog.customer().ever().find(|field| field.key == value.key) else { continue };
        known.take(field, key.as_ref().and_then(|key| open_one(key, organization, row.id, &value).ok()));
    }
    for record in record_packs(work, &[row.id.uuid()]).await? {
        let Some(of) = catalog.record_type(&record.record_type) else { continue };
        for value in pack(&record.fields).iter() {
            let Some(value) = value else {
                known.unread += 1;
                continue;
            };
            let Some(field) = of.ever().find(|field| field.key == value.key) else { continue };
            known.take(field, key.as_ref().and_then(|key| open_of_record(key, organization, &record, &value)));
        }
    }
    Ok(known)
}

/// Says aloud that something of somebody who is being erased does not open: it was changed outside the service, and what it held cannot be looked for.
pub(super) async fn tell_unread(
    app: &App,
    work: &Work,
    customer: CustomerId,
    known: &Known,
) -> Result<(), DomainError> {
    if known.unread == 0 && known.whole {
        return Ok(());
    }
    tracing::error!(alert = "critical", %customer, values = known.unread, "what does not open of a customer is erased unread");
    metrics::counter!("custodian_integrity_failures_total").increment(1);
    let draft = Draft { verdict: Verdict::Failed, ..Draft::about(Action::IntegrityFailed, customer) };
    let values = Detail::Count(u32::try_from(known.unread).unwrap_or(u32::MAX));
    let entry = app.own_entry(work.organization(), draft.with("unreadable_values", values)).await?;
    record_all(work, &[&entry]).await
}

/// The identifiers of these values of one person, as they are looked for.
pub(crate) fn identifiers_of(values: &[(&Field, String)]) -> Vec<String> {
    values.iter().filter_map(|(field, text)| traces(field, text)).map(|trace| trace.text).collect()
}

/// One sealed value of something that hangs on a customer.
pub(crate) fn open_of_record(
    key: &DataKey,
    organization: OrganizationId,
    record: &RecordPack,
    value: &SealedValue<'_>,
) -> Option<String> {
    let place = Place {
        organization: organization.uuid(),
        customer: record.customer,
        record_type: &record.record_type,
        record: record.record,
        field: value.key,
        field_version: value.version,
    };
    let opened = custodian_crypto::open(key, &place, value.sealed).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

/// Seals them under a key of their own, which the passing bucket wraps.
pub(super) async fn seal(app: &App, work: &Work, erasure: Uuid, found: &[Trace]) -> Result<Vec<u8>, DomainError> {
    let kept: Vec<Kept> = found
        .iter()
        .map(|Trace { field, text, word }| Kept { field: field.clone(), text: text.clone(), word: *word })
        .collect();
    let text = serde_json::to_vec(&kept).map_err(|_| DomainError::internal("traces do not serialise"))?;
    let key = DataKey::generate(DATA_KEY_VERSION, app.rng());
    let mut sealed = app.keys().wrap_passing(app.db(), work, erasure, &key, app.rng(), app.now()).await?;
    let mut salt = [0_u8; 16];
    app.rng().fill(&mut salt);
    seal_into(&key, &own_place(work.organization(), "erasures", erasure, "traces", 1), &text, salt, &mut sealed);
    Ok(sealed)
}

/// Opens what was sealed; nothing where there is nothing any more.
pub(super) fn open(app: &App, organization: OrganizationId, row: &ErasureRow) -> Result<Vec<Trace>, DomainError> {
    let Some(sealed) = &row.sealed_traces else { return Ok(Vec::new()) };
    let (wrapped, body) = split_passing(sealed).ok_or(DomainError::Integrity)?;
    let version = i32::try_from(DATA_KEY_VERSION).map_err(|_| DomainError::Integrity)?;
    let key = app.keys().unwrap_own(organization, row.id, version, wrapped)?;
    let opened = custodian_crypto::open(&key, &own_place(organization, "erasures", row.id, "traces", 1), body)
        .map_err(|_| DomainError::Integrity)?;
    let kept: Vec<Kept> = serde_json::from_slice(&opened).map_err(|_| DomainError::Integrity)?;
    Ok(kept.into_iter().map(|Kept { field, text, word }| Trace { field, text, word }).collect())
}

/// A stored pack of sealed values.
pub(crate) fn pack(bytes: &[u8]) -> SealedFields {
    SealedFields::from_packed(bytes.to_vec())
}
