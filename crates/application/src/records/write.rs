//! Entering, changing and deleting a record.

use chrono::{DateTime, Utc};
use custodian_crypto::DataKey;
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, UserId};
use custodian_domain::records::{OpenFacts, moment, money};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as people, SealedFields, SealedValue};
use custodian_persistence::records::{self as stored, Hung, RecordRow, RecordVersionRow};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use super::bulk::change;
use super::put_back::archive;
use super::read::entry;
use super::sealing::{Spot, key_of, open_value, seal, tags, values};
use super::seen::{SeenRecord, judge, permitted, seen_through};
use super::{news, type_in_use, type_of};
use crate::access_requests::{Holding, holding_locked};
use crate::audit::{Detail, Shown};
use crate::consents::{agreed, refreshed};
use crate::customers::{
    FieldInput, Precondition, SeenField, SeenValue, accept_fields, department_of, editable, field_faults, taken,
    unrestricted,
};
use crate::events::EventType;
use crate::{App, Call};

/// A record to be entered.
#[derive(Clone, Debug, Default)]
pub struct NewRecord {
    /// Who sees to it; by default the caller.
    pub owner: Option<UserId>,
    /// Field key to value.
    pub fields: Vec<(String, FieldInput)>,
}

/// A change (RFC 7396): what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct RecordPatch {
    /// Who sees to it; `Some(None)` leaves it to the customer's owner.
    pub owner: Option<Option<UserId>>,
    /// Field key to new value.
    pub fields: Vec<(String, FieldInput)>,
}

/// Enters a record of a customer.
///
/// Errors: 404 for a customer or type that the caller may not know of; 422 with every fault; 403 `field_not_editable`; 409 `duplicate_value`,
/// `record_type_retired`.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    (customer, code): (Uuid, &str),
    new: NewRecord,
) -> Result<SeenRecord, DomainError> {
    call.needs(Permission::RecordsWrite)?;
    let of = type_in_use(call, code)?;
    let id = call.identity.meant_customer(customer)?;
    let mut customer = people::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut customer).await?;
    let now = app.now();
    let owner = new.owner.or(call.identity.user());
    let record = blank(app, call, id, of.code, owner);
    let mut hung = Hung { record, customer };
    let judged = permitted(app, call, &hung, Permission::RecordsWrite, &Holding::default(), of)?;
    agreed(call, &hung.customer)?;
    unrestricted(call, &hung.customer)?;
    let mut faults = field_faults(of, &new.fields, now.date_naive(), true);
    let accepted = accept_fields(of, &new.fields, now, &mut Vec::new());
    // Held until the commit, the caller as much as anybody: nothing is entered for somebody who leaves meanwhile.
    department_of(work, call, owner, None, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let given: Vec<(&Field, String)> = accepted.into_iter().filter_map(|one| Some((one.field, one.value?))).collect();
    editable(&judged.decision, given.iter().map(|(field, _)| *field))?;
    let pairs: Vec<(&Field, &str)> = given.iter().map(|(field, value)| (*field, value.as_str())).collect();
    let key = key_of(app, call.organization(), &hung.customer)?;
    let spot = Spot { organization: call.organization(), customer: id, record_type: of.code, record: hung.record.id };
    hung.record.fields = seal(app, &key, spot, 1, &[], &pairs);
    let tagged = tagged(app, work, of, &pairs, &mut hung.record).await?;
    state_facts(of, &pairs, &mut hung.record);
    stored::insert(work, &hung.record, &tagged).await.map_err(|error| duplicate(of, error))?;
    let keys = pairs.iter().map(|(field, _)| field.key.to_owned()).collect();
    news::written(app, work, EventType::RecordsCreated, &hung.record, keys).await?;
    answered(app, call, work, Action::RecordsCreate, of, &hung, &pairs).await
}

/// A record without values.
pub(super) fn blank(app: &App, call: &Call, customer: CustomerId, code: &str, owner: Option<UserId>) -> RecordRow {
    let (now, by) = (app.now(), call.identity.actor_id());
    RecordRow {
        id: app.new_id(),
        customer,
        record_type: code.to_owned(),
        version: 1,
        owner,
        at: now,
        due_at: None,
        state: None,
        amount: None,
        ended: false,
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
        fields: SealedFields::default(),
        tags: Vec::new(),
    }
}

