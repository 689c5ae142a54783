//! What hangs on a person, as they may be shown it themselves, in full: for what is handed over to them.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Caller, Facts, Subject, View, Who, decide};
use custodian_domain::catalog::{CUSTOMER, Field, RecordType};
use custodian_domain::kernel::{DomainError, SessionId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::records::{self as stored, Hung};
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value};
use crate::customers::{facts, thing};
use crate::{App, Call};

/// One of them.
pub(crate) struct OwnRecord<'c> {
    /// Its type.
    pub of: &'c RecordType,
    /// Its id.
    pub id: Uuid,
    /// When it happened, or was entered.
    pub at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Its values, opened, in catalog order; those of fields out of use, too, as long as they are kept.
    pub values: Vec<(&'c Field, String)>,
}

/// At most so many, the latest first. Who of staff saw to them is not said: that is theirs.
pub(crate) async fn own_records<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    row: &CustomerRow,
    most: i64,
) -> Result<Vec<OwnRecord<'c>>, DomainError> {
    let held = stored::of_customer(work, row.id.uuid(), most).await?;
    let mut own = Vec::with_capacity(held.len());
    for record in held {
        let Some(of) = call.catalog().record_type(&record.record_type).filter(|one| one.code != CUSTOMER) else {
            continue;
        };
        let hung = Hung { record, customer: row.clone() };
        let values = values(app, call, &hung, of)?;
        let Hung { record, .. } = hung;
        own.push(OwnRecord { of, id: record.id, at: record.at, updated_at: record.updated_at, values });
    }
    Ok(own)
}

fn values<'c>(
    app: &App,
    call: &Call,
    hung: &Hung,
    of: &'c RecordType,
) -> Result<Vec<(&'c Field, String)>, DomainError> {
    let (organization, row) = (call.organization(), &hung.customer);
    let subject = Subject { customer: row.id, session: SessionId::from(Uuid::nil()) };
    let caller = Caller { organization, who: Who::Subject(subject) };
    let thing = thing(call, row);
    let key = open_record(app, organization, hung)?;
    let mut opened = Vec::new();
    for fields in [&of.fields, &of.retired] {
        let facts = facts(&caller, Permission::CustomersRead, &thing, None, None, app.now());
        let decided = decide(&Facts { fields, ..facts });
        for field in fields {
            if decided.access(field.key).view == View::Read
                && let Some(sealed) = hung.record.fields.get(field.key)
            {
                opened.push((field, open_value(&key, Spot::of(organization, &hung.record), &sealed)?));
            }
        }
    }
    Ok(opened)
}
