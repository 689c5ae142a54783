//! A person's own requests. The code that opened the session is the proof of who asks.

use std::collections::BTreeMap;

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::privacy_requests::{Channel, Jurisdiction, Proof, Requester, Right};
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as stored, RequestFilter};
use serde_json::Value;
use uuid::Uuid;

use super::{oneself, oneself_locked};
use crate::audit::Draft;
use crate::privacy_requests::{self, Details, NewRequest, Package, RequestView, Whom};
use crate::{App, Call};

/// A request that a person makes for themselves.
#[derive(Clone)]
pub struct OwnRequest {
    /// What is asked for.
    pub right: Right,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// Codes of the purposes that it is about.
    pub purposes: Vec<String>,
    /// In their own words.
    pub words: Option<String>,
    /// What is to stand in place of what does, by field.
    pub corrections: BTreeMap<String, Value>,
}

/// Files a person's own request: it is known who asks, so it is in progress at once.
///
/// Errors: 401 `session_ended`; those of [`privacy_requests::create`].
pub async fn create_own(app: &App, call: &Call, work: &Work, own: OwnRequest) -> Result<RequestView, DomainError> {
    // In the order in which whoever answers a request takes the two.
    stored::hold(work).await?;
    let customer = oneself_locked(call, work).await?.id;
    let OwnRequest { right, jurisdiction, purposes, words, corrections } = own;
    let new = NewRequest {
        right,
        jurisdiction,
        whom: Whom::Customer(customer.uuid()),
        received_at: None,
        channel: Channel::SelfService,
        requester: Requester::Subject,
        purposes,
        details: Details { words, corrections, ..Details::default() },
    };
    privacy_requests::file(app, call, work, new, Some(customer), Some(Proof::Code)).await
}

/// A page of a person's own requests, newest first: those that they were proved to have made.
pub async fn list_own(
    app: &App,
    call: &Call,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<RequestView>, Option<Uuid>), DomainError> {
    let customer = oneself(call)?;
    let filter = RequestFilter { customer: Some(customer.uuid()), before, ..RequestFilter::default() };
    let page = app
        .reading(call.organization(), async |work| privacy_requests::page(app, call, work, &filter, limit).await)
        .await?;
    app.record_read(call, Draft::about(Action::PrivacyRequestsRead, customer)).await?;
    Ok(page)
}

/// One of them, with what happened to it.
pub async fn find_own(app: &App, call: &Call, id: Uuid) -> Result<RequestView, DomainError> {
    let customer = oneself(call)?;
    let work = app.begin(call.organization()).await?;
    let found = match stored::find(&work, id).await? {
        Some(row) if row.customer == Some(customer.uuid()) && row.verified_at.is_some() => {
            Some(privacy_requests::view_of(app, call, &work, row).await)
        }
        _ => None,
    };
    work.abandon().await;
    let view = found.ok_or(DomainError::NotFound)??;
    app.record_read(call, Draft::about(Action::PrivacyRequestsRead, customer)).await?;
    Ok(view)
}

/// Takes one of them back.
///
/// Errors: 401 `session_ended`; 404; 409 `request_closed`.
pub async fn cancel_own(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<RequestView, DomainError> {
    stored::hold(work).await?;
    let customer = oneself_locked(call, work).await?.id;
    let row = stored::lock(work, id).await?;
    let own = row.filter(|row| row.customer == Some(customer.uuid()) && row.verified_at.is_some());
    privacy_requests::take_back(app, call, work, own.ok_or(DomainError::NotFound)?).await
}

/// A person's own package; see [`privacy_requests::package`].
pub async fn own_package(app: &App, call: &Call, request: Option<Uuid>) -> Result<Package, DomainError> {
    privacy_requests::own_package(app, call, oneself(call)?, request).await
}
