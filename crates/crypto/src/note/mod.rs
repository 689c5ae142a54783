//! Signed notes (C2SP signed-note) with Ed25519 signatures, and witnesses' timestamped cosignatures (C2SP tlog-cosignature).

mod key;
mod text;

#[cfg(test)]
mod tests;

pub use key::{KeyKind, VerifierKey};
pub use text::{Note, SignatureLine};

use crate::SigningKey;

/// The latest time that a cosignature may carry, in seconds since 1970.
const LATEST: u64 = i64::MAX.unsigned_abs();

/// Why a note, a line or a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a signed note.
    #[error("not the form of a signed note")]
    Form,
    /// Not the form of a verifier key, or its id is not that of its name and key.
    #[error("not a verifier key of a kind that is known here")]
    Key,
    /// No signature is by a key that is known.
    #[error("no signature is by a known key")]
    Unsigned,
    /// A signature under a known key's name and id is not by it.
    #[error("a known key's signature does not verify")]
    Forged,
}

/// A signature that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key's name.
    pub name: String,
    /// When it was cosigned, in seconds since 1970; none for a plain signature.
    pub time: Option<u64>,
}

/// Signs a note's text, which ends in a newline, as the log of that name.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<SignatureLine, NoteError> {
    let verifier = VerifierKey::new(KeyKind::Ed25519, name, key.public())?;
    Ok(SignatureLine {
        name: verifier.name().to_owned(),
        key_id: verifier.id(),
        signature: key.sign(text.as_bytes()).to_vec(),
    })
}

/// Cosigns a checkpoint's text as the witness of that name, at `time` in seconds since 1970.
pub fn cosign(text: &str, name: &str, key: &SigningKey, time: u64) -> Result<SignatureLine, NoteError> {
    let verifier = VerifierKey::new(KeyKind::Cosignature, name, key.public())?;
    if time > LATEST {
        return Err(NoteError::Form);
    }
    let signature = key.sign(cosigned(text, time).as_bytes());
    let signature = [time.to_be_bytes().as_slice(), &signature].concat();
    Ok(SignatureLine { name: verifier.name().to_owned(), key_id: verifier.id(), signature })
}

/// The message that a cosignature is over.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Checks one line against its key: the time of a cosignature, none for a plain signature.
fn check(text: &str, line: &SignatureLine, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
    let (time, message, signature) = match key.kind() {
        KeyKind::Ed25519 => (None, text.to_owned(), line.signature.as_slice()),
        KeyKind::Cosignature => {
            let (time, signature) = line.signature.split_first_chunk::<8>().ok_or(NoteError::Forged)?;
            let time = u64::from_be_bytes(*time);
            if time > LATEST {
                return Err(NoteError::Forged);
            }
            (Some(time), cosigned(text, time), signature)
        }
    };
    let sound = crate::signing::verify(key.public(), message.as_bytes(), signature);
    if sound { Ok(time) } else { Err(NoteError::Forged) }
}

impl Note {
    /// The signatures by these keys, in the note's order. Those of unknown keys are passed over; a known key's that does not
    /// verify refuses the whole note, as does the lack of any.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        let mut verified = Vec::new();
        for line in self.signatures() {
            for key in keys.iter().filter(|key| key.name() == line.name && key.id() == line.key_id) {
                let time = check(self.text(), line, key)?;
                verified.push(Verified { name: line.name.clone(), time });
            }
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }
}
