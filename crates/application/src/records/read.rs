//! Reading one record, and showing values of it in full for a reason.

use custodian_domain::access::View;
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Classification, Field};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::records::{self as stored, Hung};
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value};
use super::seen::{SeenRecord, looks_closely, permitted, seen_through};
use super::type_of;
use crate::access::{record_look, spend_in};
use crate::access_requests::{begin_holding, holding_locked, under};
use crate::audit::{Detail, Draft, Shown};
use crate::auth::require_step_up;
use crate::consents::{agreed, no_longer, refreshed, those_agreed};
use crate::customers::{Judged, SeenValue, guard};
use crate::{App, Call};

/// An entry about a record.
pub(super) fn entry(action: Action, hung: &Hung) -> Draft {
    Draft::about(action, hung.customer.id)
        .with("record", Detail::Code(hung.record.id.to_string()))
        .with("record_type", Detail::Code(hung.record.record_type.clone()))
}

/// One record through the decision. The entry is durable before this returns.
pub async fn read(app: &App, call: &Call, code: &str, id: Uuid) -> Result<SeenRecord, DomainError> {
    call.needs(Permission::RecordsRead)?;
    let of = type_of(call, code)?;
    let (work, holding) = begin_holding(app, call).await?;
    let found = stored::find(&work, of.code, id).await;
    work.abandon().await;
    let hung = found?.ok_or(DomainError::NotFound)?;
    let judged = permitted(app, call, &hung, Permission::RecordsRead, &holding, of)?;
    agreed(call, &hung.customer)?;
    let closely: &[CustomerId] = if looks_closely(&hung, &judged.by_roles()) { &[hung.customer.id] } else { &[] };
    let mut shown = Shown::default();
    let opened = seen_through(app, call, &hung, &judged.decision, &mut shown);
    let seen = guard(app, call, hung.customer.id, opened).await?;
    holding.note_use(app, call, &judged.under).await?;
    let draft = Draft { shown, ..entry(Action::RecordsRead, &hung) };
    record_look(app, call, under(draft, &judged.under), closely).await?;
    if those_agreed(app, call, &[hung.customer.id]).await?.is_empty() {
        return Err(no_longer(call));
    }
    Ok(seen)
}

/// The plain values of these fields of a record, for a reason; `None` where none is stored.
///
/// Errors: those of revealing a customer's fields.
pub async fn reveal(
    app: &App,
    call: &Call,
    work: &Work,
    (code, id): (&str, Uuid),
    fields: &[String],
    reason: &str,
) -> Result<Vec<(&'static str, Option<SeenValue>)>, DomainError> {
    call.needs(Permission::RecordsRead)?;
    call.needs(Permission::CustomersReveal)?;
    let of = type_of(call, code)?;
    let mut hung = stored::lock(work, of.code, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut hung.customer).await?;
    let holding = holding_locked(call, work, hung.customer.id).await?;
    permitted(app, call, &hung, Permission::RecordsRead, &holding, of)?;
    let judged = permitted(app, call, &hung, Permission::CustomersReveal, &holding, of)?;
    agreed(call, &hung.customer)?;
    let wanted = wanted(&judged, fields)?;
    if wanted.iter().any(|field| field.classification == Classification::Core) {
        require_step_up(app, call, work).await?;
    }
    let organization = call.organization();
    let key = guard(app, call, hung.customer.id, open_record(app, organization, &hung)).await?;
    let mut values = Vec::with_capacity(wanted.len());
    for field in &wanted {
        let value = match hung.record.fields.get(field.key) {
            None => None,
            Some(sealed) => {
                let opened = open_value(&key, Spot::of(organization, &hung.record), &sealed);
                Some(guard(app, call, hung.customer.id, opened).await?)
            }
        };
        values.push((field.key, value.map(|text| SeenValue::from(field.present(&text)))));
    }
    let counts = |field: &&Field| field.classification >= Classification::Sensitive && field.category.is_personal();
    if wanted.iter().filter(|field| !judged.lifted.contains(&field.key)).copied().any(|field| counts(&field)) {
        spend_in(app, call, work, &[hung.customer.id]).await?;
    }
    let shown = Shown { revealed: wanted.iter().map(|field| field.name).collect(), ..Shown::default() };
    let draft = Draft { shown, reason: Some(reason.to_owned()), ..entry(Action::RecordsReveal, &hung) };
    holding.note_use_in(work, &judged.under).await?;
    app.record_change(work, call, under(draft, &judged.under)).await?;
    Ok(values)
}

/// The fields asked for, if the caller may be shown every one of them in full.
fn wanted<'c>(judged: &Judged<'c>, keys: &[String]) -> Result<Vec<&'c Field>, DomainError> {
    let (mut wanted, mut faults, mut least) = (Vec::new(), Vec::new(), View::Read);
    for (index, key) in keys.iter().enumerate() {
        let pointer = || format!("/fields/{index}");
        match judged.decision.fields.iter().find(|(field, _)| field.key == key) {
            None => faults.push(Fault::new(pointer(), "unknown_field")),
            Some((field, _)) if wanted.iter().any(|known: &&Field| known.key == field.key) => {
                faults.push(Fault::new(pointer(), "repeated"));
            }
            Some((field, access)) => {
                least = least.min(access.view);
                wanted.push(*field);
            }
        }
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    match least {
        View::Hidden => Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden")),
        View::Masked => Err(DomainError::refused(RefusedAs::Forbidden, "field_not_revealable")),
        View::Reveal | View::Read => Ok(wanted),
    }
}
