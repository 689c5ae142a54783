//! From a record to a customer ready to be stored, or to the faults that refuse it.

use chrono::NaiveDate;
use custodian_domain::catalog::{DataType, Field, RecordType};
use custodian_domain::customers::province_region;
use custodian_persistence::imports::ImportError;

use super::file::Record;
use super::{Mapping, Target};
use crate::customers::{Attributes, FieldInput, accept_field, check_attributes};

/// A record that passed.
pub(super) struct Accepted {
    pub line: i64,
    pub attributes: Attributes,
    pub owner_email: Option<String>,
    /// The number of the customer that a record hangs on, as the catalog writes it.
    pub customer_no: Option<String>,
    /// The place of a field among those of the catalog that the import began with, and its value.
    pub values: Vec<(usize, String)>,
}

impl Accepted {
    /// The fields with their values; `of` is what the record was accepted by.
    pub(super) fn pairs<'a>(&'a self, of: &'a RecordType) -> Vec<(&'a Field, &'a str)> {
        self.values.iter().filter_map(|(at, value)| Some((of.fields.get(*at)?, value.as_str()))).collect()
    }

    /// Whether it says nothing of a customer that there is but whose it is to be: its one value is what the customer was found by.
    pub(super) fn only_moves(&self) -> bool {
        let Attributes { stage, source, region, owner: _, department: _, codes: _ } = &self.attributes;
        self.values.len() == 1 && stage.is_none() && source.is_none() && region.is_none()
    }
}

fn fault(line: i64, field: &str, code: &str) -> ImportError {
    ImportError { line, field: field.to_owned(), code: code.to_owned() }
}

/// What records are checked by beside their type.
pub(super) struct By<'a> {
    /// What a customer is: the number that joins a record to one is checked by it.
    pub customer: &'a RecordType,
    /// Where times without a zone are meant.
    pub utc_offset: &'a str,
    /// The day of the check.
    pub today: NaiveDate,
}

/// Checks a record against the catalog; every fault is named, none holds a value.
pub(super) fn accept(
    of: &RecordType,
    record: Record,
    mapping: &Mapping,
    by: &By<'_>,
) -> Result<Accepted, Vec<ImportError>> {
    let line = record.line;
    let cells = record.cells.map_err(|code| vec![fault(line, "", code)])?;
    let mut faults = Vec::new();
    let mut accepted = Accepted {
        line,
        attributes: Attributes::default(),
        owner_email: None,
        customer_no: None,
        values: Vec::with_capacity(mapping.0.len()),
    };
    for (at, code) in record.faults {
        faults.extend(mapping.0.get(at).map(|(_, target)| fault(line, target.name(), code)));
    }
    for ((_, target), cell) in mapping.0.iter().zip(cells) {
        let Some(cell) = cell else { continue };
        match target {
            Target::Field(key) => match accept_field(of, key, &typed(of, key, cell, by.utc_offset), by.today) {
                Ok(field) => {
                    let at = of.fields.iter().position(|one| one.key == field.field.key);
                    accepted.values.extend(at.zip(field.value));
                }
                Err(refused) => faults.push(fault(line, key, refused.code)),
            },
            Target::CustomerNo => match accept_field(by.customer, "customer_no", &written(cell), by.today) {
                Ok(field) => accepted.customer_no = field.value,
                Err(refused) => faults.push(fault(line, "customer_no", refused.code)),
            },
            Target::Stage => accepted.attributes.stage = text(cell),
            Target::Source => accepted.attributes.source = text(cell),
            Target::Region => accepted.attributes.region = text(cell),
            Target::OwnerEmail => accepted.owner_email = text(cell),
        }
    }
    let Attributes { stage, source, region, .. } = &accepted.attributes;
    let attribute_faults = check_attributes(stage.as_deref(), source.as_deref(), region.as_deref());
    faults.extend(attribute_faults.iter().map(|f| fault(line, f.pointer.trim_start_matches('/'), f.code)));
    faults.extend(unjoined(mapping, &accepted, &faults));
    if accepted.attributes.region.is_none() {
        let province = accepted.pairs(of).into_iter().find(|(field, _)| field.key == "province");
        accepted.attributes.region = province.and_then(|(_, name)| province_region(name)).map(str::to_owned);
    }
    if faults.is_empty() { Ok(accepted) } else { Err(faults) }
}

