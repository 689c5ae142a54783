//! A customer seen through the decision: the only way from sealed values to an answer, so masking cannot be skipped.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use custodian_domain::access::{
    Caller, Decision, Facts, FieldAccess, Outcome, PurposeFacts, Reason, Thing, View, decide, decide_explained,
};
use custodian_domain::catalog::{Classification, Field, Output};
use custodian_domain::consents::objection_to;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::sealing::{open_one, open_row};
use crate::access_requests::Holding;
use crate::audit::Shown;
use crate::{App, Call};

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum SeenValue {
    /// JSON string.
    Text(String),
    /// JSON number, as written.
    Number(String),
    /// JSON boolean.
    Bool(bool),
    /// Any other JSON, serialised.
    Structure(String),
}

impl From<Output<'_>> for SeenValue {
    fn from(output: Output<'_>) -> Self {
        match output {
            Output::Text(text) => Self::Text(text.to_owned()),
            Output::Number(text) => Self::Number(text.to_owned()),
            Output::Bool(value) => Self::Bool(value),
            Output::Structure(text) => Self::Structure(text.to_owned()),
        }
    }
}

/// One field that the caller may know of.
#[derive(Clone, Debug)]
pub struct SeenField {
    /// Its key.
    pub key: &'static str,
    /// What is shown; `None` where no value is stored.
    pub value: Option<SeenValue>,
    /// What the caller may do with it.
    pub access: FieldAccess,
}

/// A customer as one caller sees it. Hidden fields are absent.
#[derive(Clone, Debug)]
pub struct SeenCustomer {
    /// The id under which this caller knows the customer.
    pub id: Uuid,
    /// Counts changes.
    pub version: i32,
    /// Stage code.
    pub stage: Option<String>,
    /// Source code.
    pub source: Option<String>,
    /// ISO 3166-2.
    pub region: Option<String>,
    /// Owner; never shown to partners.
    pub owner: Option<Uuid>,
    /// Department; never shown to partners.
    pub department: Option<Uuid>,
    /// Processing is restricted.
    pub restricted: bool,
    /// Codes of its tags; never shown to partners.
    pub codes: Vec<String>,
    /// Since when it lies in the archive; never shown to partners.
    pub shelved_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// In catalog order.
    pub fields: Vec<SeenField>,
    /// The rights for a while that it is seen under.
    pub under: Vec<Uuid>,
}

/// Asks the decision about a stored customer.
pub(crate) fn decide_row<'c>(app: &App, call: &'c Call, row: &CustomerRow, permission: Permission) -> Decision<'c> {
    decide_fields(app, call, &thing(call, row), permission, row.consents.as_deref(), &call.customer().fields)
}

pub(crate) fn thing<'a>(call: &'a Call, row: &'a CustomerRow) -> Thing<'a> {
    Thing {
        customer: row.id,
        owner: row.owner,
        collaborators: &row.collaborators,
        department_path: call.identity.department_path(row.department),
        region: row.region.as_deref(),
        restricted: row.restricted,
    }
}

/// Everything that the decision looks at but the fields: for the caller of a call, and for anybody that a call asks about. Where nobody asked for
/// consents, none is in force and everything is objected to.
pub(crate) fn facts<'a>(
    caller: &'a Caller,
    permission: Permission,
    thing: &'a Thing<'a>,
    purpose: Option<&'a PurposeFacts>,
    consents: Option<&[String]>,
    now: DateTime<Utc>,
) -> Facts<'a> {
    let in_force = |(purpose, consents): (&PurposeFacts, &[String])| match purpose.may_object {
        true => !consents.contains(&objection_to(&purpose.code)),
        false => consents.contains(&purpose.code),
    };
    let consent_in_force = purpose.zip(consents).is_some_and(in_force);
    Facts { caller, permission, thing, fields: &[], purpose, consent_in_force, grants: &[], now }
}

/// The same about somebody who is not stored yet, and so has agreed to nothing.
pub(crate) fn decide_thing<'c>(app: &App, call: &'c Call, thing: &Thing<'_>, permission: Permission) -> Decision<'c> {
    decide_fields(app, call, thing, permission, Some(&[]), &call.customer().fields)
}

/// The same about somebody who has agreed to the purposes of these codes.
pub(crate) fn decide_agreed<'c>(
    app: &App,
    call: &'c Call,
    thing: &Thing<'_>,
    permission: Permission,
    consents: &[String],
) -> Decision<'c> {
    decide_fields(app, call, thing, permission, Some(consents), &call.customer().fields)
}

