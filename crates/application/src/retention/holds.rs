//! Legal holds: laid, read, ended.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use custodian_domain::access::Outcome;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::retention::{Hold, HoldKind, Verdict, judge};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{lock_any, merged_into};
use custodian_persistence::retention::{self as stored, HoldFilter, HoldRow};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::customers::decide_row;
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// The most customers that one hold binds.
pub const MOST_CUSTOMERS: i64 = 1_000;

/// A hold to be laid.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// What kind of duty.
    pub kind: HoldKind,
    /// The article or the file number.
    pub basis: String,
    /// Why; kept sealed.
    pub reason: String,
    /// Whom it binds.
    pub customers: Vec<Uuid>,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// A hold as it is read.
#[derive(Clone, Debug)]
pub struct HoldView {
    /// As stored.
    pub row: HoldRow,
    /// Why.
    pub reason: String,
    /// Whether it binds now.
    pub in_force: bool,
    /// Whom it binds; left out of lists.
    pub customers: Option<Vec<Uuid>>,
}

fn entry(action: Action, hold: Uuid) -> Draft {
    Draft::of(action).with("legal_hold", Detail::Code(hold.to_string()))
}

/// A stored hold as the rules take it. One of an unknown kind binds until it is released: nothing goes by a broken row.
fn hold_of(row: &HoldRow) -> Hold {
    let kind = HoldKind::from_code(&row.kind).unwrap_or(HoldKind::Litigation);
    Hold { id: row.id, kind, until: row.until, released_at: row.released_at }
}

fn view(work: &Work, keys: &OrganizationKeys, row: HoldRow, now: DateTime<Utc>) -> Result<HoldView, DomainError> {
    let place = own_place(work.organization(), "legal_holds", row.id, "reason", 1);
    let reason = open_own(keys, &place, &row.sealed_reason)?;
    Ok(HoldView { reason, in_force: hold_of(&row).in_force(now), customers: None, row })
}

/// What the holds on a locked customer mean for an erasure now.
pub(crate) async fn verdict(work: &Work, customer: CustomerId, now: DateTime<Utc>) -> Result<Verdict, DomainError> {
    let holds: Vec<Hold> = stored::holds_on(work, customer.uuid()).await?.iter().map(hold_of).collect();
    Ok(judge(&holds, now))
}

/// Refuses what would destroy something of a locked customer by hand while a hold is in force on them, a term as well: what must be kept is kept whole.
pub(crate) async fn unbound(work: &Work, customer: CustomerId) -> Result<(), DomainError> {
    match verdict(work, customer, work.database_time().await?).await? {
        Verdict::Go => Ok(()),
        Verdict::Refused(holds) | Verdict::Blocked { by: holds, .. } => Err(held(&holds)),
    }
}

/// The refusal that names the holds, so that whoever answers for them can be asked.
pub(crate) fn held(holds: &[Uuid]) -> DomainError {
    let faults = holds.iter().map(|id| Fault::new("", "legal_hold").with_arg(id.to_string())).collect();
    DomainError::RefusedAt { status: RefusedAs::Conflict, code: "legal_hold", faults }
}

/// Lays a hold on customers, also on such as are out of use. From the commit on none of them is erased.
///
/// Errors: 422 for a customer that is unknown, out of sight or erased, for a statutory term without an end, and for an end that is past.
pub async fn create_hold(app: &App, call: &Call, work: &Work, new: NewHold) -> Result<HoldView, DomainError> {
    call.needs(Permission::LegalHoldsManage)?;
    let now = work.database_time().await?;
    let customers = checked(app, call, work, &new, now).await?;
    let keys = app.keys().open_organization(work).await?;
    let id = app.new_id();
    let place = own_place(work.organization(), "legal_holds", id, "reason", 1);
    let row = HoldRow {
        id,
        kind: new.kind.as_str().to_owned(),
        basis: new.basis,
        sealed_reason: seal_own(&keys, &place, &new.reason, app.rng()),
        until: new.until,
        created_at: now,
        created_by: call.identity.actor_id(),
        released_at: None,
        released_by: None,
        customers: i64::try_from(customers.len()).unwrap_or(i64::MAX),
    };
    let ids: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    stored::insert_hold(work, &row, &ids).await?;
    let draft = Draft { customers, ..entry(Action::LegalHoldsCreate, id) };
    app.record_change(work, call, draft.with("kind", Detail::Code(row.kind.clone()))).await?;
    Ok(HoldView { customers: Some(ids), ..view(work, &keys, row, now)? })
}

