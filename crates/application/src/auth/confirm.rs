//! A call that took its time is confirmed before it is recorded: its credential may have ended meanwhile.

use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_domain::access::Who;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_persistence::{Work, api_keys, auth as sessions, self_service, users};

use crate::{App, Identity};

/// A verification that is older when a call comes to be recorded is made again: a call that took its time, or waited for a connection,
/// must not succeed long after its credential ended. Longer than a verified caller is believed, so that quick calls ask nothing.
const CONFIRMED_AFTER: Duration = Duration::from_millis(700);

/// Refuses a call whose credential ended while it was under way, unless it was verified a moment ago.
///
/// Errors: 401 `session_ended`, `invalid_api_key`.
pub(crate) async fn still_valid(work: &Work, identity: &Identity) -> Result<(), DomainError> {
    if identity.verified_at.elapsed() < CONFIRMED_AFTER {
        return Ok(());
    }
    let live = match &identity.caller.who {
        Who::System { .. } => true,
        Who::Subject(subject) => self_service::find_session(work, subject.session).await?.is_some(),
        Who::Partner(partner) => api_keys::find(work, partner.key).await?.is_some_and(|(_, live)| live),
        Who::Staff(staff) => {
            // Work that goes on after its request is bound to the account and not to the session.
            let bound = identity.expires_at < DateTime::<Utc>::MAX_UTC;
            let lives = !bound || sessions::find(work, staff.session).await?.is_some_and(|(_, live)| live);
            lives && users::find(work, staff.user).await?.is_some_and(|row| row.state == "active")
        }
    };
    let code = if identity.session.is_some() { "session_ended" } else { "invalid_api_key" };
    if live { Ok(()) } else { Err(DomainError::refused(RefusedAs::Unauthorized, code)) }
}

/// The same outside a transaction.
pub(crate) async fn still_valid_beside(app: &App, identity: &Identity) -> Result<(), DomainError> {
    if identity.verified_at.elapsed() < CONFIRMED_AFTER {
        return Ok(());
    }
    // The caller may hold a connection already.
    let work = Work::begin_beside(app.db(), identity.organization()).await?;
    let confirmed = still_valid(&work, identity).await;
    work.abandon().await;
    confirmed
}
