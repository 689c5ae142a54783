//! Files of a private instance that hold secrets: made once, mode 0600, written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use custodian_application::startup::Unfit;
use custodian_crypto::{Randomness, SystemRandomness};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::demo::password;

/// Passwords of the two database roles.
#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    pub owner_password: String,
    pub server_password: String,
}

impl Secrets {
    /// The folder's own, made at the first start together with its root key.
    pub(super) fn load_or_make(dir: &Path) -> Result<Self, Unfit> {
        let key = dir.join("root.key");
        if !key.exists() {
            write_root_key(&key)?;
        }
        let file = dir.join("secrets.json");
        if let Some(secrets) = read(&file)? {
            return Ok(secrets);
        }
        let made = Self { owner_password: password(&SystemRandomness), server_password: password(&SystemRandomness) };
        write(&file, &made)?;
        Ok(made)
    }
}

/// Writes a new root key, mode 0400. An existing file is left as it is and refused.
pub fn write_root_key(path: &Path) -> Result<(), Unfit> {
    if path.exists() {
        return Err(Unfit(format!("{} exists; a root key is never overwritten.", path.display())));
    }
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    SystemRandomness.fill(bytes.as_mut_slice());
    write_bytes(path, bytes.as_slice(), 0o400)
}

fn say(path: &Path, what: &str, error: &std::io::Error) -> Unfit {
    match error.kind() {
        ErrorKind::PermissionDenied => Unfit(format!(
            "{} {what}: this account has no right to. Run as the folder's owner, or choose another with --data-dir.",
            path.display()
        )),
        kind => Unfit(format!("{} {what} ({kind}).", path.display())),
    }
}

/// Makes the folder. Others may pass through it, for the account that runs Postgres, but not list it.
pub(super) fn make_dir(dir: &Path) -> Result<(), Unfit> {
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(|error| say(dir, "cannot be made", &error))?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o711))
            .map_err(|error| say(dir, "cannot be closed to others", &error))?;
    }
    Ok(())
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Unfit> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| Unfit(format!("{} is damaged. Remove its folder to begin anew.", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(say(path, "cannot be read", &error)),
    }
}

pub(super) fn write(path: &Path, value: &impl Serialize) -> Result<(), Unfit> {
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| Unfit(error.to_string()))?;
    write_bytes(path, &bytes, 0o600)
}

/// Writes a text with mode 0600, replacing what is there.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), Unfit> {
    write_bytes(path, text.as_bytes(), 0o600)
}

fn write_bytes(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Unfit> {
    let draft = path.with_extension("draft");
    remove(&draft)?;
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, path)).map_err(|error| say(path, "cannot be written", &error))
}

pub(super) fn remove(path: &Path) -> Result<(), Unfit> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(say(path, "cannot be removed", &error)),
    }
}
