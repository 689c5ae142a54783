//! Recipients of a person's data hear of what was corrected or restricted, and say when they have acted on it (GDPR art. 19).

use std::collections::BTreeSet;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as stored, NotificationRow, RequestRow};
use uuid::Uuid;

use super::entry;
use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::self_service::purposes_in_use;
use crate::{App, Call};

/// Tells every recipient: those whom a purpose names that uses one of these fields, and those with a live key to one. No field named means all.
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
    let purposes = purposes_in_use(work).await?;
    let used = purposes.into_iter().filter(|(_, purpose)| uses(purpose));
    let names: BTreeSet<String> = used.flat_map(|(_, purpose)| purpose.recipients).map(|one| one.name).collect();
    let names: Vec<String> = names.into_iter().collect();
    let at = work.database_time().await?;
    for third_party in stored::recipients_among(work, &names, fields).await? {
        let told = NotificationRow {
            id: app.new_id(),
            request: row.id,
            third_party,
            name: String::new(),
            customer,
            kind: kind.to_owned(),
            fields: fields.to_vec(),
            at,
            acknowledged_at: None,
        };
        stored::insert_notification(work, &told).await?;
    }
    Ok(())
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

/// Who was told because of a request, and who has acted on it.
///
/// Errors: 404.
pub async fn recipients(app: &App, call: &Call, request: Uuid) -> Result<Vec<NotificationView>, DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = stored::find(&work, request).await;
    let rows = stored::notifications_of(&work, request).await;
    work.abandon().await;
    let found = found?.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::PrivacyRequestsRead, &found)).await?;
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
    let work = app.begin(call.organization()).await?;
    let rows = stored::notifications_for(&work, own, open, after, one_more(limit)).await;
    work.abandon().await;
    let mut rows = rows?;
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
    let draft = Draft::about(Action::PrivacyRequestsNotified, CustomerId::from(row.customer))
        .with("privacy_request", Detail::Code(row.request.to_string()))
        .with("third_party", Detail::Code(own.to_string()));
    app.record_change(work, call, draft).await?;
    Ok(view(call, row))
}
