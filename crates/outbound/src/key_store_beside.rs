//! A key store that is only read: what is made in it stays in memory, and nothing in it is destroyed. For trying a backup beside a running service.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use custodian_crypto::{Randomness, Secret32};
use custodian_domain::kernel::OrganizationId;

use crate::{KeyStore, KeyStoreError};

type Kept = HashMap<(OrganizationId, u16, u32), [u8; 32]>;

/// See the module.
pub struct ReadOnlyKeyStore<S> {
    store: S,
    made: Mutex<Kept>,
}

impl<S: KeyStore> ReadOnlyKeyStore<S> {
    /// Over another store.
    pub fn over(store: S) -> Self {
        Self { store, made: Mutex::new(HashMap::new()) }
    }
}

impl<S: KeyStore> KeyStore for ReadOnlyKeyStore<S> {
    fn create(
        &self,
        organization: OrganizationId,
        bucket: u16,
        epoch: u32,
        key: &Secret32,
        _: &dyn Randomness,
    ) -> Result<(), KeyStoreError> {
        let exists = || std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        let taken = KeyStoreError::Io { what: "put key in place", source: exists() };
        if self.load(organization, bucket, epoch).is_ok() {
            return Err(taken);
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert((organization, bucket, epoch), *key.expose());
        Ok(())
    }

    fn load(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<Secret32, KeyStoreError> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.get(&(organization, bucket, epoch)) {
            Some(key) => Ok(Secret32::from_bytes(*key)),
            None => self.store.load(organization, bucket, epoch),
        }
    }

    fn destroy(&self, _: OrganizationId, _: u16, _: u32) -> Result<(), KeyStoreError> {
        let source = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
        Err(KeyStoreError::Io { what: "destroy a key of a store that is only read", source })
    }

    fn list(&self, organization: OrganizationId) -> Result<Vec<(u16, u32)>, KeyStoreError> {
        let mut all = self.store.list(organization)?;
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(
            made.keys().filter(|(owner, ..)| *owner == organization).map(|(_, bucket, epoch)| (*bucket, *epoch)),
        );
        all.sort_unstable();
        Ok(all)
    }

    fn check_value(&self) -> Result<Option<Vec<u8>>, KeyStoreError> {
        self.store.check_value()
    }

    fn bind(&self, _: &[u8]) -> Result<(), KeyStoreError> {
        let source = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
        Err(KeyStoreError::Io { what: "bind a store that is only read", source })
    }
}
