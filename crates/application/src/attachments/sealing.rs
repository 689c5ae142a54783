//! A file's own key, and what is known of it, sealed under the customer's data key: who erases the customer erases the file.

use custodian_crypto::{DataKey, Place};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::attachments::AttachmentRow;
use custodian_persistence::customers::CustomerRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;
use crate::keys::DATA_KEY_VERSION;

/// What is known of a file: what stands in the clear is held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub name: String,
    pub size: i64,
    pub chunks: i32,
    pub media_type: String,
    pub state: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// The key of a file, in the clear for as long as it is at hand.
pub(super) struct FileKey(zeroize::Zeroizing<[u8; 32]>);

impl FileKey {
    pub fn fresh(app: &App) -> Self {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
        app.rng().fill(&mut *bytes);
        Self(bytes)
    }

    pub fn key(&self) -> DataKey {
        DataKey::from_bytes(DATA_KEY_VERSION, *self.0)
    }
}

/// Where something of a file is sealed.
pub(super) fn place(organization: OrganizationId, customer: CustomerId, file: Uuid, what: &str) -> Place<'_> {
    Place {
        organization: organization.uuid(),
        customer: customer.uuid(),
        record_type: "attachment",
        record: file,
        field: what,
        field_version: 1,
    }
}

/// The customer's data key.
pub(super) fn key_of(app: &App, organization: OrganizationId, row: &CustomerRow) -> Result<DataKey, DomainError> {
    Ok(app.keys().data_key(organization, row.id, row.key_version, &row.wrapped_key)?)
}

fn salt(app: &App) -> [u8; 16] {
    let mut salt = [0_u8; 16];
    app.rng().fill(&mut salt);
    salt
}

/// Key and facts, sealed for a customer.
pub(super) fn seal(
    app: &App,
    organization: OrganizationId,
    customer: &CustomerRow,
    file: Uuid,
    (key, facts): (&FileKey, &Facts),
) -> Result<(Vec<u8>, Vec<u8>), DomainError> {
    let own = key_of(app, organization, customer)?;
    let text = serde_json::to_vec(facts).map_err(|_| DomainError::internal("facts of a file do not serialise"))?;
    let sealed_key = custodian_crypto::seal(&own, &place(organization, customer.id, file, "key"), &*key.0, salt(app));
    let sealed_facts = custodian_crypto::seal(&own, &place(organization, customer.id, file, "facts"), &text, salt(app));
    Ok((sealed_key, sealed_facts))
}

/// What is known of a stored file; `Integrity` where the row says something else.
pub(super) fn facts(own: &DataKey, organization: OrganizationId, row: &AttachmentRow) -> Result<Facts, DomainError> {
    let place = place(organization, row.customer, row.id, "facts");
    let opened = custodian_crypto::open(own, &place, &row.sealed_facts).map_err(|_| DomainError::Integrity)?;
    let facts: Facts = serde_json::from_slice(&opened).map_err(|_| DomainError::Integrity)?;
    let told = facts.size == row.size
        && facts.chunks == row.chunks
        && facts.media_type == row.media_type
        && facts.state == row.state;
    if told { Ok(facts) } else { Err(DomainError::Integrity) }
}

/// The key of a stored file.
pub(super) fn file_key(
    own: &DataKey,
    organization: OrganizationId,
    row: &AttachmentRow,
) -> Result<FileKey, DomainError> {
    let place = place(organization, row.customer, row.id, "key");
    let opened = custodian_crypto::open(own, &place, &row.sealed_key).map_err(|_| DomainError::Integrity)?;
    let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| DomainError::Integrity)?;
    Ok(FileKey(zeroize::Zeroizing::new(bytes)))
}
