//! Offboarding: in one transaction everything that a person could act with ends, and everything that waits for them goes to a successor.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::auth::mfa;
use custodian_persistence::customers::{self as held, HandOver};
use custodian_persistence::users::offboard::{self as stored, OffboardingRow};
use custodian_persistence::users::{self, UserRow};
use custodian_persistence::{Work, sso_providers};
use uuid::Uuid;

use super::change::{draft, held_for_change, keep_an_administrator};
use super::credentials::{Steps, end_credentials};
use crate::audit::Detail;
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call, access_requests, customers, exports};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offboarding {
    /// Who left.
    pub user: UserId,
    /// Who took over.
    pub successor: UserId,
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
    let ended = end_access(app, call, work, &row, &mut steps).await?;
    hand_over(app, call, work, &row, &heir, &mut steps).await?;
    steps.note("roles_removed", stored::close_account(work, id).await?);
    let done =
        Offboarding { user: id, successor, by: call.identity.actor_id(), at: app.now(), steps: steps.into_inner() };
    stored::insert(work, &row_of(&done)).await?;
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
    let [requests, grants, delegations] = access_requests::end_all_of(work, row.id, call.identity.actor_id()).await?;
    steps.note("access_requests_cancelled", requests);
    steps.note("exports_ended", exports::end_all_of(work, row.id).await?);
    steps.note("grants_revoked", grants);
    steps.note("delegations_ended", delegations);
    steps.note("second_factors_removed", u64::from(mfa::remove_totp(work, row.id).await?));
    steps.note("sign_on_links_removed", sso_providers::unlink(work, row.id).await?);
    // The address is free for somebody new, and no log-in finds the account by it.
    users::remove_lookup(work, row.id.uuid()).await?;
    Ok(ended)
}

/// Everything that waits for the person. A capability that makes people answerable for something adds its line here, and nowhere else.
async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    row: &UserRow,
    heir: &UserRow,
    steps: &mut Steps,
) -> Result<(), DomainError> {
    steps.note("reports_handed_over", stored::hand_over_reports(work, row.id, heir.id).await?);
    steps.note("departments_handed_over", stored::hand_over_departments(work, row.id, heir.id).await?);
    let (to, by) = (heir.id, call.identity.actor_id());
    let hand = HandOver { to: Some(to), department: heir.department, by, at: app.now() };
    let customers = customers::hand_over(app, call, work, row.id, &hand).await?;
    steps.note("customers_handed_over", customers);
    steps.note("collaborations_ended", held::end_collaborations(work, row.id).await?);
    Ok(())
}

fn row_of(done: &Offboarding) -> OffboardingRow {
    let Offboarding { user, successor, by, at, steps } = done;
    let steps = steps.iter().map(|(step, count)| (step.clone(), serde_json::Value::from(*count))).collect();
    OffboardingRow { user: *user, successor: *successor, by: *by, at: *at, steps: serde_json::Value::Object(steps) }
}

/// The record of a person who left, with its steps in alphabetical order.
pub async fn find_offboarding(app: &App, call: &Call, id: UserId) -> Result<Offboarding, DomainError> {
    call.needs(Permission::UsersRead)?;
    let work = app.begin(call.organization()).await?;
    let row = stored::find(&work, id).await;
    work.abandon().await;
    let OffboardingRow { user, successor, by, at, steps } = row?.ok_or(DomainError::NotFound)?;
    let steps: BTreeMap<String, u64> = serde_json::from_value(steps).map_err(|_| DomainError::Integrity)?;
    app.record_read(call, draft(Action::UsersRead, id)).await?;
    Ok(Offboarding { user, successor, by, at, steps: steps.into_iter().collect() })
}