/// The customers, each locked, so that none of them is being erased; with somebody who was merged away goes whoever they are by now, who has what was theirs.
async fn checked(
    app: &App,
    call: &Call,
    work: &Work,
    new: &NewHold,
    now: DateTime<Utc>,
) -> Result<Vec<CustomerId>, DomainError> {
    let mut faults = Vec::new();
    if new.kind.has_term() && new.until.is_none() {
        faults.push(Fault::new("/until", "required"));
    }
    if new.until.is_some_and(|until| until <= now) {
        faults.push(Fault::new("/until", "in_the_past"));
    }
    let mut wanted: Vec<(usize, Uuid)> = new.customers.iter().copied().enumerate().collect();
    wanted.sort_by_key(|(_, id)| *id);
    let mut customers: Vec<CustomerId> = Vec::with_capacity(wanted.len());
    let mut survivors = BTreeSet::new();
    for (place, id) in wanted {
        let pointer = || format!("/customer_ids/{place}");
        let id = CustomerId::from(id);
        if customers.last() == Some(&id) {
            faults.push(Fault::new(pointer(), "repeated"));
            continue;
        }
        match lock_any(work, id).await? {
            Some((_, true)) => faults.push(Fault::new(pointer(), "erased_customer")),
            Some((row, false))
                if decide_row(app, call, &row, Permission::LegalHoldsManage).outcome == Outcome::Allowed =>
            {
                customers.push(id);
                survivors.extend(merged_into(work, id).await?);
            }
            _ => faults.push(Fault::new(pointer(), "unknown_customer")),
        }
    }
    for survivor in survivors {
        if !customers.contains(&survivor) && lock_any(work, survivor).await?.is_some() {
            customers.push(survivor);
        }
    }
    if faults.is_empty() { Ok(customers) } else { Err(DomainError::Invalid(faults)) }
}

/// A page of holds, newest first.
pub async fn list_holds(
    app: &App,
    call: &Call,
    filter: HoldFilter,
    limit: usize,
) -> Result<(Vec<HoldView>, Option<Uuid>), DomainError> {
    call.needs(Permission::LegalHoldsRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list_holds(&work, &filter, one_more(limit)).await?;
    let (keys, now) = (app.keys().open_organization(&work).await?, work.database_time().await?);
    let next = cut(&mut rows, limit, |row| row.id);
    let views = rows.into_iter().map(|row| view(&work, &keys, row, now)).collect::<Result<Vec<_>, _>>();
    work.abandon().await;
    app.record_read(call, Draft::of(Action::LegalHoldsRead)).await?;
    Ok((views?, next))
}

/// One hold with whom it binds.
pub async fn find_hold(app: &App, call: &Call, id: Uuid) -> Result<HoldView, DomainError> {
    call.needs(Permission::LegalHoldsRead)?;
    let found = app.reading(call.organization(), async |work| found(app, work, id).await).await?;
    app.record_read(call, entry(Action::LegalHoldsRead, id)).await?;
    Ok(found)
}

async fn found(app: &App, work: &Work, id: Uuid) -> Result<HoldView, DomainError> {
    let row = stored::find_hold(work, id).await?.ok_or(DomainError::NotFound)?;
    let (keys, now) = (app.keys().open_organization(work).await?, work.database_time().await?);
    let customers = stored::bound_by(work, id, MOST_CUSTOMERS).await?;
    Ok(HoldView { customers: Some(customers), ..view(work, &keys, row, now)? })
}

/// Ends a hold. What waited for it is not erased by this alone: the next round looks at it again and erases, or waits for what else binds; a refused wish
/// is told again.
///
/// Errors: 409 `hold_released` for one that was ended before.
pub async fn release_hold(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    reason: String,
) -> Result<HoldView, DomainError> {
    call.needs(Permission::LegalHoldsManage)?;
    let row = stored::lock_hold(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.released_at.is_some() {
        return Err(DomainError::refused(RefusedAs::Conflict, "hold_released"));
    }
    let now = work.database_time().await?;
    stored::release_hold(work, id, now, call.identity.actor_id()).await?;
    let draft = Draft { reason: Some(reason), ..entry(Action::LegalHoldsRelease, id) };
    app.record_change(work, call, draft).await?;
    found(app, work, id).await
}
