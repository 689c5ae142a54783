//! Entering a customer.

use custodian_crypto::BucketKey;
use custodian_domain::access::Thing;
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::customers::province_region;
use custodian_domain::kernel::{CustomerId, DepartmentId, DomainError, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::audit::NewEntry;
use custodian_persistence::customers::{self as stored, CustomerRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use super::commands::{accept_all, check_attributes};
use super::rules::{digest_of, duplicate, editable, placed, version_of};
use super::sealing::{TagSet, seal_new, tags_of};
use super::seen::{decide_row, decide_thing, fields_through, refuse, seen_as, seen_through, show_written};
use super::tags::{code_faults, in_order, usable_codes};
use super::{Attributes, NewCustomer, SeenCustomer};
use crate::audit::{Detail, Draft, Shown};
use crate::auth::still_valid;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// Enters a customer. The caller becomes its owner unless another is named; its department is the owner's unless another is named.
///
/// Errors: 422 with every fault; 403 `field_not_editable`, `outside_scope`; 409 `duplicate_value` for a unique value that is taken.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewCustomer) -> Result<SeenCustomer, DomainError> {
    call.needs(Permission::CustomersCreate)?;
    let owner = owner_of(call, &new);
    let known = users::departments_of(work, owner.as_slice()).await?;
    let known = Known { owners: &known, codes: &usable_codes(work, &new.attributes.codes).await? };
    let checked = check(app, call, known, new)?;
    let keys = app.keys().open_organization(work).await?;
    let places = app.keys().places(app.db(), work, 1, app.rng(), app.now()).await?;
    let (bucket, _) = places.first().ok_or_else(|| DomainError::internal("no place for a customer"))?;
    let entered = Entered::new(app, call, &keys, bucket, checked)?;
    still_valid(work, &call.identity).await?;
    store(app, work, call.customer(), std::slice::from_ref(&entered)).await?;
    Ok(entered.seen)
}

/// Who would own a new customer.
pub(super) fn owner_of(call: &Call, new: &NewCustomer) -> Option<UserId> {
    new.attributes.owner.or(call.identity.user())
}

/// What is known of owners and tags that new customers name.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub owners: &'a [(UserId, String, Option<DepartmentId>)],
    pub codes: &'a [String],
}

/// What may be entered, as it will be stored.
pub(super) struct Checked<'c> {
    attributes: Attributes,
    values: Vec<(&'c Field, String)>,
}

/// Everything that can be wrong with a new customer, except that a unique value is taken.
pub(super) fn check<'c>(
    app: &App,
    call: &'c Call,
    known: Known<'_>,
    new: NewCustomer,
) -> Result<Checked<'c>, DomainError> {
    let now = app.now();
    let owner = owner_of(call, &new);
    let NewCustomer { mut attributes, fields } = new;
    let mut faults =
        check_attributes(attributes.stage.as_deref(), attributes.source.as_deref(), attributes.region.as_deref());
    let accepted = accept_all(call.customer(), &fields, now.date_naive(), true, &mut faults);
    attributes.owner = owner;
    attributes.department = placed(call, known.owners, owner, attributes.department, &mut faults);
    attributes.codes = in_order(std::mem::take(&mut attributes.codes));
    code_faults(call, &attributes.codes, known.codes, &mut faults);
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let values: Vec<(&'c Field, String)> = accepted.into_iter().filter_map(|a| Some((a.field, a.value?))).collect();
    if attributes.region.is_none() {
        let province = values.iter().find(|(f, _)| f.key == "province");
        attributes.region = province.and_then(|(_, name)| province_region(name)).map(str::to_owned);
    }
    may_create(app, call, &attributes, values.iter().map(|(field, _)| *field))?;
    Ok(Checked { attributes, values })
}

/// A new customer sealed, with its entry and with what its author sees of it.
pub(super) struct Entered {
    row: CustomerRow,
    tags: TagSet,
    entry: NewEntry,
    event: Event,
    pub seen: SeenCustomer,
}

