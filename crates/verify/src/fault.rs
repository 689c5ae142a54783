//! The first thing that is wrong with what was handed in, and where.

use std::fmt;

use serde::Serialize;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It cannot be read, is cut off, or is not of its format.
    Form,
    /// A note is not signed by a key that was given, or a signature is forged.
    Signature,
    /// Something is of another log than it says or should be.
    Owner,
    /// A place is missing, or stands where it does not belong.
    Gap,
    /// An entry stands twice.
    Double,
    /// Time goes back further than overlapping transactions explain, or an id's time is not its entry's.
    Time,
    /// An entry's MAC is not by the organisation's key.
    Mac,
    /// The entries and hashes do not give the root that was signed.
    Root,
    /// Two checkpoints cannot both be of one append-only log.
    Fork,
    /// A proof does not hold.
    Proof,
    /// Nothing handed in shows that two checkpoints belong together.
    Unconnected,
}

/// One fault. The text names files, places, sizes and ids, never what an entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Fault {
    /// What kind.
    pub kind: Kind,
    /// In which of the things handed in, by its name.
    pub file: String,
    /// Its line there, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The first bad place of the log, or the first that may be bad when only a root tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// A sentence on it.
    pub text: String,
}

impl Fault {
    /// A fault of a whole file.
    pub(crate) fn new(kind: Kind, file: &str, text: impl Into<String>) -> Self {
        Self { kind, file: file.to_owned(), line: None, place: None, text: text.into() }
    }

    /// The same at a line.
    pub(crate) fn at_line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The same at a place.
    pub(crate) fn at_place(self, place: u64) -> Self {
        Self { place: Some(place), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(to, ", line {line}")?;
        }
        if let Some(place) = self.place {
            write!(to, ", place {place}")?;
        }
        write!(to, ": {}", self.text)
    }
}
