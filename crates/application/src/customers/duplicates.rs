//! Others who may be the same person: found by the tags of blind indexes that they share, within the caller's reach, by fields that the caller may see.

use std::collections::BTreeSet;

use custodian_domain::access::{Decision, Outcome, View};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::customers::{Likeness, likeness};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CustomerReader, CustomerRow};
use uuid::Uuid;

use super::SeenCustomer;
use super::read::{Found, find_judged, guard};
use super::sealing::{open_row, open_some};
use super::seen::{judge_row, looks_closely, seen_through};
use crate::access::record_look;
use crate::access_requests::{Holding, begin_holding, under};
use crate::audit::{Detail, Draft, Shown};
use crate::consents::{agreed, asked_for};
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// The most that one answer names.
const MOST: i64 = 50;

/// Somebody who may be the same person.
#[derive(Clone, Debug)]
pub struct Duplicate {
    /// As the caller sees them.
    pub customer: SeenCustomer,
    /// Keys of the fields in common.
    pub in_common: Vec<&'static str>,
    /// How likely it is.
    pub likeness: Likeness,
}

/// Others within the caller's reach who may be this person, the likeliest first. A field that the caller may not see on both is no hint: what a search may
/// not tell, this does not tell either.
pub async fn duplicates(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
) -> Result<Vec<Duplicate>, DomainError> {
    let Found { row, judged, .. } = find_judged(app, reader, call, id, Permission::CustomersRead).await?;
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let own = guard(app, call, row.id, terms(app, call, &keys, &row, &judged.decision)).await?;
    let (work, holding) = begin_holding(app, call).await?;
    let scope = call.scope(Permission::CustomersRead, &holding.grants, holding.now(app.now()));
    let tags: Vec<[u8; 16]> = own.iter().map(|(_, tag)| *tag).collect();
    let rows = stored::sharing(&work, &scope, &tags, row.id, MOST, asked_for(call)).await;
    work.abandon().await;
    let mut found = Vec::new();
    let mut looked = Looked::default();
    for other in rows? {
        found.extend(alike(app, call, &keys, &own, &other, &holding, &mut looked).await?);
    }
    found.sort_by_key(|one: &Duplicate| (one.likeness, std::cmp::Reverse(one.in_common.len())));
    holding.note_use(app, call, &looked.grants).await?;
    looked.people.push(row.id);
    let draft = Draft { customers: looked.people, shown: looked.shown, ..Draft::of(Action::CustomersDuplicates) };
    let draft = draft.with("of", Detail::Code(row.id.to_string()));
    record_look(app, call, under(draft, &looked.grants), &looked.closely).await?;
    Ok(found)
}

/// What was looked at for one answer.
#[derive(Default)]
struct Looked {
    shown: Shown,
    people: Vec<CustomerId>,
    closely: Vec<CustomerId>,
    grants: Vec<Uuid>,
}

/// The whole values that somebody is found by, of the fields that the caller may see.
fn terms<'c>(
    app: &App,
    call: &'c Call,
    keys: &OrganizationKeys,
    row: &CustomerRow,
    decision: &Decision<'_>,
) -> Result<Vec<(&'c Field, [u8; 16])>, DomainError> {
    let key = open_row(app, call.organization(), row)?;
    let seen = call.customer().fields.iter().filter(|field| decision.access(field.key).view > View::Hidden);
    let mut terms = Vec::new();
    for (field, value) in open_some(&key, call.organization(), row, seen)? {
        let whole = field.search_terms(&value).into_iter().filter(|(kind, _)| *kind == SearchKind::Exact);
        terms.extend(whole.map(|(kind, term)| (field, keys.tag(field.key, kind, &term))));
    }
    Ok(terms)
}

/// Somebody who shares tags, if what they share, opened, is enough and may be known.
async fn alike(
    app: &App,
    call: &Call,
    keys: &OrganizationKeys,
    own: &[(&Field, [u8; 16])],
    other: &CustomerRow,
    holding: &Holding,
    looked: &mut Looked,
) -> Result<Option<Duplicate>, DomainError> {
    let judged = judge_row(app, call, other, Permission::CustomersRead, holding);
    if judged.decision.outcome != Outcome::Allowed || agreed(call, other).is_err() {
        return Ok(None);
    }
    let theirs = guard(app, call, other.id, terms(app, call, keys, other, &judged.decision)).await?;
    let shared: BTreeSet<[u8; 16]> = theirs.into_iter().map(|(_, tag)| tag).collect();
    let in_common: Vec<&Field> = own.iter().filter(|(_, tag)| shared.contains(tag)).map(|(field, _)| *field).collect();
    let Some(likeness) = likeness(in_common.iter().copied()) else { return Ok(None) };
    if looks_closely(other, &judged.by_roles()) {
        looked.closely.push(other.id);
    }
    let seen = guard(app, call, other.id, seen_through(app, call, other, &judged.decision, &mut looked.shown)).await?;
    looked.people.push(other.id);
    looked.grants.extend(judged.under);
    let in_common = in_common.into_iter().map(|field| field.key).collect();
    Ok(Some(Duplicate { customer: seen, in_common, likeness }))
}
