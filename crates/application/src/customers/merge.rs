//! Two customers who are one person made one: everything follows to the one that stays, and the other answers with where it is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use custodian_crypto::DataKey;
use custodian_domain::access::Outcome;
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CollaboratorRow, CustomerRow, MergeRow};
use custodian_persistence::{Work, erasures, privacy_requests as requests};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Attributes;
use super::change::{Applied, Changed, apply, attributes_of, tell};
use super::read::guard;
use super::rules::editable;
use super::sealing::{open_one, open_row, unpack_tags, values};
use super::seen::{decide_row, refuse};
use super::tags::in_order;
use crate::audit::{Detail, Draft, Shown};
use crate::events::{Event, EventType, Fact, publish};
use crate::{App, Call, attachments, consents, exports, privacy_requests, records};

/// Two rows to be made one.
#[derive(Clone, Debug)]
pub struct NewMerge {
    /// The one that stays.
    pub survivor: Uuid,
    /// The one that goes.
    pub merged: Uuid,
    /// Keys of fields whose values are taken from the one that goes, though the other has its own.
    pub take: Vec<String>,
    /// Why.
    pub reason: String,
}

/// What went along, so that it can go back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Moved {
    /// Keys of fields that were taken over.
    pub fields: Vec<String>,
    /// Records.
    pub records: Vec<Uuid>,
    /// Copies of consents.
    pub consents: Vec<Uuid>,
    /// Codes of tags that were added.
    pub tags: Vec<String>,
    /// Collaborators who were added.
    pub collaborators: Vec<Uuid>,
    /// Open requests of the person.
    pub privacy_requests: Vec<Uuid>,
    /// Attachments.
    #[serde(default)]
    pub attachments: Vec<Uuid>,
}

/// A merge as it is told.
#[derive(Clone, Debug)]
pub struct MergeView {
    /// As stored.
    pub row: MergeRow,
    /// What went along.
    pub moved: Moved,
}

impl MergeView {
    pub(super) fn of(row: MergeRow) -> Result<Self, DomainError> {
        let moved = Moved::deserialize(&row.moved).map_err(|_| DomainError::internal("a stored merge"))?;
        Ok(Self { row, moved })
    }
}

pub(super) fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

/// Makes one customer of two, in one transaction. What the one that stays lacks is taken from the other, and what `take` names.
///
/// Errors: 403 `field_not_editable` for a field of `take`, `staff_only`; 404 for the one that stays; 409 `customer_restricted`, `erasure_pending`,
/// `duplicate_value`; 422 `unknown_customer` for the one that goes, where there is none or not for this caller.
pub async fn merge(app: &App, call: &Call, work: &Work, new: NewMerge) -> Result<MergeView, DomainError> {
    call.needs(Permission::CustomersMerge)?;
    // Before the customers, as everywhere: requests of the two may turn out to be duplicates.
    requests::hold(work).await?;
    let (stays, goes) = both(app, call, work, &new).await?;
    let now = work.database_time().await?;
    let mut moved = Moved::default();
    let key = guard(app, call, goes.id, open_row(app, call.organization(), &goes)).await?;
    let changed = guard(app, call, goes.id, taken(call, &key, &stays, &goes, &new.take)).await?;
    may_take(app, call, &stays, &new.take)?;
    moved.fields = changed.iter().map(|(field, _)| field.key.to_owned()).collect();
    let attributes = filled(&stays, &goes, &mut moved);
    // The tags of the one that goes leave first: a unique value is then free for the other.
    let gone: Vec<_> = unpack_tags(&goes.tags).into_iter().map(|tag| (goes.id, tag)).collect();
    stored::remove_tags(work, &gone).await?;
    stored::hide_merged(work, goes.id, stays.id, now).await?;
    let Applied { row: next, draft } = apply(app, call, work, stays.clone(), attributes, changed).await?;
    tell(app, work, &next, &draft).await?;
    if next.version != stays.version {
        app.record_change(work, call, draft).await?;
    }
    moved.records = guard(app, call, goes.id, records::move_all(app, work, &goes, &next, None).await).await?;
    moved.attachments = guard(app, call, goes.id, attachments::move_all(app, work, &goes, &next, None).await).await?;
    follow(app, call, work, &goes, &next, &mut moved).await?;
    let row = MergeRow {
        id: app.new_id(),
        survivor: next.id,
        merged: goes.id,
        survivor_version: next.version,
        moved: serde_json::to_value(&moved).map_err(|_| DomainError::internal("a merge does not serialise"))?,
        at: now,
        by: call.identity.actor_id(),
        undo_until: now + app.tuning().merge_undo,
        undone_at: None,
    };
    stored::insert_merge(work, &row).await?;
    told(app, call, work, &row, &moved, new.reason).await?;
    Ok(MergeView { row, moved })
}

/// The two locked rows, in the order of their ids, that may be made one.
async fn both(app: &App, call: &Call, work: &Work, new: &NewMerge) -> Result<(CustomerRow, CustomerRow), DomainError> {
    if call.identity.user().is_none() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    }
    let (stays, goes) = (CustomerId::from(new.survivor), CustomerId::from(new.merged));
    let mut rows = stored::lock_many(work, &[stays, goes]).await?;
    let reached =
        |row: &CustomerRow| decide_row(app, call, row, Permission::CustomersMerge).outcome == Outcome::Allowed;
    let mut take = |id| rows.iter().position(|row| row.id == id && reached(row)).map(|at| rows.swap_remove(at));
    let stays = take(stays).ok_or(DomainError::NotFound)?;
    let goes = take(goes).ok_or_else(|| DomainError::invalid("/customer_id", "unknown_customer"))?;
    refuse(decide_row(app, call, &stays, Permission::CustomersMerge).outcome, Permission::CustomersMerge)?;
    // To make one of two is a use of both, which is what a restriction stops.
    if stays.restricted || goes.restricted {
        return Err(conflict("customer_restricted"));
    }
    for id in [stays.id, goes.id] {
        if erasures::of_customer(work, id).await?.is_some() {
            return Err(conflict("erasure_pending"));
        }
    }
    Ok((stays, goes))
}

