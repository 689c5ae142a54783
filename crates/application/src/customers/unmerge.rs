//! A merge undone: what went along goes back, as far as nobody has changed it since. And where a merged customer is found by now.

use custodian_domain::access::Outcome;
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CustomerReader, CustomerRow, MergeRow, Whoever};
use custodian_persistence::{Work, privacy_requests as requests};
use uuid::Uuid;

use super::Attributes;
use super::change::{Applied, Changed, apply, attributes_of, tell};
use super::merge::{MergeView, Moved, conflict, entry, is_open};
use super::read::{find, guard};
use super::rules::duplicate;
use super::sealing::{open_one, open_row, open_some, tags_of};
use super::seen::{decide_row, refuse};
use crate::audit::Draft;
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call, attachments, consents, privacy_requests, records};

/// Every merge of a customer, newest first.
pub async fn merges(app: &App, reader: &CustomerReader, call: &Call, id: Uuid) -> Result<Vec<MergeView>, DomainError> {
    let row = find(app, reader, call, id, Permission::CustomersMerge).await?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::merges(&work, row.id).await;
    work.abandon().await;
    app.record_read(call, Draft::about(Action::CustomersMerges, row.id)).await?;
    rows?.into_iter().map(MergeView::of).collect()
}

/// Undoes a merge: the one that went is a customer of its own again, with its values, tags, records and requests. Changes that were made since stay where
/// they were made; a consent that the merge ended stays ended. What was answered with a request that is the other's again is open once more.
///
/// Errors: 404; 409 `merge_undone`, `merge_final` after its time, `customer_restricted`, and `duplicate_value` where somebody has a unique value of it by now.
pub async fn unmerge(
    app: &App,
    call: &Call,
    work: &Work,
    survivor: Uuid,
    merge: Uuid,
    reason: String,
) -> Result<MergeView, DomainError> {
    call.needs(Permission::CustomersMerge)?;
    requests::hold(work).await?;
    let survivor = CustomerId::from(survivor);
    let found = stored::lock_merge(work, survivor, merge).await?;
    // Who stays is held first, as where both are erased or one says stop.
    let stays = stored::lock_whoever(work, &[survivor]).await?.pop();
    let stays = stays.filter(|one| one.in_use).ok_or(DomainError::NotFound)?.row;
    refuse(decide_row(app, call, &stays, Permission::CustomersMerge).outcome, Permission::CustomersMerge)?;
    let view = MergeView::of(found.ok_or(DomainError::NotFound)?)?;
    let now = work.database_time().await?;
    is_open(&view.row, now)?;
    let goes: Option<Whoever> = stored::lock_whoever(work, &[view.row.merged]).await?.pop();
    let goes = goes.filter(|one| one.merged_into == Some(survivor)).ok_or_else(|| conflict("merge_final"))?;
    if stays.restricted {
        return Err(conflict("customer_restricted"));
    }
    let next = give_back(app, call, work, stays, &goes.row, &view).await?;
    let moved = &view.moved;
    let back = records::move_all(app, work, &next, &goes.row, Some(&moved.records)).await;
    guard(app, call, next.id, back).await?;
    let files = attachments::move_all(app, work, &next, &goes.row, Some(&moved.attachments)).await;
    guard(app, call, next.id, files).await?;
    consents::unfollow(app, call, work, next.id, &moved.consents).await?;
    let back = stored::move_requests(work, next.id, goes.row.id, Some(&moved.privacy_requests)).await?;
    privacy_requests::part(app, call, work, &back).await?;
    let mut those = stored::collaborators(work, next.id).await?;
    those.retain(|row| !moved.collaborators.contains(&row.user.uuid()));
    stored::put_collaborators(work, next.id, &those).await?;
    stored::note_undone(work, view.row.id, now, call.identity.actor_id()).await?;
    let event = Event::about(EventType::CustomersUnmerged, next.id)
        .with("merged_id", Fact::Person(goes.row.id.uuid()))
        .with("merge_id", Fact::Id(view.row.id));
    publish(app, work, event).await?;
    app.record_change(work, call, Draft { reason: Some(reason), ..entry(Action::CustomersUnmerge, &view.row) }).await?;
    Ok(MergeView { row: MergeRow { undone_at: Some(now), ..view.row }, moved: view.moved })
}

