//! Making, changing and retiring fields.

use custodian_domain::access::{View, widest_field_access};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{
    Building, CUSTOMER, Field, FieldContent, Labels, SearchKind, change_faults, field_faults, is_field_key, opens,
};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::records::OpenFacts;
use custodian_domain::roles::Permission;
use custodian_persistence::catalog::{self as stored, FieldRow};
use custodian_persistence::{Work, customers, records};

use super::current::load;
use super::rebuild::queue;
use super::view::is_built_in;
use super::{FieldDraft, FieldView, entry, view};
use crate::audit::Detail;
use crate::auth::require_step_up;
use crate::purposes::unknown_faults;
use crate::{App, Call};

/// Up to here, customers or records that lack a field are counted one by one.
const MOST_COUNTED: i64 = 10_000;
/// The most fields of one record type that an organisation keeps beside the built-in ones, retired ones among them.
const MOST_FIELDS: usize = 300;

pub(super) fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

fn serialised(field: &Field) -> Result<serde_json::Value, DomainError> {
    serde_json::to_value(FieldContent::from(field)).map_err(|_| DomainError::internal("a field does not serialise"))
}

/// Makes a field. It takes part in everything that fields take part in as soon as callers are looked up anew, which is within a second.
///
/// Errors: 404 for an unknown record type; 422 with every fault; 409 `duplicate_value` for a key that is or was in use, `too_many_fields`,
/// `record_type_retired`, `data_lacks_field` for a required field while there are customers without it.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    code: &str,
    key: &str,
    draft: FieldDraft,
) -> Result<FieldView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    stored::begin_change(work).await?;
    let catalog = load(work).await?;
    let of = catalog.record_type(code).ok_or(DomainError::NotFound)?;
    if !of.in_use {
        return Err(conflict("record_type_retired"));
    }
    let mut faults = Vec::new();
    if !is_field_key(key) {
        faults.push(Fault::new("/key", "invalid_format").with_arg("[a-z][a-z0-9_]{1,39}"));
    } else if of.ever().any(|known| known.key == key) {
        return Err(DomainError::Taken(vec![Fault::new("/key", "duplicate_value")]));
    }
    let data_type = draft.data_type(&mut faults);
    // Until the key is known to be one, it is not kept.
    let base = Field::new(of.code, if faults.is_empty() { key } else { "unnamed" }, Labels::new("", ""), data_type);
    let field = draft.onto(base, &mut faults);
    faults.extend(field_faults(&field, draft.exception.is_some()));
    faults.extend(unknown_faults(work, &field.purposes).await?);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let own = of.ever().filter(|known| !is_built_in(of.code, known.key)).count();
    if own >= MOST_FIELDS {
        return Err(conflict("too_many_fields"));
    }
    if field.required {
        everything_has(work, of.code, &field).await?;
    }
    let place = i32::try_from(own).unwrap_or(i32::MAX).saturating_add(1000);
    let row = new_row(call, work, of.code, &field, place).await?;
    stored::store(work, &row, &[]).await?;
    let view = FieldView::of(of.code, field, &row);
    record(app, call, work, Action::CatalogCreate, &view, &draft, &[]).await?;
    Ok(view)
}

async fn new_row(
    call: &Call,
    work: &Work,
    record_type: &str,
    field: &Field,
    place: i32,
) -> Result<FieldRow, DomainError> {
    let (now, by) = (work.database_time().await?, call.identity.actor_id());
    Ok(FieldRow {
        record_type: record_type.to_owned(),
        key: field.key.to_owned(),
        place,
        version: 1,
        state: "active".to_owned(),
        content: serialised(field)?,
        below_floor: field.is_below_floor(),
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    })
}

/// Refuses to require what stored customers or records lack, and says how many do.
async fn everything_has(work: &Work, record_type: &str, field: &Field) -> Result<(), DomainError> {
    let without = match record_type {
        CUSTOMER => customers::without(work, field.key, MOST_COUNTED + 1).await?,
        other => records::without(work, other, field.key, MOST_COUNTED + 1).await?,
    };
    if without == 0 {
        return Ok(());
    }
    let told = if without > MOST_COUNTED { format!(">{MOST_COUNTED}") } else { without.to_string() };
    let faults = vec![Fault::new("/required", "customers_lack_it").with_arg(told)];
    Err(DomainError::RefusedAt { status: RefusedAs::Conflict, code: "data_lacks_field", faults })
}

