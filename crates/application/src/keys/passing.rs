//! The bucket of what lives for a day: files on their way in, answers kept for retries, letters to customers. It gets a new key whenever somebody is erased, so
//! that no copy of the database opens what they held.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_crypto::keys::WRAPPED_DATA_KEY;
use custodian_crypto::{BucketKey, DataKey, Randomness, Secret32};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::keys::{self as stored, BucketRow};
use custodian_persistence::{Database, DbError, Work};

use super::{KeyFailure, Keyring};

/// Its number; the customers' buckets are counted from 1 and end before it.
pub const PASSING: u16 = u16::MAX;

/// What is kept of something that lives for a day: its wrapped key, then what that seals. None where there is less than a key.
pub(crate) fn split_passing(kept: &[u8]) -> Option<(&[u8], &[u8])> {
    kept.split_at_checked(WRAPPED_DATA_KEY)
}

impl Keyring {
    /// Wraps a key of something that lives for a day. What wraps it stays in force until the transaction ends.
    pub async fn wrap_passing(
        &self,
        db: &Database,
        work: &Work,
        owner: uuid::Uuid,
        key: &DataKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, DomainError> {
        let bucket = self.passing(db, work, rng, now).await?;
        let mut nonce = [0_u8; 12];
        rng.fill(&mut nonce);
        Ok(bucket.wrap_data_key(owner, key.version(), key, nonce).to_vec())
    }

    async fn passing(
        &self,
        db: &Database,
        work: &Work,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<Arc<BucketKey>, DomainError> {
        let organization = work.organization();
        let mut held = stored::hold_epochs(work, &[PASSING]).await?;
        if held.is_empty() {
            self.make_passing(db, organization, rng, now).await?;
            held = stored::hold_epochs(work, &[PASSING]).await?;
        }
        let (_, epoch) = held.first().ok_or_else(|| DomainError::internal("the passing bucket is missing"))?;
        Ok(self.bucket(organization, PASSING, *epoch)?)
    }

    /// Two that make it at once make one: the key in the store is whoever's came first.
    async fn make_passing(
        &self,
        db: &Database,
        organization: OrganizationId,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<(), DomainError> {
        let key = Secret32::generate(rng);
        if let Err(error) = self.store.create(organization, PASSING, 1, &key, rng) {
            self.store.load(organization, PASSING, 1).map_err(|_| KeyFailure::Store(error))?;
        }
        let work = Work::begin_beside(db, organization).await?;
        match stored::insert_bucket(&work, BucketRow { bucket: PASSING, epoch: 1, reserved: 256 }, now).await {
            Ok(()) => Ok(work.commit().await?),
            Err(DbError::Conflict(_)) => {
                work.abandon().await;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
