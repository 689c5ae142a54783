//! Forms: made, changed, published version by version, and retired.

use custodian_domain::audit::Action;
use custodian_domain::catalog::Labels;
use custodian_domain::forms::{Asked, AskedConsent, Form, faults};
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::purposes::{ConsentKind, Purpose};
use custodian_domain::roles::Permission;
use custodian_persistence::forms::{self as stored, FormRow};
use custodian_persistence::{Work, notices, users};
use uuid::Uuid;

use super::{entry, form_of, lookup, refused};
use crate::audit::Detail;
use crate::customers::check_attributes;
use crate::self_service::purposes_in_use;
use crate::{App, Call};

/// A field as it was sent.
#[derive(Clone, Debug)]
pub struct AskedDraft {
    /// Its key.
    pub key: String,
    /// Whether it must be filled in.
    pub required: bool,
}

/// A form as it was sent; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct FormDraft {
    /// English and Chinese.
    pub labels: Option<(String, String)>,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Id of the version of a notice.
    pub notice: Option<Uuid>,
    /// Languages of the notice.
    pub languages: Option<Vec<String>>,
    /// Fields in order, replaced whole.
    pub fields: Option<Vec<AskedDraft>>,
    /// Further consents, replaced whole: purpose and version of a notice.
    pub consents: Option<Vec<(String, Uuid)>>,
    /// Origins of pages, replaced whole.
    pub origins: Option<Vec<String>>,
    /// Who answers for those who come in.
    pub owner: Option<Option<Uuid>>,
    /// Their department.
    pub department: Option<Option<Uuid>>,
    /// Their source.
    pub source: Option<String>,
    /// Their stage.
    pub stage: Option<Option<String>>,
    /// Nobody fills it in faster, in seconds.
    pub min_seconds: Option<u32>,
    /// Leading zero bits that a page has to find.
    pub proof_bits: Option<u32>,
    /// Submissions an hour from one address.
    pub hourly_per_source: Option<u32>,
    /// Submissions an hour in all.
    pub hourly: Option<u32>,
}

/// A form as it is read.
#[derive(Clone, Debug)]
pub struct FormView {
    /// As stored.
    pub row: FormRow,
    /// As it would be published next.
    pub form: Form,
}

fn view(row: FormRow) -> Result<FormView, DomainError> {
    Ok(FormView { form: form_of(&row.content)?, row })
}

/// A page of the forms, oldest first, and where to go on.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<FormView>, Option<Uuid>), DomainError> {
    call.needs(Permission::FormsRead)?;
    let mut rows = app
        .reading(call.organization(), async |work| {
            stored::list(work, after, i64::try_from(limit).unwrap_or(200) + 1).await
        })
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    app.record_read(call, crate::audit::Draft::of(Action::FormsRead)).await?;
    Ok((rows.into_iter().map(view).collect::<Result<_, _>>()?, next))
}

/// One form.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<FormView, DomainError> {
    call.needs(Permission::FormsRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::FormsRead, id)).await?;
    view(row)
}

/// Makes a draft.
///
/// Errors: 422 with every fault: a field that the purpose does not list is named.
pub async fn create(app: &App, call: &Call, work: &Work, draft: FormDraft) -> Result<FormView, DomainError> {
    call.needs(Permission::FormsManage)?;
    let (id, now, by) = (app.new_id(), app.now(), call.identity.actor_id());
    let empty = Form {
        labels: Labels::new("", ""),
        purpose: String::new(),
        notice: Uuid::nil(),
        languages: Vec::new(),
        fields: Vec::new(),
        consents: Vec::new(),
        origins: Vec::new(),
        owner: None,
        department: None,
        source: "web_form".to_owned(),
        stage: None,
        min_seconds: 3,
        proof_bits: 16,
        hourly_per_source: 20,
        hourly: 2_000,
    };
    let form = onto(call, work, empty, draft).await?;
    let row = FormRow {
        id,
        state: "draft".to_owned(),
        revision: 1,
        version: 0,
        content: to_json(&form)?,
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
        published_at: None,
        retired_at: None,
    };
    stored::put(work, &row).await?;
    app.record_change(work, call, entry(Action::FormsCreate, id)).await?;
    Ok(FormView { row, form })
}

