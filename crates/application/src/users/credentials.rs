//! Everything that a person could act with, ended at once, and the checklist of what was ended.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::auth::one_time;
use custodian_persistence::users::UserRow;
use custodian_persistence::{Work, api_keys, mail, scim, users};
use uuid::Uuid;

use super::change::{conflict, draft, held_for_change, keep_an_administrator};
use super::offboard::{Offboarding, keep};
use super::successor::hand_over;
use crate::access_requests::waiting_on;
use crate::audit::Detail;
use crate::{App, Call, access_requests, exports};

/// Every step with how many things it ended or moved.
#[derive(Default)]
pub(super) struct Steps(Vec<(String, u64)>);

impl Steps {
    pub(super) fn note(&mut self, step: &str, count: u64) {
        self.0.push((step.to_owned(), count));
    }

    pub(super) fn into_inner(self) -> Vec<(String, u64)> {
        self.0
    }

    /// The checklist as an audit entry keeps it.
    pub(super) fn detail(steps: &[(String, u64)]) -> Detail {
        Detail::Codes(steps.iter().map(|(step, count)| format!("{step}={count}")).collect())
    }
}

/// Ends everything that a person could act with. A capability that gives people something to act with adds its line here, and nowhere else.
/// Answers the ids of credentials, for this instance to forget once the transaction has committed.
pub(super) async fn end_credentials(
    app: &App,
    work: &Work,
    id: UserId,
    reason: &str,
    steps: &mut Steps,
) -> Result<Vec<Uuid>, DomainError> {
    let now = app.now();
    let sessions = users::end_sessions(work, id, None, now, reason).await?;
    steps.note("sessions_ended", count(sessions.len()));
    let keys = api_keys::revoke_all(work, id.uuid(), now).await?;
    steps.note("api_keys_revoked", count(keys.len()));
    // Whoever knows the secret could give somebody's account an address of their own, and ask for a new password there.
    steps.note("scim_tokens_revoked", scim::revoke_all(work, id, now).await?);
    steps.note("one_time_tokens_voided", one_time::remove_all(work, id).await?);
    steps.note("letters_withdrawn", mail::remove_all(work, id).await?);
    Ok(sessions.into_iter().map(SessionId::uuid).chain(keys).collect())
}

/// Ends all that a person asked for, was given or stood in for.
pub(super) async fn end_asked(call: &Call, work: &Work, id: UserId, steps: &mut Steps) -> Result<(), DomainError> {
    let [requests, grants, delegations] = access_requests::end_all_of(work, id, call.identity.actor_id()).await?;
    steps.note("access_requests_cancelled", requests);
    steps.note("exports_ended", exports::end_all_of(work, id).await?);
    steps.note("grants_revoked", grants);
    steps.note("delegations_ended", delegations);
    Ok(())
}

/// Closes an account that the directory calls inactive: suspended like any other, and nothing that the person could act with outlives the commit.
/// An invitation that was not taken up counts as an account. What waits for the person goes to the successor, if there is one who is active, and the
/// record says what did; it does not come back by itself, for the successor may have gone on with it. Roles and second factors stay, for the directory may call the account active again; offboarding takes them, too.
///
/// Errors: 403 `own_account`; 409 `wrong_state`, `last_administrator`.
pub async fn deactivate(
    app: &App,
    call: &Call,
    work: &Work,
    id: UserId,
    successor: Option<UserId>,
) -> Result<(), DomainError> {
    call.needs(Permission::UsersManage)?;
    let row = held_for_change(work, id).await?;
    if call.identity.user() == Some(id) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_account"));
    }
    if !matches!(row.state.as_str(), "active" | "invited") {
        return Err(conflict("wrong_state"));
    }
    keep_an_administrator(work, &row, &[]).await?;
    let mut steps = Steps::default();
    let waiting = waiting_on(work, id).await?;
    let ended = end_credentials(app, work, id, "suspended", &mut steps).await?;
    end_asked(call, work, id, &mut steps).await?;
    let (heir, at) = (heir_of(work, id, successor).await?, app.now());
    if let Some(heir) = &heir {
        hand_over(app, call, work, (id, &waiting, at), heir, &mut steps).await?;
    }
    users::close_by_directory(work, id).await?;
    let (successor, by, steps) = (heir.map(|heir| heir.id), call.identity.actor_id(), steps.into_inner());
    let mut draft = draft(Action::UsersSuspend, id).with("steps", Steps::detail(&steps));
    if let Some(successor) = successor {
        draft = draft.with("successor", Detail::Code(successor.to_string()));
    }
    app.record_change(work, call, draft).await?;
    keep(work, &Offboarding { user: id, by_directory: true, successor, by, at, steps }).await?;
    ended.into_iter().for_each(|credential| app.auth().forget(credential));
    Ok(())
}

/// The successor as an account, held; `None` unless it is an active colleague.
async fn heir_of(work: &Work, id: UserId, successor: Option<UserId>) -> Result<Option<UserRow>, DomainError> {
    let Some(successor) = successor else { return Ok(None) };
    Ok(users::lock(work, successor).await?.filter(|heir| heir.state == "active" && heir.id != id))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
