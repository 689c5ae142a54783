//! Reading the log: entries as people see them, with reasons opened.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::merkle::{Hash, leaf_hash};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::audit::{self as stored, EntryFilter, StoredEntry, bundles};
use custodian_persistence::customers::merged_ids;
use custodian_persistence::{DbError, Work};
use serde_json::Value;
use uuid::Uuid;

use super::{Detail, Draft};
use crate::keys::{OrganizationKeys, open_own, own_place};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// One entry for people: its canonical members with the reason opened, and whether its MAC is right.
#[derive(Debug)]
pub struct EntryView {
    /// Its id.
    pub id: Uuid,
    /// The members as stored; `reason` is readable text here.
    pub members: Value,
    /// The MAC matches the stored bytes, and they are this entry's.
    pub intact: bool,
    /// What it takes to prove the entry.
    pub proof: Proof,
}

/// What somebody who trusts nobody needs to have an entry proven.
#[derive(Debug)]
pub struct Proof {
    /// Its place in the log, from 0; none within the first second.
    pub place: Option<u64>,
    /// SHA-256 over a zero byte and the canonical text (RFC 9162, 2.1.1).
    pub leaf_hash: Hash,
    /// The canonical text that is hashed; a reason is sealed in it.
    pub canonical: String,
}

/// A page of entries, newest first.
#[derive(Debug)]
pub struct Page {
    /// The entries.
    pub entries: Vec<EntryView>,
    /// The id to go on from, if there are more.
    pub next: Option<Uuid>,
}

/// Entries of the organisation's log. Reading the log leaves an entry itself.
pub async fn list_entries(app: &App, call: &Call, mut filter: EntryFilter, limit: usize) -> Result<Page, DomainError> {
    call.needs(Permission::AuditRead)?;
    if let Some(customer) = filter.customer {
        filter.customer = Some(call.identity.meant_customer(customer)?.uuid());
    }
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let work = app.begin(call.organization()).await?;
    let page = page(&work, &keys, stored::list(&work, &filter, one_more(limit)).await, limit).await;
    work.abandon().await;
    let page = page?;
    let draft = Draft { customer: filter.customer.map(CustomerId::from), ..Draft::of(Action::AuditRead) };
    app.record_read(call, draft.with("entries", count(page.entries.len()))).await?;
    Ok(page)
}

/// Entries that concern one customer: who saw what, when, why. The caller has been allowed to see the customer.
pub async fn customer_access_log(
    app: &App,
    call: &Call,
    customer: CustomerId,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Page, DomainError> {
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let work = app.begin(call.organization()).await?;
    // Who looked at somebody before two rows were made one looked at this person.
    let mut whose = vec![customer];
    whose.extend(merged_ids(&work, customer).await?);
    let page = page(&work, &keys, stored::by_customer(&work, &whose, before, one_more(limit)).await, limit).await;
    work.abandon().await;
    let page = page?;
    let draft = Draft::about(Action::CustomersAccessLog, customer).with("entries", count(page.entries.len()));
    app.record_read(call, draft).await?;
    Ok(page)
}

/// Entries of what the caller did, or tried, since `filter.from`. Reading them leaves an entry as well.
///
/// Errors: 403 `staff_only`.
pub async fn own_activity(app: &App, call: &Call, filter: EntryFilter, limit: usize) -> Result<Page, DomainError> {
    let user = call.identity.user().ok_or_else(|| DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let filter = EntryFilter { actor: Some(user.uuid()), ..filter };
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let work = app.begin(call.organization()).await?;
    let page = page(&work, &keys, stored::list(&work, &filter, one_more(limit)).await, limit).await;
    work.abandon().await;
    let page = page?;
    app.record_read(call, Draft::of(Action::MeActivity).with("entries", count(page.entries.len()))).await?;
    Ok(page)
}

fn count(entries: usize) -> Detail {
    Detail::Count(u32::try_from(entries).unwrap_or(u32::MAX))
}

async fn page(
    work: &Work,
    keys: &OrganizationKeys,
    rows: Result<Vec<StoredEntry>, DbError>,
    limit: usize,
) -> Result<Page, DomainError> {
    let mut rows = rows?;
    let next = cut(&mut rows, limit, |row| row.id);
    let places = bundles::places_of(work, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    let view = |row: &StoredEntry| view(keys, work.organization(), row, places.get(&row.id).copied());
    Ok(Page { entries: rows.iter().map(view).collect(), next })
}

/// An entry as people see it. One whose bytes are not what we wrote is shown as not intact, never hidden.
fn view(keys: &OrganizationKeys, organization: OrganizationId, row: &StoredEntry, place: Option<u64>) -> EntryView {
    let mut members: Value = serde_json::from_slice(&row.canonical).unwrap_or(Value::Null);
    // Another entry's bytes carry a good MAC; the id inside tells whose they are.
    let own = members.get("id").and_then(Value::as_str) == Some(row.id.to_string().as_str());
    let intact = own && keys.audit.verify(&row.canonical, &row.mac);
    let sealed = members.get("reason").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    if let (Some(sealed), Some(object)) = (sealed, members.as_object_mut()) {
        let opened = open_own(keys, &own_place(organization, "audit", row.id, "reason", 1), &sealed);
        object.insert("reason".into(), opened.map_or(Value::Null, Value::String));
    }
    if let Some(object) = members.as_object_mut() {
        object.remove("organization");
        object.remove("v");
    }
    let canonical = String::from_utf8_lossy(&row.canonical).into_owned();
    let proof = Proof { place, leaf_hash: leaf_hash(&row.canonical), canonical };
    EntryView { id: row.id, members, intact, proof }
}
