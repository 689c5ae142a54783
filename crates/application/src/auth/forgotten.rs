//! A forgotten password. The answer is the same, and takes as long, for an address that nobody has: what is known is looked up later.

use futures_util::FutureExt;
use std::net::IpAddr;

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DomainError, OrganizationId, UserId};
use custodian_persistence::auth::one_time as stored;
use custodian_persistence::{Work, organizations, users};

use super::login::{entry, write};
use super::one_time::{OneTime, issue};
use crate::users::{comparable_email, view};
use crate::{App, mail};

/// Letters to one person within an hour; further ones would only be a nuisance.
const HOURLY: i64 = 3;

/// Notes that the password of an address was forgotten. The letter is written within a second, if anybody has the address.
///
/// Errors: 429 `too_many_attempts`, alike for every address.
pub async fn forget_password(app: &App, email: &str, peer: Option<IpAddr>) -> Result<(), DomainError> {
    let lookup = app.keys().lookup("email", &comparable_email(email));
    let throttle = &app.auth().forgotten;
    let wait = throttle.wait(lookup, peer, app.tuning().login_failures_per_minute, app.now());
    if wait > 0 {
        return Err(DomainError::wait("too_many_attempts", wait));
    }
    throttle.failed(lookup, peer, app.now());
    Ok(stored::note_forgotten(app.db(), &lookup, app.new_id(), app.now()).await?)
}

/// Writes the letters for what was forgotten. False when there was nothing to do.
pub async fn answer_forgotten(app: &App) -> Result<bool, DomainError> {
    let notes = stored::forgotten(app.db()).await?;
    for (id, lookup) in &notes {
        let accounts = users::find_lookup(app.db(), lookup).await?;
        let last = accounts.len().checked_sub(1);
        for (index, (organization, user)) in accounts.into_iter().enumerate() {
            let work = app.begin(OrganizationId::from(organization)).await?;
            // The note goes with the last letter: killed in between, the earlier ones are written twice, and none is lost.
            if Some(index) == last && !stored::settle_forgotten(&work, *id).await? {
                work.abandon().await;
                continue;
            }
            write_letter(app, &work, UserId::from(user)).await?;
            work.commit().await?;
        }
        if last.is_none() {
            stored::drop_forgotten(app.db(), *id).await?;
        }
    }
    Ok(!notes.is_empty())
}

async fn write_letter(app: &App, work: &Work, user: UserId) -> Result<(), DomainError> {
    let Some(row) = users::lock(work, user).await?.filter(|row| row.state == "active") else {
        return Ok(());
    };
    let since = app.now() - chrono::Duration::hours(1);
    if stored::given_since(work, user, "password_reset", since).await? >= HOURLY {
        return Ok(());
    }
    let (token, ends) = issue(app, work, user, OneTime::PasswordReset).await?;
    let keys = app.keys().open_organization(work).await?;
    let name = organizations::name(work).await?;
    let letter = mail::password_reset(app, row.language, &name, &token, ends);
    let email = view(&keys, work.organization(), row)?.email;
    mail::queue(app, work, &keys, (user, email), letter, ends).await?;
    let asked =
        entry(app, work.organization(), user.uuid(), "", None, Action::AuthPasswordForgotten, Verdict::Allowed).await?;
    write(work, asked).await
}

/// Drops tokens that ended, organisation by organisation.
pub async fn purge_tokens(app: &App) -> Result<(), DomainError> {
    let before = app.now() - chrono::Duration::days(1);
    app.in_each(|work| stored::purge(work, before).boxed()).await
}
