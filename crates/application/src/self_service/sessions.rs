//! Coming in: a code to a contact point on file. The answer is the same, and takes as long, for a contact point that nobody has: who it is is looked up later.

use futures_util::FutureExt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use custodian_crypto::{Claims, sha256, token};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, RefusedAs, SessionId};
use custodian_persistence::privacy_requests::{self as codes, CodeRow};
use custodian_persistence::self_service::{self as stored, SelfSessionRow, VisitRow};
use custodian_persistence::{Work, consents};
use uuid::Uuid;

use super::oneself;
use super::portal::open_portal;
use crate::audit::{Draft, EntryActor, record_all, seal_entry};
use crate::auth::{LETTER, SUBJECT, one_time_code};
use crate::privacy_requests::{
    CODE_LIVES, CODES_AN_HOUR, TRIES, contact_on_file, contact_tag, send_code_to, whose_contact,
};
use crate::{App, Call};

/// Somebody has asked for a code.
pub struct Began {
    /// To be shown together with the code.
    pub challenge: String,
    /// Seconds in which a code, if one comes, can be used.
    pub expires_in: i64,
}

/// What a code opens.
pub struct Tokens {
    /// EdDSA JWT of audience `subject`.
    pub access: String,
    /// Its life in seconds.
    pub expires_in: i64,
}

/// Notes that somebody asks for a code to this contact point. It follows within a second, if exactly one person on file has it, or had it when deleted.
///
/// Errors: 403 `invalid_portal`; 422 for what is no contact point; 429, alike for every contact point.
pub async fn begin(
    app: &App,
    portal: &str,
    (field, value): (&str, &str),
    peer: Option<IpAddr>,
) -> Result<Began, DomainError> {
    let organization = open_portal(app, portal)?;
    let work = app.begin(organization).await?;
    let begun = begin_in(app, &work, (field, value), peer).await;
    work.settle(begun).await
}

async fn begin_in(
    app: &App,
    work: &Work,
    (field, value): (&str, &str),
    peer: Option<IpAddr>,
) -> Result<Began, DomainError> {
    let tag = contact_tag(app, work, field, value).await?;
    let account = sha256(&[work.organization().uuid().as_bytes().as_slice(), &tag].concat());
    let (throttle, now) = (app.auth().visits(), app.now());
    let wait = throttle.wait(account, peer, app.tuning().login_failures_per_minute, now);
    if wait > 0 {
        return Err(DomainError::wait("too_many_attempts", wait));
    }
    throttle.failed(account, peer, now);
    let (id, now) = (app.new_id(), work.database_time().await?);
    let expires_at = now + CODE_LIVES;
    let visit = VisitRow { id, field: field.to_owned(), tag, customer: None, created_at: now, expires_at };
    stored::insert_visit(work, &visit).await?;
    codes::insert_code(work, &CodeRow { id, about: id, digest: None, created_at: now, expires_at }).await?;
    Ok(Began { challenge: challenge(app, work.organization(), id), expires_in: CODE_LIVES.num_seconds() })
}

/// Names the visit under a MAC, so that nobody can show codes for somebody else's.
fn challenge(app: &App, organization: OrganizationId, id: Uuid) -> String {
    let named = [organization.uuid().into_bytes(), id.into_bytes()].concat();
    let mac = app.macs(LETTER).sign(&[b"challenge/".as_slice(), &named].concat());
    format!("cv_{}", URL_SAFE_NO_PAD.encode([named.as_slice(), &mac].concat()))
}

fn parse(app: &App, text: &str) -> Option<(OrganizationId, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("cv_").filter(|_| text.len() < 200)?).ok()?;
    let (named, mac) = bytes.split_at_checked(32)?;
    let (organization, id) = named.split_first_chunk::<16>()?;
    let ours = app.macs(LETTER).verify(&[b"challenge/".as_slice(), named].concat(), mac);
    let id = Uuid::from_slice(id).ok()?;
    ours.then(|| (OrganizationId::from(Uuid::from_bytes(*organization)), id))
}

/// Writes the codes that were asked for. False when there was nothing to do.
pub async fn answer_visits(app: &App) -> Result<bool, DomainError> {
    let waiting = stored::waiting_visits(app.db()).await?;
    for (id, organization) in &waiting {
        let work = app.begin(*organization).await?;
        if !stored::take_visit(&work, *id).await? {
            work.abandon().await;
            continue;
        }
        if let Some(visit) = stored::lock_visit(&work, *id).await? {
            answer(app, &work, &visit).await?;
        }
        work.commit().await?;
    }
    Ok(!waiting.is_empty())
}

async fn answer(app: &App, work: &Work, visit: &VisitRow) -> Result<(), DomainError> {
    // A contact point that several people share says nothing of who knocks.
    let Some(customer) = whose_contact(work, &visit.tag).await? else { return Ok(()) };
    let since = work.database_time().await? - TimeDelta::hours(1);
    if stored::codes_since(work, customer, since).await? >= CODES_AN_HOUR {
        return Ok(());
    }
    let code = one_time_code::draw(app);
    let sent = send_code_to(app, work, customer, Some(&visit.field), &code, visit.expires_at).await?;
    let Some(to) = sent else { return Ok(()) };
    codes::set_digest(work, visit.id, &one_time_code::digest(app, visit.id, &to, &code)).await?;
    stored::name_visitor(work, visit.id, customer).await?;
    write(app, work, customer, None, "", Draft::about(Action::SelfServiceCode, customer)).await
}