impl Entered {
    pub(super) fn new(
        app: &App,
        call: &Call,
        keys: &OrganizationKeys,
        bucket: &BucketKey,
        checked: Checked<'_>,
    ) -> Result<Self, DomainError> {
        let Checked { attributes, values } = checked;
        let tags = tags_of(keys, values.iter().map(|(field, value)| (*field, value.as_str())));
        let pairs: Vec<(&Field, &str)> = values.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let sealed = seal_new(app, call.organization(), &pairs, &tags, app.now());
        let row = sealed.into_row(bucket, attributes, call.identity.actor_id());
        let mut shown = Shown { written: values.iter().map(|(f, _)| f.key).collect(), ..Shown::default() };
        let decision = decide_row(app, call, &row, Permission::CustomersRead);
        // What is at hand is not opened again.
        let written = |field: &Field| pairs.iter().find(|(one, _)| one.key == field.key);
        let value = |field: &Field| Ok(written(field).map(|(_, value)| (*value).to_owned()));
        let mut seen = seen_as(call, &row, fields_through(&decision, &mut shown, value)?);
        let fields = shown.written.iter().map(|key| (*key).to_owned()).collect();
        let event = Event::about(EventType::CustomersCreated, row.id)
            .with("version", Fact::Count(row.version.into()))
            .with("fields", Fact::Fields(fields));
        show_written(&mut seen, values.iter().map(|(field, value)| (*field, value.as_str())), &mut shown);
        let draft = Draft { shown, ..Draft::about(Action::CustomersCreate, row.id) };
        let entry =
            app.entry_with(keys, call, draft.with("digest", digest_of(&row)).with("version", version_of(&row)))?;
        Ok(Self { row, tags, entry, event, seen })
    }

    /// The tags that no other customer may carry.
    pub(super) fn unique(&self) -> impl Iterator<Item = [u8; 16]> {
        self.tags.unique()
    }
}

/// Stores new customers, their entries and their events in one round trip.
pub(super) async fn store(app: &App, work: &Work, of: &RecordType, all: &[Entered]) -> Result<(), DomainError> {
    let rows: Vec<&CustomerRow> = all.iter().map(|one| &one.row).collect();
    let tags: Vec<_> =
        all.iter().flat_map(|one| one.tags.0.iter().map(|(tag, unique)| (one.row.id, *tag, *unique))).collect();
    let entries: Vec<&NewEntry> = all.iter().map(|one| &one.entry).collect();
    let events = all.iter().map(|one| one.event.clone()).collect();
    let (recorded, told, inserted) = tokio::join!(biased; crate::audit::record_all(work, &entries), publish_all(app, work, events),
        stored::insert_tagged(work, &rows, &tags));
    DomainError::first_cause([recorded, told, inserted.map_err(|error| duplicate(of, error))])?;
    let codes = all.iter().flat_map(|one| one.row.codes.iter().map(|code| (one.row.id, code.as_str())));
    Ok(stored::add_codes(work, &codes.collect::<Vec<_>>()).await?)
}

/// May this caller enter such a customer? The code of the refusal if not.
pub(crate) fn covers_new(
    app: &App,
    call: &Call,
    attributes: &Attributes,
    fields: &[&Field],
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
    record_repeated(app, call, id, Action::CustomersCreate).await
}

/// The same for a kept answer that shows the customer after something else was done.
///
/// Errors: 404 where the customer is gone or out of the caller's sight by now.
pub async fn record_repeated_show(app: &App, call: &Call, id: Uuid) -> Result<(), DomainError> {
    record_repeated(app, call, id, Action::CustomersRead).await
}

async fn record_repeated(app: &App, call: &Call, id: Uuid, action: Action) -> Result<(), DomainError> {
    let id = call.identity.meant_customer(id)?;
    let row = app
        .reading(call.organization(), async |work| stored::lock(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    let decision = decide_row(app, call, &row, Permission::CustomersRead);
    refuse(decision.outcome, Permission::CustomersRead)?;
    let mut shown = Shown::default();
    seen_through(app, call, &row, &decision, &mut shown)?;
    let draft = Draft { shown, ..Draft::about(action, id) };
    app.record_read(call, draft.with("repeated", Detail::Count(1))).await
}
