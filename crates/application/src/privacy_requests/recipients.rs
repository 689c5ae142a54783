//! Recipients of a person's data hear of what was corrected, restricted or erased, say when they have acted on it, and are reminded until then (GDPR art. 19).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, RefusedAs};
use custodian_domain::privacy_requests::Right;
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{self, RecipientRow};
use custodian_persistence::privacy_requests::{self as stored, NotificationRow, RequestRow};
use custodian_persistence::{Work, organizations};
use uuid::Uuid;

use super::entry;
use crate::audit::{Detail, Draft};
use crate::events::{Event, EventType, Fact, publish_all};
use crate::paging::{cut, one_more};
use crate::self_service::purposes_in_use;
use crate::{App, Call};

/// Tells every recipient: those whom a purpose names that uses one of these fields, those with a live key to one, and those whose key to one was ever shown
/// something of the person. No field named means all.
pub(super) async fn tell(
    app: &App,
    work: &Work,
    row: &RequestRow,
    kind: &str,
    fields: &[String],
) -> Result<(), DomainError> {
    let Some(customer) = row.customer else { return Ok(()) };
    let uses = |purpose: &Purpose| {
        let listed = purpose.fields.as_ref();
        fields.is_empty() || listed.is_none_or(|listed| listed.iter().any(|key| fields.contains(key)))
    };
    let names = named(work, uses).await?;
    let mut parties = stored::recipients_among(work, &names, fields).await?;
    parties.extend(stored::shown_to(work, customer, fields).await?);
    parties.sort_unstable();
    parties.dedup();
    let news = News { request: Some(row.id), erasure: None, customer, kind, fields };
    tell_each(app, work, &news, &parties).await
}

/// Names of those whom a purpose in use gives data to.
async fn named(work: &Work, uses: impl Fn(&Purpose) -> bool) -> Result<Vec<String>, DomainError> {
    let purposes = purposes_in_use(work).await?;
    let used = purposes.into_iter().filter(|(_, purpose)| uses(purpose));
    let names: BTreeSet<String> = used.flat_map(|(_, purpose)| purpose.recipients).map(|one| one.name).collect();
    Ok(names.into_iter().collect())
}

/// How long a recipient has to act on what it was told.
const TO_ACT: TimeDelta = TimeDelta::hours(72);

/// What is told.
struct News<'a> {
    request: Option<Uuid>,
    erasure: Option<Uuid>,
    customer: Uuid,
    kind: &'a str,
    fields: &'a [String],
}

async fn tell_each(app: &App, work: &Work, news: &News<'_>, parties: &[Uuid]) -> Result<(), DomainError> {
    let at = work.database_time().await?;
    let mut events = Vec::with_capacity(parties.len());
    for third_party in parties {
        let told = NotificationRow {
            id: app.new_id(),
            request: news.request,
            erasure: news.erasure,
            third_party: *third_party,
            name: String::new(),
            customer: news.customer,
            kind: news.kind.to_owned(),
            fields: news.fields.to_vec(),
            at,
            due_at: at + TO_ACT,
            acknowledged_at: None,
            overdue: false,
        };
        stored::insert_notification(work, &told).await?;
        events.push(event(EventType::PrivacyNotificationsOpened, &told));
    }
    publish_all(app, work, events).await
}

fn event(kind: EventType, row: &NotificationRow) -> Event {
    Event::about(kind, CustomerId::from(row.customer))
        .with("privacy_notification_id", Fact::Id(row.id))
        .with("third_party_id", Fact::Id(row.third_party))
        .with("kind", Fact::Code(row.kind.clone()))
        .with("due_at", Fact::Time(row.due_at))
}

/// Tells everybody who holds something of a person, or may, that they were erased: whom a purpose names, who has a live key, and whose key was ever shown
/// something of them.
pub(crate) async fn tell_of_erasure(app: &App, work: &Work, erasure: Uuid, customer: Uuid) -> Result<(), DomainError> {
    let names = named(work, |_| true).await?;
    let mut parties = stored::recipients_among(work, &names, &[]).await?;
    parties.extend(stored::shown_to(work, customer, &[]).await?);
    parties.sort_unstable();
    parties.dedup();
    let news = News { request: None, erasure: Some(erasure), customer, kind: "erased", fields: &[] };
    tell_each(app, work, &news, &parties).await
}

/// How many are reminded in one transaction.
const TOGETHER: i64 = 500;

/// Reminds those who have not acted when half their time has gone, and says that they are late when all of it has. One organisation that fails does not keep
/// the others.
pub async fn remind_recipients(app: &App) -> Result<(), DomainError> {
    for (organization, _) in organizations::list(app.db()).await? {
        if let Err(error) = remind_of(app, organization).await {
            tracing::error!(%organization, %error, "recipients could not be reminded; the next round tries again");
        }
    }
    Ok(())
}