async fn tagged(
    app: &App,
    work: &Work,
    of: &RecordType,
    pairs: &[(&Field, &str)],
    record: &mut RecordRow,
) -> Result<Vec<([u8; 16], bool)>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let tagged = tags(&keys, of, pairs.iter().copied());
    record.tags = tagged.iter().flat_map(|(tag, _)| *tag).collect();
    Ok(tagged)
}

/// What stands in the clear, from all the values that the record has now.
pub(super) fn state_facts(of: &RecordType, pairs: &[(&Field, &str)], record: &mut RecordRow) {
    let OpenFacts { at, due, state, amount, ended } = OpenFacts::of(of);
    let value = |key: Option<&str>| {
        let key = key?;
        pairs.iter().find(|(field, _)| field.key == key).map(|(_, value)| *value)
    };
    record.at = value(at).and_then(moment).unwrap_or(record.created_at);
    record.due_at = value(due).and_then(moment);
    record.state = value(state).map(str::to_owned);
    record.amount = value(amount).and_then(money).map(|(sum, currency)| (sum.to_owned(), currency.to_owned()));
    record.ended = record.state.as_deref().is_some_and(|state| ended.contains(&state));
}

fn duplicate(of: &RecordType, error: DbError) -> DomainError {
    match error {
        DbError::Conflict(constraint) if constraint == "record_indexes_unique" => taken(of),
        other => other.into(),
    }
}

/// The record as its author sees it, with the entry of the change.
async fn answered(
    app: &App,
    call: &Call,
    work: &Work,
    action: Action,
    of: &RecordType,
    hung: &Hung,
    written: &[(&Field, &str)],
) -> Result<SeenRecord, DomainError> {
    let judged = judge(app, call, hung, Permission::RecordsRead, &Holding::default(), of);
    let mut shown = Shown { written: written.iter().map(|(field, _)| field.name).collect(), ..Shown::default() };
    let mut seen = seen_through(app, call, hung, &judged.decision, &mut shown)?;
    for (field, value) in written {
        // Who may enter a value but not read it back is shown its mask.
        if !seen.fields.iter().any(|known| known.key == field.key) {
            let access =
                custodian_domain::access::FieldAccess { view: custodian_domain::access::View::Masked, edit: true };
            let masked = Some(SeenValue::Text(field.mask(value)));
            seen.fields.push(SeenField { key: field.key, value: masked, access });
            shown.masked.push(field.name);
        }
    }
    let mut draft = entry(action, hung);
    draft.shown = shown;
    let version = Detail::Count(u32::try_from(hung.record.version).unwrap_or_default());
    app.record_change(work, call, draft.with("version", version)).await?;
    Ok(seen)
}

/// Changes a record. A change that changes nothing makes no version.
///
/// Errors: those of [`create`]; 412 for another version.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    (code, id): (&str, Uuid),
    condition: &Precondition,
    patch: RecordPatch,
) -> Result<SeenRecord, DomainError> {
    call.needs(Permission::RecordsWrite)?;
    let of = type_in_use(call, code)?;
    let mut hung = stored::lock(work, of.code, id).await?.ok_or(DomainError::NotFound)?;
    refreshed(work, call, &mut hung.customer).await?;
    let holding = holding_locked(call, work, hung.customer.id).await?;
    let judged = permitted(app, call, &hung, Permission::RecordsWrite, &holding, of)?;
    agreed(call, &hung.customer)?;
    if !patch.fields.is_empty() {
        unrestricted(call, &hung.customer)?;
    }
    condition.check(hung.record.version)?;
    let mut faults: Vec<Fault> = Vec::new();
    let accepted = accept_fields(of, &patch.fields, app.now(), &mut faults);
    department_of(work, call, patch.owner.flatten(), None, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    editable(&judged.decision, accepted.iter().map(|one| one.field))?;
    let values = accepted.into_iter().map(|one| (one.field, one.value)).collect();
    let owner = patch.owner.unwrap_or(hung.record.owner);
    let changed = change(app, call, work, of, &mut hung, (values, owner)).await?;
    let written: Vec<(&Field, &str)> =
        changed.iter().filter_map(|(field, value)| Some((*field, value.as_deref()?))).collect();
    answered(app, call, work, Action::RecordsUpdate, of, &hung, &written).await
}

/// The values that the record has of fields in use.
pub(super) fn opened<'c>(
    call: &Call,
    of: &'c RecordType,
    key: &DataKey,
    record: &RecordRow,
) -> Result<Vec<(&'c Field, String)>, DomainError> {
    let spot = Spot::of(call.organization(), record);
    let mut opened = Vec::new();
    for field in &of.fields {
        if let Some(value) = record.fields.get(field.key) {
            opened.push((field, open_value(key, spot, &value)?));
        }
    }
    Ok(opened)
}

