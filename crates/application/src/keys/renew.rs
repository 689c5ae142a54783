//! Bucket keys left behind: a new epoch, everything that is to stay rewrapped, and the old key destroyed.

use custodian_crypto::keys::commitment;
use custodian_crypto::{BucketKey, Randomness, Secret32};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_outbound::KeyStoreError;
use custodian_persistence::erasures::{self as stored, KeptBody, KeptLetter, KeptTraces, WrappedKey};
use custodian_persistence::keys::{BucketRow, hold_epochs, take_epoch};
use uuid::Uuid;

use super::{DATA_KEY_VERSION, KeyFailure, Keyring, PASSING};
use crate::{App, mail};

/// How many kept answers are written anew in one transaction: those who keep one meanwhile wait for no more.
const PAGE: i64 = 500;

/// The two epochs of a bucket while it changes from one to the other.
pub(super) struct Change {
    old: BucketKey,
    new: BucketKey,
    commitment: [u8; 32],
}

impl Keyring {
    /// Leaves the epoch in force of a bucket: afterwards no customer's key is wrapped by it. Nothing happens where somebody else was faster.
    pub(crate) async fn renew(
        &self,
        app: &App,
        organization: OrganizationId,
        row: BucketRow,
    ) -> Result<(), DomainError> {
        let next = row.epoch.checked_add(1).ok_or_else(|| DomainError::internal("no epoch is left"))?;
        let change = self.change(app.rng(), organization, row.bucket, [row.epoch, next])?;
        let work = app.begin(organization).await?;
        if take_epoch(&work, row.bucket).await? != Some(row.epoch) {
            work.abandon().await;
            return Ok(());
        }
        let keys = stored::keys_on(&work, row.bucket, row.epoch).await?;
        let rewrapped = keys.iter().map(|key| rewrap(&change, key, app.rng())).collect::<Result<Vec<_>, _>>()?;
        stored::rewrap(&work, &rewrapped).await?;
        let now = work.database_time().await?;
        let epochs = [row.epoch, next];
        stored::retire_epoch(&work, row.bucket, epochs, &change.commitment, rewrapped.len(), now).await?;
        work.commit().await?;
        self.buckets.invalidate(&(organization, row.bucket, row.epoch));
        Ok(())
    }

    /// The new key is durable in the store before anything is wrapped by it; one that a crash has left there is taken into use.
    pub(super) fn change(
        &self,
        rng: &dyn Randomness,
        organization: OrganizationId,
        bucket: u16,
        [old, new]: [u32; 2],
    ) -> Result<Change, DomainError> {
        let fresh = Secret32::generate(rng);
        let new_secret = match self.store.create(organization, bucket, new, &fresh, rng) {
            Ok(()) => fresh,
            Err(error) => self.store.load(organization, bucket, new).map_err(|_| KeyFailure::Store(error))?,
        };
        let old_secret = self.store.load(organization, bucket, old).map_err(KeyFailure::from)?;
        Ok(Change {
            old: BucketKey::new(organization.uuid(), bucket, old, &old_secret),
            new: BucketKey::new(organization.uuid(), bucket, new, &new_secret),
            commitment: commitment(organization.uuid(), bucket, old, &old_secret),
        })
    }

    /// Rewraps what lives for a day from an epoch that was left, page by page. Kept answers that name somebody who was erased are emptied, and those of
    /// partners altogether: they know people by names of their own.
    pub(crate) async fn carry_over(
        &self,
        app: &App,
        organization: OrganizationId,
        epoch: u32,
        erased: &[Uuid],
    ) -> Result<(), DomainError> {
        let names: Vec<String> = erased.iter().map(Uuid::to_string).collect();
        loop {
            let work = app.begin(organization).await?;
            let current = hold_epochs(&work, &[PASSING]).await?;
            let imports = stored::import_keys_on(&work, PASSING, epoch).await?;
            let bodies = stored::kept_bodies_on(&work, PASSING, epoch, PAGE).await?;
            let traces = stored::traces_on(&work, PASSING, epoch).await?;
            let exports = stored::export_keys_on(&work, PASSING, epoch).await?;
            let letters = stored::letters_on(&work, PASSING, epoch).await?;
            let kept = bodies.len() + traces.len() + letters.len();
            if imports.is_empty() && exports.is_empty() && kept == 0 {
                work.abandon().await;
                return Ok(());
            }
            let (_, current) = current.first().ok_or_else(|| DomainError::internal("no passing bucket"))?;
            let change = self.change(app.rng(), organization, PASSING, [epoch, *current])?;
            let rewrapped = imports.iter().map(|key| rewrap(&change, key, app.rng())).collect::<Result<Vec<_>, _>>()?;
            stored::rewrap_imports(&work, &rewrapped).await?;
            let rewrapped = exports.iter().map(|key| rewrap(&change, key, app.rng())).collect::<Result<Vec<_>, _>>()?;
            stored::rewrap_exports(&work, &rewrapped).await?;
            let bodies = bodies.into_iter().map(|body| carried(&change, body, organization, &names, app.rng()));
            stored::put_bodies(&work, &bodies.collect::<Result<Vec<_>, _>>()?).await?;
            let traces = traces.into_iter().map(|one| carried_traces(&change, one, app.rng()));
            stored::put_traces(&work, &traces.collect::<Result<Vec<_>, _>>()?, *current).await?;
            let (letters, broken) = carried_letters(&change, letters, app.rng());
            stored::put_letters(&work, &letters).await?;
            for id in broken {
                mail::drop_unreadable(app, &work, id).await?;
            }
            work.commit().await?;
        }
    }

