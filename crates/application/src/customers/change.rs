//! Changing and deleting a customer.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as stored, CustomerRow, SealedFields, VersionRow};
use serde_json::json;
use uuid::Uuid;

use super::commands::check_attributes;
use super::read::guard;
use super::rules::{accept_fields, department_of, digest_of, duplicate, editable, unrestricted, version_of};
use super::sealing::{TagSet, open_row, open_some, reseal, tags_of, unpack_tags};
use super::seen::{decide_row, decide_thing, looks_closely, refuse, seen_through, show_written, thing};
use super::tags::{checked_codes, in_order};
use super::{Attributes, Patch, SeenCustomer};
use crate::access::spend_in;
use crate::audit::{Detail, Draft, Shown};
use crate::consents::{agreed, refreshed};
use crate::events::{Event, EventType, Fact, publish_all};
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
    /// Refuses a version that is none of these.
    pub(crate) fn check(&self, version: i32) -> Result<(), DomainError> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => {
                Err(DomainError::refused(RefusedAs::PreconditionFailed, "precondition_failed"))
            }
            Self::Any | Self::Versions(_) => Ok(()),
        }
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
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut row).await?;
    let decision = decide_row(app, call, &row, Permission::CustomersWrite);
    refuse(decision.outcome, Permission::CustomersWrite)?;
    agreed(call, &row)?;
    if !patch.only_moves() {
        unrestricted(call, &row)?;
    }
    condition.check(row.version)?;
    may_hand_over(app, call, &row, &patch)?;
    let now = app.now();
    let mut faults = check_attributes(flat(&patch.stage), flat(&patch.source), flat(&patch.region));
    let accepted = accept_fields(call.customer(), &patch.fields, now, &mut faults);
    let attributes = patched_attributes(work, call, &row, &patch, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    editable(&decision, accepted.iter().map(|a| a.field))?;
    let written: Changed<'_> = accepted.into_iter().map(|a| (a.field, a.value)).collect();
    let Worked { row, mut draft, change } = work_out(app, call, work, row, attributes, written.clone()).await?;
    let told = told(&row, &draft);
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    let closely = looks_closely(&row, &decision);
    let mut seen = seen_through(app, call, &row, &decision, &mut draft.shown)?;
    let values = written.iter().filter_map(|(field, value)| Some((*field, value.as_deref()?)));
    show_written(&mut seen, values, &mut draft.shown);
    // The count comes last: whoever else spends from this budget waits for it from then on.
    let spent = async { if closely { spend_in(app, call, work, &[row.id]).await } else { Ok(()) } };
    let (recorded, heard, put, spent) = tokio::join!(
        biased;
        app.record_change(work, call, draft),
        publish_all(app, work, told),
        put(call, work, &row, change),
        spent,
    );
    DomainError::first_cause([put, recorded, heard, spent])?;
    Ok(seen)
}

/// To give a customer to somebody else, or to another department, is a right of its own.
fn may_hand_over(app: &App, call: &Call, row: &CustomerRow, patch: &Patch) -> Result<(), DomainError> {
    let stays = patch.owner.is_none_or(|owner| owner == row.owner)
        && patch.department.is_none_or(|department| department == row.department);
    if stays {
        return Ok(());
    }
    refuse(decide_row(app, call, row, Permission::CustomersAssign).outcome, Permission::CustomersAssign)
}

/// Tells of a change that made a version; what changed nothing is no news.
pub(super) async fn tell(app: &App, work: &Work, row: &CustomerRow, draft: &Draft) -> Result<(), DomainError> {
    publish_all(app, work, told(row, draft)).await
}

fn told(row: &CustomerRow, draft: &Draft) -> Vec<Event> {
    let Some(Detail::Codes(changed)) = draft.details.get("changed") else { return Vec::new() };
    let event = Event::about(EventType::CustomersUpdated, row.id)
        .with("version", Fact::Count(row.version.into()))
        .with("fields", Fact::Fields(changed.clone()));
    vec![event]
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
        codes: patch.codes.clone().map_or_else(|| row.codes.clone(), in_order),
    };
    if patch.codes.is_some() {
        checked_codes(work, call, &attributes.codes, &row.codes, faults).await?;
    }
    if let Some(Some(owner)) = patch.owner {
        let named = patch.department.flatten();
        attributes.department = department_of(work, call, Some(owner), named, faults).await?;
    } else if let Some(Some(department)) = patch.department {
        department_of(work, call, None, Some(department), faults).await?;
    }
    Ok(attributes)
}

