//! Data sets: de-identified copies for tests and analysis. Asked for, approved, written and taken away as exports are.

use custodian_domain::datasets::{Below, Method, Recipe, Rule, USUAL_K, faults};
use custodian_domain::exports::Format;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::Filter;
use serde_json::Value;

use crate::exports::{self, ExportView, NewExport};
use crate::{App, Call};

/// A data set to be asked for.
#[derive(Clone, Debug)]
pub struct NewDataset {
    /// Whom it is about, of those in the caller's reach.
    pub filter: Filter,
    /// The same as it was sent.
    pub sent: Value,
    /// What is done to each field; one that is not named is left out.
    pub rules: Vec<Rule>,
    /// Columns that together must not single anybody out; every one that is no pseudonym when absent.
    pub quasi_identifiers: Option<Vec<String>>,
    /// So many must look alike in them.
    pub k: Option<u32>,
    /// What becomes of the others.
    pub below: Option<Below>,
    /// What it is written as.
    pub format: Format,
    /// Code of the purpose.
    pub purpose: String,
    /// Why.
    pub reason: String,
    /// The most rows.
    pub row_limit: u32,
}

/// Asks for a data set: an export whose approval is for what is done to each field, too.
///
/// Errors: 422 with every fault of the rules, and those of [`exports::create`].
pub async fn create(app: &App, call: &Call, work: &Work, new: NewDataset) -> Result<ExportView, DomainError> {
    call.needs(Permission::ExportsRequest)?;
    let NewDataset { filter, sent, rules, quasi_identifiers, k, below, format, purpose, reason, row_limit } = new;
    let columns = rules.iter().filter(|rule| rule.method != Method::Pseudonymise).map(|rule| rule.field.clone());
    let recipe = Recipe {
        quasi_identifiers: quasi_identifiers.unwrap_or_else(|| columns.collect()),
        k: k.unwrap_or(USUAL_K),
        below: below.unwrap_or(Below::Suppress),
        rules,
    };
    let found = faults(&recipe, call.customer());
    if !found.is_empty() {
        return Err(DomainError::Invalid(found));
    }
    let fields = recipe.rules.iter().map(|rule| rule.field.clone()).collect();
    let new = NewExport { filter, sent, fields, format, purpose, reason, row_limit, recipe: Some(recipe) };
    exports::create(app, call, work, new).await
}
