//! One-time tokens: 256 random bits in a letter, a keyed digest here, one use, an end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use custodian_crypto::{Opaque, opaque};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, UserId};
use custodian_persistence::auth::one_time::{self as stored, OneTimeRow};
use custodian_persistence::users::UserRow;
use custodian_persistence::{Work, mail as letters, users};
use uuid::Uuid;

use super::login::{entry, write};
use super::new_password::{Bearer, hash_new};
use super::token_keys::LETTER;
use crate::{App, mail};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneTime {
    /// To set the first password of an invited account.
    Invitation,
    /// To set a new password.
    PasswordReset,
}

impl OneTime {
    const fn code(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Invitation => "ci_",
            Self::PasswordReset => "cp_",
        }
    }

    /// The state that an account must be in.
    const fn for_state(self) -> &'static str {
        match self {
            Self::Invitation => "invited",
            Self::PasswordReset => "active",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Invitation => Action::AuthInvitationAccept,
            Self::PasswordReset => Action::AuthPasswordReset,
        }
    }
}

/// Makes a token and keeps its digest. Answers when it ends.
pub(crate) async fn issue(
    app: &App,
    work: &Work,
    user: UserId,
    kind: OneTime,
) -> Result<(Opaque, DateTime<Utc>), DomainError> {
    let (id, now) = (app.new_id(), app.now());
    let named = [work.organization().uuid().into_bytes(), id.into_bytes()].concat();
    let token = opaque::generate(&format!("{}{}.", kind.prefix(), URL_SAFE_NO_PAD.encode(named)), app.rng());
    let life = match kind {
        OneTime::Invitation => app.tuning().invitation,
        OneTime::PasswordReset => app.tuning().password_reset,
    };
    let digest = app.macs(LETTER).digest(token.expose()).to_vec();
    let (kind, expires_at) = (kind.code().to_owned(), now + life);
    stored::insert(work, &OneTimeRow { id, user, kind, digest, created_at: now, expires_at }).await?;
    Ok((token, expires_at))
}

fn parse(kind: OneTime, text: &str) -> Option<(OrganizationId, Uuid)> {
    let named = text.strip_prefix(kind.prefix()).filter(|_| text.len() < 200)?.split_once('.')?.0;
    let bytes = URL_SAFE_NO_PAD.decode(named).ok()?;
    let (organization, id) = bytes.split_first_chunk::<16>()?;
    Some((OrganizationId::from(Uuid::from_bytes(*organization)), Uuid::from_slice(id).ok()?))
}

/// Sets the password that a token allows to set: the first one of an invited account, which is active from then on, or a new one, which ends
/// every session. The token is spent with it; one that is refused for the password's sake is not.
///
/// Errors: 401 `invalid_token` for a token that is wrong, spent or over; 422 with the fault of the password.
pub async fn redeem(app: &App, kind: OneTime, token: &str, password: &str, request: &str) -> Result<(), DomainError> {
    let invalid = || DomainError::refused(RefusedAs::Unauthorized, "invalid_token");
    let (organization, id) = parse(kind, token).ok_or_else(invalid)?;
    let work = app.begin(organization).await?;
    let row = match live(app, &work, kind, id, token).await? {
        Some(row) => row,
        None => {
            work.abandon().await;
            return Err(invalid());
        }
    };
    let bearer = Bearer::of(app, &work, row).await?;
    work.abandon().await;
    let (name, email) = (bearer.organization.clone(), bearer.email.clone());
    let hash = hash_new(app, "/password", password, bearer).await?;
    let work = app.begin(organization).await?;
    // Asked again: while the password was hashed the token may have been used.
    let Some(row) = live(app, &work, kind, id, token).await? else {
        work.abandon().await;
        return Err(invalid());
    };
    let ended = users::end_sessions(&work, row.id, None, app.now(), kind.code()).await?;
    stored::remove_all(&work, row.id).await?;
    letters::remove_all(&work, row.id).await?;
    match kind {
        OneTime::Invitation => users::activate(&work, row.id, &hash).await?,
        OneTime::PasswordReset => {
            users::set_password(&work, row.id, &hash).await?;
            let keys = app.keys().open_organization(&work).await?;
            let letter = mail::password_changed(row.language, &name, app.now());
            mail::queue(app, &work, &keys, (row.id, email), letter, app.now() + chrono::Duration::days(1)).await?;
        }
    }
    let done = entry(app, organization, row.id.uuid(), request, None, kind.action(), Verdict::Allowed).await?;
    write(&work, done).await?;
    work.commit().await?;
    app.auth().forget_all(&ended);
    Ok(())
}

/// The account that a live token of this kind belongs to, in the state that the token is for.
async fn live(app: &App, work: &Work, kind: OneTime, id: Uuid, token: &str) -> Result<Option<UserRow>, DomainError> {
    let Some((row, live)) = stored::lock(work, id).await? else {
        return Ok(None);
    };
    let ours = app.macs(LETTER).verify(token.as_bytes(), &row.digest);
    if !ours || !live || row.kind != kind.code() || row.expires_at <= app.now() {
        return Ok(None);
    }
    Ok(users::lock(work, row.user).await?.filter(|user| user.state == kind.for_state()))
}
