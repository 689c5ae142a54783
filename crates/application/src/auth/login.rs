//! Log-in by password.

use std::net::IpAddr;

use custodian_crypto::password;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, UserId};
use custodian_persistence::audit::NewEntry;
use custodian_persistence::auth::addresses;
use custodian_persistence::{Work, audit as log, users};
use uuid::Uuid;

use super::mfa::{Challenge, challenge, is_enrolled};
use super::session::{Opened, open_session};
use super::{Tokens, state};
use crate::audit::{Draft, EntryActor, seal_entry};
use crate::users::comparable_email;
use crate::{App, detections};

/// How a log-in goes on once the first factor was right.
pub enum Login {
    /// The session is open.
    Open(Tokens),
    /// The second factor is awaited.
    SecondFactor(Challenge),
}

/// Logs a member of staff in. The work is the same for an address that nobody has.
///
/// Errors: 401 `invalid_credentials`; 429 `too_many_attempts` after repeated failures, growing to at most a minute.
pub async fn login(
    app: &App,
    email: &str,
    given: &str,
    peer: Option<IpAddr>,
    request: &str,
) -> Result<Login, DomainError> {
    let account = app.keys().lookup("email", &comparable_email(email));
    let state = app.auth();
    let wait = wait_of(app, account, peer).await?;
    if wait > 0 {
        let known = users::find_lookup(app.db(), &account).await?;
        record_failure(
            app,
            (&account, peer),
            known.into_iter().map(|(organization, user)| (OrganizationId::from(organization), user)),
            request,
        )
        .await?;
        return Err(DomainError::wait("too_many_attempts", wait));
    }
    let known = candidates(app, &account).await?;
    let hashes: Vec<Option<String>> = known.iter().map(|(_, _, hash)| hash.clone()).collect();
    let (text, dummy) = (given.to_owned(), state.dummy_hash.clone());
    let right = state.hashing(move || first_match(&text, &hashes, &dummy)).await?;
    let Some((organization, user, _)) = right.and_then(|index| known.get(index)) else {
        state.throttle.failed(account, peer, app.now());
        metrics::counter!("custodian_login_failures_total").increment(1);
        let accounts = known.iter().map(|(organization, user, _)| (*organization, user.uuid()));
        record_failure(app, (&account, peer), accounts, request).await?;
        return Err(DomainError::refused(RefusedAs::Unauthorized, "invalid_credentials"));
    };
    let mistyped = state.throttle.succeeded(account, peer);
    let work = app.begin(*organization).await?;
    if mistyped {
        detections::note_success(app, &work, &account, peer).await?;
    }
    if let Some(peer) = peer {
        addresses::note(&work, *user, &address_tag(app, peer), app.now()).await?;
    }
    let login = go_on(app, &work, *user, false, request).await?;
    work.commit().await?;
    Ok(login)
}

/// Everybody whose address this is, with the hash of their password where they may log in by one.
async fn candidates(
    app: &App,
    account: &[u8; 32],
) -> Result<Vec<(OrganizationId, UserId, Option<String>)>, DomainError> {
    let mut known = Vec::new();
    for (organization, user) in users::find_lookup(app.db(), account).await? {
        let (organization, user) = (OrganizationId::from(organization), UserId::from(user));
        let work = app.begin(organization).await?;
        let row = users::find(&work, user).await?;
        work.abandon().await;
        let hash = row.filter(|row| row.state == "active").and_then(|row| row.password_hash);
        known.push((organization, user, hash));
    }
    Ok(known)
}

/// Opens a session for somebody whose first factor was right, or asks for the second one. `mfa` says that it was shown already.
pub(crate) async fn go_on(
    app: &App,
    work: &Work,
    user: UserId,
    mfa: bool,
    request: &str,
) -> Result<Login, DomainError> {
    let organization = work.organization();
    if !mfa && is_enrolled(work, user).await? {
        let challenge = challenge(app, work, user).await?;
        let entry =
            entry(app, organization, user.uuid(), request, None, Action::AuthMfaAsked, Verdict::Allowed).await?;
        write(work, entry).await?;
        return Ok(Login::SecondFactor(challenge));
    }
    let Opened { tokens, session } = open_session(app, work, user, mfa).await?;
    let session = Some(session.uuid());
    let entry = entry(app, organization, user.uuid(), request, session, Action::AuthLogin, Verdict::Allowed).await?;
    write(work, entry).await?;
    Ok(Login::Open(tokens))
}

/// Seconds that a log-in must still wait. Where the person has logged in from before, failures of others and of elsewhere do not count:
/// nobody keeps somebody out for ever.
async fn wait_of(app: &App, account: [u8; 32], peer: Option<IpAddr>) -> Result<i64, DomainError> {
    let (throttle, now) = (&app.auth().throttle, app.now());
    let wait = throttle.wait(account, peer, app.tuning().login_failures_per_minute, now);
    let Some(peer) = peer.filter(|_| wait > 0) else { return Ok(wait) };
    for (organization, user) in users::find_lookup(app.db(), &account).await? {
        let work = app.begin(OrganizationId::from(organization)).await?;
        let known = addresses::is_known(&work, UserId::from(user), &address_tag(app, peer), now).await;
        work.abandon().await;
        if known? {
            return Ok(throttle.wait_there(account, Some(peer), now));
        }
    }
    Ok(wait)
}

fn address_tag(app: &App, peer: IpAddr) -> [u8; 32] {
    app.keys().lookup("address", &peer.to_string())
}

/// A failed log-in stands in the log of every organisation that has the account, and is counted for where it came from.
async fn record_failure(
    app: &App,
    (account, peer): (&[u8; 32], Option<IpAddr>),
    accounts: impl Iterator<Item = (OrganizationId, Uuid)>,
    request: &str,
) -> Result<(), DomainError> {
    let accounts: Vec<_> = accounts.collect();
    let organizations: Vec<OrganizationId> = accounts.iter().map(|(organization, _)| *organization).collect();
    detections::note_failed_login(app, account, peer, &organizations).await;
    for (organization, user) in accounts {
        let entry = entry(app, organization, user, request, None, Action::AuthLoginFailed, Verdict::Refused).await?;
        app.record(vec![entry]).await?;
    }
    Ok(())
}

pub(super) async fn write(work: &Work, entry: NewEntry) -> Result<(), DomainError> {
    log::record(work, &[&entry]).await.map_err(|_| DomainError::AuditUnavailable)
}

/// The index of the hash that the password fits. Always verifies at least once, so that time tells nothing.
fn first_match(given: &str, hashes: &[Option<String>], dummy: &str) -> Option<usize> {
    if hashes.iter().all(Option::is_none) {
        password::verify(given, dummy);
        return None;
    }
    hashes.iter().position(|hash| hash.as_deref().is_some_and(|hash| password::verify(given, hash)))
}

/// The entry of something that happens before there is an authenticated call.
pub(super) async fn entry(
    app: &App,
    organization: OrganizationId,
    user: Uuid,
    request: &str,
    session: Option<Uuid>,
    action: Action,
    verdict: Verdict,
) -> Result<NewEntry, DomainError> {
    let keys = app.keys().organization(app.db(), organization).await?;
    let actor = EntryActor { kind: "staff", id: user, session, request, purpose: None };
    let draft = Draft { verdict, ..Draft::of(action) };
    seal_entry(&keys, organization, app.new_id(), app.now(), &actor, draft, app.rng())
}

/// Hashes a password at the configured cost. Blocking: for the command line and set-up.
pub fn hash_password(app: &App, text: &str) -> String {
    state::hash(text, app.tuning().password_cost, app.rng())
}
