//! The whole check: what was handed in is read, held to its signatures, recomputed, and tied together.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use custodian_crypto::MacKey;
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use custodian_crypto::note::VerifierKey;
use uuid::Uuid;

use crate::anchor::{self, Anchor};
use crate::export::{Export, of_organization};
use crate::fault::{Fault, Kind};
use crate::header::{ConsistencyText, Head, Published};
use crate::points::Points;
use crate::report::{AnchorReport, Cosigned, LogReport, Report};
use crate::signed::{Keys, Signed, hashes};
use crate::whole::{self, Held};

/// An export by its name, to be read once from beginning to end.
pub struct Input {
    /// The name to speak of it by.
    pub name: String,
    /// Its bytes.
    pub bytes: Box<dyn Read + Send>,
}

/// A small text by its name: a checkpoint, an anchor file or a proof.
pub struct Text {
    /// The name to speak of it by.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Gathers what is handed in; [`Verifier::run`] then checks it all. Each step refuses what is wrong in itself.
pub struct Verifier {
    keys: Keys,
    points: Points,
    exports: Vec<Export>,
    anchors: Vec<Anchor>,
    proofs: Vec<(String, ConsistencyText)>,
    macs: HashMap<Uuid, MacKey>,
    cosigned: Vec<Cosigned>,
    /// Whether the exports hold all that there is, and then whether of some organisations only.
    whole: Option<bool>,
}

impl Verifier {
    /// Trusts these keys of logs and witnesses. The key named `<host>/audit` counts for `<host>/audit/<organisation>` too.
    /// Without a log's key no log's signature is checked, and the report says so.
    pub fn new(keys: Vec<VerifierKey>) -> Self {
        Self {
            keys: Keys::new(keys),
            points: Points::default(),
            exports: Vec::new(),
            anchors: Vec::new(),
            proofs: Vec::new(),
            macs: HashMap::new(),
            cosigned: Vec::new(),
            whole: None,
        }
    }

    /// Adds an export; its header and signatures are checked at once.
    pub fn export(&mut self, input: Input) -> Result<(), Fault> {
        let mut export = Export::open(input.name, input.bytes, &self.keys)?;
        self.add(&export.file, &export.header.signed)?;
        if let Some(published) = &export.header.published {
            self.add(&export.file, &published.signed)?;
        }
        let proofs = std::mem::take(&mut export.header.proofs);
        self.proofs.extend(proofs.into_iter().map(|proof| (export.file.clone(), proof)));
        self.exports.push(export);
        Ok(())
    }

    /// Adds a signed checkpoint that was kept elsewhere.
    pub fn checkpoint(&mut self, text: &Text) -> Result<(), Fault> {
        let signed = self.keys.open(&text.name, &text.text)?;
        self.add(&text.name, &signed)
    }

    /// Adds an anchor file.
    pub fn anchor(&mut self, text: &Text) -> Result<(), Fault> {
        let anchor = anchor::read(&text.name, &text.text, &self.keys, &mut self.points)?;
        let empty = || Fault::new(Kind::Form, &text.name, "the anchor file holds no checkpoint.");
        self.anchors.push(anchor.ok_or_else(empty)?);
        Ok(())
    }

    /// Adds a consistency proof between two checkpoints.
    pub fn proof(&mut self, text: &Text) -> Result<(), Fault> {
        let proof = serde_json::from_str(&text.text)
            .map_err(|_| Fault::new(Kind::Form, &text.name, "it is not a consistency proof."))?;
        self.proofs.push((text.name.clone(), proof));
        Ok(())
    }

    /// The organisations of the exports added so far.
    pub fn organizations(&self) -> Vec<Uuid> {
        self.exports.iter().filter_map(|export| export.header.organization).collect()
    }

    /// Has the MACs of an organisation's entries checked with its key.
    pub fn mac_key(&mut self, organization: Uuid, key: MacKey) {
        self.macs.insert(organization, key);
    }

    /// Takes the exports for all that there is, as those of a live database are: a checkpoint, an anchor or the global log that shows
    /// more entries, or another log, is then a fault. With `some` the global log may name organisations that were not asked for.
    pub fn whole(&mut self, some: bool) {
        self.whole = Some(some);
    }

    fn add(&mut self, file: &str, signed: &Signed) -> Result<(), Fault> {
        let Checkpoint { origin, size, .. } = &signed.checkpoint;
        for (witness, time) in &signed.cosigned {
            let one = Cosigned { origin: origin.clone(), size: *size, witness: witness.clone(), time: *time };
            if !self.cosigned.contains(&one) {
                self.cosigned.push(one);
            }
        }
        self.points.add(file, &signed.checkpoint, true)
    }