/// A checked change of a locked record.
pub(super) struct Change<'a> {
    pub of: &'a RecordType,
    pub key: &'a DataKey,
    pub before: &'a [(&'a Field, String)],
    pub changed: &'a [(&'a Field, Option<String>)],
    pub owner: Option<UserId>,
}

impl Change<'_> {
    pub(super) async fn store(
        &self,
        app: &App,
        call: &Call,
        work: &Work,
        record: &mut RecordRow,
    ) -> Result<(), DomainError> {
        let is_changed = |key: &str| self.changed.iter().any(|(field, _)| field.key == key);
        let (mut kept, mut replaced) = (Vec::new(), SealedFields::default());
        for value in values(record) {
            let value: SealedValue<'_> = value.ok_or(DomainError::Integrity)?;
            if is_changed(value.key) { replaced.push(value) } else { kept.push(value) }
        }
        let version = record.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
        let new: Vec<(&Field, &str)> =
            self.changed.iter().filter_map(|(field, value)| Some((*field, value.as_deref()?))).collect();
        let sealed_version = u32::try_from(version).map_err(|_| DomainError::Integrity)?;
        let spot = Spot::of(call.organization(), record);
        let fields = seal(app, self.key, spot, sealed_version, &kept, &new);
        let stays = self.before.iter().filter(|(field, _)| !is_changed(field.key));
        let all: Vec<(&Field, &str)> = stays.map(|(field, value)| (*field, value.as_str())).chain(new).collect();
        let tagged = tagged(app, work, self.of, &all, record).await?;
        let previous_owner = record.owner.map(|owner| owner.uuid());
        let mut names: Vec<String> = self.changed.iter().map(|(field, _)| field.key.to_owned()).collect();
        names.extend((self.owner != record.owner).then(|| "owner_id".to_owned()));
        state_facts(self.of, &all, record);
        let now: DateTime<Utc> = app.now();
        (record.version, record.owner, record.fields) = (version, self.owner, fields);
        (record.updated_at, record.updated_by) = (now, call.identity.actor_id());
        let kept = RecordVersionRow {
            version,
            changed_at: now,
            changed_by: call.identity.actor_id(),
            actor_kind: call.identity.caller.actor_kind().to_owned(),
            changed: names,
            previous_owner,
            previous_fields: replaced,
        };
        stored::store_change(work, record, &kept, &tagged).await.map_err(|error| duplicate(self.of, error))?;
        news::written(app, work, EventType::RecordsUpdated, record, kept.changed).await
    }
}

/// Takes a record out of use: it is found and read no more. Its values stay sealed until its customer is erased.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    (code, id): (&str, Uuid),
    condition: &Precondition,
) -> Result<(), DomainError> {
    call.needs(Permission::RecordsDelete)?;
    let of = type_of(call, code)?;
    let hung = stored::lock(work, of.code, id).await?.ok_or(DomainError::NotFound)?;
    permitted(app, call, &hung, Permission::RecordsDelete, &Holding::default(), of)?;
    unrestricted(call, &hung.customer)?;
    condition.check(hung.record.version)?;
    archive(app, call, work, &hung).await
}
