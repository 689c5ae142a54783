//! Lists and searches: the same scope as SQL, the same decision for every row.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Outcome, View, widest_field_access};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{CUSTOMER, Field, SearchKind};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::records::{self as stored, Filter, Hung, Order};
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value};
use super::seen::{SeenRecord, judge, looks_closely, seen_through};
use super::type_of;
use crate::access::{record_look, spend_search};
use crate::access_requests::{Holding, begin_holding, under};
use crate::audit::{Detail, Draft, Shown};
use crate::consents::{agreed, those_agreed};
use crate::customers::{find, guard};
use crate::keys::OrganizationKeys;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A value that is looked for.
#[derive(Clone)]
pub struct SearchTerm {
    /// Field key.
    pub field: String,
    /// How.
    pub kind: SearchKind,
    /// The value, as typed. Never printed.
    pub value: String,
}

/// What is listed.
#[derive(Clone)]
pub struct Query {
    /// Everything but the searched values.
    pub filter: Filter,
    /// Values looked for; every one must match.
    pub terms: Vec<SearchTerm>,
    /// Order and where to go on.
    pub order: Order,
    /// Rows wanted.
    pub limit: usize,
}

/// A page of records.
pub struct Found {
    /// The records.
    pub records: Vec<SeenRecord>,
    /// Where to go on: the moment and the id of the last row read, if there are more.
    pub next: Option<(DateTime<Utc>, Uuid)>,
}

/// A searched value in the form of the index.
struct Sought<'c> {
    field: &'c Field,
    kind: SearchKind,
    tag: [u8; 16],
}

/// A page of the records of one type whose customers the caller reaches, newest first.
///
/// Errors: 404 for an unknown type; 400 `not_searchable`; 403 `field_hidden` for a search by what the caller may not see at all.
pub async fn list(app: &App, call: &Call, code: &str, mut query: Query) -> Result<Found, DomainError> {
    call.needs(Permission::RecordsRead)?;
    let of = type_of(call, code)?;
    query.filter.record_type = Some(of.code.to_owned());
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let mut searched = Vec::with_capacity(query.terms.len());
    for term in &query.terms {
        searched.push(sought(call, &keys, of.code, term)?);
    }
    query.filter.tags = searched.iter().map(|one| one.tag).collect();
    if searched.iter().any(|one| one.kind == SearchKind::Last4) {
        spend_search(app, call).await?;
    }
    page(app, call, &query, &keys, &searched).await
}

/// A page of one customer's records of one type, newest first.
///
/// Errors: 404 for a customer or type that the caller may not know of.
pub async fn of_customer(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    (customer, code): (Uuid, &str),
    mut query: Query,
) -> Result<Found, DomainError> {
    call.needs(Permission::RecordsRead)?;
    let row = find(app, reader, call, customer, Permission::RecordsRead).await?;
    query.filter.customer = Some(row.id.uuid());
    list(app, call, code, query).await
}

fn sought<'c>(
    call: &'c Call,
    keys: &OrganizationKeys,
    code: &str,
    term: &SearchTerm,
) -> Result<Sought<'c>, DomainError> {
    let not_searchable = || DomainError::refused(RefusedAs::BadRequest, "not_searchable");
    let of = type_of(call, code)?;
    let field = of.field(&term.field).ok_or_else(not_searchable)?;
    if widest_field_access(&call.identity.caller, Permission::RecordsRead, field).view < View::Masked {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden"));
    }
    let text = field.query_term(term.kind, &term.value).map_err(|refusal| match refusal.code {
        "not_searchable" => not_searchable(),
        code => DomainError::Invalid(vec![Fault { pointer: format!("/q[{}]", term.field), code, arg: refusal.arg }]),
    })?;
    let tag = keys.tag_in(of.code, field.key, term.kind, &text);
    Ok(Sought { field, kind: term.kind, tag })
}

