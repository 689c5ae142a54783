//! The tier of those of a segment: who is of another one yet, and setting it.

use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_domain::segments::{Mode, TierRule, tier_faults};
use custodian_persistence::Work;
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::segments::{self as stored, Among};
use uuid::Uuid;

use super::keep::tier_of;
use super::saved::Saved;
use super::user;
use crate::audit::{Detail, Draft, Shown};
use crate::consents::agreed;
use crate::customers::{Existing, guard, value_of};
use crate::{App, Call};

/// How many customers one call changes.
const MOST: usize = 200;

/// Somebody whose tier is another.
#[derive(Clone, Debug)]
pub struct Differing {
    /// Who.
    pub customer: Uuid,
    /// The tier now.
    pub current: Option<String>,
}

/// What applying a rule came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Of so many the tier was set.
    pub changed: usize,
    /// So many the caller may not change, do not match, or are gone.
    pub skipped: usize,
    /// The last that was looked at, if there are more.
    pub next: Option<Uuid>,
}

/// The rule of a segment, with its field and those of whom it speaks to the caller.
struct Ruled<'c> {
    rule: TierRule,
    field: &'c Field,
    among: Among,
    tag: [u8; 16],
}

async fn ruled<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    id: Uuid,
    permission: Permission,
) -> Result<Ruled<'c>, DomainError> {
    call.needs(Permission::SegmentsRead)?;
    call.needs(permission)?;
    let row = stored::find(work, user(call)?, id).await?.ok_or(DomainError::NotFound)?;
    let refused = |code| DomainError::refused(RefusedAs::Conflict, code);
    let rule = tier_of(row.tier.as_ref()).ok_or_else(|| refused("no_tier_rule"))?;
    let field = call.customer().field(&rule.field).filter(|_| tier_faults(call.customer(), &rule).is_empty());
    let field = field.ok_or_else(|| refused("segment_unusable"))?;
    let saved = Saved::read(&row.filter, &row.terms)?;
    let among = saved.among(app, call, work, permission, &[field]).await?;
    let text = field.query_term(SearchKind::Exact, &rule.value).map_err(|_| refused("segment_unusable"))?;
    let tag = app.keys().open_organization(work).await?.tag(field.key, SearchKind::Exact, &text);
    Ok(Ruled { rule, field, among, tag })
}

/// A page of those of a segment who are of another tier than its rule says, and where to go on. Each with the tier now.
///
/// Errors: 404; 409 `no_tier_rule`, `segment_unusable`; 403 `field_hidden`.
pub async fn differing(
    app: &App,
    call: &Call,
    id: Uuid,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<Differing>, Option<Uuid>), DomainError> {
    let ask = async |work: &Work| {
        let ruled = ruled(app, call, work, id, Permission::CustomersRead).await?;
        let wanted = i64::try_from(limit).unwrap_or(200) + 1;
        let rows = stored::without_tag(work, &ruled.among, &ruled.tag, after, wanted).await?;
        Ok::<_, DomainError>((ruled.field, rows))
    };
    let (field, mut rows) = app.reading(call.organization(), ask).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id.uuid());
    let mut told = Vec::with_capacity(rows.len());
    for row in &rows {
        let current = guard(app, call, row.id, value_of(app, call.organization(), row, field.key)).await?;
        told.push(Differing { customer: row.id.uuid(), current });
    }
    let shown = Shown { read: vec![field.key], ..Shown::default() };
    let customers: Vec<CustomerId> = rows.iter().map(|row| row.id).collect();
    let draft = Draft { customers, shown, ..Draft::of(Action::SegmentsRead) };
    app.record_read(call, draft.with("segment", Detail::Code(id.to_string()))).await?;
    Ok((told, next))
}

/// Sets the tier: of the named, or, where the rule is one that sets, of the next two hundred who are of another.
///
/// Errors: 422 `required` at `/customer_ids` for a rule that proposes; those of [`differing`].
pub async fn apply(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    named: Option<Vec<Uuid>>,
    after: Option<Uuid>,
) -> Result<Told, DomainError> {
    let Ruled { rule, field, among, tag } = ruled(app, call, work, id, Permission::CustomersWrite).await?;
    let (ids, asked, next) = match named {
        Some(named) => (stored::members(work, &among, &named).await?, named.len(), None),
        None if rule.mode == Mode::Propose => return Err(DomainError::invalid("/customer_ids", "required")),
        None => {
            let wanted = i64::try_from(MOST).unwrap_or(200) + 1;
            let rows = stored::without_tag(work, &among, &tag, after, wanted).await?;
            let ids: Vec<CustomerId> = rows.iter().take(MOST).map(|row| row.id).collect();
            let next = ids.last().filter(|_| rows.len() > MOST).map(|id| id.uuid());
            let asked = ids.len();
            (ids, asked, next)
        }
    };
    let mut changed = 0;
    for row in people::lock_many(work, &ids).await? {
        changed += usize::from(set(app, call, work, row, field, &rule.value).await?);
    }
    let told = Told { changed, skipped: asked.saturating_sub(changed), next };
    let count = |number: usize| Detail::Count(u32::try_from(number).unwrap_or(u32::MAX));
    let draft = Draft::of(Action::SegmentsApply)
        .with("segment", Detail::Code(id.to_string()))
        .with("changed", count(told.changed))
        .with("skipped", count(told.skipped));
    app.record_change(work, call, draft).await?;
    Ok(told)
}

/// Whether the caller might change this one, and did.
async fn set(
    app: &App,
    call: &Call,
    work: &Work,
    row: CustomerRow,
    field: &Field,
    value: &str,
) -> Result<bool, DomainError> {
    if row.restricted || agreed(call, &row).is_err() {
        return Ok(false);
    }
    if guard(app, call, row.id, value_of(app, call.organization(), &row, field.key)).await?.as_deref() == Some(value) {
        return Ok(false);
    }
    match Existing::new(app, call, row, &[field]) {
        Err(DomainError::Refused { .. } | DomainError::NotFound | DomainError::Forbidden { .. }) => Ok(false),
        Err(other) => Err(other),
        Ok(existing) => {
            let attributes = existing.attributes();
            existing.change(app, call, work, attributes, vec![(field, Some(value.to_owned()))]).await?;
            Ok(true)
        }
    }
}
