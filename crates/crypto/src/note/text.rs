//! The text form of a signed note: the text, an empty line, then signature lines.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::NoteError;
use super::key::is_name;

/// Signature lines that a note may have; the standard asks for at least 16.
const MOST_SIGNATURES: usize = 64;
/// Bytes that a note may have.
const MOST_BYTES: usize = 1 << 18;

/// One signature line; whether it is sound is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: [u8; 4],
    /// The bytes after the key's id.
    pub signature: Vec<u8>,
}

impl SignatureLine {
    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let (name, encoded) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Form)?;
        let (key_id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        if !is_name(name) || signature.is_empty() {
            return Err(NoteError::Form);
        }
        Ok(Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }
}

/// The line without its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(to, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A text with its signatures, of the right form; nothing in it may be believed before `verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// A note from its text, which ends in a newline, and one to 64 signatures.
    pub fn new(text: &str, signatures: Vec<SignatureLine>) -> Result<Self, NoteError> {
        let note = Self { text: text.to_owned(), signatures };
        Self::parse(&note.to_string())
    }

    /// Reads a note strictly: newlines are the only control characters, the last empty line parts text and signatures,
    /// nothing follows them; at most 64 signatures and 256 KiB.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MOST_BYTES || note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(NoteError::Form);
        }
        let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures = lines.split('\n').map(SignatureLine::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::Form);
        }
        Ok(Self { text: format!("{before}\n"), signatures })
    }

    /// The signed text with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }
}

/// The whole note, as it is stored and sent.
impl fmt::Display for Note {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(to, "{line}"))
    }
}
