//! Old identifiers of somebody who was erased, kept sealed until the sweep has found none of them anywhere.

use custodian_crypto::keys::WRAPPED_DATA_KEY;
use custodian_crypto::{DataKey, Place, seal_into};
use custodian_domain::erasures::{Trace, traces};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue, list_versions};
use custodian_persistence::erasures::{ErasureRow, RecordPack, record_packs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;
use crate::catalog::Current;
use crate::customers::{open_one, values};
use crate::keys::{DATA_KEY_VERSION, own_place};

/// How many past versions are looked at.
const VERSIONS: i64 = 10_000;

#[derive(Serialize, Deserialize)]
struct Kept {
    field: String,
    text: String,
    word: bool,
}

/// Every identifier that a locked customer has or had. A value that does not open has none: the erasure is not kept from happening by it.
pub(super) async fn of_customer(app: &App, work: &Work, row: &CustomerRow) -> Result<Vec<Trace>, DomainError> {
    let organization = work.organization();
    let Ok(key) = app.keys().data_key(organization, row.id, row.key_version, &row.wrapped_key) else {
        return Ok(Vec::new());
    };
    let versions = list_versions(work, row.id, None, VERSIONS).await?;
    let past = versions.iter().flat_map(|version| version.previous_fields.iter().flatten());
    let Current { catalog, .. } = app.catalogs().current(work).await?;
    let mut found: Vec<Trace> = Vec::new();
    for value in values(row).flatten().chain(past) {
        let Some(field) = catalog.customer().ever().find(|field| field.key == value.key) else { continue };
        let Ok(text) = open_one(&key, organization, row.id, &value) else { continue };
        found.extend(traces(field, &text).filter(|trace| !found.contains(trace)));
    }
    for record in record_packs(work, &[row.id.uuid()]).await? {
        let Some(known) = catalog.record_type(&record.record_type) else { continue };
        for value in pack(&record.fields).iter().flatten() {
            let Some(field) = known.ever().find(|field| field.key == value.key) else { continue };
            let Some(text) = open_of_record(&key, organization, &record, &value) else { continue };
            found.extend(traces(field, &text).filter(|trace| !found.contains(trace)));
        }
    }
    Ok(found)
}

/// The identifiers of these values of one person, as they are looked for.
pub(crate) fn identifiers_of(values: &[(&custodian_domain::catalog::Field, String)]) -> Vec<String> {
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
    let (wrapped, body) = sealed.split_at_checked(WRAPPED_DATA_KEY).ok_or(DomainError::Integrity)?;
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
