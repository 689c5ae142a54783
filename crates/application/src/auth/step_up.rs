//! Step-up: whoever does something grave proves again who they are, at most five minutes before.

use chrono::{DateTime, Utc};
use custodian_crypto::password;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::auth::Proofs;
use custodian_domain::kernel::{DomainError, RefusedAs, SessionId, UserId};
use custodian_persistence::auth::mfa as stored;
use custodian_persistence::{Work, users};

use super::mfa::{Checked, Factor, check};
use crate::audit::Draft;
use crate::{App, Call};

/// What somebody proves themselves by.
pub enum Proof<'a> {
    /// The password; for those without a second factor.
    Password(&'a str),
    /// The second factor.
    Factor(Factor<'a>),
}

/// The proofs of a session as the rules see them.
pub(super) async fn proofs(work: &Work, user: UserId, session: SessionId) -> Result<Proofs, DomainError> {
    let row = stored::proofs(work, user, session).await?;
    Ok(Proofs {
        enrolled: row.enrolled_at.is_some(),
        required: row.required,
        authenticated_at: row.authenticated_at,
        mfa_at: row.mfa_at,
    })
}

/// Refuses a member of staff who has not proved themselves within the last five minutes. Keys and the system prove themselves with every call.
///
/// Errors: 403 `step_up_required`.
pub async fn require_step_up(app: &App, call: &Call, work: &Work) -> Result<(), DomainError> {
    let (Some(user), Some(session)) = (call.identity.user(), call.identity.session) else {
        return Ok(());
    };
    // Asked of the database and not of the cached caller: a step-up on another instance counts at once.
    if proofs(work, user, session).await?.is_fresh(app.now()) {
        return Ok(());
    }
    Err(DomainError::refused(RefusedAs::Forbidden, "step_up_required"))
}

/// Proves again who the caller is. Answers until when that counts.
///
/// Errors: 401 `mfa_required` for a password of somebody who has a second factor, `invalid_credentials`, `invalid_code`; 403 `staff_only`;
/// 429 `too_many_attempts`.
pub async fn step_up(app: &App, call: &Call, proof: Proof<'_>) -> Result<DateTime<Utc>, DomainError> {
    let staff_only = DomainError::refused(RefusedAs::Forbidden, "staff_only");
    let (Some(user), Some(session)) = (call.identity.user(), call.identity.session) else {
        return Err(staff_only);
    };
    let work = app.begin(call.organization()).await?;
    let enrolled = proofs(&work, user, session).await?.enrolled;
    let checked = match &proof {
        Proof::Password(_) if enrolled => {
            return Err(DomainError::refused(RefusedAs::Unauthorized, "mfa_required"));
        }
        Proof::Password(text) => check_password(app, &work, user, text).await?,
        Proof::Factor(factor) => check(app, &work, user, factor).await?,
    };
    if checked != Checked::Right {
        let failed = Draft { verdict: Verdict::Refused, ..Draft::of(Action::AuthStepUpFailed) };
        app.record_change(&work, call, failed).await?;
        work.commit().await?;
        return Err(refusal(&checked, &proof));
    }
    let now = app.now();
    stored::prove(&work, session, now, enrolled).await?;
    app.record_change(&work, call, Draft::of(Action::AuthStepUp)).await?;
    work.commit().await?;
    Ok(now + custodian_domain::auth::fresh_for())
}

fn refusal(checked: &Checked, proof: &Proof<'_>) -> DomainError {
    match (checked, proof) {
        (Checked::Wait(seconds), _) => DomainError::wait("too_many_attempts", *seconds),
        (_, Proof::Password(_)) => DomainError::refused(RefusedAs::Unauthorized, "invalid_credentials"),
        (_, Proof::Factor(_)) => DomainError::refused(RefusedAs::Unauthorized, "invalid_code"),
    }
}

/// Counts wrong passwords by account, apart from those of log-ins: whoever holds a stolen token must not keep its owner from logging in.
async fn check_password(app: &App, work: &Work, user: UserId, given: &str) -> Result<Checked, DomainError> {
    let account = app.keys().lookup("step-up", &user.to_string());
    let state = app.auth();
    let wait = state.throttle.wait(account, None, app.tuning().login_failures_per_minute, app.now());
    if wait > 0 {
        return Ok(Checked::Wait(wait));
    }
    let Some(hash) = users::find(work, user).await?.and_then(|row| row.password_hash) else {
        return Ok(Checked::Wrong);
    };
    let text = given.to_owned();
    if state.hashing(move || password::verify(&text, &hash)).await? {
        state.throttle.succeeded(account, None);
        Ok(Checked::Right)
    } else {
        state.throttle.failed(account, None, app.now());
        Ok(Checked::Wrong)
    }
}

/// Refuses somebody who has a second factor and has not shown it within the last five minutes.
///
/// Errors: 403 `step_up_required`.
pub(crate) async fn require_second_factor(app: &App, call: &Call, work: &Work) -> Result<(), DomainError> {
    let Some((user, session)) = call.identity.user().zip(call.identity.session) else {
        return Ok(());
    };
    if proofs(work, user, session).await?.enrolled { require_step_up(app, call, work).await } else { Ok(()) }
}

/// Holds what a caller says to be their password against the one that is stored.
///
/// Errors: 403 `wrong_password`; 429 `too_many_attempts`.
pub(crate) async fn verify_own_password(app: &App, call: &Call, user: UserId, given: &str) -> Result<(), DomainError> {
    let work = app.begin(call.organization()).await?;
    let checked = check_password(app, &work, user, given).await;
    work.abandon().await;
    match checked? {
        Checked::Right => Ok(()),
        Checked::Wrong => Err(DomainError::refused(RefusedAs::Forbidden, "wrong_password")),
        Checked::Wait(seconds) => Err(DomainError::wait("too_many_attempts", seconds)),
    }
}
