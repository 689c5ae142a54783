//! Whom a submission is about: entered where nobody is known, proposed where somebody is.

use std::collections::BTreeMap;

use custodian_crypto::Place;
use custodian_domain::audit::Action;
use custodian_domain::consents::{EVERY_CHANNEL, Evidence, Guardian, Record};
use custodian_domain::forms::{Form, GuardianPart, MOST_WAITING, Standing};
use custodian_domain::kernel::{CustomerId, DepartmentId, DomainError, OrganizationId, RefusedAs, UserId};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::forms::{self as stored, SubmissionRow};
use custodian_persistence::{Work, consents as tags_of_consents, users};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::submit::Received;
use super::{entry, refused};
use crate::audit::{Detail, Draft};
use crate::consents::{NewConsent, record_many};
use crate::customers::{Attributes, NewCustomer, create, guard, open_row};
use crate::{App, Call};

/// What is kept sealed of a submission.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Content {
    /// Canonical values by field key.
    pub fields: BTreeMap<String, String>,
    /// Purposes with their notices.
    pub consents: Vec<(String, Uuid)>,
    pub guardian: Option<GuardianPart>,
}

fn place(organization: OrganizationId, customer: CustomerId, submission: Uuid) -> Place<'static> {
    Place {
        organization: organization.uuid(),
        customer: customer.uuid(),
        record_type: "form_submission",
        record: submission,
        field: "content",
        field_version: 1,
    }
}

/// Seals what is kept of a submission under the key of whom it is about.
pub(super) fn sealed(
    app: &App,
    organization: OrganizationId,
    row: &CustomerRow,
    submission: Uuid,
    content: &Content,
) -> Result<Vec<u8>, DomainError> {
    let key = open_row(app, organization, row)?;
    let bytes = serde_json::to_vec(content).map_err(|_| DomainError::internal("a submission does not serialise"))?;
    let bytes = zeroize::Zeroizing::new(bytes);
    let mut salt = [0_u8; 16];
    app.rng().fill(&mut salt);
    Ok(custodian_crypto::seal(&key, &place(organization, row.id, submission), &bytes, salt))
}

/// What was kept of a submission.
pub(super) fn opened(
    app: &App,
    organization: OrganizationId,
    row: &CustomerRow,
    submission: &SubmissionRow,
) -> Result<Content, DomainError> {
    let Some(sealed) = &submission.sealed else { return Ok(Content::default()) };
    let key = open_row(app, organization, row)?;
    let bytes = custodian_crypto::open(&key, &place(organization, row.id, submission.id), sealed)
        .map_err(|_| DomainError::Integrity)?;
    serde_json::from_slice(&bytes).map_err(|_| DomainError::Integrity)
}

/// Whoever has one of these contact points, the first of them first.
pub(super) async fn known_by(work: &Work, tags: &[[u8; 16]]) -> Result<Option<CustomerId>, DomainError> {
    let mut found = tags_of_consents::known_contacts(work, tags).await?;
    found.sort_by_key(|(tag, id)| (tags.iter().position(|known| known == tag), *id));
    Ok(found.first().map(|(_, id)| CustomerId::from(*id)))
}

/// The records of what was agreed to.
pub(super) fn records(
    customer: Uuid,
    (submission, form, version): (Uuid, Uuid, i32),
    agreed: Vec<(String, Uuid)>,
    guardian: Option<&GuardianPart>,
) -> Vec<NewConsent> {
    let record = |(purpose, notice)| {
        let evidence = Evidence {
            method: "web_form".to_owned(),
            reference: Some(submission.to_string()),
            sha256: None,
            place: Some(format!("form:{form}/{version}")),
        };
        let guardian = guardian
            .map(|one| Guardian { relation: one.relation.clone(), reference: format!("submission:{submission}") });
        let channel = EVERY_CHANNEL.to_owned();
        let record = Record { given: true, channel, evidence, guardian, expires_at: None, unasked: true };
        NewConsent { customer, purpose, notice, record }
    };
    agreed.into_iter().map(record).collect()
}