    /// Destroys the key of an epoch that nothing is wrapped by any more, as a snapshot of its own sees it.
    pub(crate) async fn destroy(
        &self,
        app: &App,
        organization: OrganizationId,
        (bucket, epoch): (u16, u32),
    ) -> Result<(), DomainError> {
        let work = app.begin(organization).await?;
        // Who is wrapping by it right now ends first; whoever comes after sees the new epoch.
        let in_force = take_epoch(&work, bucket).await?;
        let left = stored::left_on(&work, bucket, epoch).await?;
        if left > 0 || in_force.is_none_or(|now| now <= epoch) {
            work.abandon().await;
            return Err(DomainError::internal("an epoch that was left still wraps keys"));
        }
        self.buckets.invalidate(&(organization, bucket, epoch));
        self.store.destroy(organization, bucket, epoch).map_err(KeyFailure::from)?;
        let now = work.database_time().await?;
        stored::note_destroyed(&work, bucket, epoch, now).await?;
        Ok(work.commit().await?)
    }

    /// Whether the store has no key at this place.
    pub(crate) fn is_missing(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> bool {
        matches!(self.store.load(organization, bucket, epoch), Err(KeyStoreError::Missing { .. }))
    }

    /// Whether the store has the key at this place, whole.
    pub(crate) fn is_there(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> bool {
        self.store.load(organization, bucket, epoch).is_ok()
    }

    /// Whether a wrapped key opens with what the store holds now.
    pub(crate) fn opens(&self, organization: OrganizationId, key: &WrappedKey) -> bool {
        self.unwrap(organization, key.owner, key.version, &key.wrapped).is_ok()
    }
}

pub(super) fn rewrap(change: &Change, key: &WrappedKey, rng: &dyn Randomness) -> Result<WrappedKey, DomainError> {
    let version = u32::try_from(key.version).map_err(|_| DomainError::Integrity)?;
    Ok(WrappedKey { wrapped: over(change, key.owner, version, &key.wrapped, rng)?, ..key.clone() })
}

fn over(
    change: &Change,
    owner: Uuid,
    version: u32,
    wrapped: &[u8],
    rng: &dyn Randomness,
) -> Result<Vec<u8>, DomainError> {
    let key = change.old.unwrap_data_key(owner, version, wrapped).map_err(|_| DomainError::Integrity)?;
    let mut nonce = [0_u8; 12];
    rng.fill(&mut nonce);
    Ok(change.new.wrap_data_key(owner, version, &key, nonce).to_vec())
}

/// What a sweep still looks for, under the new epoch.
fn carried_traces(change: &Change, one: KeptTraces, rng: &dyn Randomness) -> Result<KeptTraces, DomainError> {
    let (wrapped, sealed) = super::split_passing(&one.sealed).ok_or(DomainError::Integrity)?;
    let anew = over(change, one.erasure, DATA_KEY_VERSION, wrapped, rng)?;
    Ok(KeptTraces { sealed: [anew.as_slice(), sealed].concat(), ..one })
}

/// Letters that wait for their sender, under the new epoch: those to the erased went with them, but for the one that tells them of it. Beside them those that do
/// not open: the old key would be kept for what nobody can send.
fn carried_letters(change: &Change, letters: Vec<KeptLetter>, rng: &dyn Randomness) -> (Vec<KeptLetter>, Vec<Uuid>) {
    let (mut carried, mut broken) = (Vec::with_capacity(letters.len()), Vec::new());
    for one in letters {
        let id = one.id;
        match carried_letter(change, one, rng) {
            Ok(letter) => carried.push(letter),
            Err(_) => broken.push(id),
        }
    }
    (carried, broken)
}

fn carried_letter(change: &Change, one: KeptLetter, rng: &dyn Randomness) -> Result<KeptLetter, DomainError> {
    let (wrapped, sealed) = super::split_passing(&one.sealed).ok_or(DomainError::Integrity)?;
    let anew = over(change, one.id, DATA_KEY_VERSION, wrapped, rng)?;
    Ok(KeptLetter { sealed: [anew.as_slice(), sealed].concat(), ..one })
}

/// A kept answer under the new epoch, or emptied.
fn carried(
    change: &Change,
    body: KeptBody,
    organization: OrganizationId,
    names: &[String],
    rng: &dyn Randomness,
) -> Result<KeptBody, DomainError> {
    let (wrapped, sealed) = super::split_passing(&body.sealed).ok_or(DomainError::Integrity)?;
    let key = change.old.unwrap_data_key(body.caller, DATA_KEY_VERSION, wrapped).map_err(|_| DomainError::Integrity)?;
    let place = super::own_place(organization, "idempotency", body.caller, &body.key, 1);
    let opened = custodian_crypto::open(&key, &place, sealed).map_err(|_| DomainError::Integrity)?;
    let text = String::from_utf8_lossy(&opened);
    if body.of_partner || names.iter().any(|name| text.contains(name.as_str())) {
        return Ok(KeptBody { sealed: Vec::new(), ..body });
    }
    let anew = over(change, body.caller, DATA_KEY_VERSION, wrapped, rng)?;
    Ok(KeptBody { sealed: [anew.as_slice(), sealed].concat(), ..body })
}
