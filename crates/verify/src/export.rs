//! One export against its checkpoint and every other of its log: the root worked out again from each entry.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use custodian_crypto::MacKey;
use custodian_crypto::merkle::{Hash, RangeRoot};
use serde::Deserialize;
use uuid::Uuid;

use crate::fault::{Fault, Kind};
use crate::header::{Head, Header};
use crate::line::{self, Checked, Line, What};
use crate::order::Order;
use crate::pipeline::{self, End, LONGEST_LINE};
use crate::signed::{Keys, hex_hash};

/// An export whose header was read; its entries are still to come.
pub(crate) struct Export {
    pub(crate) file: String,
    pub(crate) header: Header,
    first: Vec<u8>,
    rest: BufReader<Box<dyn Read + Send>>,
}

/// What a sound export has shown.
pub(crate) struct Shown {
    /// Sizes whose roots were found equal to those expected, the checkpoint's among them.
    pub(crate) sizes: Vec<u64>,
    /// The organisations' heads, of the global log's export.
    pub(crate) heads: Vec<Head>,
}

#[derive(Deserialize)]
struct Trailer {
    count: u64,
    sha256: String,
}

impl Export {
    /// Reads and checks the header.
    pub(crate) fn open(file: String, bytes: Box<dyn Read + Send>, keys: &Keys) -> Result<Self, Fault> {
        let mut rest = BufReader::new(bytes);
        let mut first = Vec::new();
        let read = rest.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut first);
        if read.is_err() || first.last() != Some(&b'\n') {
            return Err(Fault::new(Kind::Form, &file, "it cannot be read, or has no first line."));
        }
        let header = Header::read(&file, &first, keys)?;
        Ok(Self { file, header, first, rest })
    }

    /// Recomputes everything. `expected` holds the roots of this log's checkpoints by size, those this range does not reach among them.
    pub(crate) fn check(
        &mut self,
        expected: &BTreeMap<u64, Hash>,
        key: Option<&MacKey>,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<Shown, Fault> {
        let Self { file, header, first, rest } = self;
        read(first.len() as u64);
        let mut run = Run::new(file, header, expected)?;
        let end = match header.organization {
            Some(id) => {
                pipeline::run(file, first, rest, |text| line::entry(text, id, key), |line| run.take(line), read)?
            }
            None => pipeline::run(file, first, rest, line::global, |line| run.take(line), read)?,
        };
        run.finish(&end)
    }
}

/// The entries of one export, on their way.
struct Run<'a> {
    file: &'a str,
    header: &'a Header,
    expected: &'a BTreeMap<u64, Hash>,
    tree: RangeRoot,
    order: Order,
    /// The next size to hold the tree to.
    next: Option<u64>,
    shown: Shown,
    keep: bool,
}

impl<'a> Run<'a> {
    fn new(file: &'a str, header: &'a Header, expected: &'a BTreeMap<u64, Hash>) -> Result<Self, Fault> {
        let tree = RangeRoot::new(header.from, header.to, header.signed.checkpoint.size, &header.left);
        let tree = tree.map_err(|error| Fault::new(Kind::Form, file, format!("{error}.")).at_line(1))?;
        let mut run = Self {
            file,
            header,
            expected,
            tree,
            order: Order::from(header.from),
            next: None,
            shown: Shown { sizes: Vec::new(), heads: Vec::new() },
            keep: header.organization.is_none(),
        };
        run.compare()?;
        Ok(run)
    }

    /// Holds the tree so far to the checkpoint of its size, and looks for the next.
    fn compare(&mut self) -> Result<(), Fault> {
        let size = self.tree.so_far().size();
        if let Some(root) = self.expected.get(&size) {
            if self.tree.so_far().root() != *root {
                return Err(self.other_root(size));
            }
            self.shown.sizes.push(size);
        }
        self.next = self.expected.range(size + 1..).next().map(|(size, _)| *size);
        Ok(())
    }

    /// A root tells that something before `size` is wrong, and the last equal root how far back it can be.
    fn other_root(&self, size: u64) -> Fault {
        let sound = self.shown.sizes.last().copied();
        let since = sound.map_or(0, |sound| sound);
        let hashes = if sound.is_none() && self.header.from > 0 || size > self.header.to {
            ", or a hash of the header"
        } else {
            ""
        };
        let text = format!(
            "the entries do not give the signed root of {size}: something was changed from place {since} to {}{hashes}.",
            size.saturating_sub(1)
        );
        Fault::new(Kind::Root, self.file, text).at_place(sound.unwrap_or(self.header.from))
    }

    fn take(&mut self, line: Checked) -> Result<(), Fault> {
        let place = self.order.next();
        let here = |fault: Fault| fault.at_line(place - self.header.from + 2).at_place(place);
        let line: Line = line.map_err(|(kind, text)| here(Fault::new(kind, self.file, text)))?;
        if place >= self.header.to {
            return Err(here(Fault::new(Kind::Gap, self.file, "more entries stand here than the header says.")));
        }
        self.order.take(&line).map_err(|(kind, text)| here(Fault::new(kind, self.file, text)))?;
        let grown = self.tree.leaf(line.leaf);
        grown.map_err(|error| here(Fault::new(Kind::Gap, self.file, format!("{error}."))))?;
        if let What::Head(head) = line.what
            && self.keep
        {
            self.shown.heads.push(head);
        }
        if self.next == Some(place + 1) { self.compare() } else { Ok(()) }
    }

    fn finish(mut self, end: &End) -> Result<Shown, Fault> {
        let (found, meant) = (self.order.next() - self.header.from, self.header.to - self.header.from);
        let last = found + 2;
        let form = |text: &str| Fault::new(Kind::Form, self.file, text).at_line(last);
        let trailer: Trailer = serde_json::from_slice(&end.trailer)
            .map_err(|_| form("it is cut off: the last line is not the one that closes an export."))?;
        if found != meant || trailer.count != meant {
            let text = format!("{meant} entries should stand here, and {found} do.");
            return Err(Fault::new(Kind::Gap, self.file, text).at_line(last).at_place(self.order.next()));
        }
        if hex_hash(&trailer.sha256) != Some(end.digest) {
            return Err(form("the export was changed: its digest is another."));
        }
        let size = self.header.signed.checkpoint.size;
        let root = self.tree.clone().finish(&self.header.right);
        let root = root.map_err(|error| Fault::new(Kind::Form, self.file, format!("{error}.")).at_line(1))?;
        if root != self.header.signed.checkpoint.root {
            return Err(self.other_root(size));
        }
        self.shown.sizes.push(size);
        Ok(self.shown)
    }
}

/// The heads of one organisation that the global log names, as roots to hold its entries to.
pub(crate) fn of_organization(heads: &[Head], id: Uuid) -> BTreeMap<u64, Hash> {
    heads.iter().filter(|head| head.organization == id).map(|head| (head.size, head.root)).collect()
}
