//! What completing a request does: corrections are made, use is restricted, objections are recorded. And the end of a restriction, which the person hears of first.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::privacy_requests::{Jurisdiction, Right};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, RequestRow, RestrictionRow};
use custodian_persistence::{Work, customers as people};
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::{RequestView, view_of};
use super::{Doer, conflict, entry, letters, note, recipients};
use crate::audit::Draft;
use crate::customers::{self, FieldInput, Patch, Precondition};
use crate::erasures::erased;
use crate::self_service::purposes_in_use;
use crate::{App, Call, consents};

/// Does what the right asks for, in the transaction that completes the request.
///
/// Errors: those of changing a customer, for corrections that the caller may not make; 409 `erasure_not_recorded`, `consents_in_force`,
/// `customer_deleted` for corrections of what was deleted.
pub(super) async fn carry_out(
    app: &App,
    call: &Call,
    work: &Work,
    row: &RequestRow,
    view: &RequestView,
    right: Right,
) -> Result<(), DomainError> {
    let Some(customer) = row.customer.map(CustomerId::from) else {
        return if right == Right::Erasure { Err(conflict("erasure_not_recorded")) } else { Ok(()) };
    };
    match right {
        // Nothing here erases anybody: without a recorded erasure the word "done" would be empty.
        Right::Erasure if erased(work, customer).await? => Ok(()),
        Right::Erasure => Err(conflict("erasure_not_recorded")),
        Right::WithdrawConsent => withdrawn(work, row, customer).await,
        Right::Rectification => correct(app, call, work, row, customer, view).await,
        Right::Restriction => restrict(app, call, work, row, customer).await,
        Right::Objection => {
            let purposes = objected(work, row).await?;
            consents::object(app, call, work, customer, &purposes, row.id).await
        }
        Right::Access | Right::Portability | Right::Explanation => Ok(()),
    }
}

/// The purposes that an objection is about: those named, or every one that may be objected to.
async fn objected(work: &Work, row: &RequestRow) -> Result<Vec<String>, DomainError> {
    if !row.purposes.is_empty() {
        return Ok(row.purposes.clone());
    }
    let sales = row.jurisdiction == Jurisdiction::UsCa.as_str();
    let open = |purpose: &Purpose| {
        let may_object = purpose.basis().is_some_and(|basis| basis.may_object);
        !purpose.needs_consent() && (may_object || (sales && purpose.sells_or_shares()))
    };
    let all = purposes_in_use(work).await?;
    Ok(all.into_iter().filter(|(_, purpose)| open(purpose)).map(|(code, _)| code).collect())
}

async fn withdrawn(work: &Work, row: &RequestRow, customer: CustomerId) -> Result<(), DomainError> {
    let left = consents::purposes_in_force(work, customer).await?;
    let meant = |code: &String| row.purposes.is_empty() || row.purposes.contains(code);
    if left.iter().any(meant) { Err(conflict("consents_in_force")) } else { Ok(()) }
}

/// Makes the corrections, as a change of the customer by whoever completes the request, and no further than they may change anything.
async fn correct(
    app: &App,
    call: &Call,
    work: &Work,
    row: &RequestRow,
    customer: CustomerId,
    view: &RequestView,
) -> Result<(), DomainError> {
    let corrections = view.details.as_ref().map(|details| &details.corrections);
    let Some(corrections) = corrections.filter(|corrections| !corrections.is_empty()) else { return Ok(()) };
    // What was deleted stays as it was until it is erased: nothing is written into it.
    if people::find_on_file(work, customer).await?.is_some_and(|row| row.deleted) {
        return Err(conflict("customer_deleted"));
    }
    let input = |(key, value): (&String, &Value)| (key.clone(), FieldInput::from(value));
    let patch = Patch { fields: corrections.iter().map(input).collect(), rectifies: true, ..Patch::default() };
    customers::patch(app, call, work, customer.uuid(), &Precondition::Any, patch).await?;
    let fields: Vec<String> = corrections.keys().cloned().collect();
    recipients::tell(app, work, row, "rectified", &fields).await
}

async fn restrict(
    app: &App,
    call: &Call,
    work: &Work,
    row: &RequestRow,
    customer: CustomerId,
) -> Result<(), DomainError> {
    people::lock_on_file(work, customer).await?.ok_or(DomainError::NotFound)?;
    stored::insert_restriction(work, row.id, customer.uuid(), work.database_time().await?).await?;
    note(app, work, row, Doer::of(call), "restricted", json!({})).await?;
    recipients::tell(app, work, row, "restricted", &[]).await?;
    app.record_change(work, call, entry(Action::PrivacyRequestsRestrict, row)).await
}

/// A restriction that is in force, with its request.
async fn in_force(call: &Call, work: &Work, id: Uuid) -> Result<(RequestRow, RestrictionRow), DomainError> {
    call.needs(Permission::PrivacyRequestsManage)?;
    stored::hold(work).await?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    let restriction = stored::lock_restriction(work, id).await?.filter(|one| one.lifted_at.is_none());
    Ok((row, restriction.ok_or(conflict("not_restricted"))?))
}

/// Tells the person that a restriction will be lifted, and keeps that they were told.
///
/// Errors: 404; 409 `not_restricted`.
pub async fn announce_lifting(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: String,
) -> Result<RequestView, DomainError> {
    let (row, restriction) = in_force(call, work, id).await?;
    if restriction.announced_at.is_none() {
        stored::announce_lifting(work, id, work.database_time().await?).await?;
        note(app, work, &row, Doer::of(call), "lifting_announced", json!({})).await?;
    }
    let text = [
        format!("The restriction on using your data will be lifted. {reason}"),
        format!("对您个人信息处理的限制即将解除。{reason}"),
    ];
    letters::tell(app, work, &row, text).await?;
    let draft = Draft { reason: Some(reason), ..entry(Action::PrivacyRequestsAnnounce, &row) };
    app.record_change(work, call, draft).await?;
    view_of(app, call, work, row).await
}

/// Lifts a restriction whose end the person was told of.
///
/// Errors: 404; 409 `not_restricted`, `lifting_not_announced`.
pub async fn lift(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<RequestView, DomainError> {
    let (row, restriction) = in_force(call, work, id).await?;
    if restriction.announced_at.is_none() {
        return Err(conflict("lifting_not_announced"));
    }
    people::lock_on_file(work, CustomerId::from(restriction.customer)).await?;
    stored::lift_restriction(work, restriction, work.database_time().await?).await?;
    note(app, work, &row, Doer::of(call), "lifted", json!({})).await?;
    recipients::tell(app, work, &row, "restriction_lifted", &[]).await?;
    app.record_change(work, call, entry(Action::PrivacyRequestsLift, &row)).await?;
    view_of(app, call, work, row).await
}
