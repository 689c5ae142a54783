//! Opening the sealed file again: piece by piece as they are asked for, in any order, few of them in memory.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use custodian_crypto::DataKey;
use custodian_domain::kernel::{DomainError, JobId, OrganizationId};
use custodian_persistence::imports::{self as stored, ImportRow};
use custodian_persistence::{Database, Work};
use tokio::runtime::Handle;

use crate::pieces::{self, PIECE};

/// Opened pieces in memory: a workbook is read at its end, its beginning and its sheet in turns.
const KNOWN: usize = 16;
/// Pieces fetched together: who reads one reads on.
const AHEAD: i32 = 8;

/// The bytes of an upload. Used on a blocking thread; cheap to copy, each copy with a place of its own.
#[derive(Clone)]
pub(super) struct Pieces {
    db: Database,
    organization: OrganizationId,
    import: JobId,
    sealed: Arc<pieces::Pieces<Arc<DataKey>>>,
    count: i32,
    runtime: Handle,
    position: u64,
    known: VecDeque<(i32, Arc<Vec<u8>>)>,
}

impl Pieces {
    pub(super) fn new(
        db: Database,
        organization: OrganizationId,
        row: &ImportRow,
        key: Arc<DataKey>,
        runtime: Handle,
    ) -> Self {
        let (import, count) = (row.id, row.chunks);
        let sealed = Arc::new(pieces::Pieces::new(organization, "import", import.uuid(), key));
        Self { db, organization, import, sealed, count, runtime, position: 0, known: VecDeque::new() }
    }

    /// The piece asked for, and those after it as far as they were fetched with it and open.
    fn load(&self, sequence: i32) -> Result<Vec<Vec<u8>>, DomainError> {
        let sealed = self.runtime.block_on(async {
            let work = Work::begin(&self.db, self.organization).await?;
            let sealed = stored::chunks(&work, self.import, sequence, AHEAD.min(self.count - sequence)).await;
            work.abandon().await;
            sealed
        })?;
        let mut opened = Vec::with_capacity(sealed.len());
        for (sequence, sealed) in (sequence..).zip(sealed) {
            match self.sealed.open(sequence, Some(sealed)) {
                Ok(piece) => opened.push(piece),
                // Nobody has asked for it yet: what stands before it is read first.
                Err(_) if !opened.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        if opened.is_empty() { Err(DomainError::Integrity) } else { Ok(opened) }
    }

    fn piece(&mut self, sequence: i32) -> std::io::Result<Arc<Vec<u8>>> {
        if let Some((_, bytes)) = self.known.iter().find(|(known, _)| *known == sequence) {
            return Ok(Arc::clone(bytes));
        }
        let loaded = self.load(sequence).map_err(std::io::Error::other)?;
        for (sequence, bytes) in (sequence..).zip(loaded) {
            self.known.retain(|(known, _)| *known != sequence);
            self.known.push_back((sequence, Arc::new(bytes)));
        }
        while self.known.len() > KNOWN {
            self.known.pop_front();
        }
        let found = self.known.iter().find(|(known, _)| *known == sequence).map(|(_, bytes)| Arc::clone(bytes));
        found.ok_or_else(|| std::io::Error::other(DomainError::Integrity))
    }

    fn length(&mut self) -> std::io::Result<u64> {
        let whole = u64::try_from(self.count.saturating_sub(1)).unwrap_or(0) * PIECE as u64;
        let last = if self.count > 0 { self.piece(self.count - 1)?.len() } else { 0 };
        Ok(whole + last as u64)
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let sequence = i32::try_from(self.position / PIECE as u64).unwrap_or(i32::MAX);
        if sequence >= self.count || out.is_empty() {
            return Ok(0);
        }
        let within = usize::try_from(self.position % PIECE as u64).unwrap_or(PIECE);
        let bytes = self.piece(sequence)?;
        let mut rest = bytes.get(within..).unwrap_or_default();
        let read = rest.read(out)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => (self.length()?, offset),
        };
        let at = base.checked_add_signed(offset);
        self.position = at.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
