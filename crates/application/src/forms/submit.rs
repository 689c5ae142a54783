//! Taking a submission: from a page that nobody knows to a customer, or to a proposal about one, in one transaction.
//!
//! What is answered says nothing of whether somebody was known, and what is sent about somebody who is changes nothing by itself: whoever knows
//! a telephone number could otherwise overwrite its owner's data, or consent in their name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use custodian_domain::catalog::{Field, Input, SearchKind, customer as built_in_customer};
use custodian_domain::forms::{Form, GuardianPart, contacts, guardian_faults, needs_guardian};
use custodian_domain::kernel::{DomainError, Fault, OrganizationId, RefusedAs};
use custodian_domain::purposes::Purpose;
use custodian_persistence::Work;
use custodian_persistence::forms as stored;
use uuid::Uuid;

use super::people::{enter, known_by, propose};
use super::token::{earned, from_page, open};
use super::{Shown, ourselves, refused, shown};
use crate::consents::{AGE_FIELDS, birth_of};
use crate::customers::{FieldInput, accept_fields};
use crate::self_service::purposes_in_use;
use crate::{App, Call};

/// Who agrees for a child, as it was sent. Never printed.
#[derive(Clone)]
pub struct SentGuardian {
    /// `mother`, `father` or `guardian`.
    pub relation: String,
    /// Their name.
    pub name: String,
    /// Where they are reached.
    pub mobile: String,
    /// Whether they agree.
    pub agreed: bool,
}

/// A submission as it was sent. Never printed.
#[derive(Clone)]
pub struct Sent {
    /// The page's token.
    pub token: String,
    /// What its work came to.
    pub proof: String,
    /// What no person fills in, because none sees it.
    pub trap: String,
    /// The page's language.
    pub language: String,
    /// Values by field key.
    pub fields: Vec<(String, FieldInput)>,
    /// Yes or no by purpose.
    pub consents: BTreeMap<String, bool>,
    /// Who agrees for a child.
    pub guardian: Option<SentGuardian>,
}

/// Where a submission came from.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    /// The page's origin, if a browser named one.
    pub origin: Option<&'a str>,
    /// The network address.
    pub peer: Option<IpAddr>,
    /// `X-Request-Id`.
    pub request: &'a str,
    /// Digest of the body.
    pub digest: [u8; 32],
}

/// What came in, checked.
pub(super) struct Received<'c> {
    pub id: Uuid,
    pub form: Uuid,
    pub version: i32,
    pub language: String,
    pub digest: Vec<u8>,
    /// As it was sent, for entering.
    pub inputs: Vec<(String, FieldInput)>,
    pub values: Vec<(&'c Field, String)>,
    /// Purposes that are agreed to, each with its notice.
    pub agreed: Vec<(String, Uuid)>,
    pub guardian: Option<GuardianPart>,
}

/// Takes a submission; its id. The page may be sent again with the same content: it is taken once.
///
/// Errors: 404; 403 `origin_not_allowed`, `invalid_form_token`, `form_too_fast`, `invalid_proof`; 422 with every fault, `idempotency_key_reused` for a
/// token that was spent on something else; 429 `too_many_submissions`; 409 `form_outdated` where what it tells of has changed since.
pub async fn submit(app: &App, form: Uuid, sent: Sent, from: Sender<'_>) -> Result<Uuid, DomainError> {
    let claims = open(app, form, &sent.token)?;
    let shown = shown(app, form, Some(claims.version)).await?;
    let Shown { work, form: content, .. } = shown;
    let organization = work.organization();
    work.abandon().await;
    from_page(&content.origins, from.origin)?;
    if !sent.trap.is_empty() {
        // A program that fills in everything is told what it wants to hear.
        metrics::counter!("custodian_form_traps_total").increment(1);
        return Ok(claims.jti);
    }
    count(app, organization, form, &content, from.peer).await?;
    earned(app, &claims, &sent.proof)?;
    let work = app.begin(organization).await?;
    let taken = take(app, &work, (form, claims.version, claims.jti), &content, sent, from).await;
    work.settle(taken).await?;
    Ok(claims.jti)
}

/// Counts the try, whatever comes of it, in a transaction of its own.
async fn count(
    app: &App,
    organization: OrganizationId,
    id: Uuid,
    form: &Form,
    peer: Option<IpAddr>,
) -> Result<(), DomainError> {
    let source = |name: &str| app.keys().lookup("form-source", &format!("{organization}:{id}:{name}"));
    let address = peer.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    let work = app.begin(organization).await?;
    let (own, own_wait) = stored::count(&work, id, &source(&address)).await?;
    let (all, all_wait) = stored::count(&work, id, &source("")).await?;
    work.commit().await?;
    let over = |count: i32, most: u32| u32::try_from(count).unwrap_or(u32::MAX) > most;
    match (over(own, form.hourly_per_source), over(all, form.hourly)) {
        (true, _) => Err(DomainError::wait("too_many_submissions", own_wait)),
        (_, true) => Err(DomainError::wait("too_many_submissions", all_wait)),
        _ => Ok(()),
    }
}

