//! The key store: bucket keys wrapped by the root key, one small file each, in a folder that no database backup contains.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use custodian_crypto::keys::RootKey;
use custodian_crypto::rng::Randomness;
use custodian_crypto::secret::Secret32;
use custodian_domain::kernel::OrganizationId;

/// What can go wrong with the key store. Texts name files, never keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The folder or a file cannot be read or written.
    #[error("the key store cannot be used ({what}): {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// No such key: it was destroyed, or the folder is not the one that belongs to this database.
    #[error("the key store has no key for bucket {bucket} epoch {epoch}")]
    Missing {
        /// Bucket number.
        bucket: u16,
        /// Epoch.
        epoch: u32,
    },
    /// The file does not open under the root key.
    #[error("the key of bucket {bucket} epoch {epoch} does not open under the root key")]
    Damaged {
        /// Bucket number.
        bucket: u16,
        /// Epoch.
        epoch: u32,
    },
}

/// Where bucket keys live. A key management service stands behind the same trait.
pub trait KeyStore: Send + Sync {
    /// Makes a bucket key durable before it is used. A key that exists already is left as it is and refused.
    fn create(
        &self,
        organization: OrganizationId,
        bucket: u16,
        epoch: u32,
        key: &Secret32,
        rng: &dyn Randomness,
    ) -> Result<(), KeyStoreError>;
    /// Opens a bucket key.
    fn load(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<Secret32, KeyStoreError>;
    /// Destroys a bucket key for good: overwritten, then gone, both durable when this returns. One that is not there is destroyed already.
    fn destroy(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<(), KeyStoreError>;
    /// Every (bucket, epoch) kept for an organisation, in order.
    fn list(&self, organization: OrganizationId) -> Result<Vec<(u16, u32)>, KeyStoreError>;
    /// The root key check value that this store belongs to; `None` while it is new.
    fn check_value(&self) -> Result<Option<Vec<u8>>, KeyStoreError>;
    /// Binds a new store to a root key.
    fn bind(&self, check_value: &[u8]) -> Result<(), KeyStoreError>;
}

/// A folder: `<organisation>/<bucket>-<epoch>.key`, and `check-value`.
pub struct DirectoryKeyStore {
    root: PathBuf,
    root_key: RootKey,
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> KeyStoreError {
    move |source| KeyStoreError::Io { what, source }
}

impl DirectoryKeyStore {
    /// Opens the folder, creating it with mode 0700 when it is missing.
    pub fn open(root: &Path, root_key: RootKey) -> Result<Self, KeyStoreError> {
        create_private_dir(root)?;
        Ok(Self { root: root.to_owned(), root_key })
    }

    fn folder(&self, organization: OrganizationId) -> PathBuf {
        self.root.join(organization.to_string())
    }

    fn file(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> PathBuf {
        self.folder(organization).join(format!("{bucket:05}-{epoch:010}.key"))
    }
}

fn create_private_dir(path: &Path) -> Result<(), KeyStoreError> {
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(io("create folder"))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io("close folder to others"))?;
        if let Some(parent) = path.parent() {
            sync_dir(parent)?;
        }
    }
    Ok(())
}

fn sync_dir(path: &Path) -> Result<(), KeyStoreError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|dir| dir.sync_all()).map_err(io("sync folder"))
}

/// Written whole under another name, synced, then linked to its own: a crash leaves no half key, an existing key is never replaced.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeyStoreError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut nonce = [0_u8; 8];
    custodian_crypto::rng::SystemRandomness.fill(&mut nonce);
    let draft = parent.join(format!(".draft-{:016x}", u64::from_be_bytes(nonce)));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io("create file"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io("write file"))?;
    let linked = fs::hard_link(&draft, path).map_err(io("put file in place"));
    fs::remove_file(&draft).map_err(io("remove draft"))?;
    linked?;
    sync_dir(parent)
}

fn context(organization: OrganizationId, bucket: u16, epoch: u32) -> [Vec<u8>; 3] {
    [organization.uuid().as_bytes().to_vec(), bucket.to_be_bytes().to_vec(), epoch.to_be_bytes().to_vec()]
}

impl KeyStore for DirectoryKeyStore {
    fn create(
        &self,
        organization: OrganizationId,
        bucket: u16,
        epoch: u32,
        key: &Secret32,
        rng: &dyn Randomness,
    ) -> Result<(), KeyStoreError> {
        create_private_dir(&self.folder(organization))?;
        let [a, b, c] = context(organization, bucket, epoch);
        let wrapped = self.root_key.wrap("bucket-key/1", &[&a, &b, &c], key.expose(), rng);
        write_new(&self.file(organization, bucket, epoch), &wrapped)
    }