/// Fields with their new values; `None` takes a value away.
pub(super) type Changed<'c> = Vec<(&'c Field, Option<String>)>;

/// A stored change, and the entry that still has to be written in its transaction.
pub(super) struct Applied {
    pub row: CustomerRow,
    pub draft: Draft,
}

/// Stores a checked change of a locked row: new values, tags, version, what was replaced.
pub(super) async fn apply(
    app: &App,
    call: &Call,
    work: &Work,
    row: CustomerRow,
    attributes: Attributes,
    changed: Changed<'_>,
) -> Result<Applied, DomainError> {
    let Worked { row, draft, change } = work_out(app, call, work, row, attributes, changed).await?;
    put(call, work, &row, change).await?;
    Ok(Applied { row, draft })
}

/// A change as it will be stored, and its entry; no change where it changes nothing.
struct Worked {
    row: CustomerRow,
    draft: Draft,
    change: Option<Replaced>,
}

/// What a change replaces beside the row.
struct Replaced {
    version: VersionRow,
    gone: Gone,
    added: Added,
    codes: bool,
}

async fn put(call: &Call, work: &Work, row: &CustomerRow, change: Option<Replaced>) -> Result<(), DomainError> {
    let Some(Replaced { version, gone, added, codes }) = change else { return Ok(()) };
    let stored = stored::store_change(work, row, &version, &gone, &added).await;
    stored.map_err(|error| duplicate(call.customer(), error))?;
    if codes { Ok(stored::put_codes(work, row.id, &row.codes).await?) } else { Ok(()) }
}

async fn work_out(
    app: &App,
    call: &Call,
    work: &Work,
    row: CustomerRow,
    attributes: Attributes,
    changed: Changed<'_>,
) -> Result<Worked, DomainError> {
    let organization = call.organization();
    let key = guard(app, call, row.id, open_row(app, organization, &row)).await?;
    let opened = open_some(&key, organization, &row, changed.iter().map(|(field, _)| *field));
    let before = guard(app, call, row.id, opened).await?;
    let value_of = |field: &Field| before.iter().find(|(f, _)| f.key == field.key).map(|(_, value)| value);
    let changed: Changed<'_> = changed.into_iter().filter(|(field, value)| value_of(field) != value.as_ref()).collect();
    let previous = attributes_of(&row);
    if changed.is_empty() && previous == attributes {
        return Ok(Worked { draft: Draft::about(Action::CustomersUpdate, row.id), row, change: None });
    }
    let version = row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    let (fields, replaced) = reseal(app, &key, organization, &row, version, &changed)?;
    let keys = app.keys().open_organization(work).await?;
    let replaced_values = before.iter().filter(|(field, _)| changed.iter().any(|(f, _)| f.key == field.key));
    let old = tags_of(&keys, replaced_values.map(|(field, value)| (*field, value.as_str())));
    let new = tags_of(&keys, changed.iter().filter_map(|(f, v)| Some((*f, v.as_deref()?))));
    let (gone, added, tags) = tags_replaced(&row, &old, &new);
    let keys_changed = changed.iter().map(|(field, _)| field.key.to_owned());
    let names: Vec<String> = keys_changed.chain(changed_attributes(&previous, &attributes)).collect();
    let next = next_row(row, version, attributes, fields, tags, app.now(), call);
    let kept_version = VersionRow {
        customer: next.id,
        version,
        changed_at: next.updated_at,
        changed_by: next.updated_by,
        actor_kind: call.identity.caller.actor_kind().to_owned(),
        changed: names.clone(),
        previous: attributes_json(&previous),
        previous_fields: replaced,
    };
    let codes = previous.codes != next.codes;
    let shown = Shown { written: changed.iter().map(|(f, _)| f.key).collect(), ..Shown::default() };
    let draft = Draft { shown, ..Draft::about(Action::CustomersUpdate, next.id) };
    let draft =
        draft.with("changed", Detail::Codes(names)).with("digest", digest_of(&next)).with("version", version_of(&next));
    Ok(Worked { row: next, draft, change: Some(Replaced { version: kept_version, gone, added, codes }) })
}

