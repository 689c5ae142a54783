//! Sealing a record: under its customer's data key, each value bound to its record, and the whole closed by a digest.

use custodian_crypto::{DataKey, Place, seal_into};
use custodian_domain::catalog::{Field, RecordType, SearchKind};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue};
use custodian_persistence::records::{Hung, RecordRow};
use uuid::Uuid;

use crate::App;
use crate::keys::OrganizationKeys;

/// The key of the closing value of a pack: it seals the digest of the others under the record's version.
const CLOSING: &str = "";
/// Bytes of a packed value beside its key and sealed bytes.
const PACKED_FRAME: usize = 9;

/// Where the values of one record are sealed.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub organization: OrganizationId,
    pub customer: CustomerId,
    pub record_type: &'a str,
    pub record: Uuid,
}

impl<'a> Spot<'a> {
    pub(super) fn of(organization: OrganizationId, record: &'a RecordRow) -> Self {
        Self { organization, customer: record.customer, record_type: &record.record_type, record: record.id }
    }

    fn place(&self, field: &'a str, version: u32) -> Place<'a> {
        Place {
            organization: self.organization.uuid(),
            customer: self.customer.uuid(),
            record_type: self.record_type,
            record: self.record,
            field,
            field_version: version,
        }
    }
}

/// The customer's data key.
pub(super) fn key_of(app: &App, organization: OrganizationId, customer: &CustomerRow) -> Result<DataKey, DomainError> {
    Ok(app.keys().data_key(organization, customer.id, customer.key_version, &customer.wrapped_key)?)
}

/// The same, given out only when the record's pack is the one of its version.
pub(super) fn open_record(app: &App, organization: OrganizationId, hung: &Hung) -> Result<DataKey, DomainError> {
    let Hung { record, customer } = hung;
    let key = key_of(app, organization, customer)?;
    let closing = record.fields.iter().last().flatten().filter(|value| value.key == CLOSING);
    let closing = closing.ok_or(DomainError::Integrity)?;
    let version = u32::try_from(record.version).map_err(|_| DomainError::Integrity)?;
    let packed = record.fields.packed();
    let body = packed.len().checked_sub(PACKED_FRAME + closing.sealed.len()).and_then(|end| packed.get(..end));
    let spot = Spot::of(organization, record);
    let digest = custodian_crypto::open(&key, &spot.place(CLOSING, version), closing.sealed)
        .map_err(|_| DomainError::Integrity)?;
    let ours = body.map(custodian_crypto::sha256).ok_or(DomainError::Integrity)?;
    if ours.as_slice() == digest.as_slice() { Ok(key) } else { Err(DomainError::Integrity) }
}

/// One sealed value, opened.
pub(super) fn open_value(key: &DataKey, spot: Spot<'_>, value: &SealedValue<'_>) -> Result<String, DomainError> {
    let place = Place { field: value.key, ..spot.place(CLOSING, value.version) };
    let mut opened = custodian_crypto::open(key, &place, value.sealed).map_err(|_| DomainError::Integrity)?;
    String::from_utf8(std::mem::take(&mut *opened)).map_err(|_| DomainError::Integrity)
}

/// The values of a record; `None` where its pack is broken.
pub(super) fn values(record: &RecordRow) -> impl Iterator<Item = Option<SealedValue<'_>>> {
    record.fields.iter().filter(|value| value.is_none_or(|value| value.key != CLOSING))
}

/// A pack of what stays as it is and of new values sealed under this version.
pub(super) fn seal(
    app: &App,
    key: &DataKey,
    spot: Spot<'_>,
    version: u32,
    kept: &[SealedValue<'_>],
    new: &[(&Field, &str)],
) -> SealedFields {
    let mut pack = SealedFields::with_room_for(kept.len() + new.len() + 1);
    kept.iter().for_each(|value| pack.push(*value));
    let salt = || {
        let mut salt = [0_u8; 16];
        app.rng().fill(&mut salt);
        salt
    };
    for (field, value) in new {
        let place = Place { field: field.key, ..spot.place(CLOSING, version) };
        pack.push_with(field.key, version, |out| seal_into(key, &place, value.as_bytes(), salt(), out));
    }
    let digest = custodian_crypto::sha256(pack.packed());
    pack.push_with(CLOSING, version, |out| seal_into(key, &spot.place(CLOSING, version), &digest, salt(), out));
    pack
}

/// A pack opened at one place under one key and sealed at another under another, each value with the version that it has; closed under this version,
/// if one is named.
pub(super) fn resealed(
    app: &App,
    (old, new): (&DataKey, &DataKey),
    (from, to): (Spot<'_>, Spot<'_>),
    pack: &SealedFields,
    closing: Option<u32>,
) -> Result<SealedFields, DomainError> {
    let mut next = SealedFields::with_room_for(8);
    let salt = || {
        let mut salt = [0_u8; 16];
        app.rng().fill(&mut salt);
        salt
    };
    for value in pack.iter() {
        let value = value.ok_or(DomainError::Integrity)?;
        if value.key == CLOSING {
            continue;
        }
        let place = Place { field: value.key, ..from.place(CLOSING, value.version) };
        let opened = custodian_crypto::open(old, &place, value.sealed).map_err(|_| DomainError::Integrity)?;
        let place = Place { field: value.key, ..to.place(CLOSING, value.version) };
        next.push_with(value.key, value.version, |out| seal_into(new, &place, &opened, salt(), out));
    }
    if let Some(version) = closing {
        let digest = custodian_crypto::sha256(next.packed());
        next.push_with(CLOSING, version, |out| seal_into(new, &to.place(CLOSING, version), &digest, salt(), out));
    }
    Ok(next)
}

/// Tags of the values of one record, none twice.
pub(super) fn tags<'a>(
    keys: &OrganizationKeys,
    of: &RecordType,
    values: impl Iterator<Item = (&'a Field, &'a str)>,
) -> Vec<([u8; 16], bool)> {
    let mut tags: Vec<([u8; 16], bool)> = Vec::new();
    for (field, value) in values {
        for (kind, term) in field.search_terms(value) {
            let unique = field.keeps_unique() && kind == SearchKind::Exact;
            let tag = keys.tag_in(of.code, field.key, kind, &term);
            if !tags.iter().any(|(known, _)| *known == tag) {
                tags.push((tag, unique));
            }
        }
    }
    tags
}
