//! Handing customers over, by their ids or by a filter: at once, or as a job where they are many.

use std::collections::BTreeSet;
use std::sync::Arc;

use custodian_domain::access::{Outcome, Thing, Who};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DepartmentId, DomainError, Fault, JobId, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as stored, CustomerRow, Filter, HandOver, HandOverRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;
use uuid::Uuid;

use super::hand_over::{changed, hand_rows};
use super::rules::department_of;
use super::seen::{decide_row, decide_thing};
use crate::audit::{Detail, Draft};
use crate::auth::identity_of_user;
use crate::consents::agreed;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::keys::{open_own, own_place, seal_own};
use crate::{App, Call, records};

/// The kind of these jobs.
pub const HAND_OVER: &str = "customers_hand_over";

/// The most customers of one hand-over.
pub const MOST_HANDED: usize = 10_000;
/// Those that one transaction takes; more go as a job.
const AT_ONCE: usize = 200;
const LEASE_SECONDS: f64 = 10.0;

/// Who is handed over.
#[derive(Clone, Debug)]
pub enum Whom {
    /// These. Whether somebody of an id exists is not told.
    Customers(Vec<Uuid>),
    /// Those in the caller's reach that match now.
    Matching(Filter),
    /// Those in the caller's reach that this person's offboarding or deactivation handed over, as far as they are the successor's still.
    Formerly(UserId),
}

/// A hand-over to be made.
#[derive(Clone, Debug)]
pub struct NewHandOver {
    /// Who.
    pub whom: Whom,
    /// Whose they become.
    pub owner: Option<UserId>,
    /// The department that they go to; the owner's without.
    pub department: Option<DepartmentId>,
    /// Why.
    pub reason: String,
    /// Whether what the former owner had to follow up goes along.
    pub follow_ups: bool,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Those that changed hands.
    pub handed_over: usize,
    /// Those that stood there already.
    pub unchanged: usize,
    /// What is due on them and went along.
    pub follow_ups: usize,
    /// Those that there are not, or not for this caller.
    pub skipped: Vec<Uuid>,
}

/// How it went.
#[derive(Clone, Debug)]
pub enum Outcomes {
    /// All is done.
    Done(HandedOver),
    /// It goes on in this job.
    Queued(JobId),
}

/// Hands customers over to a colleague or a department within the caller's reach.
///
/// Errors: 403 `outside_scope`, `staff_only`; 422 for an unknown owner or department, and a filter that matches nobody or too many.
pub async fn hand_over_many(app: &App, call: &Call, work: &Work, new: NewHandOver) -> Result<Outcomes, DomainError> {
    call.needs(Permission::CustomersAssign)?;
    let (Some(user), Some(session)) = (call.identity.user(), call.identity.session) else {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    };
    let hand = target(app, call, work, &new).await?;
    let ids = chosen(app, call, work, &new.whom).await?;
    let NewHandOver { reason, follow_ups, .. } = new;
    if ids.len() <= AT_ONCE {
        let done = go(app, call, work, &ids, &hand, &reason, follow_ups).await?;
        return Ok(Outcomes::Done(done));
    }
    let id = JobId::from(app.new_id());
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "hand_overs", id.uuid(), "reason", 1);
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let row = HandOverRow {
        id,
        owner: hand.to,
        department: hand.department,
        follow_ups,
        sealed_reason: seal_own(&keys, &place, &reason, app.rng()),
        customers: ids,
        counts: [0; 4],
        created_by: user,
        session,
    };
    stored::insert_hand_over(work, &row).await?;
    jobs::insert(work, id, HAND_OVER, user.uuid(), app.now()).await?;
    let draft = Draft::of(Action::CustomersHandOver).with("job", Detail::Code(id.to_string()));
    let draft = Draft { reason: Some(reason), ..draft.with("customers", Detail::Count(count)) };
    app.record_change(work, call, draft).await?;
    Ok(Outcomes::Queued(id))
}

