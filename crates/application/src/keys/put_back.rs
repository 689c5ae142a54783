//! The keys of a database that was put back: wrapped by what the key store holds now, as the newest export has them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use custodian_crypto::keys::commitment;
use custodian_crypto::wrapped_header;
use custodian_domain::backups::wrapping;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::backups as stored;
use custodian_persistence::erasures::{WrappedKey, all_keys, keys_on, own_keys, rewrap};
use custodian_persistence::keys::buckets;
use uuid::Uuid;

use super::{KeyFailure, Keyring};
use crate::App;

const PAGE: i64 = 2_000;

/// What was done about an organisation's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysPutBack {
    /// People whose key was taken from the export.
    pub exported: u64,
    /// People whose key opened as the backup has it.
    pub as_backed_up: u64,
}

impl Keyring {
    /// Wrapped keys of everybody who stays, each in the form that opens; the buckets as they are by now; and what was left or destroyed after the backup.
    pub(crate) async fn put_back(
        &self,
        app: &App,
        organization: OrganizationId,
        exported: &[WrappedKey],
    ) -> Result<KeysPutBack, DomainError> {
        let exported: HashMap<(Uuid, i32), &WrappedKey> =
            exported.iter().map(|key| ((key.owner, key.version), key)).collect();
        let mut done = KeysPutBack::default();
        let mut used: BTreeSet<(u16, u32)> = BTreeSet::new();
        let work = app.begin(organization).await?;
        stored::patiently(&work).await?;
        let own: Vec<WrappedKey> = own_keys(&work).await?;
        let own: Vec<WrappedKey> =
            own.iter().filter_map(|key| self.opening(organization, key, &exported)).map(|(key, _)| key).collect();
        stored::put_own_keys(&work, &own).await?;
        note_used(&mut used, &own);
        let mut after = Uuid::nil();
        loop {
            let page = all_keys(&work, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.owner;
            let mut fitting = Vec::with_capacity(page.len());
            for key in &page {
                match self.opening(organization, key, &exported) {
                    Some((key, true)) => {
                        done.exported += 1;
                        fitting.push(key);
                    }
                    Some((key, false)) => {
                        done.as_backed_up += 1;
                        note_used(&mut used, &[key]);
                    }
                    // Erased, as the ledger will tell; whoever is not is found when everybody is opened.
                    None => {}
                }
            }
            note_used(&mut used, &fitting);
            rewrap(&work, &fitting).await?;
        }
        let newest = self.gather(app, &work, &used).await?;
        self.renew_buckets(&work, &newest).await?;
        work.commit().await?;
        self.buckets.invalidate_all();
        self.organizations.invalidate_all();
        Ok(done)
    }

    /// Moves whoever is behind in a bucket to the epoch of the others: the export was written while it changed. Answers the epochs that people are under.
    async fn gather(
        &self,
        app: &App,
        work: &Work,
        used: &BTreeSet<(u16, u32)>,
    ) -> Result<BTreeMap<u16, u32>, DomainError> {
        // In the order of the epochs: the last one of each bucket stands.
        let newest: BTreeMap<u16, u32> = used.iter().copied().collect();
        for (bucket, epoch) in used {
            let Some(last) = newest.get(bucket).filter(|last| *last > epoch) else { continue };
            let change = self.change(app.rng(), work.organization(), *bucket, [*epoch, *last])?;
            let keys = keys_on(work, *bucket, *epoch).await?;
            let keys = keys.iter().map(|key| super::renew::rewrap(&change, key, app.rng()));
            rewrap(work, &keys.collect::<Result<Vec<_>, _>>()?).await?;
        }
        Ok(newest)
    }

    /// The form of a key that opens, and whether it is the export's.
    fn opening(
        &self,
        organization: OrganizationId,
        key: &WrappedKey,
        exported: &HashMap<(Uuid, i32), &WrappedKey>,
    ) -> Option<(WrappedKey, bool)> {
        let opens = |key: &WrappedKey| {
            let (_, epoch) = wrapped_header(&key.wrapped).ok()?;
            self.opens(organization, key).then_some(epoch)
        };
        let in_backup = opens(key).map(|epoch| (epoch, (key.clone(), false)));
        let exported = exported.get(&(key.owner, key.version)).filter(|other| other.wrapped != key.wrapped);
        let exported = exported.and_then(|key| opens(key).map(|epoch| (epoch, ((*key).clone(), true))));
        wrapping(in_backup, exported)
    }

    /// Buckets as the key store has them: what people are under by now is in force; what is older is left; what no longer is there is destroyed. A bucket that
    /// the backup does not know is full, so that its number is not given again.
    async fn renew_buckets(&self, work: &Work, newest: &BTreeMap<u16, u32>) -> Result<(), DomainError> {
        let organization = work.organization();
        let kept = self.store.list(organization).map_err(KeyFailure::from)?;
        let mut in_force: BTreeMap<u16, u32> = BTreeMap::new();
        for (bucket, epoch) in &kept {
            let last = in_force.entry(*bucket).or_default();
            *last = (*last).max(*epoch);
        }
        in_force.extend(newest);
        for row in buckets(work).await? {
            // A key that a crash left in the store, and nobody is under, is taken into use by the next change.
            let known = kept.contains(&(row.bucket, row.epoch));
            if known && newest.get(&row.bucket).is_none_or(|epoch| *epoch <= row.epoch) {
                in_force.insert(row.bucket, row.epoch);
            }
        }
        for (bucket, epoch) in &in_force {
            stored::put_bucket(work, *bucket, *epoch).await?;
        }
        for (bucket, epoch) in &kept {
            if in_force.get(bucket).is_some_and(|now| epoch < now) {
                let secret = self.store.load(organization, *bucket, *epoch).map_err(KeyFailure::from)?;
                let told = commitment(organization.uuid(), *bucket, *epoch, &secret);
                stored::note_left(work, *bucket, *epoch, &told).await?;
            }
        }
        Ok(stored::note_gone(work, &kept).await?)
    }
}

fn note_used(used: &mut BTreeSet<(u16, u32)>, keys: &[WrappedKey]) {
    used.extend(keys.iter().filter_map(|key| wrapped_header(&key.wrapped).ok()));
}
