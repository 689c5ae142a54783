//! Keeping the list of partners.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use custodian_crypto::{Certificate, CertificateError, Opaque, opaque};
use custodian_domain::audit::Action;
use custodian_domain::catalog::spotted;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::Jurisdiction;
use custodian_domain::rights_protocols::{MOST_PARTNERS, Protocol, is_domain, is_plain_id};
use custodian_domain::roles::Permission;
use custodian_persistence::rights_protocols::{self as stored, CallbackRow, ExchangeRow, PartnerRow};
use custodian_persistence::{Work, privacy_requests, users};
use uuid::Uuid;

use super::entry;
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A partner to be added.
pub struct NewPartner {
    /// What it speaks.
    pub protocol: Protocol,
    /// What people call it.
    pub name: String,
    /// Its domain, or its agent id.
    pub identifier: String,
    /// What a DRP agent calls the organisation.
    pub business: Option<String>,
    /// Its certificate, as PEM.
    pub certificate: Option<String>,
    /// Its Ed25519 key, in base64.
    pub verify_key: Option<String>,
    /// Where it may be called back.
    pub callback_urls: Vec<String>,
    /// Whether its word is proof of who asks.
    pub vouches: bool,
    /// The law of what names none.
    pub jurisdiction: Jurisdiction,
}

/// What may be changed of a partner; `None` leaves a thing as it is.
#[derive(Default)]
pub struct Change {
    /// What people call it.
    pub name: Option<String>,
    /// Its certificate, as PEM.
    pub certificate: Option<String>,
    /// Its Ed25519 key, in base64.
    pub verify_key: Option<String>,
    /// Where it may be called back.
    pub callback_urls: Option<Vec<String>>,
    /// Whether its word is proof of who asks.
    pub vouches: Option<bool>,
    /// The law of what names none.
    pub jurisdiction: Option<Jurisdiction>,
    /// Whether it is let in.
    pub enabled: Option<bool>,
}

type Key = Option<(&'static str, Vec<u8>)>;

/// The key that was given, if any: a certificate of this domain that is in force and leads to an authority that is believed, or 32 bytes.
fn key_of(
    app: &App,
    (certificate, verify_key): (Option<&str>, Option<&str>),
    identifier: &str,
    now: DateTime<Utc>,
) -> Result<Key, Fault> {
    match (certificate, verify_key) {
        (Some(_), Some(_)) => Err(Fault::new("", "one_of").with_arg("certificate, verify_key")),
        (Some(pem), None) => {
            let fault = |code| Fault::new("/certificate", code);
            let read = Certificate::from_pem(pem.as_bytes()).map_err(|error| {
                fault(if error == CertificateError::SelfSigned { "self_signed" } else { "invalid_certificate" })
            })?;
            if !read.holds(identifier, u64::try_from(now.timestamp()).unwrap_or(0)) {
                return Err(fault("certificate_does_not_hold"));
            }
            let issued = app.tuning().rights_authorities.have_issued(&read, now);
            if issued { Ok(Some(("certificate", read.der))) } else { Err(fault("unknown_issuer")) }
        }
        (None, Some(text)) => {
            let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 32);
            bytes.map(|bytes| Some(("ed25519", bytes))).ok_or_else(|| Fault::new("/verify_key", "invalid_verify_key"))
        }
        (None, None) => Ok(None),
    }
}

fn callback_faults(app: &App, urls: &[String]) -> Vec<Fault> {
    let bad = |url: &String| !app.courier().may_deliver_to(url, &app.tuning().issuer) || !spotted(url).is_empty();
    let at = |(at, _): (usize, &String)| Fault::new(format!("/callback_urls/{at}"), "invalid_url");
    urls.iter().enumerate().filter(|(_, url)| bad(url)).map(at).collect()
}

fn identity_faults(new: &NewPartner) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut hold = |holds: bool, pointer: &str, code: &'static str| {
        if !holds {
            found.push(Fault::new(pointer, code));
        }
    };
    match new.protocol {
        Protocol::OpenDsr => {
            hold(is_domain(&new.identifier), "/identifier", "invalid_domain");
            hold(new.business.is_none(), "/business_id", "not_allowed");
        }
        Protocol::Drp => {
            let plain = |id: &str| is_plain_id(id) && spotted(id).is_empty();
            hold(plain(&new.identifier), "/identifier", "invalid_plain_id");
            hold(new.business.is_some(), "/business_id", "required");
            hold(new.business.as_deref().is_none_or(plain), "/business_id", "invalid_plain_id");
            hold(new.certificate.is_none(), "/certificate", "not_allowed");
            hold(new.verify_key.is_some(), "/verify_key", "required");
        }
    }
    found
}

/// Adds a partner. Answers it with its token, for the only time; an agent of DRP makes its own.
///
/// Errors: 403 `step_up_required`; 409 `duplicate_value`, `too_many_partners`; 422 with every fault.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    new: NewPartner,
) -> Result<(PartnerRow, Option<Opaque>), DomainError> {
    call.needs(Permission::RightsPartnersManage)?;
    require_step_up(app, call, work).await?;
    let now = app.now();
    let mut faults = identity_faults(&new);
    faults.extend(callback_faults(app, &new.callback_urls));
    let key = key_of(app, (new.certificate.as_deref(), new.verify_key.as_deref()), &new.identifier, now);
    let key = key.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    if usize::try_from(stored::count(work).await?).is_ok_and(|count| count >= MOST_PARTNERS) {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_partners"));
    }
    let id = app.new_id();
    let token = (new.protocol == Protocol::OpenDsr).then(|| draw(app, id));
    let row = PartnerRow {
        id,
        version: 1,
        protocol: new.protocol.as_str().to_owned(),
        name: new.name,
        identifier: new.identifier,
        business: new.business,
        key_kind: key.as_ref().map(|(kind, _)| (*kind).to_owned()),
        key: key.map(|(_, bytes)| bytes),
        callback_urls: new.callback_urls,
        vouches: new.vouches,
        jurisdiction: new.jurisdiction.as_str().to_owned(),
        token_digest: token.as_ref().map(|token| app.auth().digest_key(token.expose()).to_vec()),
        token_since: token.as_ref().map(|_| now),
        disabled_at: None,
        created_at: now,
        created_by: call.identity.actor_id(),
    };
    add(app, work, &row).await?;
    app.record_change(work, call, entry(Action::RightsPartnersCreate, id)).await?;
    Ok((row, token))
}

