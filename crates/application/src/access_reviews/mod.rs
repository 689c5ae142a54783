//! Access reviews: campaigns over accounts, roles held and keys. What nobody answers for at the end is taken away.

mod answer;
mod close;
mod lines;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::access_reviews::{self as stored, LineFilter, LineRow, ReviewRow};
use custodian_persistence::{Work, jobs};
use uuid::Uuid;

pub use answer::{Answer, answer};
pub use close::{KIND, close, run};

use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A campaign to begin.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// What people call it.
    pub name: String,
    /// Unused for so many days is dormant, and a right unused for so long is too much.
    pub dormant_days: u16,
    /// When it ends by itself.
    pub due_at: DateTime<Utc>,
}

/// A campaign with its progress.
#[derive(Clone, Debug)]
pub struct ReviewView {
    /// The campaign.
    pub row: ReviewRow,
    /// How many lines it has.
    pub lines: i64,
    /// How many were answered.
    pub answered: i64,
}

/// The latest that a campaign may end.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Begins a campaign over every account, every role held, every key and every right in force, and queues its end by the database's clock.
///
/// Errors: 422 for an end that is past or too far.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewReview) -> Result<ReviewView, DomainError> {
    call.needs(Permission::AccessReviewsManage)?;
    let creator = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let now = work.database_time().await?;
    let code = if new.due_at <= now { Some("in_the_past") } else { (new.due_at > now + LONGEST).then_some("too_far") };
    if let Some(code) = code {
        return Err(DomainError::Invalid(vec![Fault::new("/due_at", code)]));
    }
    let NewReview { name, dormant_days, due_at } = new;
    let row = ReviewRow {
        id: app.new_id(),
        name,
        dormant_days: i32::from(dormant_days),
        state: "open".to_owned(),
        due_at,
        created_at: now,
        created_by: creator.uuid(),
        closed_at: None,
        result: None,
    };
    let lines = lines::gather(app, work, creator, now, TimeDelta::days(i64::from(dormant_days))).await?;
    stored::insert(work, &row).await?;
    stored::insert_lines(work, row.id, &lines).await?;
    jobs::insert(work, JobId::from(row.id), KIND, creator.uuid(), due_at).await?;
    let count = Detail::Count(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    app.record_change(work, call, entry(Action::AccessReviewsCreate, row.id).with("lines", count)).await?;
    view(work, row).await
}

fn entry(action: Action, review: Uuid) -> Draft {
    Draft::of(action).with("access_review", Detail::Code(review.to_string()))
}

async fn view(work: &Work, row: ReviewRow) -> Result<ReviewView, DomainError> {
    let (lines, answered) = stored::counts(work, row.id).await?;
    Ok(ReviewView { row, lines, answered })
}

/// A page of campaigns, newest first.
pub async fn list(
    app: &App,
    call: &Call,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<ReviewView>, Option<Uuid>), DomainError> {
    call.needs(Permission::AccessReviewsRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, before, one_more(limit)).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push(view(&work, row).await?);
    }
    work.abandon().await;
    app.record_read(call, Draft::of(Action::AccessReviewsRead)).await?;
    Ok((views, next))
}

/// One campaign.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<ReviewView, DomainError> {
    call.needs(Permission::AccessReviewsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = match stored::find(&work, id).await? {
        Some(row) => Some(view(&work, row).await?),
        None => None,
    };
    work.abandon().await;
    let found = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::AccessReviewsRead, id)).await?;
    Ok(found)
}

/// Whether the caller sees every line, or those alone that it is asked about.
fn sees_all(call: &Call) -> bool {
    call.identity.caller.holds(Permission::AccessReviewsManage) || call.identity.caller.holds(Permission::AuditRead)
}

/// A page of a campaign's lines. Who neither manages reviews nor reads the log gets the lines that they are asked about.
pub async fn lines_of(
    app: &App,
    call: &Call,
    id: Uuid,
    mut filter: LineFilter,
    limit: usize,
) -> Result<(Vec<LineRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::AccessReviewsRead)?;
    if !sees_all(call) {
        filter.reviewer = Some(call.identity.actor_id());
    }
    let work = app.begin(call.organization()).await?;
    let known = stored::find(&work, id).await?;
    let mut rows = stored::lines(&work, id, &filter, one_more(limit)).await?;
    work.abandon().await;
    known.ok_or(DomainError::NotFound)?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, entry(Action::AccessReviewsRead, id)).await?;
    Ok((rows, next))
}
