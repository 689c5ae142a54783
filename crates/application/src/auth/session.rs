//! Sessions: opening, rotating refresh tokens with reuse detection, ending.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use custodian_crypto::{Claims, opaque, token};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::auth::Standing;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, SessionId, UserId};
use custodian_persistence::auth::{self as stored, SessionRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use super::login::{entry, write};
use super::step_up::proofs;
use crate::audit::Draft;
use crate::{App, Call, detections};

/// What a log-in or refresh hands out.
pub struct Tokens {
    /// EdDSA JWT, `typ` `at+jwt`.
    pub access: String,
    /// Life of the access token in seconds.
    pub expires_in: i64,
    /// Opaque; each works once.
    pub refresh: opaque::Opaque,
    /// When the session ends at the latest.
    pub session_expires_at: chrono::DateTime<chrono::Utc>,
    /// What the session may do.
    pub standing: Standing,
}

pub(super) struct Opened {
    pub tokens: Tokens,
    pub session: SessionId,
}

/// The MAC keys of refresh tokens.
const REFRESH: &str = "refresh-pepper/1";

/// Refresh tokens name their session and generation under a MAC, so that reuse is seen although no old digest is kept, and nobody who
/// merely knows a session's id can end it.
fn refresh_prefix(app: &App, organization: OrganizationId, session: SessionId, generation: i32) -> String {
    let named = named(organization, session, generation);
    let mac = app.macs(REFRESH).sign(&named);
    written(named, &mac)
}

fn named(organization: OrganizationId, session: SessionId, generation: i32) -> Vec<u8> {
    let mut named = Vec::with_capacity(52);
    named.extend_from_slice(organization.uuid().as_bytes());
    named.extend_from_slice(session.uuid().as_bytes());
    named.extend_from_slice(&generation.to_be_bytes());
    named
}

fn written(mut named: Vec<u8>, mac: &[u8; 32]) -> String {
    named.extend(mac.iter().take(16));
    format!("cr_{}.", URL_SAFE_NO_PAD.encode(named))
}

fn parse_refresh(app: &App, text: &str) -> Option<(OrganizationId, SessionId, i32)> {
    let start = text.strip_prefix("cr_").filter(|_| text.len() < 200)?.split_once('.')?.0;
    let bytes = URL_SAFE_NO_PAD.decode(start).ok()?;
    let (organization, rest) = bytes.split_first_chunk::<16>()?;
    let (session, rest) = rest.split_first_chunk::<16>()?;
    let (generation, _) = rest.split_first_chunk::<4>()?;
    let (organization, session) =
        (OrganizationId::from(Uuid::from_bytes(*organization)), SessionId::from(Uuid::from_bytes(*session)));
    let generation = i32::from_be_bytes(*generation);
    // What is compared is a MAC of public ids: time tells a guesser nothing that 128 bits do not outlast, but constant time costs nothing.
    let key = custodian_crypto::MacKey::new(&custodian_crypto::Secret32::generate(app.rng()));
    let (given, ids) = (format!("cr_{start}."), named(organization, session, generation));
    let ours = |mac: [u8; 32]| key.verify(given.as_bytes(), &key.sign(written(ids.clone(), &mac).as_bytes()));
    app.macs(REFRESH).of(&ids).any(ours).then_some((organization, session, generation))
}

/// Opens a session whose person has just proved itself; `mfa` says whether by a second factor too.
pub(super) async fn open_session(app: &App, work: &Work, user: UserId, mfa: bool) -> Result<Opened, DomainError> {
    let now = app.now();
    let id = SessionId::from(app.new_id());
    let refresh = opaque::generate(&refresh_prefix(app, work.organization(), id, 0), app.rng());
    let row = SessionRow {
        id,
        user,
        created_at: now,
        expires_at: now + app.tuning().session,
        generation: 0,
        refresh_digest: app.macs(REFRESH).digest(refresh.expose()).to_vec(),
        ended_at: None,
        mfa_at: mfa.then_some(now),
    };
    stored::insert(work, &row).await?;
    let standing = proofs(work, user, id).await?.standing();
    let tokens = Tokens { standing, ..tokens(app, work.organization(), &row, refresh)? };
    Ok(Opened { tokens, session: id })
}

fn tokens(
    app: &App,
    organization: OrganizationId,
    session: &SessionRow,
    refresh: opaque::Opaque,
) -> Result<Tokens, DomainError> {
    let now = app.now();
    let expires = (now + app.tuning().access_token).min(session.expires_at);
    let claims = Claims {
        iss: app.tuning().issuer.clone(),
        aud: "staff".into(),
        sub: session.user.uuid(),
        org: organization.uuid(),
        sid: session.id.uuid(),
        iat: now.timestamp(),
        nbf: now.timestamp(),
        exp: expires.timestamp(),
        jti: app.new_id(),
    };
    let access = token::issue(&app.signing_key(), "at+jwt", &claims)
        .map_err(|_| DomainError::internal("token signing failed"))?;
    let (expires_in, session_expires_at) = ((expires - now).num_seconds(), session.expires_at);
    Ok(Tokens { access, expires_in, refresh, session_expires_at, standing: Standing::Full })
}

/// Exchanges a refresh token for new tokens. A token that was used before ends the whole session: one of two holders is a thief.
///
/// Errors: 401 `invalid_token`, `session_ended`.
pub async fn refresh(app: &App, given: &str, request: &str) -> Result<Tokens, DomainError> {
    let invalid = || DomainError::refused(RefusedAs::Unauthorized, "invalid_token");
    let ended = || DomainError::refused(RefusedAs::Unauthorized, "session_ended");
    let (organization, session, generation) = parse_refresh(app, given).ok_or_else(invalid)?;
    let work = app.begin(organization).await?;
    let (row, live) = stored::lock(&work, session).await?.ok_or_else(invalid)?;
    let active = users::find(&work, row.user).await?.is_some_and(|user| user.state == "active");
    if !live || !active {
        return Err(ended());
    }
    if generation < row.generation {
        // The token is ours and was spent: whoever shows it now, two hold it.
        stored::end(&work, session, app.now(), "refresh_reused").await?;
        let entry = entry(
            app,
            organization,
            row.user.uuid(),
            request,
            Some(session.uuid()),
            Action::AuthRefreshReused,
            Verdict::Refused,
        )
        .await?;
        write(&work, entry).await?;
        detections::note_refresh_reuse(app, &work, row.user).await?;
        work.commit().await?;
        app.auth().forget(session.uuid());
        return Err(ended());
    }
    if generation > row.generation || !app.macs(REFRESH).verify(given.as_bytes(), &row.refresh_digest) {
        return Err(invalid());
    }
    let next = opaque::generate(&refresh_prefix(app, organization, session, generation + 1), app.rng());
    stored::rotate(&work, session, generation + 1, &app.macs(REFRESH).digest(next.expose())).await?;
    let entry =
        entry(app, organization, row.user.uuid(), request, Some(session.uuid()), Action::AuthRefresh, Verdict::Allowed)
            .await?;
    write(&work, entry).await?;
    let standing = proofs(&work, row.user, session).await?.standing();
    let tokens = Tokens { standing, ..tokens(app, organization, &row, next)? };
    work.commit().await?;
    Ok(tokens)
}

/// Ends the caller's session. Its access token is refused from this moment on.
pub async fn logout(app: &App, call: &Call) -> Result<(), DomainError> {
    let session = call.identity.session.ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let work = app.begin(call.organization()).await?;
    stored::end(&work, session, app.now(), "logout").await?;
    app.record_change(&work, call, Draft::of(Action::AuthLogout)).await?;
    work.commit().await?;
    app.auth().forget(session.uuid());
    Ok(())
}
