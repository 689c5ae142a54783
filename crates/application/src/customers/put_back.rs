//! Undoing what was done to a customer: it goes, or gets back what it was before.

use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, SearchKind, customer};
use custodian_domain::events::{Event, EventType, Fact};
use custodian_domain::kernel::{DepartmentId, DomainError, OrganizationId, UserId};
use custodian_persistence::Work;
use custodian_persistence::customers::{self as stored, CustomerRow, VersionRow};
use serde_json::Value;
use uuid::Uuid;

use super::change::{Existing, attributes_of};
use super::hand_over::next_version;
use super::rules::{digest_of, version_of};
use super::sealing::{open_one, open_row, unpack_tags, value_of};
use super::{Attributes, guard};
use crate::audit::Draft;
use crate::events::publish;
use crate::{App, Call, exports};

/// Takes a locked customer out of use, with its entry. Whether the caller may is for who asks.
pub(crate) async fn take_out(app: &App, call: &Call, work: &Work, row: &CustomerRow) -> Result<(), DomainError> {
    let gone: Vec<_> = unpack_tags(&row.tags).into_iter().map(|tag| (row.id, tag)).collect();
    stored::remove_tags(work, &gone).await?;
    keep_contacts(app, work, row).await?;
    let (next, draft) = out_of_use(app, call.organization(), row)?;
    stored::archive(work, &next, app.now(), call.identity.actor_id()).await?;
    exports::without(app, work, row.id).await?;
    let told = Event::about(EventType::CustomersDeleted, row.id).with("version", Fact::Count(next.version.into()));
    publish(app, work, told).await?;
    app.record_change(work, call, draft).await
}

/// Keeps by which contact points a customer who goes out of use is known to themselves: data about them is held on, and they have rights to it.
pub(crate) async fn keep_contacts(app: &App, work: &Work, row: &CustomerRow) -> Result<(), DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let mut tags = Vec::with_capacity(2);
    for field in ["email", "mobile"].into_iter().filter_map(|key| customer().field(key)) {
        // One that does not open cannot be written to either, and keeps nobody in use.
        let Ok(Some(value)) = value_of(app, work.organization(), row, field.key) else { continue };
        let exact = field.search_terms(&value).into_iter().filter(|(kind, _)| *kind == SearchKind::Exact);
        tags.extend(exact.map(|(kind, term)| keys.tag(field.key, kind, &term)));
    }
    Ok(stored::keep_contacts(work, row.id, &tags).await?)
}

/// A customer closed for the version that takes it out of use, and the entry of that.
pub(crate) fn out_of_use(
    app: &App,
    organization: OrganizationId,
    row: &CustomerRow,
) -> Result<(CustomerRow, Draft), DomainError> {
    let draft = Draft::about(Action::CustomersDelete, row.id);
    match next_version(app, organization, row.clone()) {
        Ok(next) => {
            let draft = draft.with("digest", digest_of(&next)).with("version", version_of(&next));
            Ok((next, draft))
        }
        // What was damaged can be taken out of use all the same; no digest then vouches for it.
        Err(DomainError::Integrity) => {
            Ok((CustomerRow { version: row.version.saturating_add(1), ..row.clone() }, draft))
        }
        Err(error) => Err(error),
    }
}

/// Gives a locked customer back what its last version replaced, as a new version with its entry. Fields that were retired since stay.
///
/// Errors: 409 `duplicate_value` for a unique value that somebody has by now; 404 for a customer that was never changed.
pub(crate) async fn put_back(app: &App, call: &Call, work: &Work, row: CustomerRow) -> Result<(), DomainError> {
    let last: Option<VersionRow> = stored::list_versions(work, row.id, None, 1).await?.into_iter().next();
    let last = last.filter(|last| last.version == row.version).ok_or(DomainError::NotFound)?;
    let organization = call.organization();
    let key = guard(app, call, row.id, open_row(app, organization, &row)).await?;
    let mut values: Vec<(&Field, Option<String>)> = Vec::new();
    for field in call.customer().fields.iter().filter(|field| last.changed.iter().any(|name| name == field.key)) {
        let before = match last.previous_fields.get(field.key) {
            Some(sealed) => Some(guard(app, call, row.id, open_one(&key, organization, row.id, &sealed)).await?),
            None => None,
        };
        values.push((field, before));
    }
    let attributes = before(&last, attributes_of(&row));
    Existing::locked(row).change(app, call, work, attributes, values).await.map(drop)
}

/// The attributes that the version replaced.
fn before(last: &VersionRow, now: Attributes) -> Attributes {
    let text = |name: &str| last.previous.get(name).and_then(Value::as_str);
    let id = |name: &str| text(name).and_then(|id| id.parse::<Uuid>().ok());
    let differs = |name: &str| last.changed.iter().any(|changed| changed == name);
    Attributes {
        stage: if differs("stage") { text("stage").map(str::to_owned) } else { now.stage },
        source: if differs("source") { text("source").map(str::to_owned) } else { now.source },
        region: if differs("region") { text("region").map(str::to_owned) } else { now.region },
        owner: if differs("owner_id") { id("owner_id").map(UserId::from) } else { now.owner },
        department: if differs("department_id") { id("department_id").map(DepartmentId::from) } else { now.department },
        codes: now.codes,
    }
}