async fn record(
    app: &App,
    call: &Call,
    work: &Work,
    action: Action,
    view: &FieldView,
    draft: &FieldDraft,
    changed: &[&str],
) -> Result<(), DomainError> {
    let mut told = entry(action, view)
        .with("classification", Detail::Code(view.field.classification.as_str().to_owned()))
        .with("changed", Detail::Codes(changed.iter().map(|one| (*one).to_owned()).collect()));
    if view.below_floor {
        told = told.with("below_floor", Detail::Code(view.field.floor().as_str().to_owned()));
        told.reason = draft.exception.clone();
    }
    app.record_change(work, call, told).await
}

/// Changes a field. What new values need holds from now on; ways of finding and uniqueness that stored values do not have yet are
/// brought about by a job, and are searched by, or promised, all together when it has ended well, or none of them. A change that changes
/// nothing makes no version.
///
/// Errors: those of [`create`]; 409 `field_retired`, `record_type_retired`, `field_is_building`; 403 `exceeds_own_rights`, `step_up_required` for guarding less.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    (code, key): (&str, &str),
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: FieldDraft,
) -> Result<FieldView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    let before = held(work, code, key, admits).await?;
    if !load(work).await?.record_type(code).is_some_and(|of| of.in_use) {
        return Err(conflict("record_type_retired"));
    }
    if !before.field.building.is_done() && (draft.searchable.is_some() || draft.unique.is_some()) {
        return Err(conflict("field_is_building"));
    }
    let mut faults = Vec::new();
    let wished = draft.onto(before.field.clone(), &mut faults);
    faults.extend(change_faults(&before.field, &wished));
    let excused = draft.exception.is_some() || before.below_floor && !opens(&before.field, &wished);
    faults.extend(field_faults(&wished, excused));
    faults.extend(unknown_faults(work, &wished.purposes).await?);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let field = staged(&before.field, wished);
    let changed = changed_members(&before.field, &field);
    if changed.is_empty() {
        return Ok(before);
    }
    let builds = before.field.building != field.building;
    let finds = indexes_otherwise(&before.field, &field) || stands_otherwise(before.record_type, &before.field, &field);
    guarded(app, call, work, &before.field, &field).await?;
    if field.required && !before.field.required {
        everything_has(work, before.record_type, &field).await?;
    }
    let mut view = keep(call, work, before, field, "active", &changed).await?;
    if finds {
        view.job = Some(queue(app, work, call.identity.actor_id(), (view.record_type, view.field.key), builds).await?);
    }
    record(app, call, work, Action::CatalogUpdate, &view, &draft, &changed).await?;
    Ok(view)
}

