//! Proposing what the columns of a spreadsheet hold.

use custodian_domain::audit::Action;
use custodian_domain::catalog::{CUSTOMER, Column, Proposal, classify as proposals};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// A column as it came in. Its values are looked at and not kept.
pub struct SampleColumn {
    /// Its header.
    pub header: String,
    /// Samples of its values.
    pub values: Vec<String>,
}

/// What each column probably holds, as a field of this record type.
///
/// Errors: 404 for an unknown record type.
pub async fn classify(
    app: &App,
    call: &Call,
    code: Option<&str>,
    columns: &[SampleColumn],
) -> Result<Vec<Proposal>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let of = call.catalog().record_type(code.unwrap_or(CUSTOMER)).ok_or(DomainError::NotFound)?;
    let asked: Vec<Column<'_>> =
        columns.iter().map(|column| Column { header: &column.header, values: &column.values }).collect();
    let proposed = proposals(of, &asked, app.now().date_naive());
    let count = Detail::Count(u32::try_from(columns.len()).unwrap_or(u32::MAX));
    app.record_read(call, Draft::of(Action::CatalogClassify).with("columns", count)).await?;
    Ok(proposed)
}