fn to_json(form: &Form) -> Result<serde_json::Value, DomainError> {
    serde_json::to_value(form).map_err(|_| DomainError::internal("a form does not serialise"))
}

/// A form that is not retired, held until the transaction ends.
async fn held(call: &Call, work: &Work, id: Uuid) -> Result<FormView, DomainError> {
    call.needs(Permission::FormsManage)?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.state == "retired" {
        return Err(refused(RefusedAs::Conflict, "form_retired"));
    }
    view(row)
}

/// Changes what would be published next; pages go on showing what is.
///
/// Errors: 412 unless `admits` the revision; 409 `form_retired`; 422 with every fault.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: FormDraft,
) -> Result<FormView, DomainError> {
    let FormView { row, form } = held(call, work, id).await?;
    admits(row.revision)?;
    let form = onto(call, work, form, draft).await?;
    let row = FormRow { content: to_json(&form)?, ..touched(app, call, row) };
    stored::put(work, &row).await?;
    app.record_change(work, call, entry(Action::FormsUpdate, id)).await?;
    Ok(FormView { row, form })
}

fn touched(app: &App, call: &Call, row: FormRow) -> FormRow {
    FormRow { revision: row.revision + 1, updated_at: app.now(), updated_by: call.identity.actor_id(), ..row }
}

