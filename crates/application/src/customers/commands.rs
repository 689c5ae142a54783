//! What a caller may send for a customer, checked field by field with every fault named.

use chrono::NaiveDate;
use custodian_domain::catalog::{Field, Input, RecordType};
use custodian_domain::customers::{Stage, is_region_code, is_source_code};
use custodian_domain::kernel::{DepartmentId, Fault, UserId};
use serde_json::Value;

/// A value as it came in.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldInput {
    /// A JSON string, or a cell of a file.
    Text(String),
    /// A JSON number, as written.
    Number(String),
    /// A JSON boolean.
    Bool(bool),
    /// A JSON object or array, serialised.
    Structure(String),
    /// Take the value away.
    Null,
}

impl From<&Value> for FieldInput {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => Self::Structure(value.to_string()),
        }
    }
}

/// What stands beside the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Stage code.
    pub stage: Option<String>,
    /// Source code.
    pub source: Option<String>,
    /// ISO 3166-2.
    pub region: Option<String>,
    /// The member of staff who answers for the customer.
    pub owner: Option<UserId>,
    /// The department that the customer belongs to.
    pub department: Option<DepartmentId>,
    /// Codes of its tags, in order, none twice.
    pub codes: Vec<String>,
}

/// A customer to be created.
#[derive(Clone, Debug, Default)]
pub struct NewCustomer {
    /// Attributes.
    pub attributes: Attributes,
    /// Field key to value.
    pub fields: Vec<(String, FieldInput)>,
}

/// A change (RFC 7396): what is absent stays; `Some(None)` takes an attribute away.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Stage.
    pub stage: Option<Option<String>>,
    /// Source.
    pub source: Option<Option<String>>,
    /// Region.
    pub region: Option<Option<String>>,
    /// Owner.
    pub owner: Option<Option<UserId>>,
    /// Department.
    pub department: Option<Option<DepartmentId>>,
    /// Codes of tags: these and no others.
    pub codes: Option<Vec<String>>,
    /// Field key to new value.
    pub fields: Vec<(String, FieldInput)>,
    /// The person has asked for it: a restriction of processing does not stand in its way.
    pub rectifies: bool,
}

impl Patch {
    /// Whether it leaves alone what is said of the person: it gives them to somebody else at most, or does what they have asked for.
    pub(super) fn only_moves(&self) -> bool {
        let Self { stage, source, region, owner: _, department: _, codes, fields, rectifies } = self;
        let says = stage.is_some() || source.is_some() || region.is_some() || codes.is_some() || !fields.is_empty();
        *rectifies || !says
    }
}

/// A field with the canonical text to seal; `None` takes the value away.
pub(crate) struct AcceptedField<'c> {
    pub field: &'c Field,
    pub value: Option<String>,
}

/// Checks one value against the catalog.
pub(crate) fn accept_field<'c>(
    of: &'c RecordType,
    key: &str,
    input: &FieldInput,
    today: NaiveDate,
) -> Result<AcceptedField<'c>, Fault> {
    let pointer = || format!("/fields/{}", key.replace('~', "~0").replace('/', "~1"));
    let field = of.field(key).ok_or_else(|| Fault::new(pointer(), "unknown_field"))?;
    let input = match input {
        FieldInput::Text(text) => Input::Text(text),
        FieldInput::Number(text) => Input::Number(text),
        FieldInput::Bool(value) => Input::Bool(*value),
        FieldInput::Structure(text) => Input::Structure(text),
        FieldInput::Null if field.required => return Err(Fault::new(pointer(), "required")),
        FieldInput::Null => return Ok(AcceptedField { field, value: None }),
    };
    match field.accept(input, today) {
        Ok(value) => Ok(AcceptedField { field, value: Some(value) }),
        Err(refusal) if refusal.is_empty_value() => Ok(AcceptedField { field, value: None }),
        Err(refusal) => Err(Fault { pointer: pointer(), code: refusal.code, arg: refusal.arg }),
    }
}

/// Every fault of the attributes that need no look-up.
pub fn check_attributes(stage: Option<&str>, source: Option<&str>, region: Option<&str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if stage.is_some_and(|code| Stage::from_code(code).is_none()) {
        let known: Vec<_> = Stage::ALL.iter().map(|s| s.as_str()).collect();
        faults.push(Fault::new("/stage", "not_a_choice").with_arg(known.join(", ")));
    }
    if source.is_some_and(|code| !is_source_code(code)) {
        faults.push(Fault::new("/source", "invalid_source"));
    }
    if region.is_some_and(|code| !is_region_code(code)) {
        faults.push(Fault::new("/region", "unknown_region"));
    }
    faults
}

/// Every fault of a set of field values, before anything is loaded. With `whole`, required fields that are missing count too.
pub fn field_faults(of: &RecordType, fields: &[(String, FieldInput)], today: NaiveDate, whole: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    accept_all(of, fields, today, whole, &mut faults);
    faults
}

/// The same with what is to be stored of those that pass.
pub(super) fn accept_all<'c>(
    of: &'c RecordType,
    fields: &[(String, FieldInput)],
    today: NaiveDate,
    whole: bool,
    faults: &mut Vec<Fault>,
) -> Vec<AcceptedField<'c>> {
    let (mut accepted, mut refused) = (Vec::with_capacity(fields.len()), Vec::new());
    for (key, input) in fields {
        match accept_field(of, key, input, today) {
            Ok(field) => accepted.push(field),
            Err(fault) => {
                faults.push(fault);
                refused.push(key.as_str());
            }
        }
    }
    if whole {
        let given = |key: &str| {
            refused.contains(&key) || accepted.iter().any(|one| one.field.key == key && one.value.is_some())
        };
        let missing = of.fields.iter().filter(|field| field.required && !given(field.key));
        faults.extend(missing.map(|field| Fault::new(format!("/fields/{}", field.key), "required")));
    }
    accepted
}