async fn take(
    app: &App,
    work: &Work,
    (id, version, token): (Uuid, i32, Uuid),
    form: &Form,
    sent: Sent,
    from: Sender<'_>,
) -> Result<(), DomainError> {
    let digest: String = from.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = app.keys().lookup("form-submission", &format!("{token}:{digest}")).to_vec();
    stored::serialise(work, &[*token.as_bytes()]).await?;
    if let Some(before) = stored::find_submission(work, token).await? {
        let same = before.digest == digest;
        return if same { Ok(()) } else { Err(refused(RefusedAs::Unprocessable, "idempotency_key_reused")) };
    }
    let call = ourselves(app, work, from.request).await?;
    let purposes = purposes_in_use(work).await?;
    let (values, agreed) = check(app, &call, form, &purposes, &sent)?;
    let guardian =
        sent.guardian.map(|SentGuardian { relation, name, mobile, .. }| GuardianPart { relation, name, mobile });
    let inputs = sent.fields.into_iter().filter(|(key, _)| values.iter().any(|(field, _)| field.key == key)).collect();
    let language = sent.language;
    let received = Received { id: token, form: id, version, language, digest, inputs, values, agreed, guardian };
    let keys = app.keys().open_organization(work).await?;
    let tags: Vec<[u8; 16]> = contacts(form, call.customer())
        .into_iter()
        .filter_map(|field| {
            let (_, value) = received.values.iter().find(|(known, _)| known.key == field.key)?;
            let (kind, term) = field.search_terms(value).into_iter().find(|(kind, _)| *kind == SearchKind::Exact)?;
            Some(keys.tag(field.key, kind, &term))
        })
        .collect();
    // Two pages about one contact point follow each other, so that nobody is entered twice.
    stored::serialise(work, &tags).await?;
    match known_by(work, &tags).await? {
        Some(customer) => propose(app, &call, work, customer, received).await,
        None => enter(app, &call, work, form, received).await,
    }
}

/// The accepted values and the purposes agreed to, each with its notice.
type Checked<'c> = (Vec<(&'c Field, String)>, Vec<(String, Uuid)>);

/// Every fault of what was sent.
fn check<'c>(
    app: &App,
    call: &'c Call,
    form: &Form,
    purposes: &[(String, Purpose)],
    sent: &Sent,
) -> Result<Checked<'c>, DomainError> {
    let mut found = Vec::new();
    let strange = sent.fields.iter().filter(|(key, _)| !form.fields.iter().any(|asked| asked.key == *key));
    found.extend(strange.map(|(key, _)| Fault::new(pointer("/fields", key), "unknown_field")));
    let asked: Vec<_> =
        sent.fields.iter().filter(|(key, _)| form.fields.iter().any(|asked| asked.key == *key)).cloned().collect();
    let accepted = accept_fields(call.customer(), &asked, app.now(), &mut found);
    let values: Vec<(&Field, String)> = accepted.into_iter().filter_map(|one| Some((one.field, one.value?))).collect();
    for asked in form.fields.iter().filter(|asked| asked.required) {
        let place = pointer("/fields", &asked.key);
        let told = found.iter().any(|fault| fault.pointer == place);
        if !told && !values.iter().any(|(field, _)| field.key == asked.key) {
            found.push(Fault::new(place, "required"));
        }
    }
    if !form.languages.contains(&sent.language) {
        found.push(Fault::new("/language", "unknown_language"));
    }
    let agreed = consents(form, purposes, sent, &mut found);
    let kind = |code: &str| purposes.iter().find(|(known, _)| known == code).map(|(_, purpose)| purpose.consent_kind);
    let born = values.iter().filter(|(f, _)| AGE_FIELDS.contains(&f.key)).find_map(|(f, v)| birth_of(f.key, v));
    let codes = agreed.iter().map(|(code, _)| code.as_str()).chain([form.purpose.as_str()]);
    let needed = codes.filter_map(kind).any(|kind| needs_guardian(kind, born, app.now().date_naive()));
    found.extend(guardian_faults(needed, sent.guardian.as_ref().map(|one| one.agreed)));
    if let Some(guardian) = &sent.guardian {
        let mobile = built_in_customer()
            .field("mobile")
            .map(|field| field.accept(Input::Text(&guardian.mobile), app.now().date_naive()));
        if mobile.is_none_or(|accepted| accepted.is_err()) {
            found.push(Fault::new("/guardian/mobile", "invalid_mobile"));
        }
    }
    if found.is_empty() { Ok((values, agreed)) } else { Err(DomainError::Invalid(found)) }
}

fn pointer(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What is agreed to: the form's own purpose must be, where it needs consent; the others may.
fn consents(form: &Form, purposes: &[(String, Purpose)], sent: &Sent, found: &mut Vec<Fault>) -> Vec<(String, Uuid)> {
    let needs = |code: &str| purposes.iter().any(|(known, purpose)| known == code && purpose.needs_consent());
    let own = std::iter::once((form.purpose.as_str(), form.notice)).filter(|(code, _)| needs(code));
    let all: Vec<(&str, Uuid)> =
        own.chain(form.consents.iter().map(|asked| (asked.purpose.as_str(), asked.notice))).collect();
    let strange = sent.consents.keys().filter(|code| !all.iter().any(|(known, _)| known == code));
    found.extend(strange.map(|code| Fault::new(pointer("/consents", code), "unknown_purpose")));
    if needs(&form.purpose) && sent.consents.get(&form.purpose) != Some(&true) {
        found.push(Fault::new(pointer("/consents", &form.purpose), "consent_needed"));
    }
    let agreed = all.into_iter().filter(|(code, _)| sent.consents.get(*code) == Some(&true));
    agreed.map(|(code, notice)| (code.to_owned(), notice)).collect()
}
