//! Asking for access.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access_requests::{
    DEFAULT_MINUTES, Kind, Policy, Request, Staffing, State, Step, choose, classification_of,
};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Catalog, Field};
use custodian_domain::kernel::{DomainError, Fault, JobId, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self as stored, RequestRow};
use custodian_persistence::customers::{Filter, ids as customer_ids};
use custodian_persistence::{Work, jobs};
use uuid::Uuid;

use super::read::{RequestView, view_of};
use super::stored_policy::{policy_of, steps_to_json};
use super::who::{Standing, staffing};
use super::{KIND, emergency, entry, letters, news};
use crate::audit::Detail;
use crate::keys::{own_place, seal_own};
use crate::{App, Call};

/// The most customers that one request names.
pub(super) const MOST_CUSTOMERS: usize = 10_000;
/// The most requests of one person that wait at the same time.
const MOST_PENDING: usize = 100;

/// Whose fields are asked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// These customers'. Whether somebody of an id exists is not told.
    Customers(Vec<Uuid>),
    /// Of those in the caller's reach that match now; later ones are not among them.
    Matching(Filter),
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What kind.
    pub kind: Kind,
    /// Whose fields.
    pub wanted: Wanted,
    /// Keys of the fields.
    pub fields: Vec<String>,
    /// Code of the purpose; that of the call when absent.
    pub purpose: Option<String>,
    /// Why.
    pub reason: String,
    /// How long the right is to last; a day, or what the policy allows, when absent.
    pub duration_minutes: Option<u32>,
}

fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

/// Asks. The customers are fixed now, and so are the steps that the policy names; who is asked at a step is found when it comes to it.
///
/// Errors: 422 for unknown fields, a filter that matches nobody or too many, and a duration beyond the policy's; 409 `no_approver` when a step would find
/// nobody to decide, `too_many_pending`. An emergency is given at once: see [`super::review`].
pub async fn create(app: &App, call: &Call, work: &Work, new: NewRequest) -> Result<RequestView, DomainError> {
    call.needs(Permission::AccessRequestsCreate)?;
    let fields = checked(call, &new)?;
    if new.kind == Kind::Emergency {
        emergency::check(call, work, &new).await?;
    }
    let customers = frozen(app, call, work, &new.wanted).await?;
    let count = u32::try_from(customers.len()).unwrap_or(u32::MAX);
    let mut filed = place(app, call, work, &new, &fields, count).await?;
    stored::insert_customers(work, filed.row.id, &customers).await?;
    let action = if new.kind == Kind::Emergency {
        emergency::give(app, work, &mut filed).await?;
        Action::AccessRequestsEmergency
    } else {
        letters::ask(app, work, &filed.row, &filed.asked).await?;
        Action::AccessRequestsCreate
    };
    news::opened(app, work, &filed.row, &filed.asked).await?;
    let draft = entry(action, filed.row.id)
        .with("kind", Detail::Code(new.kind.as_str().to_owned()))
        .with("fields", Detail::Codes(new.fields.clone()))
        .with("customers", Detail::Count(count));
    let draft = crate::audit::Draft { reason: Some(new.reason.clone()), ..draft };
    app.record_change(work, call, draft).await?;
    view_of(app, work, filed.row, true).await
}

/// Asks for something about so many customers whom the caller of this keeps, and records.
///
/// Errors: those of [`create`].
pub(crate) async fn ask_for(
    app: &App,
    call: &Call,
    work: &Work,
    new: &NewRequest,
    count: u32,
) -> Result<RequestRow, DomainError> {
    let fields = checked(call, new)?;
    let filed = place(app, call, work, new, &fields, count).await?;
    letters::ask(app, work, &filed.row, &filed.asked).await?;
    news::opened(app, work, &filed.row, &filed.asked).await?;
    Ok(filed.row)
}

/// The fields asked for, of a request that names nothing that does not exist.
fn checked<'c>(call: &'c Call, new: &NewRequest) -> Result<Vec<&'c Field>, DomainError> {
    let fields = known_fields(call.catalog(), &new.fields)?;
    if new.kind == Kind::Export {
        // A file holds customers, not what hangs on them.
        let others = fields.iter().enumerate().filter(|(_, field)| !field.is_of_customer());
        let faults: Vec<Fault> = others.map(|(at, _)| Fault::new(format!("/fields/{at}"), "unknown_field")).collect();
        if !faults.is_empty() {
            return Err(DomainError::Invalid(faults));
        }
    }
    if new.purpose.as_ref().is_some_and(|code| !call.identity.purposes.contains_key(code)) {
        return Err(DomainError::invalid("/purpose", "unknown_purpose"));
    }
    Ok(fields)
}

/// Puts a request on file with the job that watches over its times.
async fn place(
    app: &App,
    call: &Call,
    work: &Work,
    new: &NewRequest,
    fields: &[&Field],
    count: u32,
) -> Result<Filed, DomainError> {
    let requester = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let classification = classification_of(fields.iter().copied());
    let request = Request { kind: new.kind, classification, customers: count };
    let filed = file(app, call, work, requester, new, &request).await?;
    stored::insert(work, &filed.row).await?;
    jobs::insert(work, JobId::from(filed.row.id), KIND, Uuid::nil(), filed.row.created_at).await?;
    jobs::put_off(work, JobId::from(filed.row.id), filed.first_look).await?;
    Ok(filed)
}

