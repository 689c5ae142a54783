//! Lists and searches: the same scope as SQL, the same decision for every row.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, View, Who, widest_field_access};
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CustomerRow, Filter, Order};
use uuid::Uuid;

use super::SeenCustomer;
use super::decoy;
use super::page::{Look, page_of};
use crate::access::{spend_search, was_refused_search};
use crate::access_requests::{Holding, begin_holding};
use crate::consents::{asked_for, ground_of};
use crate::disclosures::decoys;
use crate::keys::OrganizationKeys;
use crate::paging::one_more;
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
    /// Everything but the searched values; its tags are filled in here.
    pub filter: Filter,
    /// Values looked for; every one must match.
    pub terms: Vec<SearchTerm>,
    /// Order and where to go on.
    pub order: Order,
    /// Rows wanted.
    pub limit: usize,
    /// Whether the total is wanted.
    pub count: bool,
    /// Keys of the fields that are shown; every one when absent.
    pub columns: Option<Vec<String>>,
}

impl SearchTerm {
    /// As a query names it: `mobile` looks for the whole value, `mobile_last4` for its end, `name_prefix` for its beginning.
    pub fn named(name: &str, value: String) -> Self {
        let (field, kind) = match (name.strip_suffix("_last4"), name.strip_suffix("_prefix")) {
            (Some(field), _) => (field, SearchKind::Last4),
            (None, Some(field)) => (field, SearchKind::Prefix),
            (None, None) => (name, SearchKind::Exact),
        };
        Self { field: field.to_owned(), kind, value }
    }
}

/// A page of customers.
pub struct Found {
    /// The customers.
    pub customers: Vec<SeenCustomer>,
    /// Where to go on: `updated_at` and id of the last row read, if there are more.
    pub next: Option<(DateTime<Utc>, Uuid)>,
    /// The total inside the caller's scope, if asked for.
    pub count: Option<i64>,
}

/// A page of the customers in the caller's scope.
///
/// Errors: 400 `not_searchable`; 403 `search_budget_exhausted`, `field_hidden` for a search by a field that the caller may not see at all, which would make searching an oracle.
pub async fn list(app: &App, call: &Call, mut query: Query) -> Result<Found, DomainError> {
    call.needs(Permission::CustomersRead)?;
    purpose_named(call)?;
    let by_consent = call.purpose_facts().is_some_and(|purpose| purpose.needs_consent);
    if query.count && (by_consent || !query.terms.is_empty() && several_roles(call)) {
        return Err(DomainError::refused(RefusedAs::BadRequest, "count_not_available"));
    }
    query.filter.ground = ground_of(call);
    let keys = app.keys().organization(app.db(), call.organization()).await?;
    let mut searched = Vec::with_capacity(query.terms.len());
    for term in &query.terms {
        let sought = sought(call, &keys, term)?;
        query.filter.tags.push(sought.tag);
        searched.push(sought);
    }
    let by_digits = searched.iter().any(|sought| sought.kind == SearchKind::Last4);
    let counts_first = by_digits && was_refused_search(app, call);
    if counts_first {
        spend_search(app, call).await?;
    }
    let spent = async { if by_digits && !counts_first { spend_search(app, call).await } else { Ok(()) } };
    let (spent, decoy, fetched) = tokio::join!(spent, decoys::of_caller(app, call), fetch(app, call, &query));
    spent?;
    let Fetched { holding, rows, count } = fetched?;
    let decoy = decoy?.filter(|decoy| decoy::matches(decoy, &keys, &query.filter, &searched));
    let count = count.map(|count| count + i64::from(decoy.is_some()));
    let decoy = decoy.and_then(|one| decoy::place(&one, &rows, &query.order).map(|at| (one, at)));
    let page = decoy::paged(rows, decoy, query.limit);
    let look = Look { keys: &keys, searched: &searched, holding: &holding, columns: query.columns.as_deref() };
    let customers = page_of(app, call, &look, &page, &query.filter.tags).await?;
    Ok(Found { customers, next: page.next, count })
}

/// What the database has for a query.
struct Fetched {
    holding: Holding,
    rows: Vec<CustomerRow>,
    count: Option<i64>,
}

/// One row more than is shown, and the total where it is asked for. Nothing of it may be told before the search was counted.
async fn fetch(app: &App, call: &Call, query: &Query) -> Result<Fetched, DomainError> {
    let (work, holding) = begin_holding(app, call).await?;
    let scope = call.scope(Permission::CustomersRead, &holding.grants, holding.now(app.now()));
    let rows = stored::list(&work, &scope, &query.filter, &query.order, one_more(query.limit), asked_for(call)).await?;
    let count = if query.count { Some(stored::count(&work, &scope, &query.filter).await?) } else { None };
    work.abandon().await;
    Ok(Fetched { holding, rows, count })
}

/// A role of wider scope may hide on one customer what another shows elsewhere: a match on a field hidden on this very customer is none.
pub(super) fn is_oracle(decision: &Decision<'_>, searched: &[Sought<'_>]) -> bool {
    searched.iter().any(|sought| decision.access(sought.field.key).view < View::Masked)
}

/// A searched value in the form of the index.
pub(super) struct Sought<'c> {
    pub field: &'c Field,
    pub kind: SearchKind,
    pub tag: [u8; 16],
}

/// What a searched value is found by, if this caller may search by its field at all.
fn sought<'c>(call: &'c Call, keys: &OrganizationKeys, term: &SearchTerm) -> Result<Sought<'c>, DomainError> {
    let not_searchable = || DomainError::refused(RefusedAs::BadRequest, "not_searchable");
    let field = call.customer().field(&term.field).ok_or_else(not_searchable)?;
    if widest_field_access(&call.identity.caller, Permission::CustomersRead, field).view < View::Masked {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden"));
    }
    let text = field.query_term(term.kind, &term.value).map_err(|refusal| match refusal.code {
        "not_searchable" => not_searchable(),
        code => DomainError::Invalid(vec![Fault { pointer: format!("/q[{}]", term.field), code, arg: refusal.arg }]),
    })?;
    let tag = keys.tag(&term.field, term.kind, &text);
    Ok(Sought { field, kind: term.kind, tag })
}

/// A key that is bound to purposes must name one of them before it learns whether anything matches.
fn purpose_named(call: &Call) -> Result<(), DomainError> {
    let Who::Partner(partner) = &call.identity.caller.who else {
        return Ok(());
    };
    match &call.purpose {
        _ if partner.purposes.is_empty() => Ok(()),
        None => Err(DomainError::refused(RefusedAs::Forbidden, "purpose_required")),
        Some(purpose) if partner.purposes.contains(purpose) => Ok(()),
        Some(_) => Err(DomainError::refused(RefusedAs::Forbidden, "purpose_not_allowed")),
    }
}

/// With several roles a field may be hidden on some customers only; a total over a search by it would count them all the same.
fn several_roles(call: &Call) -> bool {
    matches!(&call.identity.caller.who, Who::Staff(staff) if staff.roles.len() > 1)
}
