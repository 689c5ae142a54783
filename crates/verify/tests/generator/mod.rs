//! Makes logs for tests: entries, trees, checkpoints and exports as a sound server would write them.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::{
    Hash, Node, RightEdge, TileError, TileSet, consistency, inclusion, leaf_hash, left_nodes, right_nodes,
};
use custodian_crypto::note::{KeyKind, Note, VerifierKey};
use custodian_crypto::{MacKey, Secret32, SeededRandomness, SigningKey, sha256_stream};
use serde_json::{Value, json};
use uuid::Uuid;

pub const GLOBAL: &str = "custodian.example/audit";
/// 2026-11-22T00:00:00Z in milliseconds.
const BEGUN: u64 = 1_795_305_600_000;

pub fn signing_key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededRandomness::new(seed)).0
}

pub fn mac_key() -> MacKey {
    MacKey::new(&Secret32::from_bytes([9; 32]))
}

pub fn organization(number: u128) -> Uuid {
    Uuid::from_u128((7 << 76) | (2 << 62) | number)
}

/// The verifier key of the instance: the global log's.
pub fn vkey() -> VerifierKey {
    VerifierKey::new(KeyKind::Ed25519, GLOBAL, signing_key(1).public()).unwrap()
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A moment, `millis` after the first, as entries write it.
pub fn time(millis: u64) -> String {
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (day, second) = (22 + seconds / 86_400, seconds % 86_400);
    format!("2026-11-{day:02}T{:02}:{:02}:{:02}.{rest:03}000Z", second / 3600, second / 60 % 60, second % 60)
}

/// One log, whole.
pub struct Log {
    pub organization: Option<Uuid>,
    pub texts: Vec<String>,
    pub ids: Vec<Uuid>,
    /// MACs by another key than the generator's, for all entries or for none.
    pub macs: Vec<Vec<u8>>,
    tiles: TileSet,
    edge: RightEdge,
    seed: u64,
}

impl Log {
    pub fn new(organization: Option<Uuid>) -> Self {
        let edge = RightEdge::new(0, &[]).unwrap();
        Self {
            organization,
            texts: Vec::new(),
            ids: Vec::new(),
            macs: Vec::new(),
            tiles: TileSet::new(),
            edge,
            seed: 1,
        }
    }

    /// An organisation's log of so many entries, a few milliseconds apart.
    pub fn of(organization: Uuid, entries: u64) -> Self {
        let mut log = Self::new(Some(organization));
        log.grow(entries);
        log
    }

    pub fn grow(&mut self, entries: u64) {
        for _ in 0..entries {
            let place = self.texts.len() as u64;
            let millis = place * 5;
            let id = Uuid::from_u128((u128::from(BEGUN + millis) << 80) | (7 << 76) | (2 << 62) | u128::from(place));
            self.ids.push(id);
            self.texts.push(entry_text(self.organization.unwrap(), id, &time(millis)));
        }
        self.seal();
    }

    /// Adds an organisation's head, as the global log does.
    pub fn publish(&mut self, log: &Log) {
        let checkpoint = log.checkpoint(log.size());
        let place = self.texts.len() as u64;
        let head = json!({"organization": log.organization.unwrap(), "root": hex(&checkpoint.root), "size": checkpoint.size, "time": time(place * 1000), "v": 1});
        self.texts.push(head.to_string());
        self.seal();
    }

    /// Hashes the texts added since the last time.
    pub fn seal(&mut self) {
        let from = self.edge.size() as usize;
        let leaves: Vec<Hash> = self.texts[from..].iter().map(|text| leaf_hash(text.as_bytes())).collect();
        self.edge.append(&leaves).unwrap().into_iter().for_each(|tile| self.tiles.insert(tile));
    }

    /// The same entries with some changed, hashed anew and signed with another key if `seed` is not 1.
    pub fn rebuilt(&self, seed: u64, change: impl Fn(&mut Vec<String>, &mut Vec<Uuid>)) -> Self {
        let mut log = Self::new(self.organization);
        (log.texts, log.ids, log.seed) = (self.texts.clone(), self.ids.clone(), seed);
        change(&mut log.texts, &mut log.ids);
        log.seal();
        log
    }

    pub fn size(&self) -> u64 {
        self.texts.len() as u64
    }

    pub fn origin(&self) -> String {
        self.organization.map_or(GLOBAL.into(), |id| format!("{GLOBAL}/{id}"))
    }

    fn hash(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        self.tiles.node(level, index)
    }

    fn hashes(&self, nodes: &[Node]) -> Vec<Hash> {
        nodes.iter().map(|node| self.hash(node.level, node.index).unwrap()).collect()
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let hashes = self.hashes(&left_nodes(size));
        let root = custodian_crypto::merkle::Frontier::from_hashes(size, hashes).unwrap().root();
        Checkpoint { origin: self.origin(), size, root }
    }

    pub fn signed(&self, size: u64) -> Note {
        self.checkpoint(size).sign(&signing_key(self.seed)).unwrap()
    }

    pub fn note(&self, size: u64) -> String {
        self.signed(size).to_string()
    }

    pub fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        consistency::<TileError>(from, to, |level, index| self.hash(level, index)).unwrap()
    }

    /// A consistency proof as a file.
    pub fn proof(&self, from: u64, to: u64) -> String {
        json!({"origin": self.origin(), "from": from, "to": to, "hashes": encoded(&self.consistency(from, to))})
            .to_string()
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion::<TileError>(index, size, |level, index| self.hash(level, index)).unwrap()
    }

    /// The header of an export; with the global log it shows the newest head there.
    pub fn header(&self, from: u64, to: u64, size: u64, global: Option<&Log>) -> Value {
        let mut header = json!({
            "v": 1, "organization": self.organization, "from": from, "to": to, "tree_size": size, "checkpoint": self.note(size),
            "left": encoded(&self.hashes(&left_nodes(from))), "right": encoded(&self.hashes(&right_nodes(to, size))),
        });
        if let Some(global) = global {
            let id = self.organization.unwrap().to_string();
            let position = global.texts.iter().rposition(|text| text.contains(&id)).unwrap();
            let leaf: Value = serde_json::from_str(&global.texts[position]).unwrap();
            let published = leaf["size"].as_u64().unwrap();
            header["global_checkpoint"] = global.note(global.size()).into();
            header["global_proof"] = json!({
                "position": position, "leaf": global.texts[position],
                "hashes": encoded(&global.inclusion(position as u64, global.size())),
                "consistency": encoded(&self.consistency(published, size)),
            });
        }
        header
    }

    /// Writes an export line by line.
    pub fn write(&self, header: &Value, from: u64, to: u64, out: &mut impl Write) {
        let mut digest = sha256_stream();
        let mut put = |line: String| {
            let line = line + "\n";
            digest.update(line.as_bytes());
            out.write_all(line.as_bytes()).unwrap();
        };
        put(header.to_string());
        let key = mac_key();
        for place in from..to {
            put(self.line(place, &key));
        }
        writeln!(out, r#"{{"count":{},"sha256":"{}"}}"#, to - from, hex(&digest.finish())).unwrap();
    }

    fn line(&self, place: u64, key: &MacKey) -> String {
        let text = &self.texts[place as usize];
        let entry = serde_json::to_string(text).unwrap();
        match self.ids.get(place as usize) {
            Some(id) => {
                let own = || key.sign(text.as_bytes()).to_vec();
                let mac = STANDARD.encode(self.macs.get(place as usize).cloned().unwrap_or_else(own));
                format!(r#"{{"place":{place},"id":"{id}","entry":{entry},"mac":"{mac}"}}"#)
            }
            None => format!(r#"{{"place":{place},"entry":{entry}}}"#),
        }
    }

    /// The export of a range of the tree of `size`.
    pub fn export(&self, from: u64, to: u64, size: u64, global: Option<&Log>) -> String {
        let mut out = Vec::new();
        self.write(&self.header(from, to, size, global), from, to, &mut out);
        String::from_utf8(out).unwrap()
    }
}

/// An entry as the server writes one for a read, in length and members.
pub fn entry_text(organization: Uuid, id: Uuid, time: &str) -> String {
    format!(
        r#"{{"action":"customers.read","actor":{{"id":"0193a1b2-0000-7000-8000-00000000000a","kind":"staff","session":"0193a1b2-0000-7000-8000-00000000000b"}},"customer":"0193a1b2-0000-7000-8000-00000000000c","fields":{{"masked":["mobile","name"],"read":["city"]}},"id":"{id}","organization":"{organization}","purpose":"customer_care","request":"0193a1b2-0000-7000-8000-00000000000d","time":"{time}","v":1,"verdict":"allowed"}}"#
    )
}

/// An anchor file of these checkpoints.
pub fn anchor(notes: &[String]) -> String {
    notes.iter().map(|note| json!({"note": note, "time": time(0), "v": 1}).to_string() + "\n").collect()
}

/// An export with its lines changed and its last line made to fit again: what a forger of files would do.
pub fn forged(export: &str, change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines: Vec<String> = export.lines().map(str::to_owned).collect();
    lines.pop();
    change(&mut lines);
    let body = lines.join("\n") + "\n";
    let mut digest = sha256_stream();
    digest.update(body.as_bytes());
    format!("{body}{{\"count\":{},\"sha256\":\"{}\"}}\n", lines.len() - 1, hex(&digest.finish()))
}

/// A header with one member changed.
pub fn with(header: &str, pointer: &str, value: Value) -> String {
    let mut header: Value = serde_json::from_str(header).unwrap();
    *header.pointer_mut(pointer).unwrap() = value;
    header.to_string()
}