    /// Checks everything; the first thing that is wrong ends it. `read` is told how many more bytes of the exports were read.
    pub fn run(mut self, read: &(dyn Fn(u64) + Sync)) -> Result<Report, Fault> {
        let mut report = Report { signatures_checked: self.keys.any_log(), ..Report::default() };
        let mut ranges: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        let mut heads = Vec::new();
        // The global log comes first: the heads it names are held against the organisations' entries.
        let mut exports = std::mem::take(&mut self.exports);
        let alone = exports.is_empty();
        exports.sort_by_key(|export| export.header.organization.is_some());
        for export in &mut exports {
            self.check(export, &mut heads, &mut report, read)?;
            let header = &export.header;
            ranges.entry(header.origin().to_owned()).or_default().push((header.from, header.to));
        }
        if let Some(some) = self.whole {
            let held: Vec<Held> = exports.iter().map(held).collect();
            whole::check(&held, &self.points, &heads, some)?;
        }
        self.tie(alone)?;
        report.logs = self.logs(ranges);
        report.anchors = self.anchors.into_iter().map(report_anchor).collect();
        self.cosigned.sort();
        report.cosigned = self.cosigned;
        Ok(report)
    }

    fn check(
        &mut self,
        export: &mut Export,
        heads: &mut Vec<Head>,
        report: &mut Report,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Fault> {
        let origin = export.header.origin().to_owned();
        let mut expected = self.points.expected(&origin);
        let mut named = BTreeMap::new();
        if let Some(id) = export.header.organization {
            named = of_organization(heads, id);
        }
        for (size, root) in &named {
            if expected.insert(*size, *root).is_some_and(|signed| signed != *root) {
                let text = format!("{origin} has another root for {size} entries than the global log names.");
                return Err(Fault::new(Kind::Fork, &export.file, text));
            }
        }
        let key = export.header.organization.and_then(|id| self.macs.get(&id));
        let shown = export.check(&expected, key, read)?;
        if let Some(published) = &export.header.published {
            published.check(&export.file, &export.header.signed)?;
        }
        let entries = export.header.to - export.header.from;
        report.entries += entries;
        report.macs_checked += if key.is_some() { entries } else { 0 };
        report.heads_compared += shown.sizes.iter().filter(|size| named.contains_key(size)).count() as u64;
        self.points.join(&origin, &shown.sizes);
        heads.extend(shown.heads);
        Ok(())
    }

    /// Ties all checkpoints together by the proofs given; what stays apart is refused. An anchor file `alone`, with nothing of its
    /// log beside it, has nothing to be tied to.
    fn tie(&mut self, alone: bool) -> Result<(), Fault> {
        for (file, proof) in std::mem::take(&mut self.proofs) {
            let form = || Fault::new(Kind::Form, &file, "a hash of the consistency proof is not base64 of 32 bytes.");
            let hashes = hashes(&proof.hashes).ok_or_else(form)?;
            self.points.prove(&file, &proof.origin, proof.from, proof.to, &hashes)?;
        }
        self.points.connected()?;
        let tied = |anchor: &&Anchor| {
            self.points.touches(&anchor.origin, &anchor.sizes) || alone && !self.points.any_to_tie(&anchor.origin)
        };
        match self.anchors.iter().find(|anchor| !tied(anchor)) {
            Some(anchor) => {
                let text = format!(
                    "no line of it is a checkpoint of {} that was given otherwise, and nothing connects them: give a \
                     consistency proof, or an export of that log.",
                    anchor.origin
                );
                Err(Fault::new(Kind::Unconnected, &anchor.file, text))
            }
            None => Ok(()),
        }
    }

    fn logs(&self, mut ranges: BTreeMap<String, Vec<(u64, u64)>>) -> Vec<LogReport> {
        let origins: Vec<String> = self.points.origins();
        let log = |origin: String| LogReport {
            checkpoints: self.points.count(&origin),
            ranges: ranges.remove(&origin).unwrap_or_default(),
            origin,
        };
        origins.into_iter().map(log).collect()
    }
}

fn held(export: &Export) -> Held {
    let header = &export.header;
    let (file, origin) = (export.file.clone(), header.origin().to_owned());
    Held { file, origin, organization: header.organization, size: header.signed.checkpoint.size }
}

fn report_anchor(anchor: Anchor) -> AnchorReport {
    AnchorReport { file: anchor.file, lines: anchor.sizes.len(), cut: anchor.cut }
}

impl Published {
    /// Whether the global log holds the leaf, and the leaf is the beginning of the log that is exported.
    fn check(&self, file: &str, own: &Signed) -> Result<(), Fault> {
        let fault = |text: String| Fault::new(Kind::Proof, file, text).at_line(1);
        let (own, global) = (&own.checkpoint, &self.signed.checkpoint);
        if own.origin != format!("{}/{}", global.origin, self.head.organization) {
            return Err(Fault::new(Kind::Owner, file, "the global log is another instance's.").at_line(1));
        }
        let leaf = leaf_hash(self.leaf.as_bytes());
        verify_inclusion(self.position, global.size, &leaf, &self.inclusion, &global.root)
            .map_err(|error| fault(format!("the leaf is not shown to be in the global log: {error}.")))?;
        verify_consistency(self.head.size, &self.head.root, own.size, &own.root, &self.consistency)
            .map_err(|error| fault(format!("the log is not shown to begin with the head in the global log: {error}.")))
    }
}
