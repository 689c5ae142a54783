//! Open requests that wait for somebody who leaves wait for the successor from then on; so do policies that name them.

use chrono::{DateTime, Utc};
use custodian_domain::access_requests::{Staffing, Step};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, PolicyRow, RequestRow};
use uuid::Uuid;

use super::letters;
use super::read::decisions_of;
use super::stored_policy::{steps_of, steps_to_json};
use super::who::{Standing, staffing};
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// More open requests than an organisation ever has.
const MOST: i64 = 100_000;

/// The open requests that a person was asked about when work on the hand-over began.
pub(crate) struct Waiting(Vec<Uuid>);

/// The open requests that this person is asked about now, whatever state the account is in: to be called before anything of theirs moves.
pub(crate) async fn waiting_on(work: &Work, user: UserId) -> Result<Waiting, DomainError> {
    let (rows, mut staff, now) =
        (stored::pending(work, MOST).await?, staffing(work).await?, work.database_time().await?);
    if let Some(own) = staff.people.get_mut(&user) {
        own.may_decide = true;
    }
    let mut waiting = Vec::new();
    for row in rows {
        let standing = Standing::of(&row, &decisions_of(work, row.id).await?)?;
        if standing.deciders(&staff, now).iter().any(|one| one.user == user) {
            waiting.push(row.id);
        }
    }
    Ok(Waiting(waiting))
}

/// Puts the successor in the place of a person wherever a step names them, in open requests and in policies, and tells the successor what waits now.
/// How many of the requests that waited for the one wait for the other, and how many policies changed. Steps that ask a role ask its other holders:
/// a role is given by who may give it, not by leaving. To be called once reports and departments have moved.
pub(crate) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    waiting: &Waiting,
    (from, to): (UserId, UserId),
) -> Result<[u64; 2], DomainError> {
    let mut staff = staffing(work).await?;
    staff.people.remove(&from);
    let now = work.database_time().await?;
    for row in stored::pending(work, MOST).await? {
        if let Some(steps) = renamed(&steps_of(&row.steps)?, from, to) {
            stored::lock(work, row.id).await?;
            stored::set_steps(work, row.id, &steps_to_json(&steps)?).await?;
        }
    }
    let mut taken = 0;
    for id in &waiting.0 {
        let Some(row) = stored::find(work, *id).await? else { continue };
        taken += u64::from(tell(app, work, &row, (&staff, now), to).await?);
    }
    Ok([taken, in_policies(app, call, work, from, to).await?])
}

/// Writes to the successor if the request waits for that person now. Whether it does.
async fn tell(
    app: &App,
    work: &Work,
    row: &RequestRow,
    (staff, now): (&Staffing, DateTime<Utc>),
    to: UserId,
) -> Result<bool, DomainError> {
    let deciders = Standing::of(row, &decisions_of(work, row.id).await?)?.deciders(staff, now);
    let Some(heir) = deciders.into_iter().find(|one| one.user == to) else { return Ok(false) };
    letters::ask(app, work, row, &[heir]).await?;
    Ok(true)
}

/// The steps with the one in the place of the other; `None` where none names the other.
fn renamed(steps: &[Step], from: UserId, to: UserId) -> Option<Vec<Step>> {
    let handed: Vec<Option<Step>> = steps.iter().map(|step| step.handed_over(from, to)).collect();
    let changed = handed.iter().any(Option::is_some);
    changed.then(|| handed.into_iter().zip(steps).map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())
}

async fn in_policies(app: &App, call: &Call, work: &Work, from: UserId, to: UserId) -> Result<u64, DomainError> {
    let mut count = 0;
    for known in stored::list_policies(work).await? {
        let Some(row) = stored::lock_policy(work, known.id).await? else { continue };
        let Some(steps) = renamed(&steps_of(&row.steps)?, from, to) else { continue };
        let (version, updated_at) = (row.version.saturating_add(1), app.now());
        let updated_by = call.identity.actor_id();
        let row = PolicyRow { steps: steps_to_json(&steps)?, version, updated_at, updated_by, ..row };
        stored::update_policy(work, &row).await?;
        let draft = Draft::of(Action::ApprovalPoliciesUpdate);
        let draft = draft.with("approval_policy", Detail::Code(row.id.to_string()));
        app.record_change(work, call, draft.with("successor", Detail::Code(to.to_string()))).await?;
        count += 1;
    }
    Ok(count)
}
