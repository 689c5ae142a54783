//! Consents: recorded, one or ten thousand at a time, withdrawn in one call, and asked for at any moment.

mod choices;
mod copies;
mod decide;
mod decide_one;
mod decoy;
mod link;
mod merge;
mod object;
mod opt_outs;
mod receipt;
mod recipients;
mod record;
mod remind;
mod together;
mod withdraw;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::consents::objection_to;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, Listed};
use custodian_persistence::customers::{Consents, CustomerReader, CustomerRow, Ground, merged_into};
use uuid::Uuid;

pub(crate) use choices::says;
pub use choices::{ChannelSay, Say};
pub use decide::{Asked, Decided, Whom, decide};
pub use decide_one::decide_one;
pub(crate) use decoy::holder as decoy_holder;
pub use link::{Link, issue_link, withdraw_by_link};
pub(crate) use merge::{follow, unfollow};
pub(crate) use object::object;
pub(crate) use opt_outs::heed_signal;
pub use opt_outs::opt_outs;
pub use receipt::{Form, Receipt, TYP as RECEIPT_TYP, receipt};
pub use recipients::{RecipientView, acknowledge, recipients, withdrawals};
pub(crate) use record::{AGE_FIELDS, birth_of};
pub use record::{NewConsent, record, record_many};
pub use remind::{KIND, remind};
pub use together::ConsentWriter;
pub use withdraw::withdraw;
pub(crate) use withdraw::withdraw_again;

use crate::audit::Draft;
use crate::customers::find as find_customer;
use crate::erasures::is_gone;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// The most rows of one intake, and people of one decision.
pub const MOST: usize = 10_000;

/// A record with where it stands.
#[derive(Clone, Debug)]
pub struct ConsentView {
    /// As stored.
    pub listed: Listed,
    /// The customer, by the id that the caller knows.
    pub customer: Uuid,
    /// The record, by the id that the caller knows.
    pub id: Uuid,
    /// `given`, `refused`, `withdrawn`, `superseded`, `expired` or `needs_renewal`.
    pub state: &'static str,
}

fn view(call: &Call, listed: Listed, now: DateTime<Utc>) -> ConsentView {
    let customer = call.identity.shown_id(CustomerId::from(listed.consent.customer));
    let id = conceal(call, listed.consent.id);
    ConsentView { state: state(&listed, now), listed, customer, id }
}

fn state(listed: &Listed, now: DateTime<Utc>) -> &'static str {
    let Listed { consent, state, renewed_from, .. } = listed;
    match state.as_str() {
        "refused" => "refused",
        "withdrawn" => "withdrawn",
        "superseded" => "superseded",
        _ if consent.at < *renewed_from => "needs_renewal",
        _ if consent.expires_at.is_some_and(|end| end <= now) => "expired",
        _ => "given",
    }
}

/// The id under which this caller knows a record: two partners must not join what they hold by it.
fn conceal(call: &Call, id: Uuid) -> Uuid {
    call.identity.shown_id(CustomerId::from(id))
}

fn meant(call: &Call, id: Uuid) -> Result<Uuid, DomainError> {
    call.identity.meant_customer(id).map(CustomerId::uuid)
}

/// Refuses what is asked for a purpose that needs a consent which this customer has not given, or that they object to.
///
/// Errors: 403 `no_consent`, `objected`.
pub(crate) fn agreed(call: &Call, row: &CustomerRow) -> Result<(), DomainError> {
    let told = |code: &String| row.consents.as_ref().map(|told| told.contains(code));
    match call.purpose_facts() {
        Some(purpose) if purpose.needs_consent && told(&purpose.code) != Some(true) => Err(no_consent()),
        Some(purpose) if purpose.may_object && told(&objection_to(&purpose.code)) != Some(false) => {
            Err(no_longer(call))
        }
        _ => Ok(()),
    }
}

/// Whether a call rests on a consent, or on nobody's objecting.
fn rests_on_consent(call: &Call) -> bool {
    call.purpose_facts().is_some_and(|purpose| purpose.needs_consent || purpose.may_object)
}

/// What a call needs to be told of the consents of those whom it reads.
pub(crate) fn asked_for(call: &Call) -> Consents {
    asked_for_any(std::iter::once(call))
}

/// The same of several calls that read together.
fn asked_for_any<'c>(mut calls: impl Iterator<Item = &'c Call>) -> Consents {
    if calls.any(rests_on_consent) { Consents::Wanted } else { Consents::Unwanted }
}

fn no_consent() -> DomainError {
    DomainError::refused(RefusedAs::Forbidden, "no_consent")
}

/// The refusal of what was allowed a moment ago: withdrawn, or objected to.
pub(crate) fn no_longer(call: &Call) -> DomainError {
    let objected = call.purpose_facts().is_some_and(|purpose| purpose.may_object);
    if objected { DomainError::refused(RefusedAs::Forbidden, "objected") } else { no_consent() }
}

/// Asks again, just before an answer leaves, whether the consent that it rests on is still in force. Calls without such a purpose ask nothing.
///
/// Errors: 403 `no_consent`, `objected`.
pub(crate) async fn still_agreed(reader: &CustomerReader, call: &Call, id: CustomerId) -> Result<(), DomainError> {
    if !rests_on_consent(call) {
        return Ok(());
    }
    let (row, _) = reader.find(call.organization(), id, None, Consents::Wanted).await?.ok_or(DomainError::NotFound)?;
    agreed(call, &row)
}

