//! One line of an export, read and hashed on its own: what can be done for many lines at once.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::MacKey;
use custodian_crypto::merkle::{Hash, leaf_hash};
use serde::Deserialize;
use uuid::Uuid;

use crate::fault::Kind;
use crate::header::{Head, head};
use crate::signed::uuid;
use crate::time::micros;

#[derive(Deserialize)]
struct EntryLine<'a> {
    place: u64,
    #[serde(borrow)]
    id: &'a str,
    #[serde(borrow)]
    entry: Cow<'a, str>,
    #[serde(borrow)]
    mac: &'a str,
}

#[derive(Deserialize)]
struct HeadLine<'a> {
    place: u64,
    #[serde(borrow)]
    entry: Cow<'a, str>,
}

/// What an entry must say about itself; the rest of it is not looked at.
#[derive(Deserialize)]
struct Facts<'a> {
    #[serde(borrow)]
    id: &'a str,
    #[serde(borrow)]
    organization: &'a str,
    #[serde(borrow)]
    time: &'a str,
}

/// What a line says, or what is wrong with it.
pub(crate) type Checked = Result<Line, (Kind, &'static str)>;

/// A line that is sound in itself.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) place: u64,
    pub(crate) leaf: Hash,
    pub(crate) time: i64,
    pub(crate) what: What,
}

/// What kind of log it is of.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// An organisation's entry, by its id.
    Entry(Uuid),
    /// A leaf of the global log.
    Head(Head),
}

/// Reads an organisation's entry; its MAC is checked when there is a key.
pub(crate) fn entry(line: &[u8], organization: Uuid, key: Option<&MacKey>) -> Checked {
    let line: EntryLine<'_> =
        serde_json::from_slice(line).map_err(|_| (Kind::Form, "the line is not an entry of an export."))?;
    let facts: Facts<'_> = serde_json::from_str(&line.entry)
        .map_err(|_| (Kind::Form, "the entry lacks its id, its organisation or its time."))?;
    let id = uuid(line.id).ok_or((Kind::Form, "the id is not one."))?;
    if facts.id != line.id {
        return Err((Kind::Owner, "the entry has another id than its line."));
    }
    if uuid(facts.organization) != Some(organization) {
        return Err((Kind::Owner, "the entry is of another organisation."));
    }
    let time = micros(facts.time).ok_or((Kind::Form, "the entry's time is not of its form."))?;
    let mac: [u8; 32] = STANDARD
        .decode(line.mac)
        .ok()
        .and_then(|mac| mac.try_into().ok())
        .ok_or((Kind::Form, "the MAC is not base64 of 32 bytes."))?;
    if key.is_some_and(|key| !key.verify(line.entry.as_bytes(), &mac)) {
        return Err((Kind::Mac, "the entry's MAC is not by the organisation's key."));
    }
    Ok(Line { place: line.place, leaf: leaf_hash(line.entry.as_bytes()), time, what: What::Entry(id) })
}

/// Reads a leaf of the global log.
pub(crate) fn global(line: &[u8]) -> Checked {
    let line: HeadLine<'_> =
        serde_json::from_slice(line).map_err(|_| (Kind::Form, "the line is not a leaf of an export."))?;
    let head = head(&line.entry).ok_or((Kind::Form, "the leaf of the global log is not of its form."))?;
    Ok(Line { place: line.place, leaf: leaf_hash(line.entry.as_bytes()), time: head.time, what: What::Head(head) })
}