/// Opens a session for whoever shows the code. Each try counts, whatever comes of it.
///
/// Errors: 401 `invalid_code`, the same for a code that is wrong, spent, too old, was never sent, or went to a contact point that is not on file any more.
pub async fn redeem(app: &App, challenge: &str, code: &str, request: &str) -> Result<Tokens, DomainError> {
    let invalid = || DomainError::refused(RefusedAs::Unauthorized, "invalid_code");
    let (organization, visit) = parse(app, challenge).ok_or_else(invalid)?;
    let work = app.begin(organization).await?;
    let tried = codes::try_code(&work, visit, TRIES).await?;
    let found = stored::lock_visit(&work, visit).await?;
    let known = found.as_ref().and_then(|found| found.customer);
    let to = match (known, &found) {
        (Some(customer), Some(found)) => contact_on_file(app, &work, customer, Some(&found.field)).await?,
        _ => None,
    };
    let is_right = |digest: Option<&[u8]>| one_time_code::is_right(app, visit, to.as_deref(), code, digest);
    let right = tried.is_some_and(|(_, digest)| is_right(digest.as_deref()));
    let (Some(customer), Some(found), Some(to)) = (known.filter(|_| right), found, to) else {
        if let Some(customer) = known {
            let failed = Draft { verdict: Verdict::Failed, ..Draft::about(Action::SelfServiceFailed, customer) };
            write(app, &work, customer, None, request, failed).await?;
        }
        work.commit().await?;
        return Err(invalid());
    };
    if !codes::spend_code(&work, visit).await? {
        work.abandon().await;
        return Err(invalid());
    }
    let tag = opened_by(app, &work, customer, &found, &to).await?;
    let tokens = open(app, &work, customer, tag, request).await?;
    work.commit().await?;
    Ok(tokens)
}

/// The blind index of the contact point that the code went to: whoever named a number may have been written to at the address beside it. Where addresses are not
/// searched for, it is that of the number.
async fn opened_by(
    app: &App,
    work: &Work,
    customer: CustomerId,
    visit: &VisitRow,
    to: &str,
) -> Result<[u8; 16], DomainError> {
    if visit.field == "mobile" && to.contains('@') {
        let tag = contact_tag(app, work, "email", to).await?;
        let carried = consents::known_contacts(work, &[tag]).await?;
        if carried.iter().any(|(_, id)| *id == customer.uuid()) {
            return Ok(tag);
        }
    }
    Ok(visit.tag)
}

async fn open(
    app: &App,
    work: &Work,
    customer: CustomerId,
    tag: [u8; 16],
    request: &str,
) -> Result<Tokens, DomainError> {
    let now: DateTime<Utc> = app.now();
    let expires_at = now + app.tuning().access_token;
    let id = SessionId::from(app.new_id());
    stored::insert_session(work, &SelfSessionRow { id, customer, created_at: now, expires_at }, tag).await?;
    let draft = Draft::about(Action::SelfServiceOpen, customer);
    write(app, work, customer, Some(id), request, draft).await?;
    let claims = Claims {
        iss: app.tuning().issuer.clone(),
        aud: SUBJECT.to_owned(),
        sub: customer.uuid(),
        org: work.organization().uuid(),
        sid: id.uuid(),
        iat: now.timestamp(),
        nbf: now.timestamp(),
        exp: expires_at.timestamp(),
        jti: app.new_id(),
    };
    let access = token::issue(&app.signing_key(), "at+jwt", &claims)
        .map_err(|_| DomainError::internal("token signing failed"))?;
    Ok(Tokens { access, expires_in: (expires_at - now).num_seconds() })
}

/// An entry of what a person does before there is a call.
async fn write(
    app: &App,
    work: &Work,
    customer: CustomerId,
    session: Option<SessionId>,
    request: &str,
    draft: Draft,
) -> Result<(), DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let session = session.map(|session| session.uuid());
    let actor = EntryActor { kind: "subject", id: customer.uuid(), session, request, purpose: None };
    let entry = seal_entry(&keys, work.organization(), app.new_id(), app.now(), &actor, draft, app.rng())?;
    record_all(work, &[&entry]).await
}

/// Ends the caller's session, on this instance at once.
pub async fn end(app: &App, call: &Call) -> Result<(), DomainError> {
    let customer = oneself(call)?;
    let session = call.identity.session.ok_or_else(|| DomainError::internal("a person without a session"))?;
    let work = app.begin(call.organization()).await?;
    stored::end_session(&work, session).await?;
    app.record_change(&work, call, Draft::about(Action::SelfServiceEnd, customer)).await?;
    app.auth().forget(session.uuid());
    Ok(work.commit().await?)
}

/// Drops visits, codes and sessions that ended a day ago, organisation by organisation.
pub async fn purge(app: &App) -> Result<(), DomainError> {
    let before = app.now() - TimeDelta::days(1);
    app.in_each(|work| stored::purge(work, before).boxed()).await?;
    app.in_each(|work| codes::purge_codes(work, before).boxed()).await
}
