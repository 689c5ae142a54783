//! Creating, changing and deleting a customer.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, Thing};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, customer};
use custodian_domain::customers::province_region;
use custodian_domain::kernel::{CustomerId, DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CustomerRow, VersionRow};
use custodian_persistence::{DbError, Work, users};
use serde_json::json;
use uuid::Uuid;

use super::commands::{AcceptedField, accept_field, check_attributes, field_faults};
use super::read::guard;
use super::sealing::{TagSet, new_row, open_all, open_row, reseal, tags_of, unpack_tags};
use super::seen::{decide_row, decide_thing, refuse, seen_through, show_written, thing};
use super::{Attributes, FieldInput, NewCustomer, Patch, SeenCustomer};
use crate::audit::{Detail, Draft, Shown};
use crate::{App, Call};

/// The versions that a caller is willing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// `If-Match: *`.
    Any,
    /// `If-Match` with these versions.
    Versions(Vec<i32>),
}

impl Precondition {
    fn check(&self, version: i32) -> Result<(), DomainError> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => Err(DomainError::refused(
                RefusedAs::PreconditionFailed,
                "precondition_failed",
            )),
            Self::Any | Self::Versions(_) => Ok(()),
        }
    }
}

/// Enters a customer. The caller becomes its owner unless another is named; its department is the owner's unless another is named.
///
/// Errors: 422 with every fault; 403 `field_not_editable`, `outside_scope`; 409 `duplicate_value` for a unique value that is taken.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewCustomer) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersCreate)?;
    let now = app.now();
    let NewCustomer { mut attributes, fields } = new;
    let mut faults = check_attributes(
        attributes.stage.as_deref(),
        attributes.source.as_deref(),
        attributes.region.as_deref(),
    );
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
    let places = app
        .keys()
        .places(app.db(), call.organization(), 1, app.rng(), now)
        .await?;
    let (bucket, _) = places
        .first()
        .ok_or_else(|| DomainError::internal("no place for a customer"))?;
    let by = call.identity.actor_id();
    let (row, tags) = new_row(app, &keys, call.organization(), bucket, attributes, &values, by, now);
    stored::insert_many(work, std::slice::from_ref(&row)).await?;
    insert_tags(work, row.id, &tags).await?;
    let mut shown = Shown {
        written: values.iter().map(|(f, _)| f.key.as_str()).collect(),
        ..Shown::default()
    };
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    let mut seen = seen_through(app, call, &row, &decision, &mut shown)?;
    show_written(
        &mut seen,
        values.iter().map(|(field, value)| (*field, value.as_str())),
        &mut shown,
    );
    let draft = Draft {
        shown,
        ..Draft::about(Action::CustomersCreate, row.id)
    };
    app.record_change(work, call, draft.with("digest", digest_of(&row)))
        .await?;
    Ok(seen)
}

