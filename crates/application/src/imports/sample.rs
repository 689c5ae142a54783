//! What a dry run proposes for the columns that nobody mapped. The values that are looked at are not kept.

use custodian_domain::catalog::{Beside, CUSTOMER, Catalog, Column, Proposal, RecordType, beside, classify};
use custodian_domain::kernel::DomainError;
use custodian_persistence::imports::ImportRow;
use serde_json::{Value, json};

use super::file::{each_record, headers};
use super::pieces::Pieces;
use super::{Mapping, Target};
use crate::customers::FieldInput;

/// Records that are looked at.
const LOOKED_AT: usize = 100;

/// What was found out about the file's columns.
pub(super) struct Sampled {
    /// The mapping to check by: the one that was sent or, where none was, the one that is proposed.
    pub mapping: Mapping,
    /// For people to review: a line for each column that was not mapped.
    pub proposals: Value,
}

/// Looks at the first records. Blocking.
pub(super) fn sample(
    pieces: &Pieces,
    row: &ImportRow,
    catalog: &Catalog,
    mapping: &Mapping,
    today: chrono::NaiveDate,
) -> Result<Sampled, DomainError> {
    let of = catalog.record_type(&row.record_type).ok_or(DomainError::NotFound)?;
    let mapped = |name: &String| mapping.0.iter().any(|(column, _)| column.trim() == name);
    let names: Vec<String> = headers(pieces.clone(), row)?.into_iter().filter(|name| !mapped(name)).collect();
    let values = values(pieces, row, &names)?;
    let columns: Vec<Column<'_>> =
        names.iter().zip(&values).map(|(header, values)| Column { header, values }).collect();
    let proposed = classify(of, &columns, today);
    let joins = joins(catalog, of, &columns, today);
    let mut targets: Vec<(String, Target)> = Vec::new();
    let mut told = Vec::with_capacity(names.len());
    for (at, ((name, column), proposal)) in names.iter().zip(&columns).zip(&proposed).enumerate() {
        let target = match joins {
            Some(joining) if joining == at => Some(Target::CustomerNo),
            _ => attribute(of, column).or(proposal.known.map(Target::Field)),
        };
        let free = |target: &Target| !mapping.names(target) && !targets.iter().any(|(_, known)| known == target);
        let target = target.filter(free);
        told.push(line(name, target.as_ref(), proposal));
        targets.extend(target.map(|target| (name.clone(), target)));
    }
    let mapping = if mapping.0.is_empty() { Mapping(targets) } else { mapping.clone() };
    Ok(Sampled { mapping, proposals: Value::Array(told) })
}

/// What stands beside the fields, unless there is a field of this very name.
fn attribute(of: &RecordType, column: &Column<'_>) -> Option<Target> {
    let header = column.header.trim();
    let is_named = |labels: &custodian_domain::catalog::Labels| labels.en == header || labels.zh == header;
    if of.fields.iter().any(|field| field.key == header || is_named(&field.labels)) {
        return None;
    }
    match (beside(column)?, of.code == CUSTOMER) {
        (Beside::Owner, _) => Some(Target::OwnerEmail),
        (Beside::Stage, true) => Some(Target::Stage),
        (Beside::Source, true) => Some(Target::Source),
        (Beside::Region, true) => Some(Target::Region),
        (Beside::Stage | Beside::Source | Beside::Region, false) => None,
    }
}

/// The column that names the customer a record hangs on.
fn joins(catalog: &Catalog, of: &RecordType, columns: &[Column<'_>], today: chrono::NaiveDate) -> Option<usize> {
    if of.code == CUSTOMER {
        return None;
    }
    let as_customers = classify(catalog.customer(), columns, today);
    as_customers.iter().position(|proposal| proposal.known == Some("customer_no"))
}

/// Texts of the first records, by column.
fn values(pieces: &Pieces, row: &ImportRow, names: &[String]) -> Result<Vec<Vec<String>>, DomainError> {
    let mut values: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    let mut left = LOOKED_AT;
    each_record(pieces.clone(), row, names, &mut |record| {
        for (known, cell) in values.iter_mut().zip(record.cells.unwrap_or_default()) {
            match cell {
                Some(FieldInput::Text(text) | FieldInput::Number(text)) if !text.trim().is_empty() => known.push(text),
                Some(FieldInput::Bool(value)) => known.push(value.to_string()),
                _ => {}
            }
        }
        left -= 1;
        left > 0
    })?;
    Ok(values)
}

fn line(name: &str, target: Option<&Target>, proposal: &Proposal) -> Value {
    // The choices of an `enum` are values that were met: they are not told.
    let Proposal { known: _, field, confidence, told_by } = proposal;
    json!({"column": name, "field": target.map(Target::name), "data_type": field.data_type.as_str(),
        "classification": field.classification.as_str(), "category": field.category.as_str(),
        "pi_category": field.pi_category.map(|one| one.as_str()), "sensitive": field.is_sensitive_pi(),
        "mask": field.mask.code(), "searchable": field.searchable.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "confidence": confidence, "told_by": told_by})
}