/// The same about these fields, of whatever hangs on the customer.
pub(crate) fn decide_fields<'c>(
    app: &App,
    call: &Call,
    thing: &Thing<'_>,
    permission: Permission,
    consents: Option<&[String]>,
    fields: &'c [Field],
) -> Decision<'c> {
    let purpose = call.purpose_facts();
    let facts = facts(&call.identity.caller, permission, thing, purpose, consents, app.now());
    let Decision { outcome, fields: decided, .. } = decide(&Facts { fields, ..facts });
    // The decision keeps the order of the fields that it was given; one out of its place would be left out.
    let decided = fields
        .iter()
        .zip(decided)
        .filter_map(|(field, (decided, access))| std::ptr::eq(field, decided).then_some((field, access)))
        .collect();
    Decision { outcome, fields: decided, reasons: Vec::new() }
}

/// A decision, and what of it is owed to rights for a while.
pub(crate) struct Judged<'c> {
    pub decision: Decision<'c>,
    /// The rights.
    pub under: Vec<Uuid>,
    /// Keys of the fields that are shown in full for that reason alone.
    pub lifted: Vec<&'static str>,
}

impl<'c> Judged<'c> {
    /// Takes further fields of the same customer in.
    pub fn add(&mut self, other: Self) {
        self.decision.fields.extend(other.decision.fields);
        self.lifted.extend(other.lifted);
        self.under.extend(other.under);
        self.under.sort_unstable();
        self.under.dedup();
    }

    /// What the caller's roles show by themselves: this alone counts against a budget, since a right was asked for and given.
    pub fn by_roles(&self) -> Decision<'c> {
        let own = |(field, _): &&(&'c Field, FieldAccess)| !self.lifted.contains(&field.key);
        let fields = self.decision.fields.iter().filter(own).copied().collect();
        Decision { outcome: self.decision.outcome, fields, reasons: Vec::new() }
    }
}

/// Asks the decision about a stored customer, with the rights for a while that the caller holds.
pub(crate) fn judge_row<'c>(
    app: &App,
    call: &'c Call,
    row: &CustomerRow,
    permission: Permission,
    holding: &Holding,
) -> Judged<'c> {
    judge_fields(app, call, row, permission, holding, &call.customer().fields)
}

/// The same about these fields, of whatever hangs on the customer.
pub(crate) fn judge_fields<'c>(
    app: &App,
    call: &Call,
    row: &CustomerRow,
    permission: Permission,
    holding: &Holding,
    fields: &'c [Field],
) -> Judged<'c> {
    if holding.grants.is_empty() {
        let decision = decide_fields(app, call, &thing(call, row), permission, row.consents.as_deref(), fields);
        return Judged { decision, under: Vec::new(), lifted: Vec::new() };
    }
    let (purpose, thing) = (call.purpose_facts(), thing(call, row));
    let now = holding.now(app.now());
    let facts = facts(&call.identity.caller, permission, &thing, purpose, row.consents.as_deref(), now);
    let decided = decide_explained(&Facts { fields, grants: &holding.grants, ..facts });
    let (mut under, mut lifted) = (Vec::new(), Vec::new());
    for why in &decided.reasons {
        let field = fields.iter().find(|field| Some(field.key) == why.field);
        if let (Some(grant), Some(field)) = (why.grant, field)
            && decided.access(field.key).view == View::Read
        {
            under.push(grant);
            lifted.push(field.key);
        }
    }
    if decided.reasons.iter().any(|why| why.reason == Reason::KnownByGrantOnly) {
        let naming = holding.grants.iter().filter(|grant| grant.customers.contains(&row.id));
        under.extend(naming.map(|grant| grant.id));
    }
    under.sort_unstable();
    under.dedup();
    let fields = fields.iter().zip(&decided.fields).map(|(field, (_, access))| (field, *access)).collect();
    Judged { decision: Decision { outcome: decided.outcome, fields, reasons: Vec::new() }, under, lifted }
}

