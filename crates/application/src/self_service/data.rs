//! What a person is shown of themselves: every value, what it is used for, where it came from, whom it goes to and how long it stays.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Language, RefusedAs};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::self_service as stored;
use custodian_persistence::{Work, purposes};
use serde::Deserialize as _;

use super::oneself;
use crate::audit::Draft;
use crate::customers::{self, SeenCustomer};
use crate::{App, Call};

/// A person's own data.
#[derive(Clone, Debug)]
pub struct DataView {
    /// Every value in full.
    pub seen: SeenCustomer,
    /// Where the record came from.
    pub source: Option<String>,
    /// What the data is used for, by code.
    pub purposes: Vec<(String, Purpose)>,
}

/// Shows a person themselves.
pub async fn own_data(app: &App, reader: &CustomerReader, call: &Call) -> Result<DataView, DomainError> {
    let customer = oneself(call)?;
    let row = customers::find(app, reader, call, customer.uuid(), Permission::CustomersRead).await?;
    let seen = customers::read(app, reader, call, customer.uuid()).await?;
    let work = app.begin(call.organization()).await?;
    let purposes = in_force(&work).await;
    work.abandon().await;
    Ok(DataView { seen, source: row.source.clone(), purposes: purposes? })
}

/// The organisation's purposes.
pub(crate) async fn in_force(work: &Work) -> Result<Vec<(String, Purpose)>, DomainError> {
    let rows = purposes::list(work, Some("active")).await?;
    let read = |row: purposes::PurposeRow| {
        let purpose = Purpose::deserialize(&row.content).map_err(|_| DomainError::internal("a stored purpose"))?;
        Ok((row.code, purpose))
    };
    rows.into_iter().map(read).collect()
}

/// What a person prefers.
#[derive(Clone, Copy, Debug)]
pub struct Preferences {
    /// The language of letters and of what is handed out.
    pub language: Language,
    /// Counts changes; 0 as long as nothing was set.
    pub version: i32,
}

/// Reads them; Chinese as long as nothing was set.
pub async fn preferences(app: &App, call: &Call) -> Result<Preferences, DomainError> {
    let customer = oneself(call)?;
    let work = app.begin(call.organization()).await?;
    let found = preferred(&work, call).await;
    work.abandon().await;
    app.record_read(call, Draft::about(Action::SelfServiceRead, customer)).await?;
    found
}

async fn preferred(work: &Work, call: &Call) -> Result<Preferences, DomainError> {
    let found = stored::language(work, oneself(call)?).await?;
    let (tag, version) = found.unwrap_or_else(|| (Language::Zh.tag().to_owned(), 0));
    Ok(Preferences { language: Language::from_tag(&tag).unwrap_or(Language::Zh), version })
}

/// Sets them.
///
/// Errors: what `admits` says of the version.
pub async fn set_preferences(
    app: &App,
    call: &Call,
    work: &Work,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    tag: &str,
) -> Result<Preferences, DomainError> {
    let customer = oneself(call)?;
    let language = Language::from_tag(tag).ok_or(DomainError::refused(RefusedAs::Unprocessable, "invalid_body"))?;
    admits(preferred(work, call).await?.version)?;
    let now = work.database_time().await?;
    let version = stored::put_language(work, customer, language.tag(), now).await?;
    app.record_change(work, call, Draft::about(Action::SelfServicePrefer, customer)).await?;
    Ok(Preferences { language, version })
}
