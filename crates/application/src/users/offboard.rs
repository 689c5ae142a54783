//! Offboarding: in one transaction everything that a person could act with ends, and everything that waits for them goes to a successor.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::auth::mfa;
use custodian_persistence::users::offboard::{self as stored, OffboardingRow};
use custodian_persistence::users::{self, UserRow};
use custodian_persistence::{Work, sso_providers};
use uuid::Uuid;

use super::change::{draft, held_for_change, keep_an_administrator};
use super::credentials::{Steps, end_asked, end_credentials};
use super::successor::hand_over;
use crate::access_requests::waiting_on;
use crate::audit::Detail;
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offboarding {
    /// Who left.
    pub user: UserId,
    /// Whether the directory alone closed the account: it may open it again.
    pub by_directory: bool,
    /// Who took over; `None` where the directory closed it and nobody was there.
    pub successor: Option<UserId>,
    /// Who did it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Every step with how many things it ended or moved.
    pub steps: Vec<(String, u64)>,
}

/// Ends a person's access and hands their work over.
///
/// Errors: 403 `own_account`; 409 `account_offboarded`, `last_administrator`; 422 `unknown_user` for a successor who is not an active colleague.
pub async fn offboard(
    app: &App,
    call: &Call,
    work: &Work,
    id: UserId,
    successor: UserId,
) -> Result<Offboarding, DomainError> {
    call.needs(Permission::UsersManage)?;
    let row = held_for_change(work, id).await?;
    if call.identity.user() == Some(id) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_account"));
    }
    if row.state == "offboarded" {
        return Err(DomainError::refused(RefusedAs::Conflict, "account_offboarded"));
    }
    let heir = users::lock(work, successor).await?.filter(|heir| heir.state == "active" && heir.id != id);
    let heir = heir.ok_or_else(|| DomainError::invalid("/successor_id", "unknown_user"))?;
    keep_an_administrator(work, &row, &[]).await?;
    let mut steps = Steps::default();
    let waiting = waiting_on(work, id).await?;
    let ended = end_access(app, call, work, &row, &mut steps).await?;
    let at = app.now();
    hand_over(app, call, work, (id, &waiting, at), &heir, &mut steps).await?;
    steps.note("roles_removed", stored::close_account(work, id).await?);
    let (by, steps) = (call.identity.actor_id(), steps.into_inner());
    let done = Offboarding { user: id, by_directory: false, successor: Some(successor), by, at, steps };
    keep(work, &done).await?;
    let event = Event::of(EventType::UsersOffboarded)
        .with("user_id", Fact::Id(id.uuid()))
        .with("successor_id", Fact::Id(successor.uuid()));
    publish(app, work, event).await?;
    let draft = draft(Action::UsersOffboard, id)
        .with("successor", Detail::Code(successor.to_string()))
        .with("steps", Steps::detail(&done.steps));
    app.record_change(work, call, draft).await?;
    ended.into_iter().for_each(|credential| app.auth().forget(credential));
    Ok(done)
}

/// Everything that the person could act with, and every way in. Answers the ids of credentials, for this instance to forget.
async fn end_access(
    app: &App,
    call: &Call,
    work: &Work,
    row: &UserRow,
    steps: &mut Steps,
) -> Result<Vec<Uuid>, DomainError> {
    let ended = end_credentials(app, work, row.id, "offboarded", steps).await?;
    end_asked(call, work, row.id, steps).await?;
    steps.note("second_factors_removed", u64::from(mfa::remove_totp(work, row.id).await?));
    steps.note("sign_on_links_removed", sso_providers::unlink(work, row.id).await?);
    // The address is free for somebody new, and no log-in finds the account by it.
    users::remove_lookup(work, row.id.uuid()).await?;
    Ok(ended)
}

/// Keeps the record.
pub(super) async fn keep(work: &Work, done: &Offboarding) -> Result<(), DomainError> {
    let Offboarding { user, by_directory, successor, by, at, steps } = done.clone();
    let steps = steps.into_iter().map(|(step, count)| (step, serde_json::Value::from(count))).collect();
    let steps = serde_json::Value::Object(steps);
    Ok(stored::insert(work, &OffboardingRow { user, by_directory, successor, by, at, steps }).await?)
}

/// The newest record of a person who left, or whose account the directory called inactive, with its steps in alphabetical order.
pub async fn find_offboarding(app: &App, call: &Call, id: UserId) -> Result<Offboarding, DomainError> {
    call.needs(Permission::UsersRead)?;
    let OffboardingRow { user, by_directory, successor, by, at, steps } = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    let steps: BTreeMap<String, u64> = serde_json::from_value(steps).map_err(|_| DomainError::Integrity)?;
    app.record_read(call, draft(Action::UsersRead, id)).await?;
    Ok(Offboarding { user, by_directory, successor, by, at, steps: steps.into_iter().collect() })
}
