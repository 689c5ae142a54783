//! The keyring: bucket keys held open for at most a minute, the organisation's own keys, and places for new customers.

mod passing;
mod places;
mod put_back;
mod renew;
mod status;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_crypto::{
    BucketKey, DataKey, FieldIndexKey, IndexKey, MacKey, Place, PseudonymKey, Randomness, RootKey, Secret32,
    wrapped_header,
};
use custodian_domain::catalog;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, ThirdPartyId};
use custodian_outbound::{KeyStore, KeyStoreError};
use custodian_persistence::keys::{self as stored, BucketRow};
use custodian_persistence::{Database, Work};
use moka::sync::Cache;

pub use passing::PASSING;
pub(crate) use passing::split_passing;
pub use places::BucketPlace;
pub use put_back::KeysPutBack;
pub use status::{BucketStatus, KeyStatus, status};

/// How long an unwrapped bucket key stays in memory.
const HELD: Duration = Duration::from_secs(60);
/// Version of data keys made today; rotation raises it.
pub const DATA_KEY_VERSION: u32 = 1;

/// The keys of one organisation that are not a customer's.
pub struct OrganizationKeys {
    /// Seals what belongs to the organisation itself: typed reasons, names of staff, kept answers.
    pub data: DataKey,
    /// Makes the blind-index keys.
    root: IndexKey,
    /// Those of the built-in customer fields, by field key.
    index: HashMap<&'static str, FieldIndexKey>,
    /// Signs audit entries.
    pub audit: MacKey,
}

impl OrganizationKeys {
    /// The tag of a customer's value in the blind index.
    pub fn tag(&self, field: &str, kind: catalog::SearchKind, term: &str) -> [u8; 16] {
        match self.index.get(field) {
            Some(known) => known.tag(kind.as_str(), term),
            None => self.tag_in(catalog::CUSTOMER, field, kind, term),
        }
    }

    /// The tag of a value of any record type.
    pub fn tag_in(&self, record_type: &str, field: &str, kind: catalog::SearchKind, term: &str) -> [u8; 16] {
        self.root.field(record_type, field).tag(kind.as_str(), term)
    }
}

/// Opens keys on demand. Data keys are unwrapped each time; nothing of a customer's is cached.
pub struct Keyring {
    root: RootKey,
    store: Arc<dyn KeyStore>,
    buckets: Cache<(OrganizationId, u16, u32), Arc<BucketKey>>,
    organizations: Cache<OrganizationId, Arc<OrganizationKeys>>,
    places: places::Places,
}

impl From<KeyFailure> for DomainError {
    fn from(failure: KeyFailure) -> Self {
        match failure {
            KeyFailure::Integrity => Self::Integrity,
            KeyFailure::Store(error) => Self::internal(error.to_string()),
        }
    }
}

/// Why a key could not be had.
#[derive(Debug)]
pub enum KeyFailure {
    /// A wrapped key does not open, or belongs elsewhere.
    Integrity,
    /// The key store failed.
    Store(KeyStoreError),
}

impl From<KeyStoreError> for KeyFailure {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Missing { .. } | KeyStoreError::Damaged { .. } => {
                tracing::error!(%error, "a bucket key is missing or damaged");
                Self::Integrity
            }
            KeyStoreError::Io { .. } => Self::Store(error),
        }
    }
}

impl Keyring {
    pub(crate) fn new(root: RootKey, store: Arc<dyn KeyStore>) -> Self {
        let buckets = Cache::builder().max_capacity(20_000).time_to_live(HELD).build();
        let organizations = Cache::builder().max_capacity(10_000).time_to_live(HELD).build();
        Self { root, store, buckets, organizations, places: places::Places::default() }
    }

    pub(crate) fn root(&self) -> &RootKey {
        &self.root
    }

    /// Bucket keys held open right now.
    pub fn held(&self) -> u64 {
        self.buckets.entry_count()
    }

