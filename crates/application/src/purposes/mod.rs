//! Purposes: why data is used, kept with every version; and the legal rules that the service applies.

mod draft;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use custodian_domain::access::PurposeFacts;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::purposes::{self as stored, PurposeRow, VersionRow};

pub use draft::PurposeDraft;
pub(crate) use write::begin;
pub use write::{create, patch, retire};

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// A purpose with what it says.
#[derive(Clone, Debug)]
pub struct PurposeView {
    /// As stored.
    pub row: PurposeRow,
    /// What it says.
    pub purpose: Purpose,
}

/// A past or present version with what it said.
#[derive(Clone, Debug)]
pub struct PurposeVersion {
    /// As stored.
    pub row: VersionRow,
    /// What it said.
    pub purpose: Purpose,
}

fn read(content: &serde_json::Value) -> Result<Purpose, DomainError> {
    use serde::Deserialize as _;
    Purpose::deserialize(content).map_err(|error| DomainError::internal(format!("a stored purpose: {error}")))
}

fn view(row: PurposeRow) -> Result<PurposeView, DomainError> {
    let purpose = read(&row.content)?;
    Ok(PurposeView { row, purpose })
}

/// The purposes in force, in order of code.
pub(crate) async fn active(work: &Work) -> Result<Vec<(String, Purpose)>, DomainError> {
    let read = |row: PurposeRow| Ok((row.code, read(&row.content)?));
    stored::list(work, Some("active")).await?.into_iter().map(read).collect()
}

/// The purposes in force, as facts for decisions, by code.
pub(crate) async fn in_force(work: &Work) -> Result<Arc<HashMap<String, PurposeFacts>>, DomainError> {
    let rows = stored::list(work, Some("active")).await?;
    let facts = |row: PurposeRow| Ok((row.code.clone(), read(&row.content)?.facts(&row.code)));
    rows.into_iter().map(facts).collect::<Result<HashMap<_, _>, DomainError>>().map(Arc::new)
}

/// What a purpose that nobody knows opens: nothing.
pub(crate) fn closed() -> &'static PurposeFacts {
    static CLOSED: OnceLock<PurposeFacts> = OnceLock::new();
    CLOSED.get_or_init(|| PurposeFacts {
        code: String::new(),
        needs_consent: true,
        fields: Some(Default::default()),
        open_under_restriction: false,
        may_object: false,
    })
}

/// A fault for each code of a list that is no purpose in force.
pub(crate) async fn unknown_faults(work: &Work, codes: &[String]) -> Result<Vec<Fault>, DomainError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let unknown = stored::unknown(work, codes).await?;
    let places = codes.iter().enumerate().filter(|(_, code)| unknown.contains(code));
    Ok(places.map(|(at, _)| Fault::new(format!("/purposes/{at}"), "unknown_purpose")).collect())
}

/// Every purpose in order of code; of one state if given.
pub async fn list(app: &App, call: &Call, state: Option<&str>) -> Result<Vec<PurposeView>, DomainError> {
    call.needs(Permission::PurposesRead)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list(&work, state).await?;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::PurposesRead)).await?;
    rows.into_iter().map(view).collect()
}

/// One purpose, by id or code.
pub async fn find(app: &App, call: &Call, name: &str) -> Result<PurposeView, DomainError> {
    call.needs(Permission::PurposesRead)?;
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, name).await?;
    work.abandon().await;
    let row = row.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::PurposesRead, &row)).await?;
    view(row)
}

/// Every version of a purpose, newest first.
pub async fn versions(app: &App, call: &Call, name: &str) -> Result<Vec<PurposeVersion>, DomainError> {
    call.needs(Permission::PurposesRead)?;
    let work = app.begin(call.organization()).await?;
    let found = stored::find(&work, name).await?;
    let rows = match &found {
        Some(row) => stored::versions(&work, row.id).await?,
        None => Vec::new(),
    };
    work.abandon().await;
    let row = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::PurposesRead, &row)).await?;
    let told = |row: VersionRow| read(&row.content).map(|purpose| PurposeVersion { row, purpose });
    rows.into_iter().map(told).collect()
}

/// Records that the legal rules were read; they are the same for everybody.
pub async fn record_rules_read(app: &App, call: &Call) -> Result<(), DomainError> {
    call.needs(Permission::PurposesRead)?;
    app.record_read(call, Draft::of(Action::PurposesRead)).await
}

fn entry(action: Action, row: &PurposeRow) -> Draft {
    Draft::of(action)
        .with("purpose_code", Detail::Code(row.code.clone()))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
}
