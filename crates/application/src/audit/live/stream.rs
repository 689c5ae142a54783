//! One log read from its first place to its last, handed on as the lines of its export.

use custodian_crypto::merkle::{Hash, leaf_hash};
use custodian_crypto::{Sha256Stream, sha256_stream};
use custodian_domain::kernel::DomainError;
use custodian_persistence::{Database, DbError, Work};
use tokio::sync::mpsc::Sender;

use super::items::{self, Block, Item};
use super::tiles::Tiles;
use super::{Amiss, Broken, Log, What, begin, tree};
use crate::audit::export::{Trailer, line};
use crate::audit::sequencer::hex;

impl Log {
    /// Sends what follows the header, block by block. On what is amiss it stops behind the last sound line, and the export stays cut off.
    pub async fn read(&self, db: &Database, to: Sender<Vec<u8>>) -> Result<(), Broken> {
        let work = begin(db, self.organization).await?;
        let tiles = Tiles::before(&work, tree(self.organization), self.from).await;
        work.abandon().await;
        let mut digest = sha256_stream();
        digest.update(&self.header);
        let mut reading = Reading { log: self, tiles: tiles?, digest, next: self.from, retirement: false };
        while reading.next < self.size {
            let work = begin(db, self.organization).await?;
            let block = reading.block(&work).await;
            work.abandon().await;
            let (bytes, amiss) = block?;
            to.send(bytes).await.map_err(|_| Broken::Stopped)?;
            if let Some(amiss) = amiss {
                return Err(Broken::Amiss(amiss));
            }
        }
        let (trailer, root) = reading.end()?;
        to.send(trailer).await.map_err(|_| Broken::Stopped)?;
        // Said last: where the tree is not what was signed, the check of the export says more.
        if root.as_slice() == self.root {
            return Ok(());
        }
        let says = "the row of the head holds another root than the tree";
        Err(Broken::Amiss(Amiss { what: What::Hash, place: self.size.saturating_sub(1), entry: None, says }))
    }
}

struct Reading<'a> {
    log: &'a Log,
    tiles: Tiles,
    digest: Sha256Stream,
    next: u64,
    /// Whether the entry was met that says what was let go.
    retirement: bool,
}

fn internal(error: DomainError) -> Broken {
    Broken::Db(DbError::Internal(error.to_string()))
}

impl Reading<'_> {
    /// The lines of the next block, up to what is amiss.
    async fn block(&mut self, work: &Work) -> Result<(Vec<u8>, Option<Amiss>), Broken> {
        let (from, end) = (self.next, items::end(self.next, self.log.size));
        let block = match self.log.organization {
            Some(_) => items::entries(work, from, end).await?,
            None => items::heads(work, from, end).await?,
        };
        let Block { items, mut amiss } = block;
        let leaves: Vec<Hash> = items.iter().map(|item| leaf_hash(&item.text)).collect();
        // A hash that differs lies before the gap that ended the block.
        amiss = self.tiles.hold(work, &items, &leaves).await?.or(amiss);
        let sound = amiss.as_ref().map_or(end, |amiss| amiss.place.clamp(from, end));
        let (bytes, no_text) = self.lines(&items, sound)?;
        Ok((bytes, no_text.or(amiss)))
    }

    fn lines(&mut self, items: &[Item], sound: u64) -> Result<(Vec<u8>, Option<Amiss>), Broken> {
        let mut bytes = Vec::new();
        let mut no_text = None;
        for (item, place) in items.iter().zip(self.next..sound) {
            let Some(line) = item.line(place).map_err(internal)? else {
                no_text = Some(Amiss { what: What::Form, place, entry: item.id, says: "the entry is no text" });
                break;
            };
            let told = self.log.retired.as_ref();
            self.retirement |= told.is_some_and(|(id, text)| item.id == Some(*id) && item.text == *text);
            bytes.extend(line);
        }
        self.next = sound;
        self.digest.update(&bytes);
        Ok((bytes, no_text))
    }

    /// The last line, if what is missing before the log's beginning was let go; and the root of the tree.
    fn end(self) -> Result<(Vec<u8>, Hash), Broken> {
        let (from, size) = (self.log.from, self.log.size);
        if from > 0 && !self.retirement {
            let says = "the entries before it are not there, and no entry that has a place says that they were let go";
            return Err(Broken::Amiss(Amiss { what: What::Gap, place: from, entry: None, says }));
        }
        let trailer = Trailer { count: size - from, sha256: hex(&self.digest.finish()) };
        Ok((line(&trailer).map_err(internal)?, self.tiles.root()))
    }
}
