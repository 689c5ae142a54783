//! What a person may be shown of themselves, in full: for what is handed over to them.

use custodian_domain::access::{Caller, Facts, Subject, View, Who, decide};
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{DomainError, SessionId};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::sealing::{open_one, open_row};
use super::seen::{facts, thing};
use crate::{App, Call};

/// The values that the decision shows the person, opened; those of fields out of use, too, as long as they are kept. Whose call it is does not
/// matter to what is in it.
pub(crate) fn own_values<'c>(
    app: &App,
    call: &'c Call,
    row: &CustomerRow,
) -> Result<Vec<(&'c Field, String)>, DomainError> {
    let organization = call.organization();
    let subject = Subject { customer: row.id, session: SessionId::from(Uuid::nil()) };
    let caller = Caller { organization, who: Who::Subject(subject) };
    let thing = thing(call, row);
    let key = open_row(app, organization, row)?;
    let mut opened = Vec::new();
    let RecordType { fields, retired, .. } = call.customer();
    for fields in [fields, retired] {
        let facts = facts(&caller, Permission::CustomersRead, &thing, None, None, app.now());
        let decided = decide(&Facts { fields, ..facts });
        for field in fields {
            if decided.access(field.key).view == View::Read
                && let Some(value) = row.fields.get(field.key)
            {
                opened.push((field, open_one(&key, organization, row.id, &value)?));
            }
        }
    }
    Ok(opened)
}
