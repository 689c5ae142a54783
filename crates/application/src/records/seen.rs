//! A record seen through the decision about its customer: the only way from sealed values to an answer.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, FieldAccess, Outcome, View};
use custodian_domain::catalog::{Classification, Field, RecordType};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::records::Hung;
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value};
use crate::access_requests::Holding;
use crate::audit::Shown;
use crate::customers::{Judged, SeenField, SeenValue, judge_fields, refuse};
use crate::{App, Call};

/// A record as one caller sees it. Hidden fields are absent.
#[derive(Clone, Debug)]
pub struct SeenRecord {
    /// Its id.
    pub id: Uuid,
    /// Code of its type.
    pub record_type: String,
    /// The customer, by the id that the caller knows.
    pub customer: Uuid,
    /// Counts changes.
    pub version: i32,
    /// Who sees to it.
    pub owner: Option<Uuid>,
    /// When it happened, or was entered.
    pub at: DateTime<Utc>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// In catalog order.
    pub fields: Vec<SeenField>,
}

/// Asks the decision about a record.
pub(super) fn judge<'c>(
    app: &App,
    call: &Call,
    hung: &Hung,
    permission: Permission,
    holding: &Holding,
    of: &'c RecordType,
) -> Judged<'c> {
    judge_fields(app, call, &hung.customer, permission, holding, &of.fields)
}

/// The same where a refusal ends the call.
pub(super) fn permitted<'c>(
    app: &App,
    call: &Call,
    hung: &Hung,
    permission: Permission,
    holding: &Holding,
    of: &'c RecordType,
) -> Result<Judged<'c>, DomainError> {
    let judged = judge(app, call, hung, permission, holding, of);
    refuse(judged.decision.outcome, permission)?;
    Ok(judged)
}

/// Opens what the decision allows and masks what it does not allow in full. Says in `shown` what left.
pub(super) fn seen_through(
    app: &App,
    call: &Call,
    hung: &Hung,
    decision: &Decision<'_>,
    shown: &mut Shown,
) -> Result<SeenRecord, DomainError> {
    let organization = call.organization();
    let key = open_record(app, organization, hung)?;
    let Hung { record, .. } = hung;
    let values = record.fields.by_key();
    let mut fields = Vec::with_capacity(decision.fields.len());
    for (field, access) in decision.fields.iter().filter(|(_, access)| access.view > View::Hidden) {
        let value = match values.get(field.key) {
            None => None,
            Some(sealed) => {
                let text = open_value(&key, Spot::of(organization, record), &sealed)?;
                Some(show(field, *access, &text, shown))
            }
        };
        fields.push(SeenField { key: field.key, value, access: *access });
    }
    Ok(SeenRecord {
        id: record.id,
        record_type: record.record_type.clone(),
        customer: call.identity.shown_id(record.customer),
        version: record.version,
        owner: record.owner.map(|owner| owner.uuid()),
        at: record.at,
        created_at: record.created_at,
        updated_at: record.updated_at,
        fields,
    })
}

/// A value as this access shows it.
pub(super) fn show(field: &Field, access: FieldAccess, text: &str, shown: &mut Shown) -> SeenValue {
    let read = access.view == View::Read;
    let level = if read { &mut shown.read } else { &mut shown.masked };
    if !level.contains(&field.name) {
        level.push(field.name);
    }
    if read { SeenValue::from(field.present(text)) } else { SeenValue::Text(field.mask(text)) }
}

/// Whether this answer shows a sensitive personal value in full: then the customer counts against the caller's budget. Sums of trade do not.
pub(super) fn looks_closely(hung: &Hung, decision: &Decision<'_>) -> bool {
    let close = |field: &Field| field.classification >= Classification::Sensitive && field.category.is_personal();
    let values = hung.record.fields.by_key();
    let mut read = decision.fields.iter().filter(|(_, access)| access.view == View::Read);
    decision.outcome == Outcome::Allowed && read.any(|(field, _)| close(field) && values.get(field.key).is_some())
}
