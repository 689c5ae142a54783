//! Sealing a customer: one data key, one salt per value, tags for what may be searched.

use chrono::{DateTime, NaiveDate, Utc};
use custodian_crypto::{BucketKey, DataKey, Place, seal_into};
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue};
use uuid::Uuid;

use super::Attributes;
use crate::consents::{AGE_FIELDS, birth_of};
use crate::keys::{DATA_KEY_VERSION, OrganizationKeys};
use crate::{App, Call};

/// The record type of the customer itself.
pub(crate) const RECORD_TYPE: &str = "customer";

pub(crate) fn place(organization: OrganizationId, customer: CustomerId, field: &str, version: u32) -> Place<'_> {
    Place {
        organization: organization.uuid(),
        customer: customer.uuid(),
        record_type: RECORD_TYPE,
        record: customer.uuid(),
        field,
        field_version: version,
    }
}

/// The key of the closing value of a pack: it seals the digest of the others under the row's version.
const CLOSING: &str = "";
/// Bytes of a packed value beside its key and sealed bytes.
const PACKED_FRAME: usize = 9;

/// The data key of a stored customer, given out only when the pack is the one of this version: each value is bound to
/// its own version, but an older one put back with that version beside it would open.
///
/// Of a deleted customer it may be closed under the version before: older instances, also those that run beside this one in a rolling upgrade, raise the
/// version when they delete and leave the pack as it is. Nobody is shown such a row, and whatever is written of it closes it anew.
pub(crate) fn open_row(app: &App, organization: OrganizationId, row: &CustomerRow) -> Result<DataKey, DomainError> {
    let key = app.keys().data_key(organization, row.id, row.key_version, &row.wrapped_key)?;
    let closing = row.fields.iter().last().flatten().filter(|value| value.key == CLOSING);
    let closing = closing.ok_or(DomainError::Integrity)?;
    let version = u32::try_from(row.version).map_err(|_| DomainError::Integrity)?;
    let packed = row.fields.packed();
    let body = packed.len().checked_sub(PACKED_FRAME + closing.sealed.len()).and_then(|end| packed.get(..end));
    let under = |version| custodian_crypto::open(&key, &place(organization, row.id, CLOSING, version), closing.sealed);
    let opened = match under(version) {
        Err(_) if row.deleted => under(version.saturating_sub(1)),
        opened => opened,
    };
    let digest = opened.map_err(|_| DomainError::Integrity)?;
    if body.map(custodian_crypto::sha256).is_some_and(|ours| ours.as_slice() == digest.as_slice()) {
        Ok(key)
    } else {
        Err(DomainError::Integrity)
    }
}

/// Closes a pack: nothing is added to it, taken from it or put back into it from here on.
fn close(
    key: &DataKey,
    organization: OrganizationId,
    id: CustomerId,
    version: u32,
    fields: &mut SealedFields,
    salt: [u8; 16],
) {
    let digest = custodian_crypto::sha256(fields.packed());
    let place = place(organization, id, CLOSING, version);
    fields.push_with(CLOSING, version, |out| seal_into(key, &place, &digest, salt, out));
}

/// The values of a stored row; `None` where its pack is broken.
pub(crate) fn values(row: &CustomerRow) -> impl Iterator<Item = Option<SealedValue<'_>>> {
    row.fields.iter().filter(|value| value.is_none_or(|value| value.key != CLOSING))
}

/// The tags of a set of values.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagSet(pub Vec<([u8; 16], bool)>);

impl TagSet {
    /// The tags that no other customer may carry.
    pub(crate) fn unique(&self) -> impl Iterator<Item = [u8; 16]> {
        self.0.iter().filter(|(_, unique)| *unique).map(|(tag, _)| *tag)
    }

    fn packed(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(tag, _)| *tag).collect()
    }
}

