//! The customers of one page: each row is judged, shown as far as its decision allows, and entered before the page leaves.

use std::sync::Arc;

use custodian_domain::access::{Decision, Outcome, Who};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::SeenCustomer;
use super::decoy::{self, Paged};
use super::list::{Sought, is_oracle};
use super::read::guard;
use super::sealing::{open_one, open_row};
use super::seen::{Judged, judge_row, looks_closely, seen_through, thing};
use crate::access::record_look;
use crate::access_requests::{Holding, under};
use crate::audit::{Detail, Draft, Shown};
use crate::consents::{agreed, those_agreed};
use crate::detections::note_vain_search;
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// What every row of a page is looked at with.
pub(super) struct Look<'a> {
    pub keys: &'a OrganizationKeys,
    pub searched: &'a [Sought<'a>],
    pub holding: &'a Holding,
    /// Keys of the fields that are shown; every one when absent.
    pub columns: Option<&'a [String]>,
}

/// The people of a page, and the row about nobody among them, once the entry is durable.
pub(super) async fn page_of(
    app: &App,
    call: &Call,
    look: &Look<'_>,
    page: &Paged,
    tags: &[[u8; 16]],
) -> Result<Vec<SeenCustomer>, DomainError> {
    let Paged { rows, decoy, .. } = page;
    let sights = sights(app, call, look, rows);
    let closely = seen_closely(call, rows, &sights);
    let (mut shown, mut grants) = (Shown::default(), Vec::new());
    let mut customers = Vec::with_capacity(rows.len() + 1);
    let (mut ids, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (place, (row, sight)) in rows.iter().zip(&sights).enumerate() {
        if let Some(seen) = see(app, call, look, row, sight, &mut shown).await? {
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

/// What a row's decision comes to on this page.
struct Sight<'c> {
    /// Nothing of the row is shown where this is false.
    shown: bool,
    /// The fields that the page shows, and no others.
    decision: Decision<'c>,
    /// What the caller's roles show by themselves, on this page or not.
    by_roles: Decision<'c>,
    /// The rights for a while that it is seen under.
    under: Vec<Uuid>,
}

impl<'c> Sight<'c> {
    fn of(judged: Judged<'c>, look: &Look<'_>) -> Self {
        let shown = judged.decision.outcome == Outcome::Allowed && !is_oracle(&judged.decision, look.searched);
        let by_roles = judged.by_roles();
        let Judged { mut decision, under, .. } = judged;
        if let Some(columns) = look.columns {
            decision.fields.retain(|(field, _)| columns.iter().any(|key| key == field.key));
        }
        Self { shown, decision, by_roles, under }
    }
}

/// Decides about every row. Those whom no decision tells apart, as most of a page, are decided about once.
fn sights<'c>(app: &App, call: &'c Call, look: &Look<'_>, rows: &[CustomerRow]) -> Vec<Arc<Sight<'c>>> {
    let mut kinds: Vec<(&CustomerRow, Arc<Sight<'c>>)> = Vec::new();
    let sight = |row| {
        if let Some((_, sight)) = kinds.iter().find(|(other, _)| alike(call, look.holding, other, row)) {
            return Arc::clone(sight);
        }
        let judged = judge_row(app, call, row, Permission::CustomersRead, look.holding);
        let sight = Arc::new(Sight::of(judged, look));
        kinds.push((row, Arc::clone(&sight)));
        sight
    };
    rows.iter().map(sight).collect()
}

/// Rights for a while name their customers, and a person is one of them: for both each row is a case of its own.
fn alike(call: &Call, holding: &Holding, one: &CustomerRow, other: &CustomerRow) -> bool {
    holding.grants.is_empty()
        && matches!(call.identity.caller.who, Who::Staff(_) | Who::Partner(_))
        && one.consents == other.consents
        && thing(call, one).is_alike(&thing(call, other))
}

/// Those of a page whom its answer will show closely.
fn seen_closely(call: &Call, rows: &[CustomerRow], sights: &[Arc<Sight<'_>>]) -> Vec<CustomerId> {
    if call.identity.user().is_none() {
        return Vec::new();
    }
    let closely = |(row, sight): &(&CustomerRow, &Arc<Sight<'_>>)| sight.shown && looks_closely(row, &sight.by_roles);
    rows.iter().zip(sights).filter(closely).map(|(row, _)| row.id).collect()
}

async fn see(
    app: &App,
    call: &Call,
    look: &Look<'_>,
    row: &CustomerRow,
    sight: &Sight<'_>,
    shown: &mut Shown,
) -> Result<Option<SeenCustomer>, DomainError> {
    if !sight.shown || agreed(call, row).is_err() {
        return Ok(None);
    }
    guard(app, call, row.id, truly_found(app, call, look, row)).await?;
    let mut seen = guard(app, call, row.id, seen_through(app, call, row, &sight.decision, shown)).await?;
    seen.under.clone_from(&sight.under);
    Ok(Some(seen))
}

/// The index only says where to look: an entry that was moved to another customer must not answer with the wrong person.
fn truly_found(app: &App, call: &Call, look: &Look<'_>, row: &CustomerRow) -> Result<(), DomainError> {
    let Look { keys, searched, .. } = look;
    if searched.is_empty() {
        return Ok(());
    }
    let organization = call.organization();
    let key = open_row(app, organization, row)?;
    for Sought { field, kind, tag } in *searched {
        let sealed = row.fields.get(field.key).ok_or(DomainError::Integrity)?;
        let value = open_one(&key, organization, row.id, &sealed)?;
        let mut terms = field.search_terms(&value).into_iter().filter(|(known, _)| known == kind);
        if !terms.any(|(_, term)| keys.tag(field.key, *kind, &term) == *tag) {
            return Err(DomainError::Integrity);
        }
    }
    Ok(())
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
