//! What says what a backup is: signed by the service, verifiable with the root key alone, and holding no key and nobody's data.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::{RootKey, jws};
use custodian_domain::backups::LedgerAt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::erasures::ledger_key;

/// The type that the signature names (RFC 7515, `typ`).
pub const MANIFEST_TYP: &str = "backup-manifest+jws";

/// A file of a backup.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct DumpFile {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The newest checkpoint of the audit log when the backup was begun.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct AtCheckpoint {
    /// The name of the log.
    pub origin: String,
    /// The signed checkpoint (C2SP); empty before the first.
    pub note: String,
    /// How many heads were published.
    pub size: u64,
}

/// How far the security ledger was when the backup was begun: everything up to there is in the backup.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct AtLedger {
    /// The number of its last line.
    pub sequence: u64,
    /// SHA-256 of that line, in hexadecimal.
    pub sha256: String,
}

impl From<LedgerAt> for AtLedger {
    fn from(LedgerAt { sequence, sha256 }: LedgerAt) -> Self {
        Self { sequence, sha256 }
    }
}

impl From<&AtLedger> for LedgerAt {
    fn from(AtLedger { sequence, sha256 }: &AtLedger) -> Self {
        Self { sequence: *sequence, sha256: sha256.clone() }
    }
}

/// A backup, as its manifest tells.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Manifest {
    /// The audit log's newest checkpoint.
    pub checkpoint: AtCheckpoint,
    /// The dump.
    pub dump: DumpFile,
    /// Its id.
    pub id: Uuid,
    /// How far the security ledger was.
    pub ledger: AtLedger,
    /// How many organisations are in it.
    pub organizations: u64,
    /// The newest migration of its schema.
    pub schema: String,
    /// When it was begun (RFC 3339, UTC).
    pub taken_at: DateTime<Utc>,
    /// 1.
    pub v: u8,
}

impl Manifest {
    /// The signed text.
    pub fn sign(&self, root: &RootKey) -> Option<String> {
        let text = serde_json::to_vec(self).ok()?;
        Some(jws::sign(&ledger_key(root).ok()?, MANIFEST_TYP, &text))
    }

    /// What a signed text says, if the holder of this root key has signed it.
    pub fn open(root: &RootKey, text: &str) -> Option<Self> {
        let signed = jws::open(text.trim_end(), MANIFEST_TYP, &ledger_key(root).ok()?.public())?;
        serde_json::from_slice(&signed).ok().filter(|manifest: &Self| manifest.v == 1)
    }

    /// The name of its folder; names sort by time.
    pub fn folder(&self) -> String {
        format!("backup-{}", self.taken_at.to_rfc3339_opts(SecondsFormat::Micros, true).replace([':', '-', '.'], ""))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use custodian_crypto::Secret32;
    use custodian_crypto::rng::SeededRandomness;

    fn manifest() -> Manifest {
        Manifest {
            checkpoint: AtCheckpoint { origin: "host/audit".into(), note: String::new(), size: 0 },
            dump: DumpFile { bytes: 7, sha256: "ab".repeat(32) },
            id: Uuid::from_u128(4),
            ledger: AtLedger { sequence: 3, sha256: "cd".repeat(32) },
            organizations: 2,
            schema: "20261122000000_first".into(),
            taken_at: "2026-11-23T00:15:30.000001Z".parse().unwrap(),
            v: 1,
        }
    }

    #[test]
    fn only_the_root_key_that_signed_it_opens_it_and_no_byte_may_differ() {
        let rng = SeededRandomness::new(2);
        let (root, other) =
            (RootKey::from_bytes(Secret32::generate(&rng), 1), RootKey::from_bytes(Secret32::generate(&rng), 1));
        let text = manifest().sign(&root).unwrap();
        assert_eq!(Manifest::open(&root, &format!("{text}\n")), Some(manifest()));
        assert_eq!(Manifest::open(&other, &text), None);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            let byte = bytes.get_mut(at).unwrap();
            *byte = if *byte == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let same = Manifest::open(&root, &changed).is_none_or(|opened| opened == manifest());
            assert!(same, "byte {at}");
        }
        assert_eq!(manifest().folder(), "backup-20261123T001530000001Z");
    }
}
