//! Signed checkpoints as they are handed in: read, checked against the keys that were given, and their witnesses noted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::Hash;
use custodian_crypto::note::{KeyKind, Note, VerifierKey};
use uuid::Uuid;

use crate::fault::{Fault, Kind};

/// The keys of logs and of witnesses that the auditor trusts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<VerifierKey>);

/// A checkpoint whose signatures were checked as far as keys were given.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    /// Witnesses that cosigned it: name and time in seconds since 1970.
    pub(crate) cosigned: Vec<(String, u64)>,
}

impl Keys {
    pub(crate) fn new(keys: Vec<VerifierKey>) -> Self {
        Self(keys)
    }

    /// Whether logs' signatures can be checked at all.
    pub(crate) fn any_log(&self) -> bool {
        self.0.iter().any(|key| key.kind() == KeyKind::Ed25519)
    }

    /// The keys that may sign for an origin: the key of the global log signs for the logs of its organisations too.
    fn of(&self, origin: &str) -> Vec<VerifierKey> {
        let mut keys = self.0.clone();
        for key in self.0.iter().filter(|key| key.kind() == KeyKind::Ed25519) {
            let organization = origin.strip_prefix(key.name()).and_then(|rest| rest.strip_prefix('/'));
            if organization.is_some_and(|id| uuid(id).is_some())
                && let Ok(own) = VerifierKey::new(KeyKind::Ed25519, origin, *key.public())
                && !keys.contains(&own)
            {
                keys.push(own);
            }
        }
        keys
    }

    /// Reads a checkpoint's note and checks it.
    pub(crate) fn open(&self, file: &str, text: &str) -> Result<Signed, Fault> {
        let note = Note::parse(text).map_err(|error| Fault::new(Kind::Form, file, format!("{error}.")))?;
        let checkpoint = Checkpoint::parse(note.text());
        let checkpoint = checkpoint.map_err(|error| Fault::new(Kind::Form, file, format!("{error}.")))?;
        let keys = self.of(&checkpoint.origin);
        if self.any_log() {
            let said =
                |error| Fault::new(Kind::Signature, file, format!("the checkpoint of {}: {error}.", checkpoint.origin));
            Checkpoint::open(&note, &keys).map_err(said)?;
        }
        let cosigned = match note.verify(&keys) {
            Ok(verified) => verified.into_iter().filter_map(|one| one.time.map(|time| (one.name, time))).collect(),
            Err(custodian_crypto::note::NoteError::Forged) => {
                return Err(Fault::new(Kind::Signature, file, "a known key's signature does not verify."));
            }
            Err(_) => Vec::new(),
        };
        Ok(Signed { checkpoint, cosigned })
    }
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// All of a list of hashes, or none.
pub(crate) fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

/// A hash in lower-case hex.
pub(crate) fn hex_hash(text: &str) -> Option<Hash> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits = text.as_bytes().iter().map(digit).collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

/// An id in the one spelling that the log writes.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}
