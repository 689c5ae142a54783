//! How a file is to be read.

use custodian_domain::catalog::CUSTOMER;

use super::Mapping;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON object in each line.
    Ndjson,
    /// A workbook of Office Open XML.
    Xlsx,
}

impl Format {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }
}

/// What happens where a line names a value that an existing customer or record has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The file's value takes its place.
    Overwrite,
    /// The old value stays; what is empty is filled.
    Fill,
    /// The line is refused.
    Refuse,
}

impl OnConflict {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overwrite => "overwrite",
            Self::Fill => "fill",
            Self::Refuse => "refuse",
        }
    }

    /// The rule of a code; [`OnConflict::Overwrite`] for any other.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "fill" => Self::Fill,
            "refuse" => Self::Refuse,
            _ => Self::Overwrite,
        }
    }
}

/// How the file is to be read.
#[derive(Clone, Debug)]
pub struct UploadOptions {
    /// Code of the record type: customers, or what hangs on them.
    pub record_type: &'static str,
    /// Column to field; empty in a dry run that is to propose one.
    pub mapping: Mapping,
    /// What exists already is changed instead of refused: a customer of the same `customer_no`, a record of the same unique value.
    pub upsert: bool,
    /// What gives way then.
    pub on_conflict: OnConflict,
    /// Everything is checked, nothing stored.
    pub dry_run: bool,
    /// How it is written.
    pub format: Format,
    /// Name of the sheet of a workbook; the first visible one by default.
    pub sheet: Option<String>,
    /// Where times without a zone are meant, such as `+08:00`.
    pub utc_offset: String,
}

impl UploadOptions {
    /// New customers from CSV, times in UTC.
    pub fn new_customers(mapping: Mapping) -> Self {
        Self {
            record_type: CUSTOMER,
            mapping,
            upsert: false,
            on_conflict: OnConflict::Overwrite,
            dry_run: false,
            format: Format::Csv,
            sheet: None,
            utc_offset: "+00:00".to_owned(),
        }
    }
}