    fn load(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<Secret32, KeyStoreError> {
        let wrapped = match fs::read(self.file(organization, bucket, epoch)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeyStoreError::Missing { bucket, epoch }),
            Err(source) => {
                return Err(KeyStoreError::Io { what: "read file", source });
            }
        };
        let [a, b, c] = context(organization, bucket, epoch);
        let opened = self
            .root_key
            .unwrap("bucket-key/1", &[&a, &b, &c], &wrapped)
            .map_err(|_| KeyStoreError::Damaged { bucket, epoch })?;
        let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| KeyStoreError::Damaged { bucket, epoch })?;
        Ok(Secret32::from_bytes(bytes))
    }

    fn destroy(&self, organization: OrganizationId, bucket: u16, epoch: u32) -> Result<(), KeyStoreError> {
        let path = self.file(organization, bucket, epoch);
        let mut file = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(KeyStoreError::Io { what: "open file to destroy", source }),
        };
        let length = file.metadata().map_err(io("measure file"))?.len();
        let zeros = vec![0_u8; usize::try_from(length).unwrap_or(0)];
        file.write_all(&zeros).and_then(|()| file.sync_all()).map_err(io("overwrite file"))?;
        fs::remove_file(&path).map_err(io("remove file"))?;
        sync_dir(&self.folder(organization))
    }

    fn list(&self, organization: OrganizationId) -> Result<Vec<(u16, u32)>, KeyStoreError> {
        let entries = match fs::read_dir(self.folder(organization)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(KeyStoreError::Io { what: "read folder", source });
            }
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(io("read folder"))?.file_name();
            let parsed = name.to_str().and_then(|n| n.strip_suffix(".key")).and_then(|n| n.split_once('-'));
            if let Some((Ok(bucket), Ok(epoch))) = parsed.map(|(b, e)| (b.parse(), e.parse())) {
                found.push((bucket, epoch));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn check_value(&self) -> Result<Option<Vec<u8>>, KeyStoreError> {
        match fs::read(self.root.join("check-value")) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyStoreError::Io { what: "read check value", source }),
        }
    }

    fn bind(&self, check_value: &[u8]) -> Result<(), KeyStoreError> {
        write_new(&self.root.join("check-value"), check_value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use custodian_crypto::rng::SeededRandomness;
    use uuid::Uuid;

    fn store(dir: &Path, seed: u64) -> DirectoryKeyStore {
        DirectoryKeyStore::open(dir, RootKey::from_bytes(Secret32::generate(&SeededRandomness::new(seed)), 1)).unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("custodian-key-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn a_key_comes_back_only_at_its_place_and_under_its_root_key() {
        let dir = folder("place");
        let rng = SeededRandomness::new(7);
        let (a, b) = (OrganizationId::from(Uuid::from_u128(1)), OrganizationId::from(Uuid::from_u128(2)));
        let key = Secret32::generate(&rng);
        let first = store(&dir, 1);
        first.create(a, 3, 1, &key, &rng).unwrap();
        assert_eq!(first.load(a, 3, 1).unwrap().expose(), key.expose());
        assert_eq!(first.list(a).unwrap(), [(3, 1)]);
        assert!(matches!(first.load(b, 3, 1), Err(KeyStoreError::Missing { .. })));
        assert!(matches!(first.load(a, 3, 2), Err(KeyStoreError::Missing { .. })));
        fs::copy(first.file(a, 3, 1), first.file(a, 4, 1)).unwrap();
        assert!(matches!(first.load(a, 4, 1), Err(KeyStoreError::Damaged { .. })));
        assert!(matches!(store(&dir, 2).load(a, 3, 1), Err(KeyStoreError::Damaged { .. })));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_destroyed_key_is_gone_and_its_neighbours_stay() {
        let dir = folder("destroy");
        let rng = SeededRandomness::new(11);
        let organization = OrganizationId::from(Uuid::from_u128(5));
        let store = store(&dir, 1);
        let next = Secret32::generate(&rng);
        store.create(organization, 1, 1, &Secret32::generate(&rng), &rng).unwrap();
        store.create(organization, 1, 2, &next, &rng).unwrap();
        store.destroy(organization, 1, 1).unwrap();
        assert!(matches!(store.load(organization, 1, 1), Err(KeyStoreError::Missing { .. })));
        assert_eq!(store.load(organization, 1, 2).unwrap().expose(), next.expose());
        assert_eq!(store.list(organization).unwrap(), [(1, 2)]);
        store.destroy(organization, 1, 1).unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn an_existing_key_is_never_replaced() {
        let dir = folder("replace");
        let rng = SeededRandomness::new(9);
        let organization = OrganizationId::from(Uuid::from_u128(5));
        let key = Secret32::generate(&rng);
        let store = store(&dir, 1);
        store.create(organization, 0, 1, &key, &rng).unwrap();
        assert!(store.create(organization, 0, 1, &Secret32::generate(&rng), &rng).is_err());
        assert_eq!(store.load(organization, 0, 1).unwrap().expose(), key.expose());
        let names: Vec<_> = fs::read_dir(store.folder(organization)).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 1, "no draft is left behind: {names:?}");
        fs::remove_dir_all(&dir).unwrap();
    }
}