    fn bucket(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<Arc<BucketKey>, KeyFailure> {
        if let Some(key) = self.buckets.get(&(organization, bucket, epoch)) {
            return Ok(key);
        }
        metrics::counter!("custodian_bucket_key_loads_total").increment(1);
        let secret = self.store.load(organization, bucket, epoch)?;
        let key = Arc::new(BucketKey::new(organization.uuid(), bucket, epoch, &secret));
        self.buckets.insert((organization, bucket, epoch), Arc::clone(&key));
        Ok(key)
    }

    /// Opens a customer's data key.
    pub fn data_key(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
        version: i32,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyFailure> {
        self.unwrap(organization, customer.uuid(), version, wrapped)
    }

    fn unwrap(
        &self,
        organization: OrganizationId,
        owner: uuid::Uuid,
        version: i32,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyFailure> {
        let (bucket, epoch) = wrapped_header(wrapped).map_err(|_| KeyFailure::Integrity)?;
        let version = u32::try_from(version).map_err(|_| KeyFailure::Integrity)?;
        self.bucket(organization, bucket, epoch)?
            .unwrap_data_key(owner, version, wrapped)
            .map_err(|_| KeyFailure::Integrity)
    }

    /// Wraps a new data key that lives in bucket 0.
    fn wrap_own(
        &self,
        organization: OrganizationId,
        owner: uuid::Uuid,
        key: &DataKey,
        rng: &dyn Randomness,
    ) -> Result<Vec<u8>, KeyFailure> {
        let mut nonce = [0_u8; 12];
        rng.fill(&mut nonce);
        Ok(self.bucket(organization, 0, 1)?.wrap_data_key(owner, key.version(), key, nonce).to_vec())
    }

    /// Opens a data key of what is not a customer, such as an import.
    pub fn unwrap_own(
        &self,
        organization: OrganizationId,
        owner: uuid::Uuid,
        version: i32,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyFailure> {
        self.unwrap(organization, owner, version, wrapped)
    }

    /// The organisation's own keys; opened at most once a minute.
    pub async fn organization(
        &self,
        db: &Database,
        organization: OrganizationId,
    ) -> Result<Arc<OrganizationKeys>, DomainError> {
        if let Some(keys) = self.organizations.get(&organization) {
            return Ok(keys);
        }
        // A caller may be inside a transaction, to write an entry outside it.
        let work = Work::begin_beside(db, organization).await?;
        let keys = self.open_organization(&work).await;
        work.abandon().await;
        keys
    }

    /// The same inside a transaction that is already open.
    pub async fn open_organization(&self, work: &Work) -> Result<Arc<OrganizationKeys>, DomainError> {
        let organization = work.organization();
        if let Some(keys) = self.organizations.get(&organization) {
            return Ok(keys);
        }
        let missing = || DomainError::internal("the organisation has no keys");
        let (version, wrapped) = stored::organization_key(work, "data").await?.ok_or_else(missing)?;
        let data = self.unwrap(organization, organization.uuid(), version, &wrapped)?;
        let (version, wrapped) = stored::organization_key(work, "index_root").await?.ok_or_else(missing)?;
        let context = index_context(organization, version);
        let opened = self.root.unwrap("index-root/1", &[&context], &wrapped).map_err(|_| DomainError::Integrity)?;
        let root = Secret32::from_bytes(opened.as_slice().try_into().map_err(|_| DomainError::Integrity)?);
        let root = IndexKey::new(&root, u32::try_from(version).map_err(|_| DomainError::Integrity)?);
        let built_in = catalog::customer().fields.iter();
        let index = built_in.map(|field| (field.key, root.field(catalog::CUSTOMER, field.key))).collect();
        let audit = self.audit_mac(organization);
        let keys = Arc::new(OrganizationKeys { data, root, index, audit });
        self.organizations.insert(organization, Arc::clone(&keys));
        Ok(keys)
    }

    /// Signs and checks the entries of an organisation's log.
    pub fn audit_mac(&self, organization: OrganizationId) -> MacKey {
        MacKey::new(&self.root.derive("audit-mac/1", &[organization.uuid().as_bytes()]))
    }

    /// The tag by which log-in finds an address, and authentication an API key, before any organisation is known.
    pub fn lookup(&self, kind: &str, value: &str) -> [u8; 32] {
        lookup(&self.root, kind, value)
    }

    /// The pepper of stored digests of secrets.
    pub fn pepper(&self, label: &str) -> MacKey {
        MacKey::new(&self.root.derive(label, &[]))
    }

    /// The permutation that gives a third party ids of its own.
    pub fn pseudonyms(&self, organization: OrganizationId, third_party: ThirdPartyId) -> PseudonymKey {
        PseudonymKey::new(
            &self.root.derive("pseudonym/1", &[organization.uuid().as_bytes(), third_party.uuid().as_bytes()]),
        )
    }

    /// Makes the keys of a new organisation, durable in the key store before the transaction can commit.
    pub async fn found(&self, work: &Work, rng: &dyn Randomness, now: DateTime<Utc>) -> Result<(), DomainError> {
        let organization = work.organization();
        let bucket = Secret32::generate(rng);
        self.store.create(organization, 0, 1, &bucket, rng).map_err(KeyFailure::from)?;
        stored::insert_bucket(work, BucketRow { bucket: 0, epoch: 1, reserved: 256 }, now).await?;
        let data = DataKey::generate(DATA_KEY_VERSION, rng);
        let wrapped = self.wrap_own(organization, organization.uuid(), &data, rng)?;
        stored::insert_organization_key(work, "data", 1, &wrapped, now).await?;
        let index = Secret32::generate(rng);
        let wrapped = self.root.wrap("index-root/1", &[&index_context(organization, 1)], index.expose(), rng);
        stored::insert_organization_key(work, "index_root", 1, &wrapped, now).await?;
        Ok(())
    }
}

fn index_context(organization: OrganizationId, version: i32) -> Vec<u8> {
    [organization.uuid().as_bytes().as_slice(), &version.to_be_bytes()].concat()
}

pub(crate) fn lookup(root: &RootKey, kind: &str, value: &str) -> [u8; 32] {
    let key = MacKey::new(&root.derive("lookup/1", &[kind.as_bytes()]));
    key.sign(value.as_bytes())
}

/// Where a value of the organisation itself is sealed.
pub fn own_place<'a>(
    organization: OrganizationId,
    record_type: &'a str,
    record: uuid::Uuid,
    field: &'a str,
    version: u32,
) -> Place<'a> {
    Place {
        organization: organization.uuid(),
        customer: organization.uuid(),
        record_type,
        record,
        field,
        field_version: version,
    }
}

/// Seals a text of the organisation itself.
pub fn seal_own(keys: &OrganizationKeys, place: &Place<'_>, text: &str, rng: &dyn Randomness) -> Vec<u8> {
    let mut salt = [0_u8; 16];
    rng.fill(&mut salt);
    custodian_crypto::seal(&keys.data, place, text.as_bytes(), salt)
}

/// Opens a text of the organisation itself.
pub fn open_own(keys: &OrganizationKeys, place: &Place<'_>, sealed: &[u8]) -> Result<String, DomainError> {
    let opened = custodian_crypto::open(&keys.data, place, sealed).map_err(|_| DomainError::Integrity)?;
    String::from_utf8(opened.to_vec()).map_err(|_| DomainError::Integrity)
}