/// A request on paper.
pub(super) struct Filed {
    pub row: RequestRow,
    pub asked: Vec<custodian_domain::access_requests::Decider>,
    first_look: DateTime<Utc>,
}

async fn file(
    app: &App,
    call: &Call,
    work: &Work,
    requester: UserId,
    new: &NewRequest,
    request: &Request,
) -> Result<Filed, DomainError> {
    let policy = policy_for(work, request).await?;
    let usual = if request.kind == Kind::Emergency { emergency::USUAL_MINUTES } else { DEFAULT_MINUTES };
    let minutes = duration(new.duration_minutes, usual, &policy)?;
    let steps = policy.steps_for(request);
    let staff = staffing(work).await?;
    check_deciders(work, requester, &staff, &steps).await?;
    let now = work.database_time().await?;
    let id = app.new_id();
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "access_request", id, "reason", 1);
    let row = RequestRow {
        id,
        kind: request.kind.as_str().to_owned(),
        state: State::Pending.as_str().to_owned(),
        requester,
        fields: new.fields.clone(),
        classification: request.classification.as_str().to_owned(),
        customer_count: i32::try_from(request.customers).unwrap_or(i32::MAX),
        purpose: new.purpose.clone().or_else(|| call.purpose.clone()),
        sealed_reason: seal_own(&keys, &place, &new.reason, app.rng()),
        duration_minutes: i32::try_from(minutes).unwrap_or(i32::MAX),
        policy: policy.id,
        steps: steps_to_json(&steps)?,
        step: 0,
        step_started_at: now,
        escalated: false,
        lapses_at: now + TimeDelta::minutes(i64::from(policy.lapse_after_minutes)),
        created_at: now,
        closed_at: None,
    };
    let standing = Standing::of(&row, &[])?;
    let (asked, first_look) = (standing.deciders(&staff, now), standing.escalates_at().min(row.lapses_at));
    Ok(Filed { row, asked, first_look })
}

/// Refuses a request that nobody could ever decide, and one too many.
async fn check_deciders(work: &Work, requester: UserId, staff: &Staffing, steps: &[Step]) -> Result<(), DomainError> {
    if !staff.can_be_decided(requester, steps) {
        return Err(conflict("no_approver"));
    }
    let filter = stored::RequestFilter {
        state: Some(State::Pending.as_str().to_owned()),
        requester: Some(requester.uuid()),
        ..stored::RequestFilter::default()
    };
    let waiting = stored::list(work, &filter, i64::try_from(MOST_PENDING).unwrap_or(i64::MAX)).await?;
    if waiting.len() >= MOST_PENDING { Err(conflict("too_many_pending")) } else { Ok(()) }
}

pub(super) async fn policy_for(work: &Work, request: &Request) -> Result<Policy, DomainError> {
    let rows = stored::list_policies(work).await?;
    let policies: Vec<Policy> = rows.iter().map(policy_of).collect::<Result<_, _>>()?;
    Ok(choose(&policies, request))
}

fn duration(wanted: Option<u32>, usual: u32, policy: &Policy) -> Result<u32, DomainError> {
    let most = policy.max_duration_minutes;
    let minutes = wanted.unwrap_or(usual.min(most));
    if minutes > most {
        let fault = Fault::new("/duration_minutes", "out_of_range").with_arg(most.to_string());
        return Err(DomainError::Invalid(vec![fault]));
    }
    Ok(minutes)
}

/// The fields of these keys, each once.
pub(crate) fn known_fields<'c>(catalog: &'c Catalog, keys: &[String]) -> Result<Vec<&'c Field>, DomainError> {
    let (mut seen, mut faults, mut fields) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (index, key) in keys.iter().enumerate() {
        let pointer = format!("/fields/{index}");
        match catalog.named(key) {
            None => faults.push(Fault::new(pointer, "unknown_field")),
            Some(_) if !seen.insert(key) => faults.push(Fault::new(pointer, "repeated")),
            Some(field) => fields.push(field),
        }
    }
    if faults.is_empty() { Ok(fields) } else { Err(DomainError::Invalid(faults)) }
}

/// The customers that a request is about, fixed from now on.
async fn frozen(app: &App, call: &Call, work: &Work, wanted: &Wanted) -> Result<Vec<Uuid>, DomainError> {
    match wanted {
        Wanted::Customers(ids) => {
            let distinct: BTreeSet<Uuid> = ids.iter().copied().collect();
            Ok(distinct.into_iter().collect())
        }
        Wanted::Matching(filter) => {
            let scope = call.scope(Permission::CustomersRead, &[], app.now());
            let limit = i64::try_from(MOST_CUSTOMERS).unwrap_or(i64::MAX) + 1;
            let found = customer_ids(work, &scope, filter, limit).await?;
            let too_many = || Fault::new("/filter", "too_many").with_arg(MOST_CUSTOMERS.to_string());
            match found.len() {
                0 => Err(DomainError::invalid("/filter", "matches_nobody")),
                count if count > MOST_CUSTOMERS => Err(DomainError::Invalid(vec![too_many()])),
                _ => Ok(found),
            }
        }
    }
}