fn kept(received: &Received<'_>, customer: CustomerId, state: Standing, sealed: Option<Vec<u8>>) -> SubmissionRow {
    SubmissionRow {
        id: received.id,
        form: received.form,
        version: received.version,
        customer,
        state: state.as_str().to_owned(),
        language: received.language.clone(),
        digest: received.digest.clone(),
        sealed,
        at: chrono::DateTime::UNIX_EPOCH,
        decided_at: None,
        decided_by: None,
    }
}

async fn store(app: &App, call: &Call, work: &Work, row: SubmissionRow) -> Result<(), DomainError> {
    let row = SubmissionRow { at: work.database_time().await?, ..row };
    stored::insert_submission(work, &row).await?;
    let draft = Draft { customer: Some(row.customer), ..entry(Action::FormsSubmit, row.form) };
    let draft = draft
        .with("submission", Detail::Code(row.id.to_string()))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
        .with("standing", Detail::Code(row.state.clone()));
    app.record_change(work, call, draft).await
}

/// Enters somebody who is not known, with what they agreed to.
pub(super) async fn enter(
    app: &App,
    call: &Call,
    work: &Work,
    form: &Form,
    received: Received<'_>,
) -> Result<(), DomainError> {
    let owner = form.owner.map(UserId::from);
    let known = users::departments_of(work, owner.as_slice()).await?;
    // Whoever has left since answers for nobody new; their department goes on to.
    let (owner, own) = match known.into_iter().find(|(id, state, _)| Some(*id) == owner && state == "active") {
        Some((id, _, department)) => (Some(id), department),
        None => (None, None),
    };
    let department = form.department.map(DepartmentId::from).filter(|id| call.identity.departments.contains_key(id));
    let attributes = Attributes {
        stage: form.stage.clone(),
        source: Some(form.source.clone()),
        region: None,
        owner,
        department: department.or(own),
        codes: Vec::new(),
    };
    let new = NewCustomer { attributes, fields: received.inputs.clone() };
    let entered = create(app, call, work, new).await.map_err(|error| match error {
        // Whoever took the value in this very moment did not come by this form: the page is sent again and finds them.
        DomainError::Taken(_) => DomainError::unavailable("somebody else entered the same person"),
        other => other,
    })?;
    let customer = CustomerId::from(entered.id);
    let reference = (received.id, received.form, received.version);
    let guardian = received.guardian.clone();
    let consents = records(entered.id, reference, received.agreed.clone(), guardian.as_ref());
    if !consents.is_empty() {
        for answer in record_many(app, call, work, consents).await? {
            answer.map_err(outdated)?;
        }
    }
    let sealed = match guardian {
        None => None,
        Some(guardian) => {
            let row = people::lock(work, customer).await?.ok_or(DomainError::NotFound)?;
            let content = Content { guardian: Some(guardian), ..Content::default() };
            Some(sealed(app, call.organization(), &row, received.id, &content)?)
        }
    };
    store(app, call, work, kept(&received, customer, Standing::Entered, sealed)).await
}

/// A page may tell of what is told otherwise by now: that is for the organisation to mend, and nobody's fault who fills it in.
fn outdated(error: DomainError) -> DomainError {
    match error {
        DomainError::Invalid(_) | DomainError::Refused { .. } => refused(RefusedAs::Conflict, "form_outdated"),
        other => other,
    }
}

/// Keeps what was sent about somebody who is known, until a member of staff has looked at it.
pub(super) async fn propose(
    app: &App,
    call: &Call,
    work: &Work,
    customer: CustomerId,
    received: Received<'_>,
) -> Result<(), DomainError> {
    let row = people::lock(work, customer).await?;
    let row = row.ok_or_else(|| DomainError::unavailable("a known person went away"))?;
    if stored::waiting(work, customer).await? >= MOST_WAITING {
        let draft = Draft { customer: Some(customer), ..entry(Action::FormsSubmit, received.form) };
        return app.record_change(work, call, draft.with("standing", Detail::Code("left_out".to_owned()))).await;
    }
    let fields = received.values.iter().map(|(field, value)| (field.key.to_owned(), value.clone())).collect();
    let content = Content { fields, consents: received.agreed.clone(), guardian: received.guardian.clone() };
    let sealed = sealed(app, call.organization(), &row, received.id, &content);
    let sealed = guard(app, call, customer, sealed).await?;
    store(app, call, work, kept(&received, customer, Standing::Proposed, Some(sealed))).await
}
