//! Making, changing and retiring purposes.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs, ThirdPartyId};
use custodian_domain::purposes::{Purpose, changes, starters};
use custodian_domain::roles::Permission;
use custodian_persistence::purposes::{self as stored, PurposeRow};
use custodian_persistence::{DbError, Work, api_keys, consents};
use serde_json::Value;
use uuid::Uuid;

use super::draft::empty;
use super::{PurposeDraft, PurposeView, entry, view};
use crate::api_keys::is_purpose_code;
use crate::audit::Detail;
use crate::{App, Call};

fn content(purpose: &Purpose) -> Result<Value, DomainError> {
    serde_json::to_value(purpose).map_err(|_| DomainError::internal("a purpose does not serialise"))
}

/// Makes a purpose.
///
/// Errors: 422 with every fault; 409 `duplicate_value` at `/code`, also for the code of a retired one.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    code: String,
    draft: PurposeDraft,
) -> Result<PurposeView, DomainError> {
    call.needs(Permission::PurposesManage)?;
    if !is_purpose_code(&code) {
        let fault = Fault::new("/code", "invalid_format").with_arg("[a-z0-9][a-z0-9_.-]{0,63}");
        return Err(DomainError::Invalid(vec![fault]));
    }
    let purpose = draft.onto(empty(), call.catalog())?;
    let row = new_row(app, work, code, &purpose, call.identity.actor_id()).await?;
    know_recipients(app, work, &row, &purpose).await?;
    app.record_change(work, call, entry(Action::PurposesCreate, &row)).await?;
    Ok(PurposeView { row, purpose })
}

async fn new_row(app: &App, work: &Work, code: String, purpose: &Purpose, by: Uuid) -> Result<PurposeRow, DomainError> {
    let now = work.database_time().await?;
    let row = PurposeRow {
        id: app.new_id(),
        code,
        version: 1,
        state: "active".to_owned(),
        content: content(purpose)?,
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    };
    stored::insert(work, &row).await.map_err(|error| match error {
        DbError::Conflict(_) => DomainError::Taken(vec![Fault::new("/code", "duplicate_value")]),
        other => other.into(),
    })?;
    Ok(row)
}

/// Gives a new organisation the purposes to begin with.
pub(crate) async fn begin(app: &App, work: &Work) -> Result<(), DomainError> {
    for starter in starters() {
        new_row(app, work, starter.code.to_owned(), &starter.purpose, Uuid::nil()).await?;
    }
    Ok(())
}

/// Changes a purpose. A change of what is done, of the method, the kinds of data or the recipients makes consents that were given until
/// then need renewal, from this transaction on. A change that changes nothing makes no version.
///
/// Errors: those of [`create`]; 409 `purpose_retired`.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    name: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: PurposeDraft,
) -> Result<PurposeView, DomainError> {
    call.needs(Permission::PurposesManage)?;
    let PurposeView { row, purpose: before } = held(work, name, admits).await?;
    let after = draft.onto(before.clone(), call.catalog())?;
    let changed = changes(&before, &after);
    if changed.is_empty() {
        return Ok(PurposeView { row, purpose: before });
    }
    let members: Vec<&str> = changed.iter().map(|one| one.member).collect();
    let row = next(call, work, row, &after, "active").await?;
    stored::update(work, &row, &members).await?;
    know_recipients(app, work, &row, &after).await?;
    let material = changed.iter().any(|one| one.material);
    if material {
        stored::renew_from(work, &row.code, row.updated_at, "purpose", row.id).await?;
    }
    let told = entry(Action::PurposesUpdate, &row)
        .with("changed", Detail::Codes(members.iter().map(|one| (*one).to_owned()).collect()))
        .with("renewal", Detail::Code(if material { "needed" } else { "not_needed" }.to_owned()));
    app.record_change(work, call, told).await?;
    Ok(PurposeView { row, purpose: after })
}

/// Has every recipient among the third parties, also one that has no key yet: a withdrawal is a case with it from the first day on.
async fn know_recipients(app: &App, work: &Work, row: &PurposeRow, purpose: &Purpose) -> Result<(), DomainError> {
    for recipient in &purpose.recipients {
        api_keys::third_party(work, ThirdPartyId::from(app.new_id()), &recipient.name, row.updated_at).await?;
    }
    Ok(())
}

async fn held(
    work: &Work,
    name: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<PurposeView, DomainError> {
    let row = stored::lock(work, name).await?.ok_or(DomainError::NotFound)?;
    admits(row.version)?;
    if row.state != "active" {
        return Err(DomainError::refused(RefusedAs::Conflict, "purpose_retired"));
    }
    view(row)
}

async fn next(
    call: &Call,
    work: &Work,
    row: PurposeRow,
    purpose: &Purpose,
    state: &str,
) -> Result<PurposeRow, DomainError> {
    Ok(PurposeRow {
        version: row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?,
        state: state.to_owned(),
        content: content(purpose)?,
        updated_at: consents::moment(work).await?,
        updated_by: call.identity.actor_id(),
        ..row
    })
}

/// Ends a purpose for good: no call may name it any more, and nothing is allowed for it. Its code stays taken.
///
/// Errors: 409 `purpose_retired`.
pub async fn retire(
    app: &App,
    call: &Call,
    work: &Work,
    name: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<PurposeView, DomainError> {
    call.needs(Permission::PurposesManage)?;
    let PurposeView { row, purpose } = held(work, name, admits).await?;
    let row = next(call, work, row, &purpose, "retired").await?;
    stored::update(work, &row, &["state"]).await?;
    app.record_change(work, call, entry(Action::PurposesRetire, &row)).await?;
    Ok(PurposeView { row, purpose })
}
