//! The checkpoints that were carried out to the anchor file, against the log that is in the database.

use std::io;
use std::sync::Arc;

use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::Hash;
use custodian_domain::kernel::DomainError;
use custodian_outbound::AnchorFile;
use custodian_persistence::Work;
use custodian_persistence::audit::log as stored;
use custodian_persistence::audit::tiles::Tree;

use crate::App;
use crate::audit::edge;
use crate::audit::sequencer::AnchorLine;
use crate::audit::{Finding, LogKeys};

/// What of the file is looked at while the service runs: some hundred checkpoints.
const TAIL: u64 = 1 << 16;

type Lines = Box<dyn Iterator<Item = io::Result<String>> + Send>;

/// The checkpoints of an anchor file, oldest first, each verified.
pub(super) struct Anchors {
    lines: Lines,
    number: u64,
    last: Option<(u64, Hash)>,
    keys: Arc<LogKeys>,
    origin: String,
}

impl Anchors {
    /// All of them, or the newest; none where no file is set.
    pub(super) fn open(app: &App, all: bool) -> Result<Option<Self>, Finding> {
        let Some(file) = &app.log().settings().anchor else {
            return Ok(None);
        };
        let lines = read(file, all).map_err(|error| unreadable(&error))?;
        let (keys, origin) = (app.log().keys(), app.log().origin().to_owned());
        Ok(Some(Self { lines, number: 0, last: None, keys, origin }))
    }

    /// The next checkpoint, or what is wrong with it.
    pub(super) fn next(&mut self) -> Option<Result<Checkpoint, Finding>> {
        let line = match self.lines.next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(unreadable(&error))),
        };
        self.number += 1;
        let finding = |says: &str| Finding::of(None, "anchor", says).at(self.number);
        let line = serde_json::from_str::<AnchorLine>(&line).ok().filter(|line| line.v == 1);
        let Some(checkpoint) = line.and_then(|line| self.keys.open(&self.origin, &line.note)) else {
            let says = "The anchor file holds a checkpoint that the keys in this database have not signed.";
            return Some(Err(finding(says)));
        };
        let follows = self
            .last
            .is_none_or(|(size, root)| checkpoint.size > size || checkpoint.size == size && checkpoint.root == root);
        self.last = Some((checkpoint.size, checkpoint.root));
        if follows {
            Some(Ok(checkpoint))
        } else {
            Some(Err(finding("The anchor file's checkpoints do not follow each other.")))
        }
    }
}

fn read(file: &Arc<AnchorFile>, all: bool) -> io::Result<Lines> {
    if all { Ok(Box::new(file.lines()?)) } else { Ok(Box::new(file.tail(TAIL)?.into_iter().map(Ok))) }
}

fn unreadable(error: &io::Error) -> Finding {
    Finding::of(None, "anchor", format!("The anchor file cannot be read: {error}."))
}

/// The log in the database is not as long as a checkpoint that was carried out.
pub(super) fn shorter(size: u64, carried: u64) -> Finding {
    let says = format!(
        "The log in the database is shorter than what was carried out: it has {size} published heads, the anchor file says {carried}. \
         An older copy of the database may have been put back."
    );
    Finding::of(None, "rolled_back", says)
}

/// The log in the database is another one.
pub(super) fn forked(carried: u64) -> Finding {
    let says = format!("The log in the database is not the one that was carried out at {carried} published heads.");
    Finding::of(None, "forked", says)
}

/// The size that the log has by now.
async fn grown(work: &Work) -> Result<u64, DomainError> {
    Ok(u64::try_from(stored::head(work).await?.size).unwrap_or(0))
}

/// The newest checkpoints of the anchor file against a log of `size` leaves.
pub(crate) async fn newest(app: &App, work: &Work, size: u64, findings: &mut Vec<Finding>) -> Result<(), DomainError> {
    let mut anchors = match Anchors::open(app, false) {
        Ok(Some(anchors)) => anchors,
        Ok(None) => return Ok(()),
        Err(finding) => {
            findings.push(finding);
            return Ok(());
        }
    };
    while let Some(next) = anchors.next() {
        let wrong = match next {
            Err(finding) => Some(finding),
            // The log may have grown since its head was read.
            Ok(carried) if carried.size > size && grown(work).await? < carried.size => {
                Some(shorter(size, carried.size))
            }
            Ok(carried) => {
                let root = edge::root_at(work, Tree::Heads, carried.size).await?;
                (root != Some(carried.root)).then(|| forked(carried.size))
            }
        };
        if let Some(finding) = wrong {
            findings.push(finding);
            return Ok(());
        }
    }
    Ok(())
}