/// The row as it stands after a change.
fn next_row(
    row: CustomerRow,
    version: i32,
    attributes: Attributes,
    fields: SealedFields,
    tags: Vec<u8>,
    now: DateTime<Utc>,
    call: &Call,
) -> CustomerRow {
    let Attributes { stage, source, region, owner, department, codes } = attributes;
    let (updated_at, updated_by) = (now, call.identity.actor_id());
    CustomerRow {
        version,
        stage,
        source,
        region,
        owner,
        department,
        codes,
        updated_at,
        updated_by,
        fields,
        tags,
        ..row
    }
}

type Gone = Vec<(CustomerId, [u8; 16])>;
type Added = Vec<(CustomerId, [u8; 16], bool)>;

/// The tags that a change takes away, those that it adds, and those of the row afterwards. Tags of other fields stay as they are: no two
/// fields share any.
fn tags_replaced(row: &CustomerRow, old: &TagSet, new: &TagSet) -> (Gone, Added, Vec<u8>) {
    let stored = unpack_tags(&row.tags);
    let is_gone = |tag: &[u8; 16]| old.0.iter().any(|(t, _)| t == tag) && !new.0.iter().any(|(t, _)| t == tag);
    let (gone, mut kept): (Vec<_>, Vec<_>) = stored.iter().copied().partition(is_gone);
    let added: Vec<_> = new.0.iter().filter(|(tag, _)| !stored.contains(tag)).copied().collect();
    kept.extend(added.iter().map(|(tag, _)| *tag));
    (
        gone.into_iter().map(|tag| (row.id, tag)).collect(),
        added.into_iter().map(|(tag, unique)| (row.id, tag, unique)).collect(),
        kept.into_iter().flatten().collect(),
    )
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
    note(before.codes != after.codes, "tags");
    names
}

pub(super) fn attributes_json(attributes: &Attributes) -> serde_json::Value {
    let Attributes { stage, source, region, owner, department, codes } = attributes;
    json!({ "stage": stage, "source": source, "region": region, "owner_id": owner, "department_id": department, "tags": codes })
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
    unrestricted(call, &row)?;
    condition.check(row.version)?;
    super::put_back::take_out(app, call, work, &row).await
}

/// An existing customer that this caller was found to be allowed to change.
pub(crate) struct Existing(CustomerRow);

impl Existing {
    /// Asks the decision about a locked row and these fields.
    pub(crate) fn new(app: &App, call: &Call, row: CustomerRow, fields: &[&Field]) -> Result<Self, DomainError> {
        let existing = Self::handed_over(app, call, row, fields)?;
        unrestricted(call, &existing.0)?;
        Ok(existing)
    }

    /// A locked row that was found to be free to change otherwise.
    pub(super) fn locked(row: CustomerRow) -> Self {
        Self(row)
    }

    /// Which of these fields have a value.
    pub(crate) fn has(&self, field: &Field) -> bool {
        self.0.fields.get(field.key).is_some()
    }

    /// Its version.
    pub(crate) fn version(&self) -> i32 {
        self.0.version
    }

    /// Its attributes as they are.
    pub(crate) fn attributes(&self) -> Attributes {
        attributes_of(&self.0)
    }

    /// Stores the change and its entry; answers the version that it made, or the one before of a change that changes nothing.
    pub(crate) async fn change(
        self,
        app: &App,
        call: &Call,
        work: &Work,
        attributes: Attributes,
        changed: Changed<'_>,
    ) -> Result<i32, DomainError> {
        let Worked { row, draft, change } = work_out(app, call, work, self.0, attributes, changed).await?;
        let told = told(&row, &draft);
        let (recorded, heard, put) = tokio::join!(
            biased;
            app.record_change(work, call, draft),
            publish_all(app, work, told),
            put(call, work, &row, change),
        );
        DomainError::first_cause([put, recorded, heard])?;
        Ok(row.version)
    }
}

pub(super) fn attributes_of(row: &CustomerRow) -> Attributes {
    let CustomerRow { stage, source, region, owner, department, codes, .. } = row;
    Attributes {
        stage: stage.clone(),
        source: source.clone(),
        region: region.clone(),
        owner: *owner,
        department: *department,
        codes: codes.clone(),
    }
}
