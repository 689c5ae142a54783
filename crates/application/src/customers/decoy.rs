//! The row about nobody among a partner's customers: it goes where it would stand, and is seen as anybody else would be.

use std::sync::Arc;

use custodian_domain::access::{Decision, Outcome, Thing};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{Archived, CustomerRow, Filter, Order, SortKey};
use uuid::Uuid;

use super::SeenCustomer;
use super::list::{Sought, is_oracle};
use super::seen::{day_of, decide_agreed, fields_through, refuse};
use crate::audit::{Detail, Draft, Shown};
use crate::disclosures::Decoy;
use crate::disclosures::decoys;
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// Whether it is among what is listed.
pub(super) fn matches(decoy: &Decoy, keys: &OrganizationKeys, filter: &Filter, searched: &[Sought<'_>]) -> bool {
    // The tags are those of what is searched.
    let Filter { tags: _, stage, source, owner, department, region, updated_since, codes, archived, ground: _ } =
        filter;
    let found = |sought: &Sought<'_>| {
        let terms = decoy.value(sought.field.key).map(|value| sought.field.search_terms(value)).unwrap_or_default();
        let mut terms = terms.into_iter().filter(|(kind, _)| *kind == sought.kind);
        terms.any(|(kind, term)| keys.tag(sought.field.key, kind, &term) == sought.tag)
    };
    stage.as_ref().is_none_or(|code| decoy.stage.as_ref() == Some(code))
        && region.as_ref().is_none_or(|code| decoy.region.as_ref() == Some(code))
        && updated_since.is_none_or(|since| decoy.at >= since)
        && codes.is_empty()
        && *archived != Archived::Only
        && source.is_none()
        && owner.is_none()
        && department.is_none()
        && searched.iter().all(found)
}

/// Before which of these rows it goes; none where it belongs on a page before them.
pub(super) fn place(decoy: &Decoy, rows: &[CustomerRow], order: &Order) -> Option<usize> {
    let key = |at, id| match order.by {
        SortKey::CreatedAt => (None, id),
        SortKey::UpdatedAt => (Some(at), id),
    };
    let own = key(decoy.at, decoy.id.uuid());
    let comes_after = |other: (_, Uuid)| if order.descending { own < other } else { own > other };
    if order.after.is_some_and(|(at, id)| !comes_after(key(at, id))) {
        return None;
    }
    Some(rows.iter().take_while(|row| comes_after(key(row.updated_at, row.id.uuid()))).count())
}

/// As the caller sees it; nothing where a search by what is hidden would have found it.
pub(super) fn see(
    app: &App,
    call: &Call,
    decoy: &Decoy,
    searched: &[Sought<'_>],
) -> Result<Option<SeenCustomer>, DomainError> {
    let decision = decision(app, call, decoy);
    if decision.outcome != Outcome::Allowed || is_oracle(&decision, searched) {
        return Ok(None);
    }
    seen(call, decoy, &decision).map(Some)
}

/// Reads it, when it is the one that the id means. What is recorded names nobody.
pub(super) async fn read(app: &App, call: &Call, id: Uuid) -> Result<Option<SeenCustomer>, DomainError> {
    let Some(decoy) = decoys::meant(app, call, id).await? else { return Ok(None) };
    let decision = decision(app, call, &decoy);
    refuse(decision.outcome, Permission::CustomersRead)?;
    let seen = seen(call, &decoy, &decision)?;
    app.record_read(call, Draft::of(Action::CustomersRead).with("decoys", Detail::Count(1))).await?;
    Ok(Some(seen))
}

/// It agrees to whatever is asked.
fn decision<'c>(app: &App, call: &'c Call, decoy: &Decoy) -> Decision<'c> {
    let region = decoy.region.as_deref();
    let thing =
        Thing { customer: decoy.id, owner: None, collaborators: &[], department_path: &[], region, restricted: false };
    let agreed: Vec<String> = call.purpose.iter().cloned().collect();
    decide_agreed(app, call, &thing, Permission::CustomersRead, &agreed)
}

fn seen(call: &Call, decoy: &Decoy, decision: &Decision<'_>) -> Result<SeenCustomer, DomainError> {
    // Nobody's fields are on record as shown.
    let mut shown = Shown::default();
    let value = |field: &custodian_domain::catalog::Field| Ok(decoy.value(field.key).map(str::to_owned));
    Ok(SeenCustomer {
        id: call.identity.shown_id(decoy.id),
        version: 1,
        stage: decoy.stage.clone(),
        source: None,
        region: decoy.region.clone(),
        owner: None,
        department: None,
        restricted: false,
        codes: Vec::new(),
        shelved_at: None,
        created_at: day_of(decoy.at),
        updated_at: day_of(decoy.at),
        fields: fields_through(decision, &mut shown, value)?,
        under: Vec::new(),
    })
}

/// A page of rows with the one about nobody in its place.
pub(super) struct Paged {
    /// The rows of the page.
    pub rows: Vec<CustomerRow>,
    /// The decoy, and before which of the rows it goes.
    pub decoy: Option<(Arc<Decoy>, usize)>,
    /// Where to go on, if there are more.
    pub next: Option<(chrono::DateTime<chrono::Utc>, Uuid)>,
}

/// Cuts what was found to a page; `rows` holds one more than the page where there are more.
pub(super) fn paged(mut rows: Vec<CustomerRow>, decoy: Option<(Arc<Decoy>, usize)>, limit: usize) -> Paged {
    let more = rows.len() + usize::from(decoy.is_some()) > limit;
    let decoy = decoy.filter(|(_, at)| *at < limit);
    rows.truncate(limit - usize::from(decoy.is_some()));
    let last = match &decoy {
        Some((decoy, at)) if *at >= rows.len() => Some((decoy.at, decoy.id.uuid())),
        _ => rows.last().map(|row| (row.updated_at, row.id.uuid())),
    };
    Paged { rows, decoy, next: last.filter(|_| more) }
}
