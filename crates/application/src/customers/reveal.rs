//! Showing values in full, for a reason.

use custodian_domain::access::{Grant, View};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Classification, Field};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::{Work, customers as stored};
use uuid::Uuid;

use super::read::guard;
use super::sealing::{open_one, open_row};
use super::seen::{Judged, SeenValue, judge_row, refuse};
use crate::access::{record_look, spend_in};
use crate::access_requests::{Holding, holding_locked, under};
use crate::audit::{Detail, Draft, Shown};
use crate::auth::require_step_up;
use crate::consents::{agreed, refreshed};
use crate::{App, Call};

/// The plain values of these fields; `None` where none is stored. Each call is one audit entry with the reason, in the same transaction as the read of
/// the customer's state, so that a right that ended before cannot be used.
///
/// Errors: 403 `reveal_budget_exhausted`, `field_hidden`, `field_not_revealable` when a field may not be shown to this caller in full, and `step_up_required` for a core field.
pub async fn reveal(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    fields: &[String],
    reason: &str,
) -> Result<Vec<(&'static str, Option<SeenValue>)>, DomainError> {
    let Permitted { row, wanted, holding, judged } = permitted(app, call, work, id, fields).await?;
    let key = guard(app, call, row.id, open_row(app, call.organization(), &row)).await?;
    let mut values = Vec::with_capacity(wanted.len());
    for field in &wanted {
        let value = match row.fields.get(field.key) {
            None => None,
            Some(sealed) => Some(guard(app, call, row.id, open_one(&key, call.organization(), row.id, &sealed)).await?),
        };
        values.push((field.key, value.map(|text| SeenValue::from(field.present(&text)))));
    }
    if is_guarded(&wanted, &judged) {
        spend_in(app, call, work, &[row.id]).await?;
    }
    let shown = Shown { revealed: wanted.iter().map(|field| field.key).collect(), ..Shown::default() };
    let draft = Draft { shown, reason: Some(reason.to_owned()), ..Draft::about(Action::CustomersReveal, row.id) };
    let used = used_for(&wanted, &holding, &judged);
    holding.note_use_in(work, &used).await?;
    app.record_change(work, call, under(draft, &used)).await?;
    Ok(values)
}

/// Whether the customer counts against the caller's budget. What a right for a while opens was asked for and given, and does not count.
fn is_guarded(fields: &[&Field], judged: &Judged<'_>) -> bool {
    let counts = |field: &&Field| !judged.lifted.contains(&field.key);
    fields.iter().copied().filter(counts).any(|field| field.classification >= Classification::Sensitive)
}

/// The rights that these fields are shown under.
fn used_for(wanted: &[&Field], holding: &Holding, judged: &Judged<'_>) -> Vec<Uuid> {
    let opens = |grant: &&Grant| wanted.iter().any(|field| grant.fields.contains(field.name));
    let used = holding.grants.iter().filter(opens).map(|grant| grant.id);
    used.filter(|id| judged.under.contains(id)).collect()
}

/// What a reveal may show, and why.
struct Permitted<'c> {
    row: CustomerRow,
    wanted: Vec<&'c Field>,
    holding: Holding,
    judged: Judged<'c>,
}

/// The locked customer and the fields, if the caller may be shown every one of them in full now.
async fn permitted<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    id: Uuid,
    fields: &[String],
) -> Result<Permitted<'c>, DomainError> {
    call.needs(Permission::CustomersReveal)?;
    let id = call.identity.meant_customer(id)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut row).await?;
    let holding = holding_locked(call, work, row.id).await?;
    let judged = judge_row(app, call, &row, Permission::CustomersReveal, &holding);
    refuse(judged.decision.outcome, Permission::CustomersReveal)?;
    agreed(call, &row)?;
    let decision = &judged.decision;
    let mut wanted = Vec::with_capacity(fields.len());
    let mut faults = Vec::new();
    for (index, key) in fields.iter().enumerate() {
        let pointer = || format!("/fields/{index}");
        match decision.fields.iter().find(|(field, _)| field.key == *key) {
            None => faults.push(Fault::new(pointer(), "unknown_field")),
            Some((field, _)) if wanted.iter().any(|(known, _)| *known == *field) => {
                faults.push(Fault::new(pointer(), "repeated"));
            }
            Some((field, access)) => wanted.push((*field, access.view)),
        }
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    if wanted.iter().any(|(_, view)| *view == View::Hidden) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden"));
    }
    if wanted.iter().any(|(_, view)| *view < View::Reveal) {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_not_revealable"));
    }
    if wanted.iter().any(|(field, _)| field.classification == Classification::Core) {
        require_step_up(app, call, work).await?;
    }
    let wanted = wanted.into_iter().map(|(field, _)| field).collect();
    Ok(Permitted { row, wanted, holding, judged })
}

/// Asks again whether a kept answer of a reveal may be given, records that it is, and returns when the entry is durable.
///
/// Errors: those of [`reveal`]; a right that ended since the first answer shows nothing.
pub async fn record_repeated_reveal(
    app: &App,
    call: &Call,
    id: Uuid,
    fields: &[String],
    reason: &str,
) -> Result<(), DomainError> {
    let Permitted { row, wanted, holding, judged } =
        app.reading(call.organization(), async |work| permitted(app, call, work, id, fields).await).await?;
    let closely: &[CustomerId] = if is_guarded(&wanted, &judged) { &[row.id] } else { &[] };
    let shown = Shown { revealed: wanted.iter().map(|field| field.key).collect(), ..Shown::default() };
    let draft = Draft { shown, reason: Some(reason.to_owned()), ..Draft::about(Action::CustomersReveal, row.id) };
    let draft = under(draft, &used_for(&wanted, &holding, &judged));
    record_look(app, call, draft.with("repeated", Detail::Count(1)), closely).await
}
