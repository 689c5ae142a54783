//! The security ledger: signed lines outside the database that tell what a backup which is put back must not undo. Each names the one before it.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::{RootKey, SigningKey, jws, sha256};
use custodian_domain::backups::LedgerAt;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_outbound::AnchorFile;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;

/// The type that the signature names (RFC 7515, `typ`).
pub const LEDGER_TYP: &str = "security-ledger+jws";
/// What the last line is looked for in: longer than any line.
const TAIL: u64 = 1 << 13;
/// How often another writer may come first.
const TRIES: u32 = 100;

/// One line: ids and times, nothing of anybody.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct LedgerLine {
    /// When it happened, RFC 3339.
    pub at: String,
    /// What happened: `erased`, `key_revoked`, `user_disabled`, `user_closed`, `consent_withdrawn`, `grant_ended` or `secret_rotated`; and
    /// `keyring_exported`, which says how new the export of wrapped keys must be that a backup is put back with.
    pub kind: String,
    /// What it happened to.
    pub object: Uuid,
    /// The organisation.
    pub organization: Uuid,
    /// SHA-256 of the line before, in hexadecimal; empty for the first.
    pub previous: String,
    /// Counts from 1, over all organisations.
    pub sequence: u64,
    /// 1.
    pub v: u8,
}

/// The key that signs the ledger, the keyring exports and what says what a backup is. It is made of the root key and of nothing in the database: a backup
/// that is put back knows no key that was made after it.
pub fn ledger_key(root: &RootKey) -> Result<SigningKey, DomainError> {
    let seed = root.derive("security-ledger/1", &[]);
    SigningKey::from_secret(seed.expose()).map_err(|_| DomainError::internal("the ledger's key cannot be made"))
}

/// How far the ledger is; none before its first line. Blocks.
pub(crate) fn position(file: &AnchorFile) -> std::io::Result<Option<LedgerAt>> {
    let last = file.tail(TAIL)?.pop();
    Ok(last.and_then(|line| {
        let sequence = payload(&line)?.sequence;
        Some(LedgerAt { sequence, sha256: hex(&sha256(line.as_bytes())) })
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The payload of a line whoever has signed it; what is to be believed is for who reads the whole file.
fn payload(line: &str) -> Option<LedgerLine> {
    serde_json::from_value(signed_json(line)?).ok()
}

/// What a compact JWS of ours says; whether it is signed is for who verifies it.
pub(crate) fn signed_json(text: &str) -> Option<serde_json::Value> {
    use base64::Engine;
    let middle = text.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Adds a line for each, one after the other, and answers the number of the first. All are durable when this returns.
///
/// Errors: `unavailable` where the file cannot be written, or where no ledger is set up.
pub async fn tell(
    app: &App,
    organization: OrganizationId,
    told: &[(&str, Uuid, DateTime<Utc>)],
) -> Result<i64, DomainError> {
    let Some(file) = app.custody().ledger.clone() else {
        return Err(DomainError::unavailable("no security ledger is set up"));
    };
    let line = |(kind, object, at): &(&str, Uuid, DateTime<Utc>)| LedgerLine {
        at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
        kind: (*kind).to_owned(),
        object: *object,
        organization: organization.uuid(),
        previous: String::new(),
        sequence: 0,
        v: 1,
    };
    let lines: Vec<LedgerLine> = told.iter().map(line).collect();
    let app = app.clone();
    let written = tokio::task::spawn_blocking(move || append(&app, &file, &lines)).await;
    written.map_err(|_| DomainError::internal("the writer of the ledger ended"))?
}

fn append(app: &App, file: &Arc<AnchorFile>, lines: &[LedgerLine]) -> Result<i64, DomainError> {
    let away = |error: std::io::Error| DomainError::unavailable(format!("the security ledger: {}", error.kind()));
    for _ in 0..TRIES {
        let last = file.tail(TAIL).map_err(away)?.pop();
        let before = last.as_deref().map(|text| payload(text).ok_or_else(broken)).transpose()?;
        let first = before.map_or(1, |line| line.sequence + 1);
        let chained = chain(app, lines, last.as_deref(), first)?;
        let mut ours = false;
        file.append(&chained, |now| {
            ours = now == last.as_deref();
            ours
        })
        .map_err(away)?;
        if ours {
            return i64::try_from(first).map_err(|_| DomainError::internal("the ledger is full"));
        }
    }
    Err(DomainError::unavailable("the security ledger is busy"))
}

/// Signed lines that follow one on the other, and the first on `last`.
fn chain(app: &App, lines: &[LedgerLine], last: Option<&str>, first: u64) -> Result<String, DomainError> {
    let mut signed: Vec<String> = Vec::with_capacity(lines.len());
    let key = ledger_key(app.keys().root())?;
    for (line, sequence) in lines.iter().zip(first..) {
        let before = signed.last().map(String::as_str).or(last);
        let previous = before.map_or_else(String::new, |text| hex(&sha256(text.as_bytes())));
        let next = LedgerLine { previous, sequence, ..line.clone() };
        let text = serde_json::to_vec(&next).map_err(|_| DomainError::internal("a line does not serialise"))?;
        signed.push(jws::sign(&key, LEDGER_TYP, &text));
    }
    Ok(signed.join("\n"))
}

fn broken() -> DomainError {
    DomainError::internal("the last line of the security ledger is none of ours")
}