/// Takes back what the merge gave, and finds the other by its values again.
async fn give_back(
    app: &App,
    call: &Call,
    work: &Work,
    stays: CustomerRow,
    goes: &CustomerRow,
    view: &MergeView,
) -> Result<CustomerRow, DomainError> {
    let changed = guard(app, call, stays.id, restored(app, call, work, &stays, goes, view).await).await?;
    let mut attributes: Attributes = attributes_of(&stays);
    attributes.codes.retain(|code| !view.moved.tags.contains(code));
    let before = stays.version;
    let Applied { row: next, draft } = apply(app, call, work, stays, attributes, changed).await?;
    tell(app, work, &next, &draft).await?;
    if next.version != before {
        app.record_change(work, call, draft).await?;
    }
    let key = guard(app, call, goes.id, open_row(app, call.organization(), goes)).await?;
    let fields = &call.customer().fields;
    let own = guard(app, call, goes.id, open_some(&key, call.organization(), goes, fields.iter())).await?;
    let keys = app.keys().open_organization(work).await?;
    let tags = tags_of(&keys, own.iter().map(|(field, value)| (*field, value.as_str())));
    let shown = stored::show_merged(work, goes.id, &tags.0).await;
    shown.map_err(|error| duplicate(call.customer(), error))?;
    Ok(next)
}

/// The values that the merge replaced, for those that nobody has changed since.
async fn restored<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    stays: &CustomerRow,
    goes: &CustomerRow,
    view: &MergeView,
) -> Result<Changed<'c>, DomainError> {
    let organization = call.organization();
    let (key, other) = (open_row(app, organization, stays)?, open_row(app, organization, goes)?);
    let Moved { fields: taken, .. } = &view.moved;
    let versions = stored::list_versions(work, stays.id, view.row.survivor_version.checked_add(1), 1).await?;
    let version = versions.into_iter().find(|version| version.version == view.row.survivor_version);
    let mut changed: Changed<'c> = Vec::new();
    for field in call.customer().ever().filter(|field| taken.iter().any(|key| key == field.key)) {
        let now = value(&key, organization, stays, field)?;
        if now.is_none() || now != value(&other, organization, goes, field)? {
            continue;
        }
        let before = version.as_ref().and_then(|version| version.previous_fields.get(field.key));
        let before = before.map(|sealed| open_one(&key, organization, stays.id, &sealed)).transpose()?;
        changed.push((field, before));
    }
    Ok(changed)
}

fn value(
    key: &custodian_crypto::DataKey,
    organization: custodian_domain::kernel::OrganizationId,
    row: &CustomerRow,
    field: &Field,
) -> Result<Option<String>, DomainError> {
    row.fields.get(field.key).map(|sealed| open_one(key, organization, row.id, &sealed)).transpose()
}

/// Where a customer that was not found is by now, by the id that the caller knows; nothing for whoever may not see the one that it is. One that was deleted
/// since is found to be erased, and for nothing else.
pub async fn merged_place(app: &App, call: &Call, id: Uuid, to_erase: bool) -> Result<Option<Uuid>, DomainError> {
    let Ok(id) = call.identity.meant_customer(id) else { return Ok(None) };
    let place = app.reading(call.organization(), async |work| place_of(app, call, work, id, to_erase).await).await?;
    let Some(survivor) = place else {
        return Ok(None);
    };
    app.record_read(call, Draft { customers: vec![id, survivor], ..Draft::of(Action::CustomersRedirect) }).await?;
    Ok(Some(call.identity.shown_id(survivor)))
}

async fn place_of(
    app: &App,
    call: &Call,
    work: &Work,
    id: CustomerId,
    to_erase: bool,
) -> Result<Option<CustomerId>, DomainError> {
    let Some(survivor) = stored::merged_into(work, id).await? else { return Ok(None) };
    let rows = stored::by_ids(work, &[survivor], consents::asked_for(call)).await?;
    let sees = |row: &&CustomerRow| decide_row(app, call, row, Permission::CustomersRead).outcome == Outcome::Allowed;
    if let Some(row) = rows.iter().find(sees) {
        return Ok(Some(row.id));
    }
    let deleted = if to_erase { stored::find_on_file(work, survivor).await? } else { None };
    let erases =
        |row: &CustomerRow| decide_row(app, call, row, Permission::ErasuresRequest).outcome == Outcome::Allowed;
    Ok(deleted.filter(erases).map(|row| row.id))
}
