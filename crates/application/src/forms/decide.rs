//! Deciding about what was sent about somebody who is known: with the rights of whoever decides, in one transaction.

use custodian_domain::audit::Action;
use custodian_domain::catalog::Output;
use custodian_domain::forms::Standing;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::forms::{self as stored, SubmissionRow};
use uuid::Uuid;

use super::people::{Content, opened, records, sealed};
use super::{entry, refused};
use crate::audit::{Detail, Draft};
use crate::consents::record_many;
use crate::customers::{FieldInput, Patch, Precondition, decide_row, guard, patch, refuse};
use crate::{App, Call};

/// A submission that waits, with whom it is about, both held until the transaction ends.
struct Waiting {
    submission: SubmissionRow,
    customer: CustomerRow,
    content: Content,
}

async fn waiting(app: &App, call: &Call, work: &Work, form: Uuid, id: Uuid) -> Result<Waiting, DomainError> {
    call.needs(Permission::FormsDecide)?;
    call.needs(Permission::CustomersWrite)?;
    let known = stored::find_submission(work, id).await?.filter(|row| row.form == form);
    let known = known.ok_or(DomainError::NotFound)?;
    // The customer first, as everywhere.
    let customer = people::lock(work, known.customer).await?.ok_or(DomainError::NotFound)?;
    let decision = decide_row(app, call, &customer, Permission::CustomersWrite);
    refuse(decision.outcome, Permission::CustomersWrite)?;
    let submission = stored::lock_submission(work, id).await?.ok_or(DomainError::NotFound)?;
    if submission.state != Standing::Proposed.as_str() {
        return Err(refused(RefusedAs::Conflict, "already_decided"));
    }
    let content = opened(app, call.organization(), &customer, &submission);
    let content = guard(app, call, customer.id, content).await?;
    Ok(Waiting { submission, customer, content })
}

/// Takes what was sent over: these fields of it, or all, and what was agreed to. Each by the caller's own right to change the one and record the other.
///
/// Errors: 404; 409 `already_decided`; 422 for a field that was not sent; 403 and 409 as changing the customer and recording consents have them.
pub async fn accept(
    app: &App,
    call: &Call,
    work: &Work,
    (form, id): (Uuid, Uuid),
    fields: Option<Vec<String>>,
) -> Result<SubmissionRow, DomainError> {
    let Waiting { submission, customer, mut content } = waiting(app, call, work, form, id).await?;
    if let Some(wanted) = fields {
        let strange = wanted.iter().enumerate().filter(|(_, key)| !content.fields.contains_key(*key));
        let faults: Vec<Fault> = strange.map(|(at, _)| Fault::new(format!("/fields/{at}"), "unknown_field")).collect();
        if !faults.is_empty() {
            return Err(DomainError::Invalid(faults));
        }
        content.fields.retain(|key, _| wanted.contains(key));
    }
    let input = |(key, text): (&String, &String)| {
        let field = call.customer().field(key)?;
        let input = match field.present(text) {
            Output::Text(text) => FieldInput::Text(text.to_owned()),
            Output::Number(text) => FieldInput::Number(text.to_owned()),
            Output::Bool(value) => FieldInput::Bool(value),
            Output::Structure(text) => FieldInput::Structure(text.to_owned()),
        };
        Some((key.clone(), input))
    };
    let changed: Vec<(String, FieldInput)> = content.fields.iter().filter_map(input).collect();
    if !changed.is_empty() {
        let change = Patch { fields: changed, ..Patch::default() };
        patch(app, call, work, customer.id.uuid(), &Precondition::Any, change).await?;
    }
    let reference = (id, form, submission.version);
    let agreed = std::mem::take(&mut content.consents);
    let consents = records(customer.id.uuid(), reference, agreed, content.guardian.as_ref());
    if !consents.is_empty() {
        for answer in record_many(app, call, work, consents).await? {
            answer?;
        }
    }
    close(app, call, work, (customer, submission, content), Standing::Accepted).await
}

/// Leaves everything as it is.
///
/// Errors: 404; 409 `already_decided`.
pub async fn dismiss(
    app: &App,
    call: &Call,
    work: &Work,
    (form, id): (Uuid, Uuid),
) -> Result<SubmissionRow, DomainError> {
    let Waiting { submission, customer, .. } = waiting(app, call, work, form, id).await?;
    close(app, call, work, (customer, submission, Content::default()), Standing::Dismissed).await
}

/// Notes the decision; of what was sent, the guardian of what was accepted alone stays.
async fn close(
    app: &App,
    call: &Call,
    work: &Work,
    (before, submission, content): (CustomerRow, SubmissionRow, Content),
    standing: Standing,
) -> Result<SubmissionRow, DomainError> {
    let (id, form) = (submission.id, submission.form);
    // The change may have made a version of it.
    let customer = people::lock(work, before.id).await?.ok_or(DomainError::NotFound)?;
    let kept = match content.guardian {
        None => None,
        Some(guardian) => {
            let content = Content { guardian: Some(guardian), ..Content::default() };
            Some(sealed(app, call.organization(), &customer, id, &content)?)
        }
    };
    stored::decide(work, id, standing.as_str(), call.identity.actor_id(), kept.as_deref()).await?;
    let draft = Draft { customer: Some(customer.id), ..entry(Action::FormsDecide, form) };
    let draft = draft
        .with("submission", Detail::Code(id.to_string()))
        .with("standing", Detail::Code(standing.as_str().to_owned()));
    app.record_change(work, call, draft).await?;
    stored::find_submission(work, id).await?.ok_or(DomainError::NotFound)
}
