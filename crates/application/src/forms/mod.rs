//! Forms: made and published by staff, shown by anybody's page, and what people send by them.

mod decide;
mod keep;
mod own;
mod people;
mod public;
mod read;
mod schema;
mod submit;
mod token;

pub use decide::{accept, dismiss};
pub use keep::{AskedDraft, FormDraft, FormView, create, find, list, patch, publish, retire};
pub(crate) use own::{OwnSubmission, own_submissions};
pub use public::schema;
pub use read::{Change, SubmissionView, list_submissions, show_submission};
pub use submit::{Sender, Sent, SentGuardian, submit};
pub use token::{Ticket, issue};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use custodian_domain::access::{Caller, Who};
use custodian_domain::audit::Action;
use custodian_domain::auth::Standing;
use custodian_domain::forms::Form;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs};
use custodian_persistence::forms::{self as stored, FormRow};
use custodian_persistence::{Work, departments, users};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::catalog::Current;
use crate::{App, Call, Identity, purposes};

fn entry(action: Action, form: Uuid) -> Draft {
    Draft::of(action).with("form", Detail::Code(form.to_string()))
}

fn refused(status: RefusedAs, code: &'static str) -> DomainError {
    DomainError::refused(status, code)
}

fn form_of(content: &Value) -> Result<Form, DomainError> {
    Form::deserialize(content).map_err(|error| DomainError::internal(format!("a stored form: {error}")))
}

/// The tag under which a published form is found before any organisation is known.
fn lookup(app: &App, id: Uuid) -> [u8; 32] {
    app.keys().lookup("form", &id.to_string())
}

/// A published form, as pages show it, with its transaction.
struct Shown {
    work: Work,
    row: FormRow,
    form: Form,
}

/// Finds a published form for anybody, at one version or the newest.
///
/// Errors: 404 for one that was never published, or is retired.
async fn shown(app: &App, id: Uuid, version: Option<i32>) -> Result<Shown, DomainError> {
    let found = users::find_lookup(app.db(), &lookup(app, id)).await?;
    let (organization, _) = found.first().copied().ok_or(DomainError::NotFound)?;
    let work = app.begin(OrganizationId::from(organization)).await?;
    let found = async {
        let row = stored::find(&work, id).await?.filter(|row| row.state == "published").ok_or(DomainError::NotFound)?;
        let content = stored::version(&work, id, version.unwrap_or(row.version)).await?;
        let form = form_of(&content.ok_or(DomainError::NotFound)?)?;
        Ok::<_, DomainError>((row, form))
    }
    .await;
    match found {
        Ok((row, form)) => Ok(Shown { work, row, form }),
        Err(error) => {
            work.abandon().await;
            Err(error)
        }
    }
}

/// The product itself, acting for whoever sends a form: what it may enter is what the form asks for, and it shows nothing.
async fn ourselves(app: &App, work: &Work, request: &str) -> Result<Call, DomainError> {
    let rows = departments::list(work).await?;
    let departments: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row.path)).collect();
    let Current { catalog, generation } = app.catalogs().current(work).await?;
    let identity = Identity {
        caller: Caller { organization: work.organization(), who: Who::System { job: "forms" } },
        rights: [0; 32],
        departments: Arc::new(departments),
        purposes: purposes::in_force(work).await?,
        catalog,
        pseudonyms: None,
        third_party: None,
        overdue: Vec::new(),
        expires_at: DateTime::<Utc>::MAX_UTC,
        session: None,
        standing: Standing::Full,
        generation,
        verified_at: Instant::now(),
        daily_quota: None,
        ip_ranges: Vec::new(),
        decoy: None,
    };
    Ok(Call { identity: Arc::new(identity), request: request.to_owned(), purpose: None })
}
