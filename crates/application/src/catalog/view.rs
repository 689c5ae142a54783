//! Fields with what is known of them beside what they are.

use chrono::{DateTime, Utc};
use custodian_domain::catalog::{Field, FieldContent, RecordType, built_in_type};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, FieldRow, FieldVersionRow};
use serde::Deserialize as _;
use uuid::Uuid;

use super::current::{content, load};

/// A field as an administrator sees it.
#[derive(Clone, Debug)]
pub struct FieldView {
    /// Code of the record type.
    pub record_type: &'static str,
    /// The field.
    pub field: Field,
    /// Counts changes; 1 for a built-in field that the organisation never changed.
    pub version: i32,
    /// Taken out of use.
    pub retired: bool,
    /// Part of the product.
    pub built_in: bool,
    /// Classified below the legal floor, by a recorded exception.
    pub below_floor: bool,
    /// When the organisation made or first changed it.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// The job that a change began.
    pub job: Option<Uuid>,
}

/// A version of a field.
#[derive(Clone, Debug)]
pub struct FieldVersion {
    /// As stored.
    pub row: FieldVersionRow,
    /// The field as it was.
    pub field: Field,
}

impl FieldVersion {
    pub(super) fn of(record_type: &str, key: &str, row: FieldVersionRow) -> Result<Self, DomainError> {
        let content = FieldContent::deserialize(&row.content)
            .map_err(|error| DomainError::internal(format!("a stored field of the catalog: {error}")))?;
        Ok(Self { field: content.field(record_type, key), row })
    }
}

impl FieldView {
    fn built_in(record_type: &'static str, field: &Field) -> Self {
        Self {
            record_type,
            field: field.clone(),
            version: 1,
            retired: false,
            built_in: true,
            below_floor: false,
            created_at: None,
            updated_at: None,
            job: None,
        }
    }

    pub(super) fn of(record_type: &'static str, field: Field, row: &FieldRow) -> Self {
        Self {
            built_in: is_built_in(record_type, field.key),
            record_type,
            field,
            version: row.version,
            retired: row.state == "retired",
            below_floor: row.below_floor,
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
            job: None,
        }
    }
}

pub(super) fn is_built_in(record_type: &str, key: &str) -> bool {
    built_in_type(record_type).is_some_and(|one| one.field(key).is_some())
}

/// The fields of a type in the order in which they are shown.
pub(super) async fn all(work: &Work, code: &str, retired: bool) -> Result<Vec<FieldView>, DomainError> {
    let catalog = load(work).await?;
    let of = catalog.record_type(code).ok_or(DomainError::NotFound)?;
    Ok(of_type(of, &stored::fields(work).await?, retired))
}

/// The same of a type and its rows that are at hand.
pub(super) fn of_type(of: &RecordType, rows: &[FieldRow], retired: bool) -> Vec<FieldView> {
    let view = |field: &Field| {
        let row = rows.iter().find(|row| row.record_type == of.code && row.key == field.key);
        row.map_or_else(|| FieldView::built_in(of.code, field), |row| FieldView::of(of.code, field.clone(), row))
    };
    if retired { &of.retired } else { &of.fields }.iter().map(view).collect()
}

/// One field, in use or not.
pub(super) async fn one(work: &Work, code: &str, key: &str) -> Result<FieldView, DomainError> {
    let catalog = load(work).await?;
    let of = catalog.record_type(code).ok_or(DomainError::NotFound)?;
    match stored::field(work, of.code, key).await? {
        Some(row) => Ok(FieldView::of(of.code, content(&row)?.field(of.code, key), &row)),
        None => of.field(key).map(|field| FieldView::built_in(of.code, field)).ok_or(DomainError::NotFound),
    }
}
