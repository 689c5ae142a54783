//! From members to a file: the rows of a piece at a time, and whom it is without for which reason.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::access::Grant;
use custodian_domain::catalog::Field;
use custodian_domain::exports::LeftOut;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::copying::{Copying, Fate};
use super::decoy::Decoy;
use super::rows::{Rows, side_by_side};
use super::sheet::{Line, Sheet};
use crate::{App, Call};

/// The least that a sealed piece holds, but for the last, in bytes.
const SEALED: usize = 256 * 1024;

/// Rows that are opened before they are written: what is open is in memory twice, and these few fit in the processor's own.
const TOGETHER: usize = 256;

/// Makes rows of members, on a thread of its own.
pub(super) struct Maker {
    pub app: App,
    pub call: Call,
    pub export: Uuid,
    pub fields: Vec<Field>,
    pub sheet: Sheet,
    pub decoy: Option<(usize, Line)>,
    pub rows: i32,
    pub left_out: BTreeMap<&'static str, u32>,
    pub copying: Option<Copying>,
}

/// A piece of the members and what is known of those who are still there.
pub(super) struct Fetched {
    pub sequence: i32,
    pub members: Vec<CustomerId>,
    pub rows: Vec<CustomerRow>,
}

/// What a piece has come to.
pub(super) struct Went {
    pub sequence: i32,
    pub members: i32,
    pub piece: Option<Vec<u8>>,
    pub shown: Vec<CustomerId>,
}

/// Why no rows could be made.
pub(super) enum Trouble {
    /// A value of this customer does not open.
    Sealed(CustomerId),
    /// Anything else.
    Other(DomainError),
}

impl From<DomainError> for Trouble {
    fn from(error: DomainError) -> Self {
        Self::Other(error)
    }
}

impl Maker {
    /// With the decoy to come among the first members.
    pub fn new(app: &App, call: Call, export: Uuid, fields: Vec<Field>, sheet: Sheet, decoy: &Decoy) -> Self {
        let decoy = Some((decoy.before, decoy.line.clone()));
        Self { app: app.clone(), call, export, fields, sheet, decoy, rows: 0, left_out: BTreeMap::new(), copying: None }
    }

    /// The same for a de-identified copy: a row about nobody would stand alone in it.
    pub fn copying(mut self, copying: Option<Copying>) -> Self {
        if copying.is_some() {
            self.decoy = None;
        }
        self.copying = copying;
        self
    }

    /// Adds the rows of a piece.
    pub fn go(mut self, fetched: Fetched) -> Result<(Self, Went), Trouble> {
        let Fetched { sequence, members, rows } = fetched;
        let count = i32::try_from(members.len()).unwrap_or(i32::MAX);
        let mut found: BTreeMap<CustomerId, CustomerRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut shown = Vec::with_capacity(members.len());
        for (turn, some) in members.chunks(TOGETHER).enumerate() {
            let made = self.lines(some, &mut found)?;
            for (at, (id, line)) in (turn * TOGETHER..).zip(some.iter().zip(made)) {
                if let Some((_, line)) = self.decoy.take_if(|(before, _)| *before == at) {
                    self.sheet.line(&line)?;
                }
                if self.add(line.map_err(|error| of_customer(error, *id))?)? {
                    shown.push(*id);
                }
            }
        }
        let counting = self.copying.as_ref().is_some_and(Copying::is_counting);
        let piece = if counting { None } else { self.sheet.take(SEALED) };
        Ok((self, Went { sequence, members: count, piece, shown }))
    }

    /// Writes a row, or counts why there is none. Whether it is in the file.
    fn add(&mut self, line: Result<Line, LeftOut>) -> Result<bool, DomainError> {
        let line = match line {
            Ok(line) => line,
            Err(why) => {
                *self.left_out.entry(why.as_str()).or_default() += 1;
                return Ok(false);
            }
        };
        match self.copying.as_mut().map(|copy| copy.fate(&self.fields, &line.values)) {
            Some(Fate::Counted) => Ok(false),
            Some(Fate::Below) => {
                *self.left_out.entry(LeftOut::BelowK.as_str()).or_default() += 1;
                Ok(false)
            }
            Some(Fate::Written) | None => {
                self.sheet.line(&line)?;
                self.rows += 1;
                Ok(true)
            }
        }
    }

    /// The rows of these members, in their order.
    fn lines(
        &self,
        members: &[CustomerId],
        found: &mut BTreeMap<CustomerId, CustomerRow>,
    ) -> Result<Vec<Made>, DomainError> {
        let there: Vec<Option<CustomerRow>> = members.iter().map(|id| found.remove(id)).collect();
        // What was approved is these fields of those in reach, for this purpose: what the purpose or the person's rights close stays closed.
        let approved = Grant {
            customers: members.iter().copied().collect(),
            fields: self.fields.iter().map(|field| field.name.to_owned()).collect(),
            until: DateTime::<Utc>::MAX_UTC,
            id: self.export,
        };
        let Self { app, call, fields, copying, .. } = self;
        let rows = Rows { app, call, fields, approved: &approved, copying: copying.as_ref() };
        side_by_side(&there, |row| row.as_ref().map_or(Ok(Err(LeftOut::Gone)), |row| rows.line(row)))
    }
}

/// A row, or why there is none.
type Made = Result<Result<Line, LeftOut>, DomainError>;

fn of_customer(error: DomainError, id: CustomerId) -> Trouble {
    match error {
        DomainError::Integrity => Trouble::Sealed(id),
        other => Trouble::Other(other),
    }
}
