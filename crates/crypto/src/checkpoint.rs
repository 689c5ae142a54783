//! Checkpoints (C2SP tlog-checkpoint): the text that says which tree a log has.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::SigningKey;
use crate::merkle::{Hash, MAX_SIZE};
use crate::note::{self, Note, NoteError, VerifierKey};

/// A log's tree at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Not the text of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the text of a checkpoint")]
pub struct CheckpointError;

/// Why a signed checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The note is not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It is a log's that has another name than the key.
    #[error("the checkpoint is of another log")]
    Origin,
}

impl Checkpoint {
    /// Reads exactly what [`fmt::Display`] writes: three lines, no extension lines, one spelling of each number.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        match Self::parse_extended(text)? {
            (checkpoint, "") => Ok(checkpoint),
            _ => Err(CheckpointError),
        }
    }

    /// The same with any extension lines (none of them empty) that another log may add, unread.
    pub fn parse_extended(text: &str) -> Result<(Self, &str), CheckpointError> {
        let mut lines = text.splitn(4, '\n');
        let (Some(origin), Some(size), Some(root), Some(rest)) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError);
        };
        let number = size.parse().map_err(|_| CheckpointError)?;
        let hash = STANDARD.decode(root).ok().and_then(|hash| hash.try_into().ok()).ok_or(CheckpointError)?;
        let checkpoint = Self { origin: origin.to_owned(), size: number, root: hash };
        let written = checkpoint.to_string();
        let sound = text.strip_prefix(&written) == Some(rest) && !origin.is_empty() && number <= MAX_SIZE;
        let extension = rest.is_empty() || rest.ends_with('\n') && !rest.starts_with('\n') && !rest.contains("\n\n");
        if sound && extension { Ok((checkpoint, rest)) } else { Err(CheckpointError) }
    }

    /// The signed note of this checkpoint, by the log whose name is the origin.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        let text = self.to_string();
        Note::new(&text, vec![note::sign(&text, &self.origin, key)?])
    }

    /// The checkpoint of a note that one of these keys has signed under the checkpoint's own origin.
    ///
    /// A note of another log is refused even when one of the keys has signed it.
    pub fn open(signed: &Note, keys: &[VerifierKey]) -> Result<Self, OpenError> {
        let verified = signed.verify(keys)?;
        let checkpoint = Self::parse(signed.text())?;
        if verified.iter().any(|signature| signature.time.is_none() && signature.name == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(OpenError::Origin)
        }
    }
}

/// The text: origin, size and base64 of the root, a newline after each.
impl fmt::Display for Checkpoint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::note::KeyKind;
    use crate::rng::SeededRandomness;

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_standard_is_read_and_written_back() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.to_string(), TEXT);
    }

    #[test]
    fn other_spellings_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for text in [
            String::new(),
            "o\n1\n".into(),
            format!("o\n1\n{root}"),
            format!("\n1\n{root}\n"),
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n1 \n{root}\n"),
            format!("o\n9223372036854775808\n{root}\n"),
            format!("o\n99999999999999999999\n{root}\n"),
            format!("o\n1\n{}\n", &root[..43]),
            format!("o\n1\n{}J=\n", &root[..42]),
            format!("o\n1\n{root}{root}\n"),
            format!("o\n1\r\n{root}\n"),
            format!("o\n1\n{root}\nextension\n"),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError), "{text:?}");
        }
        assert_eq!(Checkpoint::parse_extended(&format!("o\n1\n{root}\na\nb\n")).unwrap().1, "a\nb\n");
        for wrong in ["a", "\n", "a\n\n", "\na\n", "a\n\nb\n"] {
            assert!(Checkpoint::parse_extended(&format!("o\n1\n{root}\n{wrong}")).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn opens_only_for_the_key_of_its_own_origin() {
        let (key, _) = SigningKey::generate(&SeededRandomness::new(1));
        let checkpoint = Checkpoint { origin: "host/audit/a".into(), size: 0, root: crate::merkle::empty_root() };
        let own = VerifierKey::new(KeyKind::Ed25519, "host/audit/a", key.public()).unwrap();
        let other = VerifierKey::new(KeyKind::Ed25519, "host/audit/b", key.public()).unwrap();
        let note = checkpoint.sign(&key).unwrap();
        assert_eq!(Checkpoint::open(&note, &[own.clone(), other.clone()]), Ok(checkpoint.clone()));
        assert_eq!(Checkpoint::open(&note, std::slice::from_ref(&other)), Err(OpenError::Note(NoteError::Unsigned)));
        let text = checkpoint.to_string();
        let moved = Note::new(&text, vec![note::sign(&text, "host/audit/b", &key).unwrap()]).unwrap();
        assert_eq!(Checkpoint::open(&moved, &[own, other]), Err(OpenError::Origin));
    }

    #[test]
    fn a_witness_alone_does_not_make_a_checkpoint() {
        let (key, _) = SigningKey::generate(&SeededRandomness::new(1));
        let witness = VerifierKey::new(KeyKind::Cosignature, "host/audit", key.public()).unwrap();
        let checkpoint = Checkpoint { origin: "host/audit".into(), size: 0, root: crate::merkle::empty_root() };
        let text = checkpoint.to_string();
        let note = Note::new(&text, vec![note::cosign(&text, "host/audit", &key, 7).unwrap()]).unwrap();
        assert_eq!(Checkpoint::open(&note, &[witness]), Err(OpenError::Origin));
    }
}
