//! Second factors: enrolling an authenticator, its recovery codes, and the second half of a log-in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use custodian_crypto::{Opaque, opaque, totp};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::auth::wait_for_next_code;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, SessionId, UserId};
use custodian_persistence::auth::mfa::{self as stored, Proofs};
use custodian_persistence::{Work, users};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::login::{entry, go_on, write};
use super::step_up::require_step_up;
use super::{Login, Tokens};
use crate::audit::Draft;
use crate::keys::{open_own, own_place, seal_own};
use crate::{App, Call};

/// Recovery codes of one person.
const CODES: usize = 10;

/// How long a log-in waits for its second factor.
fn challenge_lives() -> Duration {
    Duration::minutes(5)
}

fn unauthorized(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Unauthorized, code)
}

/// What somebody shows as second factor.
pub enum Factor<'a> {
    /// Six digits of the authenticator.
    Totp(&'a str),
    /// A recovery code, with or without its hyphens.
    Recovery(&'a str),
}

/// How a proof was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Right,
    Wrong,
    /// Nothing was checked: so many seconds are left to wait.
    Wait(i64),
}

/// A log-in that waits for its second factor.
pub struct Challenge {
    /// For `POST /v1/auth/mfa`; opens nothing else.
    pub token: String,
    /// Its life in seconds.
    pub expires_in: i64,
}

pub(super) async fn is_enrolled(work: &Work, user: UserId) -> Result<bool, DomainError> {
    Ok(stored::lock_totp(work, user).await?.is_some_and(|row| row.confirmed_at.is_some()))
}

/// Names the waiting log-in under a MAC: an id alone, seen in the database, completes nothing.
fn challenge_token(app: &App, organization: OrganizationId, id: Uuid) -> String {
    let mut named = Vec::with_capacity(64);
    named.extend_from_slice(organization.uuid().as_bytes());
    named.extend_from_slice(id.as_bytes());
    let mac = app.macs("mfa-token/1").sign(&named);
    named.extend_from_slice(&mac);
    format!("cm_{}", URL_SAFE_NO_PAD.encode(named))
}

fn parse_challenge(app: &App, token: &str) -> Option<(OrganizationId, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("cm_").filter(|rest| rest.len() < 200)?).ok()?;
    let (named, mac) = bytes.split_first_chunk::<32>()?;
    if !app.macs("mfa-token/1").verify(named, mac) {
        return None;
    }
    let (organization, id) = named.split_first_chunk::<16>()?;
    Some((OrganizationId::from(Uuid::from_bytes(*organization)), Uuid::from_slice(id).ok()?))
}

pub(super) async fn challenge(app: &App, work: &Work, user: UserId) -> Result<Challenge, DomainError> {
    let (id, now) = (app.new_id(), app.now());
    stored::insert_challenge(work, id, user, now, now + challenge_lives()).await?;
    let token = challenge_token(app, work.organization(), id);
    Ok(Challenge { token, expires_in: challenge_lives().num_seconds() })
}

/// Completes a log-in by its second factor.
///
/// Errors: 401 `invalid_token` for a log-in that was completed, has waited too long or never was, `invalid_code`; 429 `too_many_attempts`.
pub async fn complete(app: &App, token: &str, factor: &Factor<'_>, request: &str) -> Result<Tokens, DomainError> {
    let (organization, id) = parse_challenge(app, token).ok_or_else(|| unauthorized("invalid_token"))?;
    let work = app.begin(organization).await?;
    let user = stored::lock_challenge(&work, id, app.now()).await?.ok_or_else(|| unauthorized("invalid_token"))?;
    if users::find(&work, user).await?.is_none_or(|row| row.state != "active") {
        return Err(unauthorized("invalid_token"));
    }
    match check(app, &work, user, factor).await? {
        Checked::Right => {
            stored::spend_challenge(&work, id).await?;
            let Login::Open(tokens) = go_on(app, &work, user, true, request).await? else {
                return Err(DomainError::internal("a second factor was asked for twice"));
            };
            work.commit().await?;
            Ok(tokens)
        }
        refused => {
            let failed =
                entry(app, organization, user.uuid(), request, None, Action::AuthMfaFailed, Verdict::Refused).await?;
            write(&work, failed).await?;
            work.commit().await?;
            metrics::counter!("custodian_login_failures_total").increment(1);
            Err(match refused {
                Checked::Wait(seconds) => DomainError::wait("too_many_attempts", seconds),
                _ => unauthorized("invalid_code"),
            })
        }
    }
}

/// Checks a second factor. What it notes of that (a step spent, a failure counted) holds once the caller commits, also when it refuses.
///
/// Recovery codes are never made to wait: at 80 random bits nobody guesses one, and their owner gets in while somebody else guesses at the authenticator.
pub(super) async fn check(app: &App, work: &Work, user: UserId, factor: &Factor<'_>) -> Result<Checked, DomainError> {
    let Some(row) = stored::lock_totp(work, user).await?.filter(|row| row.confirmed_at.is_some()) else {
        return Ok(Checked::Wrong);
    };
    let now = app.now();
    let wait = wait_for_next_code(row.failures, row.failed_at, now);
    let step = match factor {
        Factor::Recovery(given) => {
            let digest = recovery_digest(app, work.organization(), user, given);
            let spent = stored::spend_recovery_code(work, user, &digest, now).await?;
            return Ok(if spent { Checked::Right } else { Checked::Wrong });
        }
        Factor::Totp(_) if wait > 0 => return Ok(Checked::Wait(wait)),
        Factor::Totp(given) => {
            let secret = open_secret(app, work, user, &row.sealed_secret).await?;
            totp::matching_step(&secret, given, now.timestamp(), row.last_step)
        }
    };
    match step {
        Some(step) => stored::accept_step(work, user, step, now).await?,
        None => stored::count_failure(work, user, now).await?,
    }
    Ok(if step.is_some() { Checked::Right } else { Checked::Wrong })
}

