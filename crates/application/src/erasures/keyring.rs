//! The keyring export: every wrapped key of an organisation as one signed file, so that a backup of before can be opened by the keys of now.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::{jws, sha256_stream};
use custodian_domain::backups::LedgerKind;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_outbound::{KeyringExport, KeyringFolder, keyring_lines};
use custodian_persistence::erasures::{self as stored, WrappedKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ledger;
use crate::App;

/// The type that the signature names (RFC 7515, `typ`).
pub const KEYRING_TYP: &str = "keyring+jws";
const PAGE: i64 = 5_000;

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct KeyLine {
    key: String,
    owner: Uuid,
    version: i32,
}

/// What is signed: of whom, when, how many, and the digest of all lines before.
#[derive(Serialize, Deserialize)]
struct Closing {
    at: String,
    count: u64,
    organization: Uuid,
    sha256: String,
    v: u8,
}

fn away(error: std::io::Error) -> DomainError {
    DomainError::unavailable(format!("the keyring export: {}", error.kind()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes every wrapped key, reads the file back from the disk and opens each; the ledger tells of it. Answers how many there are.
///
/// Errors: `integrity_error` where a key of somebody who stays does not open: then no older key may be destroyed.
pub(crate) async fn export(app: &App, organization: OrganizationId, at: DateTime<Utc>) -> Result<u64, DomainError> {
    let Some(folder) = app.custody().keyrings.clone() else {
        return Err(DomainError::unavailable("no folder for keyring exports is set up"));
    };
    let name = at.format("%Y%m%dT%H%M%S%6fZ").to_string();
    let path = write(app, organization, &folder, &name, at).await?;
    let reader = app.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let count = read_back(&reader, organization, &path)?;
        folder.tidy(organization).map_err(away).map(|()| count)
    });
    let count = checked.await.map_err(|_| DomainError::internal("the reader of the keyring ended"))??;
    // Whoever puts a backup back must know that there is an export as new as this.
    ledger::tell(app, organization, &[(LedgerKind::KeyringExported.as_str(), organization.uuid(), at)]).await?;
    Ok(count)
}

async fn write(
    app: &App,
    organization: OrganizationId,
    folder: &KeyringFolder,
    name: &str,
    at: DateTime<Utc>,
) -> Result<PathBuf, DomainError> {
    let mut file = folder.begin(organization, name).map_err(away)?;
    let (mut digest, mut count) = (sha256_stream(), 0_u64);
    let work = app.begin(organization).await?;
    let mut page = stored::own_keys(&work).await?;
    let mut after = Uuid::nil();
    while !page.is_empty() {
        for key in &page {
            digest.update(put(&mut file, key)?.as_bytes());
            digest.update(b"\n");
            count += 1;
        }
        page = stored::all_keys(&work, after, PAGE).await?;
        after = page.last().map_or(after, |key| key.owner);
    }
    work.abandon().await;
    let closing = Closing {
        at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
        count,
        organization: organization.uuid(),
        sha256: hex(&digest.finish()),
        v: 1,
    };
    let text = serde_json::to_vec(&closing).map_err(|_| DomainError::internal("a keyring does not serialise"))?;
    file.line(&jws::sign(&ledger::ledger_key(app.keys().root())?, KEYRING_TYP, &text)).map_err(away)?;
    tokio::task::spawn_blocking(move || file.finish())
        .await
        .map_err(|_| DomainError::internal("the writer of the keyring ended"))?
        .map_err(away)
}

fn put(file: &mut KeyringExport, key: &WrappedKey) -> Result<String, DomainError> {
    let line = KeyLine { key: STANDARD.encode(&key.wrapped), owner: key.owner, version: key.version };
    let line = serde_json::to_string(&line).map_err(|_| DomainError::internal("a key line does not serialise"))?;
    file.line(&line).map_err(away)?;
    Ok(line)
}

/// The keys of an export as it lies on the disk: signed by the service, whole, and of this organisation.
#[derive(Debug)]
pub(crate) struct Exported {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Every key.
    pub keys: Vec<WrappedKey>,
}

/// Reads an export. Blocks. A sentence where it is not whole or not signed by the service.
pub(crate) fn read(
    public: &[u8; 32],
    organization: OrganizationId,
    path: &std::path::Path,
) -> Result<Exported, String> {
    let broken = || format!("The keyring export {} is damaged, or not the service's own.", path.display());
    let (mut digest, mut keys) = (sha256_stream(), Vec::new());
    let lines = keyring_lines(path).map_err(|error| format!("{}: {}.", path.display(), error.kind()))?;
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let line = line.map_err(|_| broken())?;
        if lines.peek().is_some() {
            let KeyLine { key, owner, version } = serde_json::from_str(&line).map_err(|_| broken())?;
            keys.push(WrappedKey { owner, version, wrapped: STANDARD.decode(key).map_err(|_| broken())? });
            digest.update(line.as_bytes());
            digest.update(b"\n");
            continue;
        }
        let closing = jws::open(&line, KEYRING_TYP, public).ok_or_else(broken)?;
        let closing: Closing = serde_json::from_slice(&closing).map_err(|_| broken())?;
        let at = DateTime::parse_from_rfc3339(&closing.at).map_err(|_| broken())?.to_utc();
        let whole = u64::try_from(keys.len()) == Ok(closing.count) && closing.sha256 == hex(&digest.finish());
        return if whole && closing.organization == organization.uuid() {
            Ok(Exported { at, keys })
        } else {
            Err(broken())
        };
    }
    Err(broken())
}

/// The newest export of an organisation; none where there is none. Blocks.
pub(crate) fn newest(
    public: &[u8; 32],
    folder: &KeyringFolder,
    organization: OrganizationId,
) -> Result<Option<Exported>, String> {
    let files = folder.files().map_err(|error| format!("The keyring exports cannot be read: {}.", error.kind()))?;
    let begins = format!("{organization}-");
    let ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins));
    match files.into_iter().filter(ours).max() {
        Some(path) => read(public, organization, &path).map(Some),
        None => Ok(None),
    }
}

/// The file as it lies on the disk: signed by us, whole, and every key in it opens.
fn read_back(app: &App, organization: OrganizationId, path: &std::path::Path) -> Result<u64, DomainError> {
    let public = ledger::ledger_key(app.keys().root())?.public();
    let exported = read(&public, organization, path).map_err(DomainError::internal)?;
    let closed = exported.keys.iter().filter(|key| !app.keys().opens(organization, key));
    let closed = closed
        .inspect(|key| tracing::error!(alert = "critical", owner = %key.owner, "a key of somebody who stays does not open: no older key is destroyed until they are put back or erased"))
        .count();
    if closed == 0 { Ok(u64::try_from(exported.keys.len()).unwrap_or(u64::MAX)) } else { Err(DomainError::Integrity) }
}
