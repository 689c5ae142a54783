//! From customers to rows: each through one decision of that moment, or left out for a reason. Opening the values is nearly all of the work, and no row
//! needs another, so rows are made on several threads at once.

use std::thread;

use custodian_domain::access::{Facts, FieldAccess, Grant, Outcome, View, decide_within_reach};
use custodian_domain::catalog::Field;
use custodian_domain::exports::LeftOut;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;

use super::copying::Copying;
use super::sheet::Line;
use crate::consents::agreed;
use crate::customers::{SeenValue, facts, open_one, open_row, thing};
use crate::{App, Call};

/// Threads that one file keeps busy at most: requests are served beside it.
const MOST: usize = 4;
/// Rows below which another thread costs more than it saves.
const LEAST: usize = 64;

/// What rows are made by.
pub(super) struct Rows<'a> {
    pub app: &'a App,
    pub call: &'a Call,
    pub fields: &'a [Field],
    pub approved: &'a Grant,
    pub copying: Option<&'a Copying>,
}

impl Rows<'_> {
    /// The row of a customer, or why there is none.
    pub fn line(&self, row: &CustomerRow) -> Result<Result<Line, LeftOut>, DomainError> {
        let (call, thing) = (self.call, thing(self.call, row));
        let (caller, purpose) = (&call.identity.caller, call.purpose_facts());
        let facts = facts(caller, Permission::CustomersRead, &thing, purpose, row.consents.as_deref(), self.app.now());
        let decided = decide_within_reach(&Facts { fields: self.fields, ..facts }, self.approved);
        if decided.outcome != Outcome::Allowed {
            return Ok(Err(LeftOut::OutsideScope));
        }
        if agreed(call, row).is_err() {
            let objected = purpose.is_some_and(|purpose| purpose.may_object);
            return Ok(Err(if objected { LeftOut::Objected } else { LeftOut::NoConsent }));
        }
        // What was approved opens every field of the file, so a mask is the restriction's: then all of the person stays out.
        if row.restricted && decided.fields.iter().any(|(_, access)| access.view == View::Masked) {
            return Ok(Err(LeftOut::Restricted));
        }
        let (organization, key) = (call.organization(), open_row(self.app, call.organization(), row)?);
        let value = |(field, access): &(&Field, FieldAccess)| -> Result<Option<SeenValue>, DomainError> {
            if access.view < View::Read {
                return Ok(None);
            }
            let Some(sealed) = row.fields.get(field.key) else { return Ok(None) };
            let text = open_one(&key, organization, row.id, &sealed)?;
            Ok(match self.copying {
                Some(copy) => copy.value(field, &text, row.id.uuid()),
                None => Some(SeenValue::from(field.present(&text))),
            })
        };
        let values = decided.fields.iter().map(value).collect::<Result<_, _>>()?;
        let id = self.copying.map_or_else(|| call.identity.shown_id(row.id), |copy| copy.id(row.id.uuid()));
        Ok(Ok(Line { id, values }))
    }
}

/// Does the same with each of these, several at once, and answers in their order.
pub(super) fn side_by_side<T: Sync, R: Send>(of: &[T], make: impl Fn(&T) -> R + Sync) -> Result<Vec<R>, DomainError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
    shared_out(of, threads, &make)
}

fn shared_out<T: Sync, R: Send>(
    of: &[T],
    threads: usize,
    make: &(impl Fn(&T) -> R + Sync),
) -> Result<Vec<R>, DomainError> {
    let share = of.len().div_ceil(threads.max(1)).max(LEAST);
    let all = |part: &[T]| part.iter().map(make).collect::<Vec<R>>();
    let (own, others) = of.split_at(share.min(of.len()));
    thread::scope(|scope| {
        let others: Vec<_> = others.chunks(share).map(|part| scope.spawn(move || all(part))).collect();
        let mut made = all(own);
        for other in others {
            made.extend(other.join().map_err(|_| DomainError::internal("a thread of an export ended early"))?);
        }
        Ok(made)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_is_made_side_by_side_comes_in_order() {
        for count in [0, 1, LEAST, LEAST + 1, 1_000] {
            let of: Vec<usize> = (0..count).collect();
            for threads in [0, 1, 2, 3, 4, 7] {
                let made = shared_out(&of, threads, &|one| one * 2).unwrap();
                assert_eq!(made, of.iter().map(|one| one * 2).collect::<Vec<_>>(), "{count} {threads}");
            }
        }
    }

    #[test]
    fn few_stay_together_and_many_are_shared_out() {
        let of = [(); 4 * LEAST];
        let on = |count: usize| {
            let seen = Mutex::new(BTreeSet::new());
            shared_out(&of[..count], 4, &|()| seen.lock().unwrap().insert(format!("{:?}", thread::current().id())))
                .unwrap();
            seen.into_inner().unwrap().len()
        };
        assert_eq!((on(LEAST), on(2 * LEAST), on(4 * LEAST)), (1, 2, 4));
    }
}
