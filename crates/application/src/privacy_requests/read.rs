//! Reading requests and the log of them. Whose a request is, is shown once that is proved, or to those who answer requests.

use std::collections::BTreeMap;

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as stored, EventRow, RequestFilter, RequestRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::entry;
use crate::audit::Draft;
use crate::keys::{OrganizationKeys, open_own, own_place};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// What was said when a request was filed. Kept sealed; never printed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Details {
    /// Name of who asks, where that is not the person.
    pub name: Option<String>,
    /// What they are to the person.
    pub relationship: Option<String>,
    /// Their own interest.
    pub interest: Option<String>,
    /// The written permission.
    pub authorization: Option<String>,
    /// In their own words.
    pub words: Option<String>,
    /// What is to stand in place of what does, by field, as a change of the customer takes it; null takes a value away.
    #[serde(default)]
    pub corrections: BTreeMap<String, Value>,
}

/// A request as it is read.
#[derive(Clone)]
pub struct RequestView {
    /// As stored.
    pub row: RequestRow,
    /// What was said; gone with the person.
    pub details: Option<Details>,
    /// What was answered.
    pub answer: Option<String>,
    /// What happened, oldest first; left out of lists.
    pub events: Vec<EventRow>,
    /// Whether the caller may be told whose it is, and what it repeats.
    pub names_person: bool,
}

/// A page of requests, newest first.
pub async fn list(
    app: &App,
    call: &Call,
    filter: RequestFilter,
    limit: usize,
) -> Result<(Vec<RequestView>, Option<Uuid>), DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let page = app.reading(call.organization(), async |work| page(app, call, work, &filter, limit).await).await?;
    app.record_read(call, Draft::of(Action::PrivacyRequestsRead)).await?;
    Ok(page)
}

/// The log: what the law wants to be kept of each request for 24 months, newest first. Nothing in it says whose a request was.
pub async fn log(
    app: &App,
    call: &Call,
    filter: RequestFilter,
    limit: usize,
) -> Result<(Vec<RequestView>, Option<Uuid>), DomainError> {
    list(app, call, filter, limit).await
}

pub(crate) async fn page(
    app: &App,
    call: &Call,
    work: &Work,
    filter: &RequestFilter,
    limit: usize,
) -> Result<(Vec<RequestView>, Option<Uuid>), DomainError> {
    let mut rows = stored::list(work, filter, one_more(limit)).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    let keys = app.keys().open_organization(work).await?;
    let views = rows.into_iter().map(|row| seen(&keys, call, work, row, Vec::new())).collect::<Result<_, _>>()?;
    Ok((views, next))
}

/// One request with everything that happened to it.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<RequestView, DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = match stored::find(&work, id).await? {
        Some(row) => Some(view_of(app, call, &work, row).await?),
        None => None,
    };
    work.abandon().await;
    let view = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::PrivacyRequestsRead, &view.row)).await?;
    Ok(view)
}

/// A request as it stands in this transaction.
pub(crate) async fn view_of(app: &App, call: &Call, work: &Work, row: RequestRow) -> Result<RequestView, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let events = stored::events(work, row.id).await?;
    seen(&keys, call, work, row, events)
}

fn seen(
    keys: &OrganizationKeys,
    call: &Call,
    work: &Work,
    row: RequestRow,
    events: Vec<EventRow>,
) -> Result<RequestView, DomainError> {
    let open = |field: &str, sealed: &[u8]| {
        open_own(keys, &own_place(work.organization(), "privacy_request", row.id, field, 1), sealed)
    };
    let details = row.sealed_details.as_deref().map(|sealed| open("details", sealed)).transpose()?;
    let details = details.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| DomainError::Integrity)?;
    let answer = row.sealed_answer.as_deref().map(|sealed| open("answer", sealed)).transpose()?;
    let names_person = row.verified_at.is_some() || call.identity.caller.holds(Permission::PrivacyRequestsManage);
    Ok(RequestView { row, details, answer, events, names_person })
}