async fn page(
    app: &App,
    call: &Call,
    query: &Query,
    keys: &OrganizationKeys,
    searched: &[Sought<'_>],
) -> Result<Found, DomainError> {
    let (work, holding) = begin_holding(app, call).await?;
    let scope = call.scope(Permission::RecordsRead, &holding.grants, holding.now(app.now()));
    let wanted = one_more(query.limit);
    let rows = stored::list(&work, &scope, &query.filter, query.order, wanted).await;
    work.abandon().await;
    let mut rows = rows?;
    let moment = |hung: &Hung| match query.order {
        Order::Newest(_) => hung.record.created_at,
        Order::Happened(_) => hung.record.at,
    };
    let next = cut(&mut rows, query.limit, |hung| (moment(hung), hung.record.id));
    let action = if searched.is_empty() { Action::RecordsList } else { Action::RecordsSearch };
    let terms = searched.iter().map(|one| format!("{}:{}", one.field.name, one.kind.as_str())).collect();
    let draft = Draft::of(action).with("searched", Detail::Codes(terms));
    let records = see_all(app, call, &rows, &holding, draft, |hung| found(app, call, keys, hung, searched)).await?;
    Ok(Found { records, next })
}

/// Shows rows through the decision, one entry for all of them. A row that the decision does not let pass, or whose match would tell of a
/// hidden value, is left out.
pub(super) async fn see_all(
    app: &App,
    call: &Call,
    rows: &[Hung],
    holding: &Holding,
    draft: Draft,
    passes: impl Fn(&Hung) -> Result<bool, DomainError>,
) -> Result<Vec<SeenRecord>, DomainError> {
    let (mut shown, mut grants, mut close, mut seen) = (Shown::default(), Vec::new(), Vec::new(), Vec::new());
    for hung in rows {
        let Some(of) = call.catalog().record_type(&hung.record.record_type).filter(|one| one.code != CUSTOMER) else {
            continue;
        };
        let judged = judge(app, call, hung, Permission::RecordsRead, holding, of);
        if judged.decision.outcome != Outcome::Allowed || agreed(call, &hung.customer).is_err() {
            continue;
        }
        if !guard(app, call, hung.customer.id, passes(hung)).await? {
            continue;
        }
        close.extend(looks_closely(hung, &judged.by_roles()).then_some(hung.customer.id));
        let opened = seen_through(app, call, hung, &judged.decision, &mut shown);
        seen.push((hung.customer.id, guard(app, call, hung.customer.id, opened).await?));
        grants.extend(judged.under);
    }
    close.sort_unstable();
    close.dedup();
    grants.sort_unstable();
    grants.dedup();
    holding.note_use(app, call, &grants).await?;
    let mut customers: Vec<CustomerId> = seen.iter().map(|(customer, _)| *customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let records = seen.iter().map(|(_, one)| one.id.to_string()).collect();
    let draft = Draft { customers: customers.clone(), shown, ..draft }.with("records", Detail::Codes(records));
    record_look(app, call, under(draft, &grants), &close).await?;
    let still = those_agreed(app, call, &customers).await?;
    Ok(seen.into_iter().filter(|(customer, _)| still.contains(customer)).map(|(_, one)| one).collect())
}

/// Whether a row is what was looked for: none of the searched fields is hidden on it, and the index led to the right value.
fn found(
    app: &App,
    call: &Call,
    keys: &OrganizationKeys,
    hung: &Hung,
    searched: &[Sought<'_>],
) -> Result<bool, DomainError> {
    if searched.is_empty() {
        return Ok(true);
    }
    let of = type_of(call, &hung.record.record_type)?;
    let judged = judge(app, call, hung, Permission::RecordsRead, &Holding::default(), of);
    let key = open_record(app, call.organization(), hung)?;
    for Sought { field, kind, tag } in searched {
        if judged.decision.access(field.key).view < View::Masked {
            return Ok(false);
        }
        let sealed = hung.record.fields.get(field.key).ok_or(DomainError::Integrity)?;
        let value = open_value(&key, Spot::of(call.organization(), &hung.record), &sealed)?;
        let mut terms = field.search_terms(&value).into_iter().filter(|(known, _)| known == kind);
        if !terms.any(|(_, term)| keys.tag_in(of.code, field.key, *kind, &term) == *tag) {
            return Err(DomainError::Integrity);
        }
    }
    Ok(true)
}