/// The values that come from the one that goes.
fn taken<'c>(
    call: &'c Call,
    key: &DataKey,
    stays: &CustomerRow,
    goes: &CustomerRow,
    take: &[String],
) -> Result<Changed<'c>, DomainError> {
    let mut changed: Changed<'c> = Vec::new();
    for value in values(goes) {
        let value = value.ok_or(DomainError::Integrity)?;
        let Some(field) = call.customer().ever().find(|field| field.key == value.key) else { continue };
        if stays.fields.get(field.key).is_none() || take.iter().any(|key| key == field.key) {
            changed.push((field, Some(open_one(key, call.organization(), goes.id, &value)?)));
        }
    }
    Ok(changed)
}

/// A value that is replaced is one that the caller could have replaced by hand.
fn may_take(app: &App, call: &Call, stays: &CustomerRow, take: &[String]) -> Result<(), DomainError> {
    let mut faults = Vec::new();
    let mut fields: Vec<&Field> = Vec::with_capacity(take.len());
    for (at, key) in take.iter().enumerate() {
        match call.customer().field(key) {
            Some(field) => fields.push(field),
            None => faults.push(Fault::new(format!("/take/{at}"), "unknown_field")),
        }
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    if fields.is_empty() {
        return Ok(());
    }
    let decision = decide_row(app, call, stays, Permission::CustomersWrite);
    refuse(decision.outcome, Permission::CustomersWrite)?;
    editable(&decision, fields.into_iter())
}

/// What stands beside the fields: the gaps of the one that stays are filled, the tags of both are put together.
fn filled(stays: &CustomerRow, goes: &CustomerRow, moved: &mut Moved) -> Attributes {
    let own = attributes_of(stays);
    moved.tags = goes.codes.iter().filter(|code| !stays.codes.contains(code)).cloned().collect();
    Attributes {
        stage: own.stage.or_else(|| goes.stage.clone()),
        source: own.source.or_else(|| goes.source.clone()),
        region: own.region.or_else(|| goes.region.clone()),
        codes: in_order(own.codes.into_iter().chain(moved.tags.iter().cloned()).collect()),
        ..own
    }
}

/// Everything that hangs on the one that goes and is no value.
async fn follow(
    app: &App,
    call: &Call,
    work: &Work,
    goes: &CustomerRow,
    stays: &CustomerRow,
    moved: &mut Moved,
) -> Result<(), DomainError> {
    moved.consents = consents::follow(app, call, work, goes.id, stays.id).await?;
    let known: BTreeSet<Uuid> = stays.collaborators.iter().map(|user| user.uuid()).collect();
    let mut all = stored::collaborators(work, stays.id).await?;
    let others = stored::collaborators(work, goes.id).await?;
    let is_new = |row: &CollaboratorRow| !known.contains(&row.user.uuid()) && Some(row.user) != stays.owner;
    let added: Vec<CollaboratorRow> = others.into_iter().filter(is_new).collect();
    moved.collaborators = added.iter().map(|row| row.user.uuid()).collect();
    if !added.is_empty() {
        all.extend(added);
        stored::put_collaborators(work, stays.id, &all).await?;
    }
    stored::share_holds(work, goes.id, stays.id).await?;
    moved.privacy_requests = stored::move_requests(work, goes.id, stays.id, None).await?;
    privacy_requests::regroup(app, call, work, &moved.privacy_requests).await?;
    exports::without(app, work, goes.id).await
}

async fn told(
    app: &App,
    call: &Call,
    work: &Work,
    row: &MergeRow,
    moved: &Moved,
    reason: String,
) -> Result<(), DomainError> {
    let event = Event::about(EventType::CustomersMerged, row.survivor)
        .with("merged_id", Fact::Person(row.merged.uuid()))
        .with("merge_id", Fact::Id(row.id))
        .with("undo_until", Fact::Time(row.undo_until));
    publish(app, work, event).await?;
    let written = call.customer().ever().filter(|field| moved.fields.iter().any(|key| key == field.key));
    let shown = Shown { written: written.map(|field| field.key).collect(), ..Shown::default() };
    let draft = Draft { shown, reason: Some(reason), ..entry(Action::CustomersMerge, row) };
    let count = u32::try_from(moved.records.len()).unwrap_or(u32::MAX);
    app.record_change(work, call, draft.with("records", Detail::Count(count))).await
}

/// An entry about both.
pub(super) fn entry(action: Action, row: &MergeRow) -> Draft {
    let draft = Draft { customers: vec![row.survivor, row.merged], ..Draft::of(action) };
    draft
        .with("merge", Detail::Code(row.id.to_string()))
        .with("survivor", Detail::Code(row.survivor.to_string()))
        .with("merged", Detail::Code(row.merged.to_string()))
}

/// Whether a merge can still be undone.
pub(super) fn is_open(row: &MergeRow, now: DateTime<Utc>) -> Result<(), DomainError> {
    match row.undone_at {
        Some(_) => Err(conflict("merge_undone")),
        None if now >= row.undo_until => Err(conflict("merge_final")),
        None => Ok(()),
    }
}
