//! The first line of an export: which part of which log it holds, under which checkpoint.

use custodian_crypto::merkle::{Hash, MAX_SIZE};
use serde::Deserialize;
use uuid::Uuid;

use crate::fault::{Fault, Kind};
use crate::signed::{Keys, Signed, hashes, hex_hash, uuid};
use crate::time::micros;

/// The proof that one tree of a log begins with another, as JSON.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ConsistencyText {
    pub(crate) origin: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) hashes: Vec<String>,
}

#[derive(Deserialize)]
struct HeaderText {
    v: u8,
    organization: Option<String>,
    from: u64,
    to: u64,
    tree_size: u64,
    checkpoint: String,
    left: Vec<String>,
    right: Vec<String>,
    #[serde(default)]
    global_checkpoint: Option<String>,
    #[serde(default)]
    global_proof: Option<GlobalText>,
    #[serde(default)]
    proofs: Vec<ConsistencyText>,
}

#[derive(Deserialize)]
struct GlobalText {
    position: u64,
    leaf: String,
    hashes: Vec<String>,
    consistency: Vec<String>,
}

/// A leaf of the global log: an organisation's log at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) organization: Uuid,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) time: i64,
}

/// Reads a leaf of the global log.
pub(crate) fn head(text: &str) -> Option<Head> {
    #[derive(Deserialize)]
    struct HeadText<'a> {
        organization: &'a str,
        root: &'a str,
        size: u64,
        time: &'a str,
        v: u8,
    }
    let head: HeadText<'_> = serde_json::from_str(text).ok().filter(|head: &HeadText<'_>| head.v == 1)?;
    Some(Head {
        organization: uuid(head.organization)?,
        size: head.size,
        root: hex_hash(head.root)?,
        time: micros(head.time)?,
    })
}

/// An organisation's newest leaf in the global log, with what shows that it is there.
pub(crate) struct Published {
    pub(crate) signed: Signed,
    pub(crate) position: u64,
    pub(crate) leaf: String,
    pub(crate) head: Head,
    pub(crate) inclusion: Vec<Hash>,
    pub(crate) consistency: Vec<Hash>,
}

/// A header whose form, bounds, owner and signatures were checked.
pub(crate) struct Header {
    /// None for the global log.
    pub(crate) organization: Option<Uuid>,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) signed: Signed,
    pub(crate) left: Vec<Hash>,
    pub(crate) right: Vec<Hash>,
    pub(crate) published: Option<Published>,
    pub(crate) proofs: Vec<ConsistencyText>,
}

impl Header {
    pub(crate) fn read(file: &str, line: &[u8], keys: &Keys) -> Result<Self, Fault> {
        let form = |text: &str| Fault::new(Kind::Form, file, text).at_line(1);
        let text: HeaderText =
            serde_json::from_slice(line).map_err(|_| form("the first line is not the header of an export."))?;
        if text.v != 1 {
            return Err(form("the export is of a version that is not known here."));
        }
        let organization = match &text.organization {
            Some(id) => Some(uuid(id).ok_or_else(|| form("the organisation is not an id."))?),
            None => None,
        };
        let signed = keys.open(file, &text.checkpoint).map_err(|fault| fault.at_line(1))?;
        if text.from > text.to || text.to > text.tree_size || text.tree_size > MAX_SIZE {
            return Err(form("from, to and tree_size are not in order."));
        }
        let origin = &signed.checkpoint.origin;
        if organization.is_some_and(|id| !origin.ends_with(&format!("/{id}"))) {
            return Err(Fault::new(Kind::Owner, file, "the checkpoint is of another organisation's log.").at_line(1));
        }
        if signed.checkpoint.size != text.tree_size {
            return Err(Fault::new(Kind::Root, file, "the checkpoint is of another size than tree_size.").at_line(1));
        }
        let decoded = |texts: &[String]| hashes(texts).ok_or_else(|| form("a hash is not base64 of 32 bytes."));
        let (left, right) = (decoded(&text.left)?, decoded(&text.right)?);
        let published = match (text.global_checkpoint, text.global_proof, organization) {
            (Some(note), Some(proof), Some(id)) => Some(Published::read(file, &note, proof, id, keys)?),
            (None, None, _) => None,
            _ => return Err(form("global_checkpoint and global_proof stand together, in an organisation's export.")),
        };
        Ok(Self { organization, from: text.from, to: text.to, signed, left, right, published, proofs: text.proofs })
    }

    /// The log's name.
    pub(crate) fn origin(&self) -> &str {
        &self.signed.checkpoint.origin
    }
}

impl Published {
    fn read(file: &str, note: &str, text: GlobalText, organization: Uuid, keys: &Keys) -> Result<Self, Fault> {
        let form = |text: &str| Fault::new(Kind::Form, file, text).at_line(1);
        let signed = keys.open(file, note).map_err(|fault| fault.at_line(1))?;
        let head = head(&text.leaf).ok_or_else(|| form("the leaf of the global log is not of its form."))?;
        if head.organization != organization {
            let text = "the leaf of the global log is another organisation's.";
            return Err(Fault::new(Kind::Owner, file, text).at_line(1));
        }
        let decoded = |texts: &[String]| hashes(texts).ok_or_else(|| form("a hash is not base64 of 32 bytes."));
        let (inclusion, consistency) = (decoded(&text.hashes)?, decoded(&text.consistency)?);
        Ok(Self { signed, position: text.position, leaf: text.leaf, head, inclusion, consistency })
    }
}
