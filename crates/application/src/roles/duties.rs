//! Duties that may not meet in one person.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::{Duty, DutyPair, Permission, built_in_pairs};
use custodian_persistence::roles::{self as stored, DutyRow};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use super::judge::Judge;
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::{App, Call};

/// A pair as typed.
#[derive(Clone, Debug)]
pub struct DutyDraft {
    /// `permission:<code>` or `role:<code>`.
    pub first: String,
    /// `permission:<code>` or `role:<code>`.
    pub second: String,
    /// Why.
    pub reason: String,
}

/// A pair for people.
#[derive(Clone, Debug)]
pub struct DutyView {
    /// Its id; the same in every organisation for a built-in pair.
    pub id: Uuid,
    /// The two.
    pub pair: DutyPair,
    /// Why.
    pub reason: String,
    /// When and by whom; `None` for a built-in pair.
    pub decided: Option<(DateTime<Utc>, Uuid)>,
}

impl From<DutyRow> for DutyView {
    fn from(row: DutyRow) -> Self {
        let DutyRow { id, pair, reason, created_at, created_by } = row;
        Self { id, pair, reason, decided: Some((created_at, created_by)) }
    }
}

fn built_in() -> impl Iterator<Item = DutyView> {
    const FIRST: u128 = 0x0193_a000_0000_7000_8000_0000_0001_0000;
    let view = |(at, pair)| {
        let reason = "Who runs the place does not read the log that watches over it.".to_owned();
        DutyView { id: Uuid::from_u128(FIRST + at), pair, reason, decided: None }
    };
    (0_u128..).zip(built_in_pairs()).map(view)
}

/// Every pair, the built-in ones first.
pub async fn list_duties(app: &App, call: &Call) -> Result<Vec<DutyView>, DomainError> {
    call.needs(Permission::RolesRead)?;
    let work = app.begin(call.organization()).await?;
    let own = stored::duties(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(built_in().chain(own?.into_iter().map(DutyView::from)).collect())
}

/// One pair.
pub async fn find_duty(app: &App, call: &Call, id: Uuid) -> Result<DutyView, DomainError> {
    call.needs(Permission::RolesRead)?;
    let work = app.begin(call.organization()).await?;
    let own = stored::find_duty(&work, id).await;
    work.abandon().await;
    let found = built_in().find(|one| one.id == id).or(own?.map(DutyView::from)).ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::RolesRead)).await?;
    Ok(found)
}

/// Keeps two duties apart from now on.
///
/// Errors: 403 `step_up_required`; 422 for a duty that does not exist or twice the same; 409 `separation_of_duties` when a role or a person has both already,
/// `duplicate_value` when they are kept apart already.
pub async fn create_duty(app: &App, call: &Call, work: &Work, draft: DutyDraft) -> Result<DutyView, DomainError> {
    call.needs(Permission::RolesManage)?;
    require_step_up(app, call, work).await?;
    let judge = Judge::new(app, call, work).await?;
    let known = |duty: &Duty| !matches!(duty, Duty::Role(code) if !judge.known().contains_key(code));
    let read = |text: &str| Duty::from_text(text).filter(known);
    let (first, second) = match (read(&draft.first), read(&draft.second)) {
        (Some(first), Some(second)) if first == second => {
            return Err(DomainError::invalid("/second", "not_unique"));
        }
        (Some(first), Some(second)) => (first, second),
        (first, second) => {
            let sides = [("/first", first.is_none()), ("/second", second.is_none())];
            let faults = sides.iter().filter(|(_, missing)| *missing);
            return Err(DomainError::Invalid(faults.map(|(at, _)| Fault::new(*at, "unknown_duty")).collect()));
        }
    };
    let row = DutyRow {
        id: app.new_id(),
        pair: DutyPair { first, second },
        reason: draft.reason,
        created_at: app.now(),
        created_by: call.identity.actor_id(),
    };
    nobody_has_both(&judge, work, &row.pair).await?;
    stored::insert_duty(work, &row).await.map_err(|error| match error {
        DbError::Conflict(_) => DomainError::Taken(vec![Fault::new("", "duplicate_value")]),
        other => other.into(),
    })?;
    app.record_change(work, call, entry(Action::DutiesCreate, &row)).await?;
    Ok(row.into())
}

async fn nobody_has_both(judge: &Judge<'_>, work: &Work, pair: &DutyPair) -> Result<(), DomainError> {
    let role = judge.known().values().any(|role| !role.is_built_in() && pair.meets_in(&[role]));
    let holders = stored::holders(work, None).await?;
    if role || holders.iter().any(|one| pair.meets_in(&judge.standing(one).roles)) {
        let fault = Fault::new("", "duties_meet").with_arg(format!("{}, {}", pair.first, pair.second));
        let (status, code) = (RefusedAs::Conflict, "separation_of_duties");
        return Err(DomainError::RefusedAt { status, code, faults: vec![fault] });
    }
    Ok(())
}

fn entry(action: Action, row: &DutyRow) -> Draft {
    let duties = vec![row.pair.first.to_string(), row.pair.second.to_string()];
    Draft::of(action).with("duties", Detail::Codes(duties))
}

/// Lets two duties meet again. Built-in pairs stay. `admits` says whether the caller named the pair as it stands.
///
/// Errors: 403 `step_up_required`, `role_built_in`.
pub async fn delete_duty(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce() -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::RolesManage)?;
    require_step_up(app, call, work).await?;
    if built_in().any(|one| one.id == id) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "role_built_in"));
    }
    stored::lock(work).await?;
    let row = stored::find_duty(work, id).await?.ok_or(DomainError::NotFound)?;
    admits()?;
    stored::delete_duty(work, id).await?;
    app.record_change(work, call, entry(Action::DutiesDelete, &row)).await
}