/// The field in use, the catalog held against other changes.
async fn held(
    work: &Work,
    code: &str,
    key: &str,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<FieldView, DomainError> {
    stored::begin_change(work).await?;
    let view = view::one(work, code, key).await?;
    admits(view.version)?;
    if view.retired { Err(conflict("field_retired")) } else { Ok(view) }
}

/// What is wished for, with what stored values have to be brought to first set apart.
fn staged(before: &Field, mut wished: Field) -> Field {
    let beyond = |kinds: &[SearchKind], known: &[SearchKind]| -> Vec<SearchKind> {
        kinds.iter().filter(|kind| !known.contains(kind)).copied().collect()
    };
    let searchable = beyond(&wished.searchable, &before.searchable);
    let unique = wished.unique && !before.unique;
    if searchable.is_empty() && !unique {
        return wished;
    }
    // What is taken away waits for what comes: a change that is refused in the end has taken nothing.
    let ending = beyond(&before.searchable, &wished.searchable);
    wished.building = Building { searchable, ending, unique };
    wished.searchable.clone_from(&before.searchable);
    wished.unique &= before.unique;
    wished
}

fn indexes_otherwise(before: &Field, after: &Field) -> bool {
    before.searchable != after.searchable || before.unique != after.unique || before.building != after.building
}

/// Whether a value that stands open beside the sealed ones is to be closed, or the other way round.
fn stands_otherwise(record_type: &str, before: &Field, after: &Field) -> bool {
    OpenFacts::speaks_of(record_type, before.key) && OpenFacts::may_stand(before) != OpenFacts::may_stand(after)
}

fn changed_members(before: &Field, after: &Field) -> Vec<&'static str> {
    let differs = [
        ("labels", before.labels != after.labels),
        ("choices", before.data_type != after.data_type),
        ("classification", before.classification != after.classification),
        ("category", before.category != after.category),
        ("pi_category", before.pi_category != after.pi_category),
        ("national_level", before.national_level != after.national_level),
        ("required", before.required != after.required),
        ("unique", before.unique != after.unique || before.building.unique != after.building.unique),
        (
            "searchable",
            before.searchable != after.searchable
                || before.building.searchable != after.building.searchable
                || before.building.ending != after.building.ending,
        ),
        ("mask", before.mask != after.mask),
        ("max_length", before.max_length != after.max_length),
        ("purposes", before.purposes != after.purposes),
        ("retention_days", before.retention_days != after.retention_days),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Guarding a field less closely takes a fresh proof of who asks, and nobody opens to themselves what they could not be shown at all.
async fn guarded(app: &App, call: &Call, work: &Work, before: &Field, after: &Field) -> Result<(), DomainError> {
    let may = |field: &Field| widest_field_access(&call.identity.caller, Permission::CustomersRead, field).view;
    let (had, has) = (may(before), may(after));
    if had < View::Reveal && has > had {
        let faults = vec![Fault::new("/classification", "not_held").with_arg(has.as_str())];
        return Err(DomainError::RefusedAt { status: RefusedAs::Forbidden, code: "exceeds_own_rights", faults });
    }
    if opens(before, after) { require_step_up(app, call, work).await } else { Ok(()) }
}

async fn keep(
    call: &Call,
    work: &Work,
    before: FieldView,
    field: Field,
    state: &str,
    changed: &[&str],
) -> Result<FieldView, DomainError> {
    let of = before.record_type;
    let row = match stored::field(work, of, field.key).await? {
        Some(row) => row,
        None => new_row(call, work, of, &field, 0).await?,
    };
    let row = FieldRow {
        version: before.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?,
        state: state.to_owned(),
        content: serialised(&field)?,
        below_floor: field.is_below_floor(),
        updated_at: work.database_time().await?,
        updated_by: call.identity.actor_id(),
        ..row
    };
    stored::store(work, &row, changed).await?;
    Ok(FieldView::of(of, field, &row))
}

/// Takes a field out of use for good: no value of it is taken, shown or found any more, but in history. Its key stays taken.
///
/// Errors: 409 `field_retired`, `field_needed` for the name and the number of a customer.
pub async fn retire(
    app: &App,
    call: &Call,
    work: &Work,
    (code, key): (&str, &str),
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<FieldView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    let before = held(work, code, key, admits).await?;
    if matches!(before.field.name, "name" | "customer_no") {
        return Err(conflict("field_needed"));
    }
    if !before.field.building.is_done() {
        return Err(conflict("field_is_building"));
    }
    let stood = OpenFacts::speaks_of(before.record_type, before.field.key) && OpenFacts::may_stand(&before.field);
    let otherwise = stood || before.field.wanted_kinds().next().is_some();
    let field = Field { required: false, unique: false, searchable: Vec::new(), ..before.field.clone() };
    let mut view = keep(call, work, before, field, "retired", &["state"]).await?;
    if otherwise {
        view.job = Some(queue(app, work, call.identity.actor_id(), (view.record_type, view.field.key), false).await?);
    }
    record(app, call, work, Action::CatalogRetire, &view, &FieldDraft::default(), &["state"]).await?;
    Ok(view)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use custodian_domain::catalog::customer;

    #[test]
    fn what_stored_values_lack_is_set_apart() {
        let before = customer().field("wechat").unwrap().clone();
        let wished = Field { searchable: vec![SearchKind::Exact, SearchKind::Prefix], unique: true, ..before.clone() };
        let field = staged(&before, wished);
        assert_eq!(field.searchable, [SearchKind::Exact]);
        assert_eq!(
            (field.building.searchable.as_slice(), field.building.unique),
            ([SearchKind::Prefix].as_slice(), true)
        );
        assert!(!field.unique && indexes_otherwise(&before, &field));
        assert_eq!(changed_members(&before, &field), ["unique", "searchable"]);
    }

    #[test]
    fn what_is_taken_away_while_something_comes_waits_for_it() {
        let before = customer().field("mobile").unwrap().clone();
        let wished = Field { searchable: vec![SearchKind::Exact], unique: true, ..before.clone() };
        let field = staged(&before, wished.clone());
        assert_eq!((&field.searchable, field.unique), (&before.searchable, before.unique));
        assert_eq!(field.building.ending, [SearchKind::Last4]);
        assert_eq!(changed_members(&before, &field), ["unique", "searchable"]);
        assert_eq!(field.clone().built(), wished);
        assert_eq!(field.given_up(), before);
    }

    #[test]
    fn what_is_no_longer_wished_for_ends_at_once() {
        let before = customer().field("mobile").unwrap().clone();
        let field = staged(&before, Field { searchable: vec![SearchKind::Exact], ..before.clone() });
        assert_eq!(field.searchable, [SearchKind::Exact]);
        assert!(field.building.is_done() && indexes_otherwise(&before, &field));
        assert!(changed_members(&before, &staged(&before, before.clone())).is_empty());
    }
}