/// Stores a partner where its token, or its agent and business id, lead to it.
async fn add(app: &App, work: &Work, row: &PartnerRow) -> Result<(), DomainError> {
    let taken = |pointer| DomainError::Taken(vec![Fault::new(pointer, "duplicate_value")]);
    if !stored::insert(work, row).await? {
        return Err(taken("/identifier"));
    }
    users::add_lookup(work, &app.keys().lookup("rights-partner", &row.id.to_string()), row.id).await?;
    if let Some(business) = &row.business {
        let lookup = super::door::agent_lookup(app, &row.identifier, business);
        // A message says for whom it is before anybody is known: the pair leads to one organisation alone.
        if !users::find_lookup(app.db(), &lookup).await?.is_empty() {
            return Err(taken("/business_id"));
        }
        users::add_lookup(work, &lookup, row.id).await?;
    }
    Ok(())
}

/// A new token of a partner.
pub(super) fn draw(app: &App, partner: Uuid) -> Opaque {
    opaque::generate(&format!("crp_{}_", partner.simple()), app.rng())
}

/// Changes a partner; `allowed` is asked about the one in force, in the same transaction. One that is switched off is let in no more, and told nothing.
///
/// Errors: 403 `step_up_required`; 404; 422 with every fault.
pub async fn change(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    change: Change,
    allowed: impl FnOnce(&PartnerRow) -> Result<(), DomainError>,
) -> Result<PartnerRow, DomainError> {
    call.needs(Permission::RightsPartnersManage)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    allowed(&row)?;
    require_step_up(app, call, work).await?;
    let now = app.now();
    let mut faults = callback_faults(app, change.callback_urls.as_deref().unwrap_or_default());
    if row.protocol == Protocol::Drp.as_str() && change.certificate.is_some() {
        faults.push(Fault::new("/certificate", "not_allowed"));
    }
    match key_of(app, (change.certificate.as_deref(), change.verify_key.as_deref()), &row.identifier, now) {
        Ok(Some((kind, bytes))) => (row.key_kind, row.key) = (Some(kind.to_owned()), Some(bytes)),
        Ok(None) => {}
        Err(fault) => faults.push(fault),
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    row.name = change.name.unwrap_or(row.name);
    row.callback_urls = change.callback_urls.unwrap_or(row.callback_urls);
    row.vouches = change.vouches.unwrap_or(row.vouches);
    row.jurisdiction = change.jurisdiction.map_or(row.jurisdiction, |law| law.as_str().to_owned());
    row.disabled_at = match change.enabled {
        Some(true) => None,
        Some(false) => row.disabled_at.or(Some(now)),
        None => row.disabled_at,
    };
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::RightsPartnersUpdate, id)).await?;
    stored::find(work, id).await?.ok_or(DomainError::NotFound)
}

/// Gives a partner another token, for the only time; the one until now ends at once.
///
/// Errors: 403 `step_up_required`; 404; 409 `agent_makes_token`.
pub async fn rotate_token(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<(PartnerRow, Opaque), DomainError> {
    call.needs(Permission::RightsPartnersManage)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    require_step_up(app, call, work).await?;
    if row.protocol == Protocol::Drp.as_str() {
        return Err(DomainError::refused(RefusedAs::Conflict, "agent_makes_token"));
    }
    let token = draw(app, id);
    row.token_digest = Some(app.auth().digest_key(token.expose()).to_vec());
    row.token_since = Some(app.now());
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::RightsPartnersToken, id)).await?;
    let row = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    Ok((row, token))
}

/// One partner.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<PartnerRow, DomainError> {
    call.needs(Permission::RightsPartnersRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::RightsPartnersRead, id)).await?;
    Ok(row)
}

/// A page of partners in order of id.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<PartnerRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::RightsPartnersRead)?;
    let mut rows =
        app.reading(call.organization(), async |work| stored::list(work, after, one_more(limit)).await).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::RightsPartnersRead)).await?;
    Ok((rows, next))
}

/// Which partner passed a request on, and what it was told of it since.
///
/// Errors: 404 for a request that did not come from a partner.
pub async fn exchange(app: &App, call: &Call, id: Uuid) -> Result<(ExchangeRow, Vec<CallbackRow>), DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let work = app.begin(call.organization()).await?;
    let known = privacy_requests::find(&work, id).await?.is_some();
    let row = stored::find_exchange(&work, id).await?.filter(|_| known);
    let told = stored::callbacks_of(&work, id).await?;
    work.abandon().await;
    let row = row.ok_or(DomainError::NotFound)?;
    let read = entry(Action::RightsExchangesRead, row.partner);
    app.record_read(call, read.with("privacy_request", Detail::Code(id.to_string()))).await?;
    Ok((row, told))
}
