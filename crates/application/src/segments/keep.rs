//! Segments: made, changed, taken away, and read with the number of people that they speak of to the reader.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_domain::segments::{Mode, Schedule, TierRule, tier_faults};
use custodian_persistence::Work;
use custodian_persistence::segments::{self as stored, SegmentRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::saved::{Saved, SavedFilter, Terms};
use super::scheduled::schedule;
use super::{MOST_SEGMENTS, user};
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// A segment as it was sent; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SegmentDraft {
    /// What people call it.
    pub name: Option<String>,
    /// Whether colleagues see it.
    pub shared: Option<bool>,
    /// What stands beside the fields, replaced whole.
    pub filter: Option<SavedFilter>,
    /// Values looked for, replaced whole.
    pub terms: Option<Terms>,
    /// The tier of those who match; `Some(None)` takes the rule away.
    pub tier: Option<Option<TierRule>>,
}

/// A segment as one reader has it.
#[derive(Clone, Debug)]
pub struct SegmentView {
    /// As stored.
    pub row: SegmentRow,
    /// What it holds.
    pub saved: Saved,
    /// Its tier rule.
    pub tier: Option<TierRule>,
    /// How many of those whom the reader reaches match now, or the code of why that is not told.
    pub count: Result<i64, &'static str>,
}

fn entry(action: Action, id: Uuid) -> Draft {
    Draft::of(action).with("segment", Detail::Code(id.to_string()))
}

pub(super) fn tier_of(value: Option<&Value>) -> Option<TierRule> {
    let value = value?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let mode = Mode::from_code(text("mode")?)?;
    let schedule = text("schedule").and_then(Schedule::from_code);
    Some(TierRule { field: text("field")?.to_owned(), value: text("value")?.to_owned(), mode, schedule })
}

/// A segment with its number, worked out now.
async fn view(app: &App, call: &Call, work: &Work, row: SegmentRow) -> Result<SegmentView, DomainError> {
    let saved = Saved::read(&row.filter, &row.terms)?;
    let tier = tier_of(row.tier.as_ref());
    let counted = match saved.among(app, call, work, Permission::CustomersRead, &[]).await {
        Ok(among) => Ok(stored::count(work, &among).await?),
        Err(DomainError::Refused { code, .. }) => Err(code),
        Err(other) => return Err(other),
    };
    Ok(SegmentView { row, saved, tier, count: counted })
}

/// A page of the segments that the caller sees, oldest first, and where to go on. With `count` each is counted.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<SegmentView>, Option<Uuid>), DomainError> {
    call.needs(Permission::SegmentsRead)?;
    let owner = user(call)?;
    let work = app.begin(call.organization()).await?;
    let page = async {
        let mut rows = stored::list(&work, owner, after, i64::try_from(limit).unwrap_or(200) + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.id);
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(view(app, call, &work, row).await?);
        }
        Ok((views, next))
    }
    .await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::SegmentsRead)).await?;
    page
}

/// One segment that the caller sees.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<SegmentView, DomainError> {
    call.needs(Permission::SegmentsRead)?;
    let owner = user(call)?;
    let ask = async |work: &Work| {
        let row = stored::find(work, owner, id).await?.ok_or(DomainError::NotFound)?;
        view(app, call, work, row).await
    };
    let found = app.reading(call.organization(), ask).await?;
    app.record_read(call, entry(Action::SegmentsRead, id)).await?;
    Ok(found)
}

/// Makes a segment.
///
/// Errors: 403 `forbidden` for a shared one without `segments.share` and for a schedule without `customers.write`, `field_hidden`; 409 `too_many_saved`;
/// 422 with every fault.
pub async fn create(app: &App, call: &Call, work: &Work, draft: SegmentDraft) -> Result<SegmentView, DomainError> {
    call.needs(Permission::SegmentsWrite)?;
    let (owner, now) = (user(call)?, app.now());
    if stored::count_of(work, owner).await? >= MOST_SEGMENTS {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_saved"));
    }
    let base = SegmentRow {
        id: app.new_id(),
        owner,
        shared: false,
        name: String::new(),
        filter: json!({}),
        terms: json!({}),
        tier: None,
        version: 1,
        created_at: now,
        updated_at: now,
        updated_by: owner,
        next_run_at: None,
        last_run: None,
    };
    let mut row = onto(call, base, draft)?;
    stored::put(work, &row).await?;
    schedule(app, call, work, &mut row, None).await?;
    app.record_change(work, call, entry(Action::SegmentsCreate, row.id)).await?;
    view(app, call, work, row).await
}

/// Changes a segment: one's own, or a shared one for who shares.
///
/// Errors: 412 unless `admits` the version, and those of [`create`].
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: SegmentDraft,
) -> Result<SegmentView, DomainError> {
    let before = held(call, work, id).await?;
    admits(before.version)?;
    let (version, updated_by) = (before.version + 1, user(call)?);
    let ruled = tier_of(before.tier.as_ref());
    let mut row = SegmentRow { version, updated_by, updated_at: app.now(), ..onto(call, before, draft)? };
    stored::put(work, &row).await?;
    schedule(app, call, work, &mut row, ruled).await?;
    app.record_change(work, call, entry(Action::SegmentsUpdate, id)).await?;
    view(app, call, work, row).await
}

/// Takes a segment away.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    let row = held(call, work, id).await?;
    admits(row.version)?;
    stored::delete(work, id).await?;
    app.record_change(work, call, entry(Action::SegmentsDelete, id)).await
}

/// A segment that the caller may change, held until the transaction ends.
async fn held(call: &Call, work: &Work, id: Uuid) -> Result<SegmentRow, DomainError> {
    call.needs(Permission::SegmentsWrite)?;
    let row = stored::lock(work, user(call)?, id).await?.ok_or(DomainError::NotFound)?;
    if row.shared {
        call.needs(Permission::SegmentsShare)?;
    }
    Ok(row)
}

/// A draft laid over a segment, with every fault of it.
fn onto(call: &Call, mut row: SegmentRow, draft: SegmentDraft) -> Result<SegmentRow, DomainError> {
    let SegmentDraft { name, shared, filter, terms, tier } = draft;
    let mut faults: Vec<Fault> = Vec::new();
    let mut saved = Saved::read(&row.filter, &row.terms)?;
    saved.filter = filter.unwrap_or(saved.filter);
    saved.terms = terms.unwrap_or(saved.terms);
    let tier = tier.unwrap_or_else(|| tier_of(row.tier.as_ref()));
    if let Some(rule) = &tier {
        faults.extend(tier_faults(call.customer(), rule));
    }
    saved.check(call, &mut faults)?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    row.name = name.unwrap_or(row.name);
    row.shared = shared.unwrap_or(row.shared);
    if row.shared {
        call.needs(Permission::SegmentsShare)?;
    }
    (row.filter, row.terms) = saved.to_json()?;
    row.tier =
        tier.map(|TierRule { field, value, mode, schedule }| json!({"field": field, "value": value, "mode": mode.as_str(), "schedule": schedule.map(Schedule::as_str)}));
    Ok(row)
}
