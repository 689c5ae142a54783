//! What waits for somebody who leaves, handed to whoever comes after.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_reviews;
use custodian_persistence::customers::{self as held, HandOver};
use custodian_persistence::users::{UserRow, offboard as stored};

use super::credentials::Steps;
use crate::access_requests::Waiting;
use crate::{App, Call, access_requests, customers, privacy_requests, records};

/// Everything that waits for the person. A capability that makes people answerable for something adds its line here, and nowhere else.
/// `waiting` is what was asked of them before anything ended, `at` the moment by which it is found again what went.
pub(super) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    (from, waiting, at): (UserId, &Waiting, DateTime<Utc>),
    heir: &UserRow,
    steps: &mut Steps,
) -> Result<(), DomainError> {
    steps.note("reports_handed_over", stored::hand_over_reports(work, from, heir.id).await?);
    steps.note("departments_handed_over", stored::hand_over_departments(work, from, heir.id).await?);
    let (to, by) = (heir.id, call.identity.actor_id());
    let hand = HandOver { to: Some(to), department: heir.department, by, at };
    let customers = customers::hand_over(app, call, work, from, &hand).await?;
    steps.note("customers_handed_over", customers);
    steps.note("collaborations_ended", held::end_collaborations(work, from).await?);
    steps.note("records_handed_over", records::hand_over(app, call, work, from, &hand).await?);
    let [approvals, policies] = access_requests::hand_over(app, call, work, waiting, (from, to)).await?;
    steps.note("approvals_handed_over", approvals);
    steps.note("approval_policies_changed", policies);
    steps.note("review_lines_handed_over", access_reviews::hand_over(work, from, to).await?);
    let requests = privacy_requests::hand_over(app, call, work, from, heir).await?;
    steps.note("privacy_requests_handed_over", requests);
    Ok(())
}