/// The same for one organisation. Answers how many were told.
pub async fn remind_of(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let work = app.begin(organization).await?;
    let rows = stored::to_remind(&work, TOGETHER).await?;
    let kind = |row: &NotificationRow| match row.overdue {
        true => EventType::PrivacyNotificationsOverdue,
        false => EventType::PrivacyNotificationsReminder,
    };
    publish_all(app, &work, rows.iter().map(|row| event(kind(row), row)).collect()).await?;
    work.commit().await?;
    Ok(rows.len())
}

/// A piece of news as this caller may know it.
#[derive(Clone, Debug)]
pub struct NotificationView {
    /// As stored.
    pub row: NotificationRow,
    /// The customer, by the id that the caller knows.
    pub customer: Uuid,
}

fn view(call: &Call, row: NotificationRow) -> NotificationView {
    NotificationView { customer: call.identity.shown_id(CustomerId::from(row.customer)), row }
}

/// What somebody was told of because of an objection: as of a withdrawal.
fn objected(request: Uuid, row: RecipientRow) -> NotificationRow {
    NotificationRow {
        id: row.id,
        request: Some(request),
        erasure: None,
        third_party: row.third_party,
        name: row.name,
        customer: row.customer,
        kind: "objected".to_owned(),
        fields: Vec::new(),
        at: row.at,
        due_at: row.due_at,
        acknowledged_at: row.acknowledged_at,
        overdue: row.overdue,
    }
}

async fn told_of(work: &Work, row: &RequestRow) -> Result<Vec<NotificationRow>, DomainError> {
    let mut rows = stored::notifications_of(work, row.id).await?;
    if let Some(customer) = row.customer.filter(|_| row.right == Right::Objection.as_str()) {
        let cases = consents::recipients_by_request(work, customer, row.id).await?;
        rows.extend(cases.into_iter().map(|case| objected(row.id, case)));
    }
    Ok(rows)
}

/// Who was told because of a request, and who has acted on it.
///
/// Errors: 404.
pub async fn recipients(app: &App, call: &Call, request: Uuid) -> Result<Vec<NotificationView>, DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let ask = async |work: &Work| {
        let found = stored::find(work, request).await?.ok_or(DomainError::NotFound)?;
        let rows = told_of(work, &found).await?;
        Ok::<_, DomainError>((found, rows))
    };
    let (found, rows) = app.reading(call.organization(), ask).await?;
    app.record_read(call, entry(Action::PrivacyRequestsRead, &found)).await?;
    Ok(rows.into_iter().map(|row| view(call, row)).collect())
}

/// Who was told of an erasure, and who has acted on it.
///
/// Errors: 404.
pub async fn erasure_recipients(app: &App, call: &Call, erasure: Uuid) -> Result<Vec<NotificationView>, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let found = crate::erasures::find(app, call, erasure).await?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::notifications_of_erasure(&work, found.row.id).await;
    work.abandon().await;
    Ok(rows?.into_iter().map(|row| view(call, row)).collect())
}

fn partner(call: &Call) -> Result<Uuid, DomainError> {
    call.needs(Permission::WithdrawalsAcknowledge)?;
    let none = DomainError::refused(RefusedAs::Forbidden, "partner_only");
    call.identity.third_party.map(|own| own.uuid()).ok_or(none)
}

/// A page of what a partner was told, oldest first.
///
/// Errors: 403 `partner_only`.
pub async fn notifications(
    app: &App,
    call: &Call,
    open: Option<bool>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<NotificationView>, Option<Uuid>), DomainError> {
    let own = partner(call)?;
    let mut rows = app
        .reading(call.organization(), async |work| {
            stored::notifications_for(work, own, open, after, one_more(limit)).await
        })
        .await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::PrivacyRequestsRead)).await?;
    Ok((rows.into_iter().map(|row| view(call, row)).collect(), next))
}

/// Says for the third party of the key that it has acted on a piece of news. A second time changes nothing.
///
/// Errors: 404 for what it was not told; 403 `partner_only`.
pub async fn acknowledge_notification(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
) -> Result<NotificationView, DomainError> {
    let own = partner(call)?;
    let row = stored::acknowledge_notification(work, id, own, call.identity.actor_id()).await?;
    let row = row.ok_or(DomainError::NotFound)?;
    let of = if row.erasure.is_some() { "erasure" } else { "privacy_request" };
    let draft = Draft::about(Action::PrivacyRequestsNotified, CustomerId::from(row.customer))
        .with(of, Detail::Code(row.request.or(row.erasure).unwrap_or_default().to_string()))
        .with("third_party", Detail::Code(own.to_string()));
    app.record_change(work, call, draft).await?;
    Ok(view(call, row))
}