/// SHA-256 of the sealed values: whoever puts older ones back into the row contradicts the log.
fn digest_of(row: &CustomerRow) -> Detail {
    let digest = custodian_crypto::sha256(row.fields.packed());
    Detail::Code(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn accept_fields(fields: &[(String, FieldInput)], now: DateTime<Utc>, faults: &mut Vec<Fault>) -> Vec<AcceptedField> {
    let mut accepted = Vec::with_capacity(fields.len());
    for (key, input) in fields {
        match accept_field(key, input, now.date_naive()) {
            Ok(field) => accepted.push(field),
            Err(fault) => faults.push(fault),
        }
    }
    accepted
}

/// The owner must be an active colleague and the department one of ours; a fault is noted for each that is not.
async fn department_of(
    work: &Work,
    call: &Call,
    owner: Option<UserId>,
    department: Option<DepartmentId>,
    faults: &mut Vec<Fault>,
) -> Result<Option<DepartmentId>, DomainError> {
    let mut from_owner = None;
    if let Some(owner) = owner {
        match users::departments_of(work, &[owner]).await?.first() {
            Some((_, state, department)) if state == "active" => from_owner = *department,
            _ => faults.push(Fault::new("/owner_id", "unknown_owner")),
        }
    }
    if department.is_some_and(|d| !call.identity.departments.contains_key(&d)) {
        faults.push(Fault::new("/department_id", "unknown_department"));
    }
    Ok(department.or(from_owner))
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

/// An existing customer that this caller was found to be allowed to change.
pub(crate) struct Existing(CustomerRow);

impl Existing {
    /// Asks the decision about a locked row and these fields.
    pub(crate) fn new(
        app: &App,
        call: &Call,
        row: CustomerRow,
        fields: &[&'static Field],
    ) -> Result<Self, DomainError> {
        let decision = decide_row(app, call, &row, Permission::CustomersWrite);
        refuse(decision.outcome, Permission::CustomersWrite)?;
        editable(&decision, fields.iter().copied())?;
        Ok(Self(row))
    }

    /// Its attributes as they are.
    pub(crate) fn attributes(&self) -> Attributes {
        attributes_of(&self.0)
    }

    /// Stores the change and its entry.
    pub(crate) async fn change(
        self,
        app: &App,
        call: &Call,
        work: &Work,
        attributes: Attributes,
        changed: Vec<(&'static Field, Option<String>)>,
    ) -> Result<(), DomainError> {
        let Applied { draft, .. } = apply(app, call, work, self.0, attributes, changed).await?;
        app.record_change(work, call, draft).await
    }
}

fn attributes_of(row: &CustomerRow) -> Attributes {
    let CustomerRow {
        stage,
        source,
        region,
        owner,
        department,
        ..
    } = row;
    Attributes {
        stage: stage.clone(),
        source: source.clone(),
        region: region.clone(),
        owner: *owner,
        department: *department,
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

fn editable<'a>(decision: &Decision<'_>, fields: impl Iterator<Item = &'a Field>) -> Result<(), DomainError> {
    for field in fields {
        if !decision.access(&field.key).edit {
            return Err(DomainError::refused(RefusedAs::Forbidden, "field_not_editable"));
        }
    }
    Ok(())
}

async fn insert_tags(work: &Work, id: CustomerId, tags: &TagSet) -> Result<(), DomainError> {
    let rows: Vec<_> = tags.0.iter().map(|(tag, unique)| (id, *tag, *unique)).collect();
    stored::insert_tags(work, &rows).await.map_err(duplicate)
}

/// The constraint does not say which tag met, and the answer must not say whose: every unique field is named.
fn duplicate(error: DbError) -> DomainError {
    match error {
        DbError::Conflict(constraint) if constraint == "blind_indexes_unique" => {
            let unique = customer().fields.iter().filter(|field| field.unique);
            let taken = |field: &Field| Fault::new(format!("/fields/{}", field.key), "duplicate_value");
            DomainError::Taken(unique.map(taken).collect())
        }
        other => other.into(),
    }
}

/// Changes a customer. Answers the customer as the caller sees it afterwards; a change that changes nothing makes no version.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    condition: &Precondition,
    patch: Patch,
) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersWrite)?;
    let id = call.identity.meant_customer(id)?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    let decision = decide_row(app, call, &row, Permission::CustomersWrite);
    refuse(decision.outcome, Permission::CustomersWrite)?;
    condition.check(row.version)?;
    let now = app.now();
    let mut faults = check_attributes(flat(&patch.stage), flat(&patch.source), flat(&patch.region));
    let accepted = accept_fields(&patch.fields, now, &mut faults);
    let attributes = patched_attributes(work, call, &row, &patch, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    editable(&decision, accepted.iter().map(|a| a.field))?;
    let changed = accepted.into_iter().map(|a| (a.field, a.value)).collect();
    let written: Vec<(&'static Field, Option<String>)> = changed;
    let Applied { row, mut draft } = apply(app, call, work, row, attributes, written.clone()).await?;
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    let mut seen = seen_through(app, call, &row, &decision, &mut draft.shown)?;
    let values = written
        .iter()
        .filter_map(|(field, value)| Some((*field, value.as_deref()?)));
    show_written(&mut seen, values, &mut draft.shown);
    app.record_change(work, call, draft).await?;
    Ok(seen)
}

fn flat(value: &Option<Option<String>>) -> Option<&str> {
    value.as_ref().and_then(|inner| inner.as_deref())
}

async fn patched_attributes(
    work: &Work,
    call: &Call,
    row: &CustomerRow,
    patch: &Patch,
    faults: &mut Vec<Fault>,
) -> Result<Attributes, DomainError> {
    let mut attributes = Attributes {
        stage: patch.stage.clone().unwrap_or_else(|| row.stage.clone()),
        source: patch.source.clone().unwrap_or_else(|| row.source.clone()),
        region: patch.region.clone().unwrap_or_else(|| row.region.clone()),
        owner: patch.owner.unwrap_or(row.owner),
        department: patch.department.unwrap_or(row.department),
    };
    if let Some(Some(owner)) = patch.owner {
        let named = patch.department.flatten();
        attributes.department = department_of(work, call, Some(owner), named, faults).await?;
    } else if let Some(Some(department)) = patch.department {
        department_of(work, call, None, Some(department), faults).await?;
    }
    Ok(attributes)
}

/// A stored change, and the entry that still has to be written in its transaction.
struct Applied {
    row: CustomerRow,
    draft: Draft,
}

/// Stores a checked change of a locked row: new values, tags, version, what was replaced.
async fn apply(
    app: &App,
    call: &Call,
    work: &Work,
    row: CustomerRow,
    attributes: Attributes,
    changed: Vec<(&'static Field, Option<String>)>,
) -> Result<Applied, DomainError> {
    let organization = call.organization();
    let key = guard(app, call, row.id, open_row(app, organization, &row)).await?;
    let before = guard(app, call, row.id, open_all(&key, organization, &row)).await?;
    let value_of = |field: &Field| before.iter().find(|(f, _)| f.key == field.key).map(|(_, value)| value);
    let changed: Vec<_> = changed
        .into_iter()
        .filter(|(field, value)| value_of(field) != value.as_ref())
        .collect();
    let previous = attributes_of(&row);
    if changed.is_empty() && previous == attributes {
        let draft = Draft::about(Action::CustomersUpdate, row.id);
        return Ok(Applied { row, draft });
    }
    let version = row
        .version
        .checked_add(1)
        .ok_or_else(|| DomainError::internal("version overflow"))?;
    let (fields, replaced) = reseal(app, &key, organization, &row, version, &changed)?;
    let keys = app.keys().open_organization(work).await?;
    let kept = before
        .iter()
        .filter(|(field, _)| !changed.iter().any(|(f, _)| f.key == field.key))
        .map(|(f, v)| (*f, v.as_str()));
    let tags = tags_of(
        &keys,
        kept.chain(changed.iter().filter_map(|(f, v)| Some((*f, v.as_deref()?)))),
    );
    replace_tags(work, &row, &tags).await?;
    let now = app.now();
    let by = call.identity.actor_id();
    let names: Vec<String> = changed
        .iter()
        .map(|(f, _)| f.key.clone())
        .chain(changed_attributes(&previous, &attributes))
        .collect();
    let version_row = VersionRow {
        customer: row.id,
        version,
        changed_at: now,
        changed_by: by,
        actor_kind: call.identity.caller.actor_kind().to_owned(),
        changed: names.clone(),
        previous: attributes_json(&previous),
        previous_fields: replaced,
    };
    let Attributes {
        stage,
        source,
        region,
        owner,
        department,
    } = attributes;
    let tags = tags.0.iter().flat_map(|(tag, _)| *tag).collect();
    let next = CustomerRow {
        version,
        stage,
        source,
        region,
        owner,
        department,
        updated_at: now,
        updated_by: by,
        fields,
        tags,
        ..row
    };
    stored::update_many(work, std::slice::from_ref(&next)).await?;
    stored::insert_versions(work, &[version_row]).await?;
    let shown = Shown {
        written: changed.iter().map(|(f, _)| f.key.as_str()).collect(),
        ..Shown::default()
    };
    let draft = Draft {
        shown,
        ..Draft::about(Action::CustomersUpdate, next.id)
    };
    let draft = draft
        .with("changed", Detail::Codes(names))
        .with("digest", digest_of(&next));
    Ok(Applied { row: next, draft })
}

async fn replace_tags(work: &Work, row: &CustomerRow, tags: &TagSet) -> Result<(), DomainError> {
    let old = unpack_tags(&row.tags);
    let gone: Vec<_> = old
        .iter()
        .filter(|tag| !tags.0.iter().any(|(t, _)| t == *tag))
        .map(|tag| (row.id, *tag))
        .collect();
    let added: Vec<_> = tags
        .0
        .iter()
        .filter(|(tag, _)| !old.contains(tag))
        .map(|(tag, unique)| (row.id, *tag, *unique))
        .collect();
    stored::remove_tags(work, &gone).await?;
    stored::insert_tags(work, &added).await.map_err(duplicate)
}

fn changed_attributes(before: &Attributes, after: &Attributes) -> Vec<String> {
    let mut names = Vec::new();
    let mut note = |differs: bool, name: &str| {
        if differs {
            names.push(name.to_owned())
        }
    };
    note(before.stage != after.stage, "stage");
    note(before.source != after.source, "source");
    note(before.region != after.region, "region");
    note(before.owner != after.owner, "owner_id");
    note(before.department != after.department, "department_id");
    names
}

fn attributes_json(attributes: &Attributes) -> serde_json::Value {
    let Attributes {
        stage,
        source,
        region,
        owner,
        department,
    } = attributes;
    json!({ "stage": stage, "source": source, "region": region, "owner_id": owner, "department_id": department })
}

/// Takes a customer out of use: it is found and read no more. Its history stays until retention or erasure.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    condition: &Precondition,
) -> Result<(), DomainError> {
    call.needs(Permission::CustomersDelete)?;
    let id = call.identity.meant_customer(id)?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    refuse(
        decide_thing(app, call, &thing(call, &row), Permission::CustomersDelete).outcome,
        Permission::CustomersDelete,
    )?;
    condition.check(row.version)?;
    let gone: Vec<_> = unpack_tags(&row.tags).into_iter().map(|tag| (row.id, tag)).collect();
    stored::remove_tags(work, &gone).await?;
    stored::archive(work, row.id, row.version + 1, app.now(), call.identity.actor_id()).await?;
    app.record_change(work, call, Draft::about(Action::CustomersDelete, row.id))
        .await
}