/// Publishes what there is as a version of its own; pages that were opened before may still be sent.
///
/// Errors: 409 `form_retired`; 422 with what has become wrong since it was written.
pub async fn publish(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<FormView, DomainError> {
    let FormView { row, form } = held(call, work, id).await?;
    let form = onto(call, work, form, FormDraft::default()).await?;
    let first = row.version == 0;
    let row = FormRow { state: "published".to_owned(), version: row.version + 1, ..touched(app, call, row) };
    let row = FormRow { published_at: Some(row.updated_at), ..row };
    stored::put(work, &row).await?;
    stored::insert_version(work, &row).await?;
    if first {
        users::add_lookup(work, &lookup(app, id), id).await?;
    }
    let version = Detail::Count(u32::try_from(row.version).unwrap_or_default());
    app.record_change(work, call, entry(Action::FormsPublish, id).with("version", version)).await?;
    Ok(FormView { row, form })
}

/// Takes a form out of use, with every page that shows it.
///
/// Errors: 409 `form_retired`.
pub async fn retire(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<FormView, DomainError> {
    let FormView { row, form } = held(call, work, id).await?;
    let row = FormRow { state: "retired".to_owned(), ..touched(app, call, row) };
    let row = FormRow { retired_at: Some(row.updated_at), ..row };
    stored::put(work, &row).await?;
    app.record_change(work, call, entry(Action::FormsRetire, id)).await?;
    Ok(FormView { row, form })
}

/// A draft laid over a form, with every fault of it.
async fn onto(call: &Call, work: &Work, mut form: Form, draft: FormDraft) -> Result<Form, DomainError> {
    let asked = |AskedDraft { key, required }| Asked { key, required };
    let consent = |(purpose, notice)| AskedConsent { purpose, notice };
    form.labels = draft.labels.map_or(form.labels, |(en, zh)| Labels::new(en, zh));
    form.purpose = draft.purpose.unwrap_or(form.purpose);
    form.notice = draft.notice.unwrap_or(form.notice);
    form.languages = draft.languages.unwrap_or(form.languages);
    form.fields = draft.fields.map_or(form.fields, |all| all.into_iter().map(asked).collect());
    form.consents = draft.consents.map_or(form.consents, |all| all.into_iter().map(consent).collect());
    form.origins = draft.origins.unwrap_or(form.origins);
    form.owner = draft.owner.unwrap_or(form.owner);
    form.department = draft.department.unwrap_or(form.department);
    form.source = draft.source.unwrap_or(form.source);
    form.stage = draft.stage.unwrap_or(form.stage);
    form.min_seconds = draft.min_seconds.unwrap_or(form.min_seconds);
    form.proof_bits = draft.proof_bits.unwrap_or(form.proof_bits);
    form.hourly_per_source = draft.hourly_per_source.unwrap_or(form.hourly_per_source);
    form.hourly = draft.hourly.unwrap_or(form.hourly);
    let found = check(call, work, &form).await?;
    if found.is_empty() { Ok(form) } else { Err(DomainError::Invalid(found)) }
}

async fn check(call: &Call, work: &Work, form: &Form) -> Result<Vec<Fault>, DomainError> {
    let purposes = purposes_in_use(work).await?;
    let known = |code: &str| purposes.iter().find(|(known, _)| known == code).map(|(_, purpose)| purpose);
    let mut found = faults(form, call.customer(), known(&form.purpose));
    found.extend(check_attributes(form.stage.as_deref(), Some(form.source.as_str()), None));
    let owner = form.owner.map(UserId::from);
    let active = users::departments_of(work, owner.as_slice()).await?;
    if owner.is_some_and(|id| !active.iter().any(|(known, state, _)| *known == id && state == "active")) {
        found.push(Fault::new("/owner_id", "unknown_owner"));
    }
    if form.department.is_some_and(|id| !call.identity.departments.contains_key(&DepartmentId::from(id))) {
        found.push(Fault::new("/department_id", "unknown_department"));
    }
    let main = (form.purpose.as_str(), known(&form.purpose));
    let languages = told_by(work, form.notice, main, "/notice_version", &mut found).await?;
    if form.languages.is_empty() {
        found.push(Fault::new("/languages", "empty"));
    }
    let unknown = form.languages.iter().enumerate().filter(|(_, language)| !languages.contains(language));
    found.extend(unknown.map(|(at, _)| Fault::new(format!("/languages/{at}"), "unknown_language")));
    for (at, asked) in form.consents.iter().enumerate() {
        let repeated = form.consents.iter().take(at).any(|other| other.purpose == asked.purpose);
        consent(known(&asked.purpose), at, repeated || asked.purpose == form.purpose, &mut found);
        let further = (asked.purpose.as_str(), known(&asked.purpose));
        told_by(work, asked.notice, further, &format!("/consents/{at}/notice_version"), &mut found).await?;
    }
    Ok(found)
}

/// What is wrong with a further consent: a page takes one that is asked for, once, and not in writing.
fn consent(purpose: Option<&Purpose>, at: usize, repeated: bool, found: &mut Vec<Fault>) {
    let code = match purpose {
        None => "unknown_purpose",
        Some(_) if repeated => "repeated",
        Some(purpose) if !purpose.needs_consent() => "basis_needs_no_consent",
        Some(purpose) if purpose.consent_kind == ConsentKind::Written => "written_evidence_needed",
        Some(_) => return,
    };
    found.push(Fault::new(format!("/consents/{at}/purpose"), code));
}

/// The languages of a published notice that tells of a purpose, and of it alone where its consent has to stand alone; otherwise none, and a fault.
async fn told_by(
    work: &Work,
    notice: Uuid,
    (code, purpose): (&str, Option<&Purpose>),
    pointer: &str,
    found: &mut Vec<Fault>,
) -> Result<Vec<String>, DomainError> {
    let code = match notices::find(work, notice).await?.filter(|row| row.state == "published") {
        None => "unknown_notice_version",
        Some(row) if !row.purposes.iter().any(|told| told == code) => "notice_of_other_purposes",
        Some(row) if row.purposes.len() != 1 && purpose.is_some_and(Purpose::asks_alone) => "separate_consent_bundled",
        Some(row) => return Ok(row.texts.as_object().into_iter().flat_map(|all| all.keys().cloned()).collect()),
    };
    found.push(Fault::new(pointer, code));
    Ok(Vec::new())
}
