//! What stands at the places of a log, block by block, up to the first place that lacks something.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::{bundles, log, queue};
use custodian_persistence::{DbError, Work};
use serde::Serialize;
use uuid::Uuid;

use super::{Amiss, What};
use crate::audit::export::{Line, line};

/// Bundles read at once: bounds the memory of the check to a few megabytes.
const BLOCK: u64 = 16;
const WIDE: u64 = bundles::WIDTH as u64;

/// One place.
pub(super) struct Item {
    pub(super) id: Option<Uuid>,
    /// The bytes that are hashed.
    pub(super) text: Vec<u8>,
    mac: Vec<u8>,
}

/// The places of a block in order, and what is amiss at the one behind them.
pub(super) struct Block {
    pub(super) items: Vec<Item>,
    pub(super) amiss: Option<Amiss>,
}

#[derive(Serialize)]
struct HeadLine<'a> {
    place: u64,
    entry: &'a str,
}

/// Where a block that begins at `from` ends.
pub(super) fn end(from: u64, size: u64) -> u64 {
    ((from / WIDE + BLOCK) * WIDE).min(size)
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The entries at these places.
pub(super) async fn entries(work: &Work, from: u64, end: u64) -> Result<Block, DbError> {
    let first = from / WIDE;
    let stored = bundles::range(work, number(first), number(BLOCK)).await?;
    let mut ids = Vec::new();
    for place in from..end {
        let bundle = stored.iter().find(|bundle| bundle.number == number(place / WIDE));
        let at = usize::try_from(place % WIDE).unwrap_or(usize::MAX);
        match bundle.and_then(|bundle| bundle.entries.get(at)) {
            Some(id) => ids.push(*id),
            None => break,
        }
    }
    let mut found = queue::entries(work, &ids).await?;
    let mut block = Block { items: Vec::with_capacity(ids.len()), amiss: None };
    for (id, place) in ids.iter().zip(from..) {
        let Some(entry) = found.remove(id) else {
            let twice = block.items.iter().any(|item| item.id == Some(*id));
            let says = if twice { "the entry has a place already" } else { "the entry is gone" };
            block.amiss = Some(Amiss { what: What::Gap, place, entry: Some(*id), says });
            return Ok(block);
        };
        block.items.push(Item { id: Some(*id), text: entry.canonical, mac: entry.mac });
    }
    let place = from + ids.len() as u64;
    let says = "the list of what stands there is missing or too short";
    block.amiss = (place < end).then_some(Amiss { what: What::Gap, place, entry: None, says });
    Ok(block)
}

/// The leaves of the log of all logs at these places.
pub(super) async fn heads(work: &Work, from: u64, end: u64) -> Result<Block, DbError> {
    let rows = log::leaves(work, number(from), number(end - from)).await?;
    let in_place = rows.into_iter().zip(from..).take_while(|(row, place)| row.position == number(*place));
    let items: Vec<Item> = in_place.map(|(row, _)| Item { id: None, text: row.leaf, mac: Vec::new() }).collect();
    let place = from + items.len() as u64;
    let says = "the published head is gone";
    let amiss = (place < end).then_some(Amiss { what: What::Gap, place, entry: None, says });
    Ok(Block { items, amiss })
}

impl Item {
    /// Its line in an export; none when it is no text.
    pub(super) fn line(&self, place: u64) -> Result<Option<Vec<u8>>, DomainError> {
        let Ok(entry) = std::str::from_utf8(&self.text) else {
            return Ok(None);
        };
        let line = match self.id {
            Some(id) => line(&Line { place, id, entry, mac: STANDARD.encode(&self.mac) }),
            None => line(&HeadLine { place, entry }),
        };
        line.map(Some)
    }
}
