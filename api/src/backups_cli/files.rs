//! The files of a backup: a folder of its own, put in its place whole or not at all, closed to other accounts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use custodian_application::backups::{DumpFile, Manifest};
use custodian_application::startup::Unfit;
use custodian_crypto::{RootKey, sha256_stream};

const DUMP: &str = "database.dump";
const MANIFEST: &str = "manifest.jws";
/// How much is read at once.
const CHUNK: usize = 1 << 20;

fn cannot(path: &Path, error: &io::Error) -> Unfit {
    Unfit(format!("{}: {}.", path.display(), error.kind()))
}

/// A backup being written. Dropped before [`Draft::finish`] it leaves nothing.
pub(super) struct Draft {
    parent: PathBuf,
    folder: PathBuf,
    finished: bool,
}

impl Draft {
    /// Begins one in this folder, which is made if it is missing.
    pub(super) fn begin(parent: &Path, number: u64) -> Result<Self, Unfit> {
        let closed = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        closed(parent).map_err(|error| cannot(parent, &error))?;
        let folder = parent.join(format!(".draft-{number:016x}"));
        closed(&folder).map_err(|error| cannot(&folder, &error))?;
        let draft = Self { parent: parent.to_owned(), folder, finished: false };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft.dump())
            .map_err(|error| cannot(&draft.dump(), &error))?;
        Ok(draft)
    }

    /// Where the dump goes.
    pub(super) fn dump(&self) -> PathBuf {
        self.folder.join(DUMP)
    }

    /// Makes the dump durable and tells what it is.
    pub(super) fn close_dump(&self) -> Result<DumpFile, Unfit> {
        let path = self.dump();
        let failed = |error: io::Error| cannot(&path, &error);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
        measure(&path)
    }

    /// Adds the manifest and puts the whole in its place; answers where that is.
    pub(super) fn finish(mut self, manifest: &Manifest, root: &RootKey) -> Result<PathBuf, Unfit> {
        let text = manifest.sign(root).ok_or_else(|| Unfit("The manifest cannot be signed.".into()))?;
        let (path, place) = (self.folder.join(MANIFEST), self.parent.join(manifest.folder()));
        let failed = |error: io::Error| cannot(&path, &error);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        sync(&self.folder)?;
        fs::rename(&self.folder, &place).map_err(|error| cannot(&place, &error))?;
        self.finished = true;
        sync(&self.parent)?;
        Ok(place)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to be told; a draft counts for nothing.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn sync(folder: &Path) -> Result<(), Unfit> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot(folder, &error))
}

fn measure(path: &Path) -> Result<DumpFile, Unfit> {
    let failed = |error: io::Error| cannot(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut digest, mut bytes, mut chunk) = (sha256_stream(), 0_u64, vec![0_u8; CHUNK]);
    loop {
        let read = file.read(&mut chunk).map_err(failed)?;
        if read == 0 {
            break;
        }
        digest.update(chunk.get(..read).unwrap_or_default());
        bytes += u64::try_from(read).unwrap_or(0);
    }
    let sha256 = digest.finish().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(DumpFile { bytes, sha256 })
}

/// A backup that was found whole: its dump, and what says what it is.
pub(super) struct Found {
    pub(super) dump: PathBuf,
    pub(super) manifest: Manifest,
}

/// Finds a backup: in this folder, or the newest in the folders beneath it. Its manifest must be signed with this root key and its dump be the very one.
pub(super) fn find(from: &Path, root: &RootKey) -> Result<Found, Unfit> {
    let folder = if from.join(MANIFEST).is_file() { from.to_owned() } else { newest(from)? };
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
    let manifest = Manifest::open(root, &text)
        .ok_or_else(|| Unfit(format!("{}: it is damaged, or was not signed with this root key.", path.display())))?;
    let dump = folder.join(DUMP);
    if measure(&dump)? != manifest.dump {
        return Err(Unfit(format!(
            "{}: it is not the dump that the manifest tells of. It is damaged.",
            dump.display()
        )));
    }
    Ok(Found { dump, manifest })
}

/// Names sort by time.
fn newest(parent: &Path) -> Result<PathBuf, Unfit> {
    let entries = fs::read_dir(parent).map_err(|error| cannot(parent, &error))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let whole = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("backup-"))
            && path.join(MANIFEST).is_file()
    };
    paths.filter(whole).max().ok_or_else(|| Unfit(format!("{}: there is no backup.", parent.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use custodian_application::backups::{AtCheckpoint, AtLedger};
    use custodian_crypto::Secret32;
    use custodian_crypto::rng::SeededRandomness;

    fn root() -> RootKey {
        RootKey::from_bytes(Secret32::generate(&SeededRandomness::new(5)), 1)
    }

    fn take(parent: &Path, taken_at: &str, text: &[u8]) -> PathBuf {
        let draft = Draft::begin(parent, u64::try_from(text.len()).unwrap()).unwrap();
        fs::write(draft.dump(), text).unwrap();
        let manifest = Manifest {
            checkpoint: AtCheckpoint { origin: "host/audit".into(), note: String::new(), size: 0 },
            dump: draft.close_dump().unwrap(),
            id: uuid::Uuid::from_u128(4),
            ledger: AtLedger { sequence: 0, sha256: String::new() },
            organizations: 1,
            schema: "first".into(),
            taken_at: taken_at.parse().unwrap(),
            v: 1,
        };
        draft.finish(&manifest, &root()).unwrap()
    }

    #[test]
    fn a_backup_is_there_whole_or_not_at_all_and_every_byte_counts() {
        let parent = std::env::temp_dir().join(format!("custodian-backup-files-{}", std::process::id()));
        let _ = fs::remove_dir_all(&parent);
        drop(Draft::begin(&parent, 99).unwrap());
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 0, "a draft that was given up leaves nothing");
        let text: Vec<u8> = (0..200).collect();
        let older = take(&parent, "2026-11-22T10:00:00Z", b"older");
        let newer = take(&parent, "2026-11-23T10:00:00Z", &text);
        assert_eq!(find(&parent, &root()).unwrap().dump, newer.join(DUMP));
        assert_eq!(find(&older, &root()).unwrap().manifest.dump.bytes, 5);
        for path in [newer.join(DUMP), newer.join(MANIFEST)] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        assert_eq!(fs::metadata(&newer).unwrap().permissions().mode() & 0o777, 0o700);
        let other = RootKey::from_bytes(Secret32::generate(&SeededRandomness::new(6)), 1);
        assert!(find(&parent, &other).is_err(), "another root key");
        for file in [DUMP, MANIFEST] {
            let path = newer.join(file);
            let sound = fs::read(&path).unwrap();
            for at in (0..sound.len() - 1).step_by(2) {
                let mut bytes = sound.clone();
                bytes[at] ^= 1;
                fs::write(&path, &bytes).unwrap();
                assert!(find(&parent, &root()).is_err(), "{file}, byte {at}");
            }
            fs::write(&path, &sound[..sound.len() / 2]).unwrap();
            assert!(find(&parent, &root()).is_err(), "half of {file}");
            fs::write(&path, &sound).unwrap();
        }
        assert!(find(&parent, &root()).is_ok());
        fs::remove_dir_all(&parent).unwrap();
    }
}