/// Turns an outcome that is not `Allowed` into the refusal that the caller gets.
pub(crate) fn refuse(outcome: Outcome, permission: Permission) -> Result<(), DomainError> {
    match outcome {
        Outcome::Allowed => Ok(()),
        Outcome::MissingPermission => Err(DomainError::Forbidden { permission: permission.code() }),
        Outcome::DoesNotExist => Err(DomainError::NotFound),
        Outcome::PurposeRequired => Err(DomainError::refused(RefusedAs::Forbidden, "purpose_required")),
        Outcome::PurposeNotAllowed => Err(DomainError::refused(RefusedAs::Forbidden, "purpose_not_allowed")),
    }
}

/// The fields that a decision does not hide, each as it is shown. Says in `shown` what of them.
pub(super) fn fields_through(
    decision: &Decision<'_>,
    shown: &mut Shown,
    value: impl Fn(&Field) -> Result<Option<String>, DomainError>,
) -> Result<Vec<SeenField>, DomainError> {
    let mut fields = Vec::with_capacity(decision.fields.len());
    for (field, access) in decision.fields.iter().filter(|(_, access)| access.view != View::Hidden) {
        let seen = value(field)?.map(|text| {
            let (level, value) = match access.view {
                View::Read => (&mut shown.read, SeenValue::from(field.present(&text))),
                View::Masked | View::Reveal | View::Hidden => (&mut shown.masked, SeenValue::Text(field.mask(&text))),
            };
            if !level.contains(&field.key) {
                level.push(field.key);
            }
            value
        });
        fields.push(SeenField { key: field.key, value: seen, access: *access });
    }
    Ok(fields)
}

/// Opens what the decision allows and masks what it does not allow in full. Says in `shown` what left.
pub(crate) fn seen_through(
    app: &App,
    call: &Call,
    row: &CustomerRow,
    decision: &Decision<'_>,
    shown: &mut Shown,
) -> Result<SeenCustomer, DomainError> {
    let organization = call.organization();
    let key = open_row(app, organization, row)?;
    let values = row.fields.by_key();
    let value =
        |field: &Field| values.get(field.key).map(|sealed| open_one(&key, organization, row.id, &sealed)).transpose();
    Ok(seen_as(call, row, fields_through(decision, shown, value)?))
}

/// The customer with these of its fields.
pub(super) fn seen_as(call: &Call, row: &CustomerRow, fields: Vec<SeenField>) -> SeenCustomer {
    let staff = call.identity.user().is_some();
    let shown_time = |at: DateTime<Utc>| if staff { at } else { day_of(at) };
    SeenCustomer {
        id: call.identity.shown_id(row.id),
        version: row.version,
        stage: row.stage.clone(),
        source: row.source.clone().filter(|_| staff),
        region: row.region.clone(),
        owner: row.owner.filter(|_| staff).map(|o| o.uuid()),
        department: row.department.filter(|_| staff).map(|d| d.uuid()),
        restricted: row.restricted,
        codes: if staff { row.codes.clone() } else { Vec::new() },
        shelved_at: row.shelved_at.filter(|_| staff),
        created_at: shown_time(row.created_at),
        updated_at: shown_time(row.updated_at),
        fields,
        under: Vec::new(),
    }
}

/// Two partners could join what they hold by times to the microsecond.
pub(super) fn day_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::days(1)).unwrap_or(at)
}

/// Whether this answer shows a sensitive value of the customer in full: then the customer counts against the caller's budget.
pub(crate) fn looks_closely(row: &CustomerRow, decision: &Decision<'_>) -> bool {
    let values = row.fields.by_key();
    let mut read = decision.fields.iter().filter(|(_, access)| access.view == View::Read);
    read.any(|(field, _)| is_close(field) && values.get(field.key).is_some())
}

/// Whether seeing this field in full is a close look. A name is not: it is how people know whom they are about to look at,
/// and every page of an ordinary working day is full of them.
pub(crate) fn is_close(field: &Field) -> bool {
    field.classification >= Classification::Sensitive && field.key != "name"
}

/// Who may enter a value but not read it back is shown its mask in the answer to entering it.
pub(crate) fn show_written<'a>(
    seen: &mut SeenCustomer,
    written: impl Iterator<Item = (&'a Field, &'a str)>,
    shown: &mut Shown,
) {
    for (field, value) in written {
        if !seen.fields.iter().any(|known| known.key == field.key) {
            let access = FieldAccess { view: View::Masked, edit: true };
            seen.fields.push(SeenField { key: field.key, value: Some(SeenValue::Text(field.mask(value))), access });
            shown.masked.push(field.key);
        }
    }
}