async fn open_secret(app: &App, work: &Work, user: UserId, sealed: &[u8]) -> Result<Zeroizing<String>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "mfa", user.uuid(), "totp", 1);
    Ok(Zeroizing::new(open_own(&keys, &place, sealed)?))
}

/// Case and hyphens are for people.
fn recovery_digest(app: &App, organization: OrganizationId, user: UserId, code: &str) -> Vec<u8> {
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let named = format!("{organization}/{user}/{}", bare.to_ascii_uppercase());
    opaque::digest(&app.keys().pepper("recovery-code/1"), &named).to_vec()
}

/// What an authenticator is set up with, shown once.
pub struct Enrolment {
    /// Base32.
    pub secret: Zeroizing<String>,
    /// The same as a link that authenticators read from a QR code.
    pub uri: Zeroizing<String>,
}

fn staff(call: &Call) -> Result<(UserId, SessionId), DomainError> {
    let both = call.identity.user().zip(call.identity.session);
    both.ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))
}

/// The caller's own second factor and proofs.
pub async fn second_factor(app: &App, call: &Call) -> Result<Proofs, DomainError> {
    let (user, session) = staff(call)?;
    let work = app.begin(call.organization()).await?;
    let proofs = stored::proofs(&work, user, session).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::MfaRead)).await?;
    Ok(proofs?)
}

/// Hands out a secret for an authenticator. It counts once [`confirm`] has seen a code of it.
///
/// Errors: 403 `step_up_required`, `staff_only`; 409 `mfa_already_enrolled`.
pub async fn enrol(app: &App, call: &Call, work: &Work) -> Result<Enrolment, DomainError> {
    let (user, _) = staff(call)?;
    require_step_up(app, call, work).await?;
    if is_enrolled(work, user).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "mfa_already_enrolled"));
    }
    let secret = totp::generate(app.rng());
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "mfa", user.uuid(), "totp", 1);
    stored::begin_totp(work, user, &seal_own(&keys, &place, &secret, app.rng()), app.now()).await?;
    app.record_change(work, call, Draft::of(Action::MfaEnrol)).await?;
    // The label names the product and no person: authenticators show it, and pictures of them travel.
    let uri = format!(
        "otpauth://totp/Custodian:{user}?secret={}&issuer=Custodian&algorithm=SHA1&digits=6&period=30",
        *secret
    );
    Ok(Enrolment { secret, uri: Zeroizing::new(uri) })
}

/// Takes the authenticator into use with its first code and hands out the recovery codes, for the only time. The session counts as proved by it.
///
/// Errors: 401 `invalid_code`; 404 when none was handed out; 409 `mfa_already_enrolled`.
pub async fn confirm(app: &App, call: &Call, work: &Work, code: &str) -> Result<Confirmed, DomainError> {
    let (user, session) = staff(call)?;
    let row = stored::lock_totp(work, user).await?.ok_or(DomainError::NotFound)?;
    if row.confirmed_at.is_some() {
        return Err(DomainError::refused(RefusedAs::Conflict, "mfa_already_enrolled"));
    }
    let now = app.now();
    // No count of wrong ones: whoever is asked has just been told the secret.
    let secret = open_secret(app, work, user, &row.sealed_secret).await?;
    let step = totp::matching_step(&secret, code, now.timestamp(), row.last_step);
    let step = step.ok_or_else(|| unauthorized("invalid_code"))?;
    stored::accept_step(work, user, step, now).await?;
    stored::prove(work, session, now, true).await?;
    app.record_change(work, call, Draft::of(Action::MfaConfirm)).await?;
    fresh_codes(app, work, user).await
}

/// Recovery codes in clear, shown once.
pub type Confirmed = Vec<Opaque>;

/// Hands out new recovery codes in place of all before.
///
/// Errors: 403 `step_up_required`; 404 without a second factor.
pub async fn new_recovery_codes(app: &App, call: &Call, work: &Work) -> Result<Confirmed, DomainError> {
    let (user, _) = staff(call)?;
    require_step_up(app, call, work).await?;
    if !is_enrolled(work, user).await? {
        return Err(DomainError::NotFound);
    }
    app.record_change(work, call, Draft::of(Action::MfaRecoveryCodes)).await?;
    fresh_codes(app, work, user).await
}

async fn fresh_codes(app: &App, work: &Work, user: UserId) -> Result<Confirmed, DomainError> {
    let codes: Vec<_> = (0..CODES).map(|_| opaque::spoken(app.rng())).collect();
    let digests: Vec<_> =
        codes.iter().map(|code| recovery_digest(app, work.organization(), user, code.expose())).collect();
    stored::replace_recovery_codes(work, user, &digests).await?;
    Ok(codes)
}

/// Takes the caller's second factor away; `allowed` is asked about it, in the same transaction.
///
/// Errors: 403 `step_up_required`; 404 without one.
pub async fn remove(
    app: &App,
    call: &Call,
    work: &Work,
    allowed: impl FnOnce(&Proofs) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    let (user, session) = staff(call)?;
    stored::lock_totp(work, user).await?.ok_or(DomainError::NotFound)?;
    allowed(&stored::proofs(work, user, session).await?)?;
    require_step_up(app, call, work).await?;
    stored::remove_totp(work, user).await?;
    app.auth().believe_nobody();
    app.record_change(work, call, Draft::of(Action::MfaRemove)).await
}