/// Where they go to, if that is within the caller's own reach: nobody gives customers away to where they could not take them back from.
async fn target(app: &App, call: &Call, work: &Work, new: &NewHandOver) -> Result<HandOver, DomainError> {
    let mut faults = Vec::new();
    let department = department_of(work, call, new.owner, new.department, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let region = match &call.identity.caller.who {
        Who::Staff(staff) => staff.regions.first().map(String::as_str),
        Who::Partner(_) | Who::Subject(_) | Who::System { .. } => None,
    };
    let thing = Thing {
        customer: CustomerId::from(Uuid::nil()),
        owner: new.owner,
        collaborators: &[],
        department_path: call.identity.department_path(department),
        region,
        restricted: false,
    };
    if decide_thing(app, call, &thing, Permission::CustomersAssign).outcome != Outcome::Allowed {
        return Err(DomainError::refused(RefusedAs::Forbidden, "outside_scope"));
    }
    Ok(HandOver { to: new.owner, department, by: call.identity.actor_id(), at: app.now() })
}

/// The ids, none twice.
async fn chosen(app: &App, call: &Call, work: &Work, whom: &Whom) -> Result<Vec<Uuid>, DomainError> {
    let scope = call.scope(Permission::CustomersAssign, &[], app.now());
    let limit = i64::try_from(MOST_HANDED).unwrap_or(i64::MAX) + 1;
    let (found, place) = match whom {
        Whom::Customers(ids) => return Ok(ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()),
        Whom::Matching(filter) => (stored::ids(work, &scope, filter, limit).await?, "/filter"),
        Whom::Formerly(user) => (stored::handed_over_from(work, &scope, *user, limit).await?, "/handed_over_from"),
    };
    match found.len() {
        0 => Err(DomainError::invalid(place, "matches_nobody")),
        count if count > MOST_HANDED => {
            Err(DomainError::Invalid(vec![Fault::new(place, "too_many").with_arg(MOST_HANDED.to_string())]))
        }
        _ => Ok(found),
    }
}

/// Hands these over in one transaction, each as far as the caller may.
async fn go(
    app: &App,
    call: &Call,
    work: &Work,
    ids: &[Uuid],
    hand: &HandOver,
    reason: &str,
    follow_ups: bool,
) -> Result<HandedOver, DomainError> {
    let wanted: Vec<CustomerId> = ids.iter().copied().map(CustomerId::from).collect();
    let locked = stored::lock_many(work, &wanted).await?;
    let may = |row: &CustomerRow| {
        decide_row(app, call, row, Permission::CustomersAssign).outcome == Outcome::Allowed && agreed(call, row).is_ok()
    };
    let reached: Vec<CustomerRow> = locked.into_iter().filter(may).collect();
    let known: BTreeSet<Uuid> = reached.iter().map(|row| row.id.uuid()).collect();
    let skipped = ids.iter().copied().filter(|id| !known.contains(id)).collect();
    let (rows, same): (Vec<_>, Vec<_>) = reached.into_iter().partition(|row| !changed(row, hand).is_empty());
    let mut done = HandedOver { handed_over: rows.len(), unchanged: same.len(), follow_ups: 0, skipped };
    if rows.is_empty() {
        return Ok(done);
    }
    if follow_ups {
        done.follow_ups = records::hand_over_due(app, call, work, &rows, hand).await?;
    }
    let news = rows.iter().map(|row| {
        Event::about(EventType::CustomersUpdated, row.id)
            .with("version", Fact::Count(i64::from(row.version) + 1))
            .with("fields", Fact::Fields(changed(row, hand)))
    });
    publish_all(app, work, news.collect()).await?;
    let keys = app.keys().open_organization(work).await?;
    hand_rows(app, call, work, &keys, rows, (hand, Some(reason))).await?;
    Ok(done)
}

/// Goes on with a hand-over. Any worker may call it again after a crash: who waits still is noted with what was done.
pub async fn run_hand_over(app: &App, claim: &Claim) -> Result<(), DomainError> {
    while step(app, claim).await? {}
    Ok(())
}

async fn step(app: &App, claim: &Claim) -> Result<bool, DomainError> {
    let work = app.begin(claim.organization).await?;
    let found = stored::lock_hand_over(&work, claim.job).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(false);
    }
    let Some(row) = found else { return end(app, work, claim, Err("hand_over_missing")).await };
    let Some(call) = giver(app, claim, &row).await? else {
        stored::note_hand_over(&work, row.id, &[], row.counts).await?;
        return end(app, work, claim, Err("requester_inactive")).await;
    };
    let keys = app.keys().open_organization(&work).await?;
    let place = own_place(work.organization(), "hand_overs", row.id.uuid(), "reason", 1);
    let reason = open_own(&keys, &place, &row.sealed_reason)?;
    let hand = HandOver { to: row.owner, department: row.department, by: row.created_by.uuid(), at: app.now() };
    let (now, later) = row.customers.split_at(row.customers.len().min(AT_ONCE));
    let done = go(app, &call, &work, now, &hand, &reason, row.follow_ups).await?;
    let add = |before: i32, more: usize| before.saturating_add(i32::try_from(more).unwrap_or(i32::MAX));
    let [handed, unchanged, hung, skipped] = row.counts;
    let counts = [
        add(handed, done.handed_over),
        add(unchanged, done.unchanged),
        add(hung, done.follow_ups),
        add(skipped, done.skipped.len()),
    ];
    stored::note_hand_over(&work, row.id, later, counts).await?;
    let looked_at = i64::from(counts[0]) + i64::from(counts[1]) + i64::from(counts[3]);
    let total = looked_at + i64::try_from(later.len()).unwrap_or(0);
    jobs::progress(&work, claim.job, looked_at, Some(total), i64::from(counts[3]), app.now()).await?;
    if later.is_empty() {
        return end(app, work, claim, Ok(counts)).await;
    }
    work.commit().await?;
    Ok(true)
}

/// The one who asked, as they are now: rights that ended since are not used.
async fn giver(app: &App, claim: &Claim, row: &HandOverRow) -> Result<Option<Call>, DomainError> {
    let identity = identity_of_user(app, claim.organization, row.created_by, row.session).await?;
    let holds = identity.filter(|identity| identity.caller.holds(Permission::CustomersAssign));
    Ok(holds.map(|identity| Call {
        identity: Arc::new(identity),
        request: format!("job-{}", claim.job),
        purpose: None,
    }))
}

async fn end(app: &App, work: Work, claim: &Claim, outcome: Result<[i32; 4], &str>) -> Result<bool, DomainError> {
    let result = outcome.map(|[handed_over, unchanged, follow_ups, skipped]| {
        json!({"handed_over": handed_over, "unchanged": unchanged, "follow_ups": follow_ups, "skipped": skipped})
    });
    jobs::finish(&work, claim.job, result, app.now()).await?;
    work.commit().await?;
    Ok(false)
}
