//! The inbox: everything that waits for a person, in one call.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::forms::Standing;
use custodian_domain::inbox::Kind;
use custodian_domain::kernel::{DomainError, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::detections::{self, AlertFilter, AlertRow};
use custodian_persistence::{Work, access_reviews, consents, erasures, exports, forms, privacy_requests};
use uuid::Uuid;

use crate::access_requests::{RequestView, waiting_in};
use crate::audit::Draft;
use crate::{App, Call};

/// Something that waits.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Of the request, the review, the export, the third party, the submission or the alarm.
    pub id: Uuid,
    /// What to call to see it.
    pub href: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Until when; late ones are answered all the same.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether that has passed, by the database's clock.
    pub overdue: bool,
    /// How many things it stands for: lines of a review, withdrawals of a recipient, what an alarm counted, else 1.
    pub count: i64,
    /// Who asks.
    pub requester: Option<Uuid>,
    /// What is asked for: field keys.
    pub fields: Vec<String>,
    /// About how many customers.
    pub customers: Option<i32>,
    /// The right that a person makes use of.
    pub right: Option<String>,
}

/// The most requests of people, submissions and alarms that are listed.
const MOST: i64 = 1_000;

impl Item {
    fn new(kind: Kind, id: Uuid, href: String, since: DateTime<Utc>) -> Self {
        Self {
            kind,
            id,
            href,
            since,
            due_at: None,
            overdue: false,
            count: 1,
            requester: None,
            fields: Vec::new(),
            customers: None,
            right: None,
        }
    }

    fn due(self, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self { due_at: at, overdue: at.is_some_and(|at| at <= now), ..self }
    }
}

/// Everything that waits for the caller, newest first.
///
/// Errors: 403 `staff_only`.
pub async fn list(app: &App, call: &Call) -> Result<Vec<Item>, DomainError> {
    call.needs(Permission::InboxRead)?;
    let user = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let mut items = app.reading(call.organization(), async |work| gather(app, call, work, user).await).await?;
    items.sort_by_key(|item| std::cmp::Reverse((item.since, item.id)));
    app.record_read(call, Draft::of(Action::InboxRead)).await?;
    Ok(items)
}

/// A capability that lets something wait for people adds its line here, and nowhere else.
async fn gather(app: &App, call: &Call, work: &Work, user: UserId) -> Result<Vec<Item>, DomainError> {
    let now = work.database_time().await?;
    let holds = |permission| call.identity.caller.holds(permission);
    let mut items = Vec::new();
    if holds(Permission::AccessRequestsDecide) {
        items.extend(waiting_in(app, work, user).await?.into_iter().map(|view| approval(view, now)));
    }
    if holds(Permission::AccessReviewsRead) {
        items.extend(reviews(work, user, now).await?);
    }
    if holds(Permission::ExportsRequest) {
        items.extend(exports_ready(work, user, now).await?);
    }
    if holds(Permission::PrivacyRequestsManage) {
        items.extend(requests_of_people(work, user, now).await?);
        items.extend(late_recipients(work, now).await?);
    }
    if holds(Permission::ErasuresRequest) {
        items.extend(erasures_to_decide(work, user).await?);
    }
    if holds(Permission::PurposesManage) {
        items.extend(withdrawals(work, now).await?);
    }
    if holds(Permission::FormsDecide) && holds(Permission::CustomersWrite) {
        items.extend(submissions(app, call, work).await?);
    }
    if holds(Permission::AlertsClose) {
        items.extend(alerts(work, user).await?);
    }
    Ok(items)
}

fn approval(view: RequestView, now: DateTime<Utc>) -> Item {
    let row = view.row;
    let kind = if row.kind == "emergency" { Kind::EmergencyReview } else { Kind::Approval };
    let item = Item::new(kind, row.id, format!("/v1/access-requests/{}", row.id), row.step_started_at);
    let (requester, customers) = (Some(row.requester.uuid()), Some(row.customer_count));
    Item { requester, customers, fields: row.fields, ..item.due(Some(row.lapses_at), now) }
}

