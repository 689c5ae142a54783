//! Files in sealed pieces: cut and sealed as they stream in, opened one after the other as they stream out, never whole in memory, never plain on disk.

use custodian_crypto::{DataKey, Place, Randomness};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use crate::App;
use crate::keys::own_place;

/// Plain bytes in one sealed piece of what streams in.
pub(crate) const PIECE: usize = 64 * 1024;

/// Seals and opens the pieces of one file. A piece opens in its own place alone.
pub(crate) struct Pieces<K = DataKey> {
    organization: OrganizationId,
    kind: &'static str,
    file: Uuid,
    key: K,
}

impl<K: std::borrow::Borrow<DataKey>> Pieces<K> {
    /// Of the file of this kind and id, under its own key.
    pub fn new(organization: OrganizationId, kind: &'static str, file: Uuid, key: K) -> Self {
        Self { organization, kind, file, key }
    }

    /// The key of the file.
    pub fn key(&self) -> &DataKey {
        self.key.borrow()
    }

    fn place(&self, sequence: i32) -> Result<Place<'_>, DomainError> {
        let number = u32::try_from(sequence).map_err(|_| DomainError::internal("a piece before the first"))?;
        Ok(own_place(self.organization, self.kind, self.file, "piece", number))
    }

    /// The piece of this number, counted from 0, sealed.
    pub fn seal(&self, sequence: i32, plain: &[u8], rng: &dyn Randomness) -> Result<Vec<u8>, DomainError> {
        let mut salt = [0_u8; 16];
        rng.fill(&mut salt);
        Ok(custodian_crypto::seal(self.key(), &self.place(sequence)?, plain, salt))
    }

    /// Opens a stored piece.
    ///
    /// Errors: `Integrity` where it is missing or does not open in its place.
    pub fn open(&self, sequence: i32, sealed: Option<Vec<u8>>) -> Result<Vec<u8>, DomainError> {
        let sealed = sealed.ok_or(DomainError::Integrity)?;
        let opened = custodian_crypto::open(self.key(), &self.place(sequence)?, &sealed);
        opened.map(|plain| plain.to_vec()).map_err(|_| DomainError::Integrity)
    }
}

/// A file on its way in. Some pieces at a time are made durable, so that a slow sender holds no transaction open.
pub(crate) struct Incoming<'a> {
    app: &'a App,
    pieces: Pieces,
    /// Pieces that are stored together: each commit waits for the disk.
    together: usize,
    buffer: Vec<u8>,
    sealed: Vec<Vec<u8>>,
    count: i32,
}

impl<'a> Incoming<'a> {
    pub fn new(app: &'a App, pieces: Pieces, together: usize) -> Self {
        let (buffer, sealed) = (Vec::with_capacity(PIECE), Vec::with_capacity(together));
        Self { app, pieces, together, buffer, sealed, count: 0 }
    }

    /// How many pieces are kept.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// The key of the file.
    pub fn key(&self) -> &DataKey {
        self.pieces.key()
    }

    /// Takes the next bytes; `keep` stores pieces from a number on.
    pub async fn push(
        &mut self,
        mut bytes: &[u8],
        keep: impl AsyncFn(&Work, i32, &[Vec<u8>]) -> Result<(), DbError>,
    ) -> Result<(), DomainError> {
        while !bytes.is_empty() {
            let room = PIECE - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == PIECE {
                self.seal()?;
                if self.sealed.len() >= self.together {
                    self.store(&keep).await?;
                }
            }
        }
        Ok(())
    }

    /// There are no more bytes: what is left is kept.
    pub async fn complete(
        &mut self,
        keep: impl AsyncFn(&Work, i32, &[Vec<u8>]) -> Result<(), DbError>,
    ) -> Result<(), DomainError> {
        if !self.buffer.is_empty() {
            self.seal()?;
        }
        if self.sealed.is_empty() { Ok(()) } else { self.store(&keep).await }
    }

    fn seal(&mut self) -> Result<(), DomainError> {
        let number = self.after(self.sealed.len())?;
        self.sealed.push(self.pieces.seal(number, &self.buffer, self.app.rng())?);
        self.buffer.clear();
        Ok(())
    }

    async fn store(
        &mut self,
        keep: &impl AsyncFn(&Work, i32, &[Vec<u8>]) -> Result<(), DbError>,
    ) -> Result<(), DomainError> {
        let work = self.app.begin(self.pieces.organization).await?;
        keep(&work, self.count, &self.sealed).await?;
        work.commit().await?;
        self.count = self.after(self.sealed.len())?;
        self.sealed.clear();
        Ok(())
    }

    /// The number so many pieces behind those that are kept.
    fn after(&self, more: usize) -> Result<i32, DomainError> {
        let number = i32::try_from(more).ok().and_then(|more| self.count.checked_add(more));
        number.ok_or_else(|| DomainError::internal("too many pieces"))
    }
}

/// A file on its way out.
pub(crate) struct Outgoing {
    app: App,
    pieces: Pieces,
    next: i32,
    count: i32,
}

impl Outgoing {
    /// The file of so many pieces.
    pub fn new(app: &App, pieces: Pieces, count: i32) -> Self {
        Self { app: app.clone(), pieces, next: 0, count }
    }

    /// The next piece, opened, which `fetch` reads by its number; nothing behind the last.
    ///
    /// Errors: `Integrity` where it is missing or does not open in its place.
    pub async fn next(
        &mut self,
        fetch: impl AsyncFnOnce(&Work, i32) -> Result<Option<Vec<u8>>, DbError>,
    ) -> Result<Option<Vec<u8>>, DomainError> {
        if self.next >= self.count {
            return Ok(None);
        }
        let number = self.next;
        let sealed = self.app.reading(self.pieces.organization, async |work| fetch(work, number).await).await?;
        let piece = self.pieces.open(number, sealed)?;
        self.next += 1;
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use custodian_crypto::SeededRandomness;

    use super::*;

    fn pieces(kind: &'static str, file: u128) -> Pieces {
        Pieces::new(Uuid::from_u128(1).into(), kind, Uuid::from_u128(file), DataKey::from_bytes(1, [7; 32]))
    }

    #[test]
    fn a_piece_opens_in_its_own_place_alone() {
        let rng = SeededRandomness::new(3);
        let sealed = pieces("import", 2).seal(4, b"some lines", &rng).unwrap();
        assert_eq!(pieces("import", 2).open(4, Some(sealed.clone())).unwrap(), b"some lines");
        for (kind, file, sequence) in [("import", 2, 5), ("import", 3, 4), ("export", 2, 4)] {
            let opened = pieces(kind, file).open(sequence, Some(sealed.clone()));
            assert!(matches!(opened, Err(DomainError::Integrity)), "{kind} {file} {sequence}");
        }
        assert!(matches!(pieces("import", 2).open(4, None), Err(DomainError::Integrity)));
        assert!(pieces("import", 2).seal(-1, b"", &rng).is_err());
    }
}
