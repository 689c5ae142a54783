//! Changing one's own password: the present one is shown, and every other session ends.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_persistence::auth::one_time;
use custodian_persistence::{Work, users as stored};

use crate::audit::Draft;
use crate::auth::{Bearer, hash_new, require_second_factor, verify_own_password};
use crate::mail;
use crate::{App, Call};

/// Changes the caller's password. Its other sessions and every token that could set a password end with it.
///
/// Errors: 403 `wrong_password`, `step_up_required`, `staff_only`; 422 with the fault of the new password; 429 `too_many_attempts`.
pub async fn change_password(app: &App, call: &Call, work: Work, present: &str, new: &str) -> Result<(), DomainError> {
    let staff_only = || DomainError::refused(RefusedAs::Forbidden, "staff_only");
    let (user, session) = call.identity.user().zip(call.identity.session).ok_or_else(staff_only)?;
    require_second_factor(app, call, &work).await?;
    let row = stored::find(&work, user).await?.ok_or(DomainError::NotFound)?;
    let bearer = Bearer::of(app, &work, row).await?;
    work.abandon().await;
    // No connection is held while passwords are hashed.
    verify_own_password(app, call, user, present).await?;
    let (name, email) = (bearer.organization.clone(), bearer.email.clone());
    let hash = hash_new(app, "/new_password", new, bearer).await?;
    let work = app.begin(call.organization()).await?;
    let row = stored::lock(&work, user).await?.filter(|row| row.state == "active").ok_or(DomainError::NotFound)?;
    stored::set_password(&work, user, &hash).await?;
    let ended = stored::end_sessions(&work, user, Some(session), app.now(), "password_changed").await?;
    one_time::remove_all(&work, user).await?;
    let keys = app.keys().open_organization(&work).await?;
    let letter = mail::password_changed(row.language, &name, app.now());
    mail::queue(app, &work, &keys, (user, email), letter, app.now() + chrono::Duration::days(1)).await?;
    app.record_change(&work, call, Draft::of(Action::MePassword)).await?;
    work.commit().await?;
    app.auth().forget_all(&ended);
    Ok(())
}
