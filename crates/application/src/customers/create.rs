//! Entering a customer.

use custodian_domain::access::Thing;
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::customers::province_region;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::{Work, customers as stored};
use uuid::Uuid;

use super::commands::{check_attributes, field_faults};
use super::rules::{accept_fields, department_of, digest_of, duplicate, editable};
use super::sealing::{new_row, tags_of};
use super::seen::{decide_row, decide_thing, refuse, seen_through, show_written};
use super::{Attributes, NewCustomer, SeenCustomer};
use crate::audit::{Detail, Draft, Shown};
use crate::{App, Call};

/// Enters a customer. The caller becomes its owner unless another is named; its department is the owner's unless another is named.
///
/// Errors: 422 with every fault; 403 `field_not_editable`, `outside_scope`; 409 `duplicate_value` for a unique value that is taken.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewCustomer) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersCreate)?;
    let now = app.now();
    let NewCustomer { mut attributes, fields } = new;
    let mut faults =
        check_attributes(attributes.stage.as_deref(), attributes.source.as_deref(), attributes.region.as_deref());
    faults.extend(field_faults(&fields, now.date_naive(), true));
    let accepted = accept_fields(&fields, now, &mut Vec::new());
    attributes.owner = attributes.owner.or(call.identity.user());
    attributes.department = department_of(work, call, attributes.owner, attributes.department, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let values: Vec<(&'static Field, String)> =
        accepted.into_iter().filter_map(|a| Some((a.field, a.value?))).collect();
    if attributes.region.is_none() {
        attributes.region = values
            .iter()
            .find(|(f, _)| f.key == "province")
            .and_then(|(_, name)| province_region(name))
            .map(str::to_owned);
    }
    may_create(app, call, &attributes, values.iter().map(|(field, _)| *field))?;
    let keys = app.keys().open_organization(work).await?;
    let places = app.keys().places(app.db(), call.organization(), 1, app.rng(), now).await?;
    let (bucket, _) = places.first().ok_or_else(|| DomainError::internal("no place for a customer"))?;
    let by = call.identity.actor_id();
    let tags = tags_of(&keys, values.iter().map(|(field, value)| (*field, value.as_str())));
    let row = new_row(app, call.organization(), bucket, attributes, &values, &tags, by, now);
    let mut shown = Shown { written: values.iter().map(|(f, _)| f.key.as_str()).collect(), ..Shown::default() };
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    let mut seen = seen_through(app, call, &row, &decision, &mut shown)?;
    show_written(&mut seen, values.iter().map(|(field, value)| (*field, value.as_str())), &mut shown);
    let draft = Draft { shown, ..Draft::about(Action::CustomersCreate, row.id) };
    let draft = draft.with("digest", digest_of(&row));
    let tags: Vec<_> = tags.0.iter().map(|(tag, unique)| (row.id, *tag, *unique)).collect();
    // In one round trip, the entry first: nothing can refuse it, and a taken value is then not told as a log that failed.
    let rows = std::slice::from_ref(&row);
    let (entry, inserted) =
        tokio::join!(biased; app.record_change(work, call, draft), stored::insert_tagged(work, rows, &tags));
    match inserted.map_err(duplicate) {
        Err(taken @ DomainError::Taken(_)) => Err(taken),
        inserted => entry.and(inserted).map(|()| seen),
    }
}

/// May this caller enter such a customer? The code of the refusal if not.
pub(crate) fn covers_new(
    app: &App,
    call: &Call,
    attributes: &Attributes,
    fields: &[&'static Field],
) -> Result<(), &'static str> {
    match may_create(app, call, attributes, fields.iter().copied()) {
        Ok(()) => Ok(()),
        Err(DomainError::Refused { code, .. }) => Err(code),
        Err(_) => Err("forbidden"),
    }
}

fn may_create<'a>(
    app: &App,
    call: &Call,
    attributes: &Attributes,
    fields: impl Iterator<Item = &'a Field>,
) -> Result<(), DomainError> {
    let thing = Thing {
        customer: CustomerId::from(Uuid::nil()),
        owner: attributes.owner,
        collaborators: &[],
        department_path: call.identity.department_path(attributes.department),
        region: attributes.region.as_deref(),
        restricted: false,
    };
    let decision = decide_thing(app, call, &thing, Permission::CustomersCreate);
    match refuse(decision.outcome, Permission::CustomersCreate) {
        Err(DomainError::NotFound) => return Err(DomainError::refused(RefusedAs::Forbidden, "outside_scope")),
        other => other?,
    }
    editable(&decision, fields)
}

/// Asks again whether a kept answer of an entry may be given, records that it is, and returns when the entry is durable.
///
/// Errors: 404 where the customer is gone or out of the caller's sight by now.
pub async fn record_repeated_create(app: &App, call: &Call, id: Uuid) -> Result<(), DomainError> {
    let id = call.identity.meant_customer(id)?;
    let work = app.begin(call.organization()).await?;
    let row = stored::lock(&work, id).await;
    work.abandon().await;
    let row = row?.ok_or(DomainError::NotFound)?;
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    refuse(decision.outcome, Permission::CustomersRead)?;
    let mut shown = Shown::default();
    seen_through(app, call, &row, &decision, &mut shown)?;
    let draft = Draft { shown, ..Draft::about(Action::CustomersCreate, id) };
    app.record_read(call, draft.with("repeated", Detail::Count(1))).await
}