/// What the purpose of a call needs of everybody in its answer.
pub(crate) fn ground_of(call: &Call) -> Option<Ground> {
    let purpose = call.purpose_facts()?;
    match (purpose.needs_consent, purpose.may_object) {
        (true, _) => Some(Ground::Agreed(purpose.code.clone())),
        (false, true) => Some(Ground::NotObjected(purpose.code.clone())),
        (false, false) => None,
    }
}

/// Those of these customers whose consent for the call's purpose is in force at this moment, or who do not object to it where it needs none.
pub(crate) async fn those_agreed(app: &App, call: &Call, ids: &[CustomerId]) -> Result<Vec<CustomerId>, DomainError> {
    let Some(purpose) = call.purpose_facts().filter(|purpose| purpose.needs_consent || purpose.may_object) else {
        return Ok(ids.to_vec());
    };
    let bare: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let work = app.begin(call.organization()).await?;
    let found = match purpose.needs_consent {
        true => stored::agreed(&work, &bare, &purpose.code).await,
        false => stored::objecting(&work, &bare, &purpose.code).await,
    };
    work.abandon().await;
    let found = found?;
    Ok(ids.iter().copied().filter(|id| found.contains(&id.uuid()) == purpose.needs_consent).collect())
}

/// Codes of the purposes that a customer agrees to at this moment.
pub(crate) async fn purposes_in_force(work: &Work, customer: CustomerId) -> Result<Vec<String>, DomainError> {
    Ok(stored::agreed_by(work, customer.uuid()).await?)
}

/// Those of these customers whose consent to this purpose is in force.
pub(crate) async fn agreed_to(work: &Work, customers: &[Uuid], purpose: &str) -> Result<Vec<Uuid>, DomainError> {
    Ok(stored::agreed(work, customers, purpose).await?)
}

/// Those of these customers who object to this purpose.
pub(crate) async fn objecting_to(work: &Work, customers: &[Uuid], purpose: &str) -> Result<Vec<Uuid>, DomainError> {
    Ok(stored::objecting(work, customers, purpose).await?)
}

/// A locked customer as its consents stand now: while it is locked none can be given or withdrawn.
pub(crate) async fn refreshed(work: &Work, call: &Call, row: &mut CustomerRow) -> Result<(), DomainError> {
    if let Some(purpose) = call.purpose_facts().filter(|purpose| purpose.needs_consent) {
        let agreed = stored::agreed(work, &[row.id.uuid()], &purpose.code).await?;
        row.consents = Some(if agreed.is_empty() { Vec::new() } else { vec![purpose.code.clone()] });
    }
    if let Some(purpose) = call.purpose_facts().filter(|purpose| purpose.may_object) {
        let objecting = stored::objecting(work, &[row.id.uuid()], &purpose.code).await?;
        row.consents = Some(if objecting.is_empty() { Vec::new() } else { vec![objection_to(&purpose.code)] });
    }
    Ok(())
}

/// A page of a customer's records, newest first.
pub async fn list(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<ConsentView>, Option<Uuid>), DomainError> {
    let row = match find_customer(app, reader, call, customer, Permission::ConsentsRead).await {
        Err(DomainError::NotFound) => {
            return decoy::list(app, call, customer, before, limit).await?.ok_or(DomainError::NotFound);
        }
        found => found?,
    };
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::of_customer(&work, row.id.uuid(), before, one_more(limit)).await?;
    let now = work.database_time().await?;
    work.abandon().await;
    let next = cut(&mut rows, limit, |row| row.consent.id);
    app.record_read(call, Draft::about(Action::ConsentsRead, row.id)).await?;
    Ok((rows.into_iter().map(|row| view(call, row, now)).collect(), next))
}

/// One record, if the caller may know of its customer, or of the one that they were merged into.
///
/// Errors: 410 `erased` for that of somebody who was erased.
pub async fn find(app: &App, reader: &CustomerReader, call: &Call, id: Uuid) -> Result<ConsentView, DomainError> {
    call.needs(Permission::ConsentsRead)?;
    let work = app.begin(call.organization()).await?;
    let listed = stored::find(&work, meant(call, id)?).await;
    let by_now = match &listed {
        Ok(Some(listed)) => merged_into(&work, CustomerId::from(listed.consent.customer)).await,
        _ => Ok(None),
    };
    let now = work.database_time().await;
    work.abandon().await;
    let Some(listed) = listed? else {
        return decoy::find(app, call, id).await?.ok_or(DomainError::NotFound);
    };
    let by_now = by_now?.unwrap_or(CustomerId::from(listed.consent.customer));
    let shown = call.identity.shown_id(by_now);
    let row = match find_customer(app, reader, call, shown, Permission::ConsentsRead).await {
        Err(DomainError::NotFound) if is_gone(app, call, shown).await? => {
            return Err(DomainError::refused(RefusedAs::Gone, "erased"));
        }
        found => found?,
    };
    app.record_read(call, Draft::about(Action::ConsentsRead, row.id)).await?;
    Ok(view(call, listed, now?))
}
