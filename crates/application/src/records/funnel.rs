//! The funnel of opportunities, within the caller's scope.

use chrono::{DateTime, Utc};
use custodian_domain::access::{View, widest_field_access};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::records::{OpenFacts, Row, funnel as rows_of};
use custodian_domain::roles::Permission;
use custodian_persistence::records::{self as stored, By};
use futures_util::FutureExt;

use super::type_of;
use crate::access_requests::begin_holding;
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// What the funnel is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunnelBy {
    /// All opportunities together.
    Stage,
    /// By who sees to them.
    Owner,
    /// By the department of their customer.
    Department,
    /// By the month in which they were entered.
    Period,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunnelQuery {
    /// The groups.
    pub by: FunnelBy,
    /// Entered at or after.
    pub from: Option<DateTime<Utc>>,
    /// Entered before.
    pub until: Option<DateTime<Utc>>,
}

/// Opportunities by stage and group. Amounts are told to who may read them on every customer that the report counts.
///
/// Errors: 403 `field_hidden` where the caller may not read stages; 400 `count_not_available` under a purpose that needs consent.
pub async fn funnel(app: &App, call: &Call, query: FunnelQuery) -> Result<Vec<Row>, DomainError> {
    call.needs(Permission::RecordsRead)?;
    let of = type_of(call, "opportunity")?;
    if call.purpose_facts().is_some_and(|purpose| purpose.needs_consent) {
        return Err(DomainError::refused(RefusedAs::BadRequest, "count_not_available"));
    }
    let reads = |key: &str| {
        let listed = |name: &str| {
            call.purpose_facts().is_none_or(|purpose| purpose.fields.as_ref().is_none_or(|all| all.contains(name)))
        };
        of.field(key).is_some_and(|field| {
            widest_field_access(&call.identity.caller, Permission::RecordsRead, field).view == View::Read
                && listed(field.name)
        })
    };
    // Stages that are guarded stand nowhere open to be counted.
    if !reads("stage") || OpenFacts::of(of).state.is_none() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "field_hidden"));
    }
    let by = match query.by {
        FunnelBy::Stage => By::Stage,
        FunnelBy::Owner => By::Owner,
        FunnelBy::Department => By::Department,
        FunnelBy::Period => By::Period,
    };
    let (work, holding) = begin_holding(app, call).await?;
    // A right for a while opens fields of single customers, and does not widen what is counted.
    let scope = call.scope(Permission::RecordsRead, &[], holding.now(app.now()));
    let counted = stored::counted(&work, &scope, by, query.from, query.until).await;
    work.abandon().await;
    let mut counted = counted?;
    if !reads("amount") {
        counted.iter_mut().for_each(|one| one.amounts.clear());
    }
    let opportunities: i64 = counted.iter().map(|one| one.count).sum();
    let draft = Draft::of(Action::ReportsRead)
        .with("report", Detail::Code("funnel".to_owned()))
        .with("opportunities", Detail::Count(u32::try_from(opportunities).unwrap_or(u32::MAX)));
    app.record_read(call, draft).await?;
    Ok(rows_of(&counted))
}

/// Adds up alike sums of opportunities.
pub async fn tidy(app: &App) -> Result<(), DomainError> {
    app.in_each(|work| stored::fold_sums(work).boxed()).await
}