/// A record that names no customer, unless that was told of already.
fn unjoined(mapping: &Mapping, accepted: &Accepted, told: &[ImportError]) -> Option<ImportError> {
    let is_told = told.iter().any(|fault| fault.field == "customer_no");
    let lacks = mapping.names(&Target::CustomerNo) && accepted.customer_no.is_none();
    (lacks && !is_told).then(|| fault(accepted.line, "customer_no", "required"))
}

/// The required fields that a new customer would lack. Not asked of a record that changes an existing one.
pub(super) fn missing(of: &RecordType, accepted: &Accepted) -> Vec<ImportError> {
    let (given, required) = (accepted.pairs(of), of.fields.iter().filter(|field| field.required));
    required
        .filter(|field| !given.iter().any(|(f, _)| f.key == field.key))
        .map(|field| fault(accepted.line, field.key, "required"))
        .collect()
}

fn text(cell: FieldInput) -> Option<String> {
    match cell {
        FieldInput::Text(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        FieldInput::Number(text) | FieldInput::Structure(text) => Some(text),
        FieldInput::Bool(value) => Some(value.to_string()),
        FieldInput::Null => None,
    }
}

/// A cell of a file is text; where the field wants a number or a truth value, the text is read as one.
fn typed(of: &RecordType, key: &str, cell: FieldInput, utc_offset: &str) -> FieldInput {
    let FieldInput::Text(text) = cell else { return cell };
    match of.field(key).map(|field| &field.data_type) {
        Some(DataType::Number) => FieldInput::Number(text.trim().to_owned()),
        Some(DataType::Boolean) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "1" | "是" => FieldInput::Bool(true),
            "false" | "no" | "0" | "否" => FieldInput::Bool(false),
            _ => FieldInput::Text(text),
        },
        Some(DataType::Money | DataType::Json) => FieldInput::Structure(text),
        Some(DataType::Datetime) => match local_time(text.trim()) {
            Some((day, time)) => FieldInput::Text(format!("{day}T{}{utc_offset}", time.unwrap_or("00:00:00"))),
            None => FieldInput::Text(text),
        },
        // Workbooks keep every date with a time of day.
        _ => match local_time(&text) {
            Some((day, Some("00:00:00"))) if text.contains('T') => FieldInput::Text(day.to_owned()),
            _ => FieldInput::Text(text),
        },
    }
}

/// The day and the time of a time without a zone, `2026-11-22T08:00:00`, or of a bare day.
fn local_time(text: &str) -> Option<(&str, Option<&str>)> {
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let alike = |one: u8, form: u8| if form == b'0' { one.is_ascii_digit() } else { one == form };
    let shaped = |text: &str, form: &str| {
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(|(one, form)| alike(one, form))
    };
    (shaped(day, "0000-00-00") && time.is_none_or(|time| shaped(time, "00:00:00"))).then_some((day, time))
}

/// A number as a file writes it, which may be one to the machine.
fn written(cell: FieldInput) -> FieldInput {
    match cell {
        FieldInput::Number(text) => FieldInput::Text(text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_meant_where_the_file_says() {
        assert_eq!(local_time("2026-11-22T08:00:00"), Some(("2026-11-22", Some("08:00:00"))));
        assert_eq!(local_time("2026-11-22 08:00:00"), Some(("2026-11-22", Some("08:00:00"))));
        assert_eq!(local_time("2026-11-22"), Some(("2026-11-22", None)));
        for other in ["2026-11-22T08:00:00Z", "22.11.2026", "yesterday", "2026-11-22T08:00", ""] {
            assert_eq!(local_time(other), None, "{other}");
        }
    }
}
