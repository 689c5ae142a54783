//! Submissions as staff read them: within their reach, field by field as far as they may see the customer.

use custodian_domain::access::{Decision, View};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::forms::GuardianPart;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::forms::{self as stored, SubmissionRow};
use uuid::Uuid;

use super::entry;
use super::people::opened;
use crate::access::record_look;
use crate::audit::{Detail, Draft, Shown};
use crate::customers::{SeenValue, decide_row, find as find_customer, guard, is_close, open_one, open_row};
use crate::{App, Call};

/// A value that was sent, beside the one on file.
#[derive(Clone, Debug)]
pub struct Change {
    /// Key of the field.
    pub key: String,
    /// What was sent.
    pub sent: SeenValue,
    /// What is on file.
    pub current: Option<SeenValue>,
    /// How both are shown.
    pub view: View,
}

/// A submission as one reader sees it.
pub struct SubmissionView {
    /// As stored.
    pub row: SubmissionRow,
    /// What was sent, as far as it is still to be decided.
    pub changes: Vec<Change>,
    /// Purposes that would be agreed to.
    pub consents: Vec<String>,
    /// Who agreed for a child, in full for who may read names and numbers.
    pub guardian: Option<GuardianPart>,
}

/// A page of a form's submissions about customers within the caller's reach, newest first, and where to go on.
pub async fn list_submissions(
    app: &App,
    call: &Call,
    form: Uuid,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<SubmissionRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::FormsDecide)?;
    let work = app.begin(call.organization()).await?;
    let scope = call.scope(Permission::CustomersRead, &[], app.now());
    let found = async {
        stored::find(&work, form).await?.ok_or(DomainError::NotFound)?;
        let wanted = i64::try_from(limit).unwrap_or(200) + 1;
        Ok::<_, DomainError>(stored::list_submissions(&work, &scope, Some(form), state, before, wanted).await?)
    }
    .await;
    work.abandon().await;
    let mut rows = found?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let mut customers: Vec<CustomerId> = rows.iter().map(|row| row.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    app.record_read(call, Draft { customers, ..entry(Action::FormsRead, form) }).await?;
    Ok((rows, next))
}

/// One submission with what was sent.
///
/// Errors: 404 for one about a customer out of the caller's sight.
pub async fn show_submission(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    form: Uuid,
    id: Uuid,
) -> Result<SubmissionView, DomainError> {
    call.needs(Permission::FormsDecide)?;
    let row = app
        .reading(call.organization(), async |work| stored::find_submission(work, id).await)
        .await?
        .filter(|row| row.form == form)
        .ok_or(DomainError::NotFound)?;
    let customer = find_customer(app, reader, call, row.customer.uuid(), Permission::CustomersRead).await?;
    let organization = call.organization();
    let content = guard(app, call, customer.id, opened(app, organization, &customer, &row)).await?;
    let decision = decide_row(app, call, &customer, Permission::CustomersRead);
    let key = guard(app, call, customer.id, open_row(app, organization, &customer)).await?;
    let (mut changes, mut shown, mut close) = (Vec::new(), Shown::default(), false);
    for (field, access) in decision.fields.iter().filter(|(_, access)| access.view > View::Hidden) {
        let Some(text) = content.fields.get(field.key) else { continue };
        let current = match customer.fields.get(field.key) {
            None => None,
            Some(sealed) => {
                Some(guard(app, call, customer.id, open_one(&key, organization, customer.id, &sealed)).await?)
            }
        };
        close |= access.view == View::Read && is_close(field);
        let level = if access.view == View::Read { &mut shown.read } else { &mut shown.masked };
        level.push(field.key);
        let current = current.map(|text| show(field, access.view, &text));
        changes.push(Change {
            key: field.key.to_owned(),
            sent: show(field, access.view, text),
            current,
            view: access.view,
        });
    }
    let guardian = content.guardian.map(|guardian| seen_guardian(call, &decision, guardian));
    let consents = content.consents.into_iter().map(|(purpose, _)| purpose).collect();
    let draft = Draft { customer: Some(customer.id), shown, ..entry(Action::FormsRead, form) };
    let draft = draft.with("submission", Detail::Code(id.to_string()));
    let closely: &[CustomerId] = if close { &[customer.id] } else { &[] };
    record_look(app, call, draft, closely).await?;
    Ok(SubmissionView { row, changes, consents, guardian })
}

fn show(field: &Field, view: View, text: &str) -> SeenValue {
    match view {
        View::Read => SeenValue::from(field.present(text)),
        View::Masked | View::Reveal | View::Hidden => SeenValue::Text(field.mask(text)),
    }
}

/// A guardian's name and number are shown as the customer's own would be.
fn seen_guardian(call: &Call, decision: &Decision<'_>, guardian: GuardianPart) -> GuardianPart {
    let seen = |key: &str, text: &str| match call.customer().field(key) {
        Some(_) if decision.access(key).view == View::Read => text.to_owned(),
        Some(field) => field.mask(text),
        None => String::new(),
    };
    let GuardianPart { relation, name, mobile } = guardian;
    GuardianPart { relation, name: seen("name", &name), mobile: seen("mobile", &mobile) }
}
