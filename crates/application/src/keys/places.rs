//! Places in buckets for new customers, reserved in blocks so that creating one does not wait for a shared row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use custodian_crypto::{BucketKey, Randomness, Secret32};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::keys::{self as stored, BucketRow};
use custodian_persistence::{Database, Work};

use super::{KeyFailure, Keyring};

/// The least that is reserved at once: fewer would make every creation take the bucket's row lock.
const BLOCK: i32 = 64;
/// Customers under one bucket key (data.md): what one erasure has to rewrap at most.
const BUCKET_SIZE: i32 = 256;

#[derive(Default)]
pub(super) struct Places {
    free: Mutex<HashMap<OrganizationId, Vec<Free>>>,
    /// Held while reserving: of many that find nothing left, one reserves and the others take from that.
    turn: tokio::sync::Mutex<()>,
}

/// Bucket, and places left in it. Its epoch may change while they wait.
type Free = (u16, i32);

/// A bucket key and how many new customers may be put under it.
pub type BucketPlace = (Arc<BucketKey>, usize);

impl Places {
    fn take(&self, organization: OrganizationId, mut wanted: i32) -> Vec<Free> {
        let mut all = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(free) = all.get_mut(&organization) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        while wanted > 0 {
            let Some((bucket, left)) = free.last_mut() else {
                break;
            };
            let now = wanted.min(*left);
            taken.push((*bucket, now));
            wanted -= now;
            *left -= now;
            if *left == 0 {
                free.pop();
            }
        }
        taken
    }

    fn put(&self, organization: OrganizationId, place: Free) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).entry(organization).or_default().push(place);
    }

    fn any(&self, organization: OrganizationId) -> bool {
        let all = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&organization).is_some_and(|free| !free.is_empty())
    }
}

impl Keyring {
    /// Places for `count` new customers, under keys that stay in force until the transaction ends. Places of a failed creation are lost, never used twice.
    pub async fn places(
        &self,
        db: &Database,
        work: &Work,
        count: usize,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<Vec<BucketPlace>, DomainError> {
        let organization = work.organization();
        let granted = self.granted(db, organization, count, rng, now).await?;
        if granted.is_empty() {
            return Ok(Vec::new());
        }
        let buckets: Vec<u16> = granted.iter().map(|(bucket, _)| *bucket).collect();
        let epochs: HashMap<u16, u32> = stored::hold_epochs(work, &buckets).await?.into_iter().collect();
        let mut places = Vec::with_capacity(granted.len());
        for (bucket, count) in granted {
            // Reserved long ago, maybe, and under a key that was left since.
            let epoch = epochs.get(&bucket).ok_or_else(|| DomainError::internal("a bucket is missing"))?;
            places.push((self.bucket(organization, bucket, *epoch)?, count));
        }
        Ok(places)
    }

    /// Buckets, and how many places of each.
    async fn granted(
        &self,
        db: &Database,
        organization: OrganizationId,
        count: usize,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<Vec<(u16, usize)>, DomainError> {
        let mut wanted = i32::try_from(count).unwrap_or(i32::MAX);
        let mut granted = Vec::new();
        loop {
            for (bucket, places) in self.places.take(organization, wanted) {
                wanted -= places;
                granted.push((bucket, usize::try_from(places).unwrap_or(0)));
            }
            if wanted <= 0 {
                return Ok(granted);
            }
            let _turn = self.places.turn.lock().await;
            if !self.places.any(organization) {
                let (row, places) = self.reserve(db, organization, wanted.max(BLOCK), rng, now).await?;
                self.places.put(organization, (row.bucket, places));
            }
        }
    }

    async fn reserve(
        &self,
        db: &Database,
        organization: OrganizationId,
        wanted: i32,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<(BucketRow, i32), DomainError> {
        // The caller's own transaction is open, and what it reserves must outlive its failure.
        let work = Work::begin_beside(db, organization).await?;
        if let Some(reserved) = stored::reserve_places(&work, wanted).await? {
            work.commit().await?;
            return Ok(reserved);
        }
        let bucket = u16::try_from(stored::next_bucket(&work).await?)
            .map_err(|_| DomainError::internal("all buckets are used"))?;
        let key = Secret32::generate(rng);
        if let Err(error) = self.store.create(organization, bucket, 1, &key, rng) {
            // A crash between the key and its row leaves a key that sealed nothing: it is taken into use.
            self.store.load(organization, bucket, 1).map_err(|_| KeyFailure::Store(error))?;
        }
        let reserved = wanted.min(BUCKET_SIZE);
        let row = BucketRow { bucket, epoch: 1, reserved };
        stored::insert_bucket(&work, row, now).await?;
        work.commit().await?;
        Ok((row, reserved))
    }
}
