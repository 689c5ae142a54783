//! From a credential to a caller. A credential that was ended is refused at once here, and within half a second on every other instance.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_crypto::{Expect, sha256, token};
use custodian_domain::access::{Caller, Partner, PurposeFacts, Staff, Subject, Who};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::auth::Standing;
use custodian_domain::kernel::{ApiKeyId, DepartmentId, DomainError, OrganizationId, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::api_keys::ApiKeyRow;
use custodian_persistence::users::UserRow;
use custodian_persistence::{Work, api_keys, auth as sessions, consents, departments, self_service, users};
use uuid::Uuid;

use super::IpRange;
use super::login::entry;
use super::quota::count_call;
use super::step_up::proofs;
use crate::audit::{Draft, EntryActor, seal_entry};
use crate::catalog::Current;
use crate::disclosures::decoys;
use crate::{App, Identity, purposes, roles};

/// A credential as it came in.
pub enum Credential<'a> {
    /// An access token.
    Bearer(&'a str),
    /// `ck_<key id>_<secret>`.
    ApiKey(&'a str),
    /// The token of a person whom data is about: good at their own door, and taken nowhere else.
    Subject(&'a str),
    /// A session of staff, whose ticket for a stream was looked at by who hands it in.
    Session(OrganizationId, UserId, SessionId),
}

fn unauthorized(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Unauthorized, code)
}

/// Verifies a credential. `peer` is the client's address, for keys bound to ranges. A `purpose` that the caller as last seen does not know has the
/// caller looked up anew: it may just have been made.
///
/// Errors: 401 `invalid_token`, `session_ended`, `invalid_api_key`; 403 `ip_not_allowed`.
pub async fn authenticate(
    app: &App,
    credential: Credential<'_>,
    peer: Option<IpAddr>,
    purpose: Option<&str>,
) -> Result<Arc<Identity>, DomainError> {
    let identity = recognise(app, credential, peer, purpose).await?;
    if let (Who::Partner(partner), Some(quota)) = (&identity.caller.who, identity.daily_quota) {
        count_call(app, identity.organization(), partner.key, quota).await?;
    }
    Ok(identity)
}

/// The same for a call that goes on: it counts as no other one.
pub async fn recognise(
    app: &App,
    credential: Credential<'_>,
    peer: Option<IpAddr>,
    purpose: Option<&str>,
) -> Result<Arc<Identity>, DomainError> {
    let digest = digest_of(&credential);
    let state = app.auth();
    let generation = app.catalogs().generation();
    let known = |identity: &Arc<Identity>| {
        identity.generation >= generation && purpose.is_none_or(|code| identity.purposes.contains_key(code))
    };
    let believed = || state.identities.get(&digest).filter(known);
    let identity = match believed() {
        Some(identity) => identity,
        None => {
            // Whoever reads a page at a time has a few dozen calls under way: when they are believed no longer, one of those asks for all.
            let _turn = state.turns.first(digest).await;
            match believed() {
                Some(identity) => identity,
                None => load(app, credential, digest).await?,
            }
        }
    };
    let code = if identity.session.is_some() { "session_ended" } else { "invalid_api_key" };
    let credential_id = identity.session.map_or_else(|| identity.actor_id(), |s| s.uuid());
    if state.ended.contains_key(&credential_id) {
        return Err(unauthorized(code));
    }
    if identity.expires_at <= app.now() {
        return Err(unauthorized(if identity.session.is_some() { "invalid_token" } else { code }));
    }
    let allowed = identity.ip_ranges.is_empty()
        || peer.is_some_and(|peer| identity.ip_ranges.iter().any(|range| range.contains(peer)));
    if !allowed {
        return Err(DomainError::refused(RefusedAs::Forbidden, "ip_not_allowed"));
    }
    Ok(identity)
}

/// Asks the database, and believes the answer for a moment, but of people at their own door.
async fn load(app: &App, credential: Credential<'_>, digest: [u8; 32]) -> Result<Arc<Identity>, DomainError> {
    let (state, doubts) = (app.auth(), app.auth().doubts());
    let loaded = Arc::new(match credential {
        Credential::Bearer(text) => staff(app, text).await?,
        Credential::ApiKey(text) => partner(app, text).await?,
        Credential::Subject(text) => subject(app, text).await?,
        Credential::Session(organization, user, session) => of_session(app, organization, user, session).await?,
    });
    // One that waits for its second factor is asked for each time, so that showing it counts at once; a person at their own door too, so that nobody is
    // believed there who was erased.
    if loaded.standing == Standing::Full && loaded.subject().is_none() && state.doubts() == doubts {
        state.identities.insert(digest, Arc::clone(&loaded));
    }
    Ok(loaded)
}

/// Under which a caller is believed for a moment.
fn digest_of(credential: &Credential<'_>) -> [u8; 32] {
    let (mut digest, kind) = match credential {
        Credential::Bearer(text) => (sha256(text.as_bytes()), b'b'),
        Credential::ApiKey(text) => (sha256(text.as_bytes()), b'k'),
        Credential::Subject(text) => (sha256(text.as_bytes()), b's'),
        Credential::Session(_, _, session) => (sha256(session.uuid().as_bytes()), b't'),
    };
    digest[0] = kind;
    digest
}

/// The session as it is now. It is asked about again long before this end.
async fn of_session(
    app: &App,
    organization: OrganizationId,
    user: UserId,
    session: SessionId,
) -> Result<Identity, DomainError> {
    app.reading(organization, async |work| {
        live_staff(app, work, user, session, app.now() + TimeDelta::minutes(1)).await
    })
    .await
}

async fn staff(app: &App, text: &str) -> Result<Identity, DomainError> {
    let expect =
        Expect { iss: &app.tuning().issuer, aud: "staff", typ: "at+jwt", now: app.now().timestamp(), leeway: 0 };
    let keys = |kid: &str| app.token_public(kid);
    let claims = token::verify(text, &keys, &expect).map_err(|_| unauthorized("invalid_token"))?;
    let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or_else(|| unauthorized("invalid_token"))?;
    let organization = OrganizationId::from(claims.org);
    let work = app.begin(organization).await?;
    let identity = live_staff(app, &work, UserId::from(claims.sub), SessionId::from(claims.sid), expires_at).await;
    work.abandon().await;
    if let Err(DomainError::Refused { code: "session_ended", .. }) = &identity {
        // Somebody still holds a token of an ended session or account: that is worth knowing.
        let session = Some(claims.sid);
        let entry = entry(app, organization, claims.sub, "", session, Action::AccessRefused, Verdict::Refused).await?;
        app.record(vec![entry]).await?;
    }
    identity
}

async fn live_staff(
    app: &App,
    work: &Work,
    user: UserId,
    session: SessionId,
    expires_at: DateTime<Utc>,
) -> Result<Identity, DomainError> {
    match sessions::find(work, session).await? {
        Some((row, true)) if row.user == user => {}
        Some(_) => return Err(unauthorized("session_ended")),
        // Never opened here, or gone with its organisation: there is no log that this could stand in.
        None => return Err(unauthorized("invalid_token")),
    }
    load_staff(app, work, user, session, expires_at).await?.ok_or_else(|| unauthorized("session_ended"))
}

/// The identity of an active user, for work that goes on after the request has ended. `None` when the account may no longer act.
pub async fn identity_of_user(
    app: &App,
    organization: OrganizationId,
    user: UserId,
    session: SessionId,
) -> Result<Option<Identity>, DomainError> {
    app.reading(organization, async |work| load_staff(app, work, user, session, DateTime::<Utc>::MAX_UTC).await).await
}

async fn load_staff(
    app: &App,
    work: &Work,
    user: UserId,
    session: SessionId,
    expires_at: DateTime<Utc>,
) -> Result<Option<Identity>, DomainError> {
    let Some(row) = users::find(work, user).await?.filter(|row| row.state == "active") else {
        return Ok(None);
    };
    let departments = departments_by_id(work).await?;
    let organization = work.organization();
    let path = row.department.and_then(|d| departments.get(&d)).cloned().unwrap_or_default();
    let in_force = roles::in_force(work, &row.roles).await?;
    let named: Vec<String> = in_force.iter().map(|(role, version)| format!("{}:{version}", role.code)).collect();
    let purposes = purposes::in_force(work).await?;
    let Current { catalog, generation } = app.catalogs().current(work).await?;
    let rights = digest_rights(&[
        &catalog.version.to_string(),
        &named.join(","),
        &row.regions.join(","),
        &format!("{:?}", row.department),
        &format!("{path:?}"),
        &told(&purposes),
    ]);
    let UserRow { department, regions, .. } = row;
    let roles = in_force.into_iter().map(|(role, _)| role).collect();
    let proofs = proofs(work, user, session).await?;
    let staff = Staff { user, session, roles, department, department_path: path, regions, mfa_at: proofs.mfa_at };
    Ok(Some(Identity {
        caller: Caller { organization, who: Who::Staff(staff) },
        rights,
        departments,
        purposes,
        catalog,
        pseudonyms: None,
        third_party: None,
        decoy: None,
        overdue: Vec::new(),
        expires_at,
        session: Some(session),
        standing: proofs.standing(),
        generation,
        verified_at: Instant::now(),
        daily_quota: None,
        ip_ranges: Vec::new(),
    }))
}

async fn subject(app: &App, text: &str) -> Result<Identity, DomainError> {
    let (iss, now) = (&app.tuning().issuer, app.now().timestamp());
    let expect = Expect { iss, aud: SUBJECT, typ: "at+jwt", now, leeway: 0 };
    let keys = |kid: &str| app.token_public(kid);
    let claims = token::verify(text, &keys, &expect).map_err(|_| unauthorized("invalid_token"))?;
    let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or_else(|| unauthorized("invalid_token"))?;
    let organization = OrganizationId::from(claims.org);
    let work = app.begin(organization).await?;
    let session = self_service::find_session(&work, SessionId::from(claims.sid)).await;
    let purposes = purposes::in_force(&work).await;
    let current = app.catalogs().current(&work).await;
    work.abandon().await;
    let Current { catalog, generation } = current?;
    let session = session?.filter(|row| row.customer.uuid() == claims.sub);
    let session = session.ok_or_else(|| unauthorized("session_ended"))?;
    let subject = Subject { customer: session.customer, session: session.id };
    Ok(Identity {
        caller: Caller { organization, who: Who::Subject(subject) },
        rights: digest_rights(&["subject", &claims.sub.to_string(), &catalog.version.to_string()]),
        departments: Arc::default(),
        purposes: purposes?,
        catalog,
        pseudonyms: None,
        third_party: None,
        decoy: None,
        overdue: Vec::new(),
        expires_at,
        session: Some(session.id),
        standing: Standing::Full,
        generation,
        verified_at: Instant::now(),
        daily_quota: None,
        ip_ranges: Vec::new(),
    })
}

/// The audience of a person's token.
pub(crate) const SUBJECT: &str = "subject";

async fn departments_by_id(work: &Work) -> Result<Arc<HashMap<DepartmentId, Vec<DepartmentId>>>, DomainError> {
    Ok(Arc::new(departments::list(work).await?.into_iter().map(|row| (row.id, row.path)).collect()))
}

async fn partner(app: &App, text: &str) -> Result<Identity, DomainError> {
    let refused = || unauthorized("invalid_api_key");
    let key_id =
        text.strip_prefix("ck_").and_then(|rest| rest.split_once('_')).map(|(id, _)| id).ok_or_else(refused)?;
    let key_id = Uuid::try_parse(key_id).ok().filter(|_| text.len() < 200).ok_or_else(refused)?;
    let found = users::find_lookup(app.db(), &app.keys().lookup("api-key", &key_id.to_string())).await?;
    let (organization, _) = found.first().copied().ok_or_else(refused)?;
    let work = app.begin(OrganizationId::from(organization)).await?;
    let row = api_keys::find(&work, ApiKeyId::from(key_id)).await?;
    let departments = departments_by_id(&work).await?;
    let purposes = purposes::in_force(&work).await?;
    let current = app.catalogs().current(&work).await?;
    let overdue = match &row {
        Some((row, _)) => consents::overdue_purposes(&work, row.third_party.uuid()).await?,
        None => Vec::new(),
    };
    let decoy = match &row {
        Some((row, _)) => decoys::shown_to(app, &work, row.id).await?,
        None => None,
    };
    let ends =
        row.as_ref().and_then(|(row, live)| secret_ends(app, text, row).filter(|ends| *live && *ends > app.now()));
    if ends.is_some() {
        api_keys::note_use(&work, ApiKeyId::from(key_id), app.now()).await?;
        work.commit().await?;
    } else {
        work.abandon().await;
    }
    let (mut row, _) = row.ok_or_else(refused)?;
    if ends.is_none() {
        record_refused_key(app, OrganizationId::from(organization), key_id).await?;
        return Err(refused());
    }
    row.expires_at = ends;
    let identity = partner_identity(app, OrganizationId::from(organization), row, departments, purposes, current);
    Ok(Identity { overdue, decoy, ..identity })
}

/// When the secret ends that the text is, the one in force or the one before; `None` when it is neither.
fn secret_ends(app: &App, text: &str, row: &ApiKeyRow) -> Option<DateTime<Utc>> {
    let end = row.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
    let (now, before) = (app.auth().is_key(text, &row.secret_digest), row.previous_digest.as_deref());
    let before = before.is_some_and(|digest| app.auth().is_key(text, digest));
    match (now, before) {
        (true, _) => Some(end),
        (false, true) => row.previous_until.map(|until| until.min(end)),
        (false, false) => None,
    }
}

/// A wrong secret for a key that exists, or a key that has ended: its organisation should know.
async fn record_refused_key(app: &App, organization: OrganizationId, key: Uuid) -> Result<(), DomainError> {
    let keys = app.keys().organization(app.db(), organization).await?;
    let actor = EntryActor { kind: "partner", id: key, session: None, request: "", purpose: None };
    let rule = Some("invalid_api_key".to_owned());
    let draft = Draft { verdict: Verdict::Refused, rule, ..Draft::of(Action::AccessRefused) };
    let entry = seal_entry(&keys, organization, app.new_id(), app.now(), &actor, draft, app.rng())?;
    app.record(vec![entry]).await
}

fn partner_identity(
    app: &App,
    organization: OrganizationId,
    row: ApiKeyRow,
    departments: Arc<HashMap<DepartmentId, Vec<DepartmentId>>>,
    purposes: Arc<HashMap<String, PurposeFacts>>,
    Current { catalog, generation }: Current,
) -> Identity {
    let rights = digest_rights(&[
        &catalog.version.to_string(),
        &row.permissions.join(","),
        &row.fields.join(","),
        &row.purposes.join(","),
        &told(&purposes),
    ]);
    let partner = Partner {
        key: row.id,
        third_party: row.third_party_name,
        permissions: row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect(),
        fields: row.fields.into_iter().collect(),
        purposes: row.purposes.into_iter().collect(),
    };
    Identity {
        caller: Caller { organization, who: Who::Partner(partner) },
        rights,
        departments,
        purposes,
        catalog,
        pseudonyms: Some(app.keys().pseudonyms(organization, row.third_party)),
        third_party: Some(row.third_party),
        decoy: None,
        overdue: Vec::new(),
        expires_at: row.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        session: None,
        standing: Standing::Full,
        generation,
        verified_at: Instant::now(),
        daily_quota: row.daily_quota,
        ip_ranges: row.ip_ranges.iter().filter_map(|text| IpRange::parse(text)).collect(),
    }
}

/// What the purposes say, always in one order.
fn told(purposes: &HashMap<String, PurposeFacts>) -> String {
    let mut all: Vec<_> = purposes.values().map(|facts| format!("{facts:?}")).collect();
    all.sort_unstable();
    all.join(",")
}

fn digest_rights(parts: &[&str]) -> [u8; 32] {
    sha256(parts.join("\u{1f}").as_bytes())
}
