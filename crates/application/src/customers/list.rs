//! Lists and searches: the same scope as SQL, the same decision for every row.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, Outcome, View, Who, widest_field_access};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, CustomerRow, Filter, Order};
use uuid::Uuid;

use super::SeenCustomer;
use super::decoy::{self, Paged};
use super::read::guard;
use super::sealing::{open_one, open_row};
use super::seen::{judge_row, looks_closely, seen_through};
use crate::access::{record_look, spend_search, was_refused_search};
use crate::access_requests::{Holding, begin_holding, under};
use crate::audit::{Detail, Draft, Shown};
use crate::consents::{agreed, asked_for, ground_of, those_agreed};
use crate::detections::note_vain_search;
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

/// The people of a page, and the row about nobody among them, once the entry is durable.
async fn page_of(
    app: &App,
    call: &Call,
    look: &Look<'_>,
    page: &Paged,
    tags: &[[u8; 16]],
) -> Result<Vec<SeenCustomer>, DomainError> {
    let Paged { rows, decoy, .. } = page;
    let closely = seen_closely(app, call, rows, look.searched, look.holding);
    let (mut shown, mut grants) = (Shown::default(), Vec::new());
    let mut customers = Vec::with_capacity(rows.len() + 1);
    let (mut ids, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (place, row) in rows.iter().enumerate() {
        if let Some(seen) = see(app, call, look, row, &mut shown).await? {
            ids.push(row.id);
            places.push(place);
            grants.extend(seen.under.iter().copied());
            customers.push(seen);
        }
    }
    let nobody = match decoy {
        Some((decoy, at)) => decoy::see(app, call, decoy, look.searched)?.map(|seen| (seen, *at)),
        None => None,
    };
    grants.sort_unstable();
    grants.dedup();
    look.holding.note_use(app, call, &grants).await?;
    let entry = under(entry_of(look.searched, ids.clone(), shown), &grants);
    let entry = if nobody.is_some() { entry.with("decoys", Detail::Count(1)) } else { entry };
    let vain = (rows.is_empty() && nobody.is_none()).then_some(tags);
    enter(app, call, entry, &closely, vain).await?;
    let still = those_agreed(app, call, &ids).await?;
    let kept: Vec<bool> = ids.iter().map(|id| still.contains(id)).collect();
    let before = |at: usize| places.iter().zip(&kept).filter(|(place, kept)| **kept && **place < at).count();
    let nobody = nobody.map(|(seen, at)| (seen, before(at)));
    let mut all = kept.iter().copied();
    customers.retain(|_| all.next().unwrap_or(false));
    if let Some((seen, at)) = nobody {
        customers.insert(at.min(customers.len()), seen);
    }
    Ok(customers)
}

/// The entry of the page; beside it, for it takes as long, a search that found nobody is counted. Whoever finds somebody waits for no count.
async fn enter(
    app: &App,
    call: &Call,
    entry: Draft,
    closely: &[CustomerId],
    vain: Option<&[[u8; 16]]>,
) -> Result<(), DomainError> {
    let entered = record_look(app, call, entry, closely);
    match vain {
        Some(tags) if !tags.is_empty() => tokio::join!(entered, note_vain_search(app, call, tags)).0,
        _ => entered.await,
    }
}

/// Those of a page whom its answer will show closely.
fn seen_closely(
    app: &App,
    call: &Call,
    rows: &[CustomerRow],
    searched: &[Sought<'_>],
    holding: &Holding,
) -> Vec<CustomerId> {
    let closely = |row: &&CustomerRow| {
        let judged = judge_row(app, call, row, Permission::CustomersRead, holding);
        let decision = &judged.decision;
        decision.outcome == Outcome::Allowed && !is_oracle(decision, searched) && looks_closely(row, &judged.by_roles())
    };
    if call.identity.user().is_none() {
        return Vec::new();
    }
    rows.iter().filter(closely).map(|row| row.id).collect()
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

/// One entry for the whole page. A single hit needs no row per customer beside it.
fn entry_of(searched: &[Sought<'_>], ids: Vec<CustomerId>, shown: Shown) -> Draft {
    let action = if searched.is_empty() { Action::CustomersList } else { Action::CustomersSearch };
    let (customer, customers) = match ids.as_slice() {
        [only] => (Some(*only), Vec::new()),
        _ => (None, ids),
    };
    let draft = Draft { customer, customers, shown, ..Draft::of(action) };
    if searched.is_empty() {
        return draft;
    }
    let terms = searched.iter().map(|sought| format!("{}:{}", sought.field.key, sought.kind.as_str())).collect();
    draft.with("searched", Detail::Codes(terms))
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

/// What every row of a page is looked at with.
struct Look<'a> {
    keys: &'a OrganizationKeys,
    searched: &'a [Sought<'a>],
    holding: &'a Holding,
    columns: Option<&'a [String]>,
}

async fn see(
    app: &App,
    call: &Call,
    look: &Look<'_>,
    row: &CustomerRow,
    shown: &mut Shown,
) -> Result<Option<SeenCustomer>, DomainError> {
    let Look { keys, searched, holding, columns } = look;
    let mut judged = judge_row(app, call, row, Permission::CustomersRead, holding);
    if judged.decision.outcome != Outcome::Allowed
        || is_oracle(&judged.decision, searched)
        || agreed(call, row).is_err()
    {
        return Ok(None);
    }
    guard(app, call, row.id, truly_found(app, call, keys, row, searched)).await?;
    if let Some(columns) = columns {
        judged.decision.fields.retain(|(field, _)| columns.iter().any(|key| key == field.key));
    }
    let mut seen = guard(app, call, row.id, seen_through(app, call, row, &judged.decision, shown)).await?;
    seen.under = judged.under;
    Ok(Some(seen))
}

/// The index only says where to look: an entry that was moved to another customer must not answer with the wrong person.
fn truly_found(
    app: &App,
    call: &Call,
    keys: &OrganizationKeys,
    row: &CustomerRow,
    searched: &[Sought<'_>],
) -> Result<(), DomainError> {
    if searched.is_empty() {
        return Ok(());
    }
    let organization = call.organization();
    let key = open_row(app, organization, row)?;
    for Sought { field, kind, tag } in searched {
        let sealed = row.fields.get(field.key).ok_or(DomainError::Integrity)?;
        let value = open_one(&key, organization, row.id, &sealed)?;
        let mut terms = field.search_terms(&value).into_iter().filter(|(known, _)| known == kind);
        if !terms.any(|(_, term)| keys.tag(field.key, *kind, &term) == *tag) {
            return Err(DomainError::Integrity);
        }
    }
    Ok(())
}