async fn reviews(work: &Work, user: UserId, now: DateTime<Utc>) -> Result<Vec<Item>, DomainError> {
    let open = access_reviews::waiting_for(work, user).await?;
    let item = |(id, since, due_at, count): (Uuid, DateTime<Utc>, DateTime<Utc>, i64)| {
        let href = format!("/v1/access-reviews/{id}/lines?answered=false&reviewer_id={user}");
        Item { count, ..Item::new(Kind::AccessReview, id, href, since).due(Some(due_at), now) }
    };
    Ok(open.into_iter().map(item).collect())
}

async fn exports_ready(work: &Work, user: UserId, now: DateTime<Utc>) -> Result<Vec<Item>, DomainError> {
    let item = |row: exports::ExportRow| {
        let since = row.ready_at.unwrap_or(row.created_at);
        let item = Item::new(Kind::ExportReady, row.id, format!("/v1/exports/{}", row.id), since);
        Item { customers: row.row_count, ..item.due(row.expires_at, now) }
    };
    Ok(exports::ready_of(work, user).await?.into_iter().map(item).collect())
}

async fn requests_of_people(work: &Work, user: UserId, now: DateTime<Utc>) -> Result<Vec<Item>, DomainError> {
    let open = privacy_requests::waiting_for(work, user, MOST).await?;
    let item = |(id, right, since, due_at): privacy_requests::Waiting| {
        let item = Item::new(Kind::PrivacyRequest, id, format!("/v1/privacy-requests/{id}"), since);
        Item { right: Some(right), ..item.due(Some(due_at), now) }
    };
    Ok(open.into_iter().map(item).collect())
}

async fn late_recipients(work: &Work, now: DateTime<Utc>) -> Result<Vec<Item>, DomainError> {
    let item = |(party, due_at, count): (Uuid, DateTime<Utc>, i64)| {
        let href = format!("/v1/third-parties/{party}/disclosures");
        Item { count, ..Item::new(Kind::NotificationOverdue, party, href, due_at).due(Some(due_at), now) }
    };
    Ok(privacy_requests::late_parties(work).await?.into_iter().map(item).collect())
}

async fn erasures_to_decide(work: &Work, user: UserId) -> Result<Vec<Item>, DomainError> {
    let filter = erasures::BatchFilter { state: Some("pending".to_owned()), ..erasures::BatchFilter::default() };
    let open = erasures::list_batches(work, &filter, MOST).await?;
    let item = |row: erasures::BatchRow| {
        let item = Item::new(Kind::ErasureBatch, row.id, format!("/v1/erasure-batches/{}", row.id), row.requested_at);
        let requester = Some(row.requested_by).filter(|by| !by.is_nil());
        Item { customers: Some(row.customers), requester, ..item }
    };
    Ok(open.into_iter().filter(|row| row.requested_by != user.uuid()).map(item).collect())
}

async fn withdrawals(work: &Work, now: DateTime<Utc>) -> Result<Vec<Item>, DomainError> {
    let item = |(party, due_at, count): (Uuid, DateTime<Utc>, i64)| {
        let href = format!("/v1/third-parties/{party}/disclosures");
        Item { count, ..Item::new(Kind::WithdrawalOverdue, party, href, due_at).due(Some(due_at), now) }
    };
    Ok(consents::overdue_parties(work).await?.into_iter().map(item).collect())
}

async fn submissions(app: &App, call: &Call, work: &Work) -> Result<Vec<Item>, DomainError> {
    // As far as the caller might decide about them.
    let scope = call.scope(Permission::CustomersWrite, &[], app.now());
    let state = Standing::Proposed.as_str();
    let item = |row: forms::SubmissionRow| {
        let href = format!("/v1/forms/{}/submissions/{}", row.form, row.id);
        Item { customers: Some(1), ..Item::new(Kind::FormSubmission, row.id, href, row.at) }
    };
    let open = forms::list_submissions(work, &scope, None, Some(state), None, MOST).await?;
    Ok(open.into_iter().map(item).collect())
}

async fn alerts(work: &Work, user: UserId) -> Result<Vec<Item>, DomainError> {
    let filter = AlertFilter { reader: user.uuid(), open: Some(true), ..AlertFilter::default() };
    let item = |row: AlertRow| {
        let item = Item::new(Kind::Alert, row.id, format!("/v1/alerts/{}", row.id), row.raised_at);
        Item { count: i64::from(row.counted), ..item }
    };
    Ok(detections::list(work, &filter, MOST).await?.into_iter().map(item).collect())
}
