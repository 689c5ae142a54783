//! From customers to rows: each through the decision of that moment, or left out for a reason.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::access::{Facts, Grant, Outcome, Reason, View, decide, decide_explained};
use custodian_domain::catalog::Field;
use custodian_domain::exports::LeftOut;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::copying::{Copying, Fate};
use super::decoy::Decoy;
use super::sheet::{Line, Sheet};
use crate::consents::agreed;
use crate::customers::{SeenValue, facts, open_one, open_row, thing};
use crate::{App, Call};

/// The least that a sealed piece holds, but for the last, in bytes.
const SEALED: usize = 256 * 1024;

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
        let mut found: BTreeMap<CustomerId, CustomerRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        // What was approved is these fields of those in reach, for this purpose: what the purpose or the person's rights close stays closed.
        let grant = Grant {
            customers: members.iter().copied().collect(),
            fields: self.fields.iter().map(|field| field.name.to_owned()).collect(),
            until: DateTime::<Utc>::MAX_UTC,
            id: self.export,
        };
        let mut shown = Vec::with_capacity(members.len());
        let count = i32::try_from(members.len()).unwrap_or(i32::MAX);
        for (at, id) in members.into_iter().enumerate() {
            if let Some((_, line)) = self.decoy.take_if(|(before, _)| *before == at) {
                self.sheet.line(&line)?;
            }
            let seen = match found.remove(&id) {
                Some(row) => self.line(&row, &grant).map_err(|error| of_customer(error, id))?,
                None => Err(LeftOut::Gone),
            };
            match seen {
                Ok(line) => match self.copying.as_mut().map(|copy| copy.fate(&self.fields, &line.values)) {
                    Some(Fate::Counted) => {}
                    Some(Fate::Below) => *self.left_out.entry(LeftOut::BelowK.as_str()).or_default() += 1,
                    Some(Fate::Written) | None => {
                        self.sheet.line(&line)?;
                        self.rows += 1;
                        shown.push(id);
                    }
                },
                Err(why) => *self.left_out.entry(why.as_str()).or_default() += 1,
            }
        }
        let counting = self.copying.as_ref().is_some_and(Copying::is_counting);
        let piece = if counting { None } else { self.sheet.take(SEALED) };
        Ok((self, Went { sequence, members: count, piece, shown }))
    }

    /// The row of a customer, or why there is none.
    fn line(&self, row: &CustomerRow, grant: &Grant) -> Result<Result<Line, LeftOut>, DomainError> {
        let (call, thing) = (&self.call, thing(&self.call, row));
        let caller = &call.identity.caller;
        let plain =
            facts(caller, Permission::CustomersRead, &thing, call.purpose_facts(), &row.consents, self.app.now());
        if decide(&Facts { fields: &[], ..plain }).outcome != Outcome::Allowed {
            return Ok(Err(LeftOut::OutsideScope));
        }
        if agreed(call, row).is_err() {
            let objected = call.purpose_facts().is_some_and(|purpose| purpose.may_object);
            return Ok(Err(if objected { LeftOut::Objected } else { LeftOut::NoConsent }));
        }
        let fields = &call.customer().fields;
        let granted = Facts { fields, grants: std::slice::from_ref(grant), ..plain };
        if row.restricted && self.is_restricted(&granted) {
            return Ok(Err(LeftOut::Restricted));
        }
        let decided = decide(&granted);
        let (organization, key) = (call.organization(), open_row(&self.app, call.organization(), row)?);
        let value = |field: &Field| -> Result<Option<SeenValue>, DomainError> {
            if decided.access(field.key).view < View::Read {
                return Ok(None);
            }
            let Some(sealed) = row.fields.get(field.key) else { return Ok(None) };
            let text = open_one(&key, organization, row.id, &sealed)?;
            Ok(match &self.copying {
                Some(copy) => copy.value(field, &text, row.id.uuid()),
                None => Some(SeenValue::from(field.present(&text))),
            })
        };
        let values = self.fields.iter().map(value).collect::<Result<_, _>>()?;
        let shown = call.identity.shown_id(row.id);
        let id = self.copying.as_ref().map_or(shown, |copy| copy.id(row.id.uuid()));
        Ok(Ok(Line { id, values }))
    }

    /// Whether the person's restriction keeps any field of the file back: then all of the person stays out.
    fn is_restricted(&self, facts: &Facts<'_>) -> bool {
        let asked = |key: Option<&str>| self.fields.iter().any(|field| Some(field.key) == key);
        decide_explained(facts).reasons.iter().any(|why| why.reason == Reason::Restricted && asked(why.field))
    }
}

fn of_customer(error: DomainError, id: CustomerId) -> Trouble {
    match error {
        DomainError::Integrity => Trouble::Sealed(id),
        other => Trouble::Other(other),
    }
}