/// The person's day of birth, where a field tells it.
pub(crate) fn born(app: &App, call: &Call, row: &CustomerRow) -> Result<Option<NaiveDate>, DomainError> {
    let known = AGE_FIELDS.iter().filter_map(|field| row.fields.get(field));
    let mut key = None;
    for value in known {
        if key.is_none() {
            key = Some(open_row(app, call.organization(), row)?);
        }
        let Some(key) = &key else { continue };
        let text = open_one(key, call.organization(), row.id, &value)?;
        if let Some(day) = birth_of(value.key, &text) {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// One value of a stored customer, opened; `None` where there is none.
pub(crate) fn value_of(
    app: &App,
    organization: OrganizationId,
    row: &CustomerRow,
    field: &str,
) -> Result<Option<String>, DomainError> {
    let Some(value) = row.fields.get(field) else { return Ok(None) };
    let key = open_row(app, organization, row)?;
    open_one(&key, organization, row.id, &value).map(Some)
}

/// Tags of the values of one customer, none twice.
pub(crate) fn tags_of<'a>(keys: &OrganizationKeys, values: impl Iterator<Item = (&'a Field, &'a str)>) -> TagSet {
    let mut tags: Vec<([u8; 16], bool)> = Vec::with_capacity(20);
    for (field, value) in values {
        for (kind, term) in field.search_terms(value) {
            let unique = field.keeps_unique() && kind == SearchKind::Exact;
            let tag = keys.tag(field.key, kind, &term);
            if !tags.iter().any(|(t, _)| *t == tag) {
                tags.push((tag, unique));
            }
        }
    }
    TagSet(tags)
}

/// The tags that a stored row says it has.
pub(crate) fn unpack_tags(packed: &[u8]) -> Vec<[u8; 16]> {
    packed.as_chunks::<16>().0.to_vec()
}

/// A new customer's values under a key of its own that no bucket key has wrapped yet. Costs most of entering a customer
/// and asks nothing of the database.
pub(crate) struct SealedNew {
    id: CustomerId,
    at: DateTime<Utc>,
    key: DataKey,
    wrap_nonce: [u8; 12],
    fields: SealedFields,
    tags: Vec<u8>,
}

/// Seals the values of a new customer; `tags` are those of `values`.
pub(crate) fn seal_new(
    app: &App,
    organization: OrganizationId,
    values: &[(&Field, &str)],
    tags: &TagSet,
    now: DateTime<Utc>,
) -> SealedNew {
    // One draw for the id, the key, its nonce and every salt: system calls are the cost here.
    let mut random = vec![0_u8; 10 + 32 + 12 + 16 + 16 * values.len()];
    app.rng().fill(&mut random);
    let mut draw = random.as_slice();
    let at = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let id = CustomerId::from(uuid::Builder::from_unix_timestamp_millis(at, &take(&mut draw)).into_uuid());
    let key = DataKey::from_bytes(DATA_KEY_VERSION, take(&mut draw));
    let wrap_nonce = take(&mut draw);
    let mut fields = SealedFields::with_room_for(values.len() + 1);
    for (field, value) in values {
        let salt = take(&mut draw);
        fields.push_with(field.key, 1, |out| {
            seal_into(&key, &place(organization, id, field.key, 1), value.as_bytes(), salt, out)
        });
    }
    close(&key, organization, id, 1, &mut fields, take(&mut draw));
    zeroize::Zeroize::zeroize(&mut random);
    SealedNew { id, at: now, key, wrap_nonce, fields, tags: tags.packed() }
}

impl SealedNew {
    /// The customer's id.
    pub(crate) fn id(&self) -> CustomerId {
        self.id
    }

    /// The row to be stored, its key wrapped by this bucket's.
    pub(crate) fn into_row(self, bucket: &BucketKey, attributes: Attributes, by: Uuid) -> CustomerRow {
        let Self { id, at, key, wrap_nonce, fields, tags } = self;
        let wrapped_key = bucket.wrap_data_key(id.uuid(), key.version(), &key, wrap_nonce).to_vec();
        let Attributes { stage, source, region, owner, department, codes } = attributes;
        CustomerRow {
            id,
            version: 1,
            stage,
            source,
            region,
            owner,
            department,
            restricted: false,
            created_at: at,
            created_by: by,
            updated_at: at,
            updated_by: by,
            key_version: i32::try_from(DATA_KEY_VERSION).unwrap_or(i32::MAX),
            wrapped_key,
            fields,
            tags,
            consents: Some(Vec::new()),
            shelved_at: None,
            codes,
            collaborators: Vec::new(),
            deleted: false,
        }
    }
}

fn take<const N: usize>(draw: &mut &[u8]) -> [u8; N] {
    let Some((taken, rest)) = draw.split_first_chunk::<N>() else {
        return [0; N];
    };
    *draw = rest;
    *taken
}

/// The values that a stored row has of these fields, opened. Others are left closed: a field may have been made a moment ago, or be out of use.
pub(crate) fn open_some<'c>(
    key: &DataKey,
    organization: OrganizationId,
    row: &CustomerRow,
    fields: impl Iterator<Item = &'c Field>,
) -> Result<Vec<(&'c Field, String)>, DomainError> {
    let mut opened = Vec::new();
    for field in fields {
        if let Some(value) = row.fields.get(field.key) {
            opened.push((field, open_one(key, organization, row.id, &value)?));
        }
    }
    Ok(opened)
}

/// One sealed value, opened.
pub(crate) fn open_one(
    key: &DataKey,
    organization: OrganizationId,
    id: CustomerId,
    value: &SealedValue<'_>,
) -> Result<String, DomainError> {
    let mut opened = custodian_crypto::open(key, &place(organization, id, value.key, value.version), value.sealed)
        .map_err(|_| DomainError::Integrity)?;
    // Taken out, not copied: the answer holds the text in any case.
    String::from_utf8(std::mem::take(&mut *opened)).map_err(|_| DomainError::Integrity)
}

/// The pack of a changed row: new values sealed with the row's new version, the others as they were.
/// Answers the new pack and, as a pack, the sealed values that were replaced or taken away.
pub(crate) fn reseal(
    app: &App,
    key: &DataKey,
    organization: OrganizationId,
    row: &CustomerRow,
    version: i32,
    changed: &[(&Field, Option<String>)],
) -> Result<(SealedFields, SealedFields), DomainError> {
    let (mut next, mut replaced) = (SealedFields::default(), SealedFields::default());
    for value in values(row) {
        let value = value.ok_or(DomainError::Integrity)?;
        let to = if changed.iter().any(|(field, _)| field.key == value.key) { &mut replaced } else { &mut next };
        to.push(value);
    }
    let version = u32::try_from(version).map_err(|_| DomainError::Integrity)?;
    for (field, value) in changed {
        if let Some(value) = value {
            let mut salt = [0_u8; 16];
            app.rng().fill(&mut salt);
            next.push_with(field.key, version, |out| {
                seal_into(key, &place(organization, row.id, field.key, version), value.as_bytes(), salt, out)
            });
        }
    }
    let mut salt = [0_u8; 16];
    app.rng().fill(&mut salt);
    close(key, organization, row.id, version, &mut next, salt);
    Ok((next, replaced))
}
