//! Keeping the list of webhooks.

use chrono::Duration;
use custodian_crypto::WebhookSecret;
use custodian_domain::audit::Action;
use custodian_domain::events::EventType;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs, ThirdPartyId};
use custodian_domain::roles::Permission;
use custodian_domain::webhooks::{Disabled, MOST};
use custodian_persistence::Work;
use custodian_persistence::webhooks::{self as stored, DeliveryRow, NewDelivery, WebhookRow};
use uuid::Uuid;

use super::entry;
use super::secret::{generate, scheme_of};
use crate::audit::Draft;
use crate::auth::require_step_up;
use crate::events::{Event, Fact, publish_with_id};
use crate::paging::{cut, one_more};
use crate::purposes::unknown_faults;
use crate::{App, Call};

/// A webhook to be made.
pub struct NewWebhook {
    /// What it is for.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Codes of types; empty for all.
    pub event_types: Vec<String>,
    /// Name of the third party that it belongs to; none for the organisation's own.
    pub third_party: Option<String>,
    /// The purposes that a third party hears of people for.
    pub purposes: Vec<String>,
    /// `hmac` or `ed25519`.
    pub scheme: &'static str,
}

/// What may be changed of a webhook; `None` leaves a thing as it is.
#[derive(Default)]
pub struct Change {
    /// What it is for.
    pub name: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Codes of types; empty for all.
    pub event_types: Option<Vec<String>>,
    /// The purposes that a third party hears of people for.
    pub purposes: Option<Vec<String>>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
}

/// Every fault of what a webhook is to be.
async fn faults(app: &App, work: &Work, row: &WebhookRow) -> Result<Vec<Fault>, DomainError> {
    let mut found = Vec::new();
    if !app.courier().may_deliver_to(&row.url, &app.tuning().issuer) {
        found.push(Fault::new("/url", "invalid_url"));
    }
    let third_party = row.third_party.is_some();
    for (at, code) in row.event_types.iter().enumerate() {
        match EventType::from_code(code) {
            None => found.push(Fault::new(format!("/event_types/{at}"), "unknown_event_type")),
            Some(kind) if third_party && !kind.for_partners() => {
                found.push(Fault::new(format!("/event_types/{at}"), "not_allowed"));
            }
            Some(_) => {}
        }
    }
    match (third_party, row.purposes.is_empty()) {
        (true, true) => found.push(Fault::new("/purposes", "too_few").with_arg("1")),
        (false, false) => found.push(Fault::new("/purposes", "not_allowed")),
        _ => found.extend(unknown_faults(work, &row.purposes).await?),
    }
    Ok(found)
}

async fn named(work: &Work, name: Option<&str>) -> Result<Option<ThirdPartyId>, DomainError> {
    let Some(name) = name else { return Ok(None) };
    let found = stored::third_party(work, name).await?;
    found.map(Some).ok_or_else(|| DomainError::invalid("/third_party", "unknown_third_party"))
}

/// Adds a webhook. Answers it with the secret that verifies its signatures, for the only time.
///
/// Errors: 403 `step_up_required`; 409 `too_many_webhooks`; 422 for an address that may not be called, and with every other fault.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    new: NewWebhook,
) -> Result<(WebhookRow, WebhookSecret), DomainError> {
    call.needs(Permission::WebhooksManage)?;
    require_step_up(app, call, work).await?;
    let NewWebhook { name, url, event_types, third_party, purposes, scheme } = new;
    let id = app.new_id();
    let row = WebhookRow {
        id,
        version: 1,
        name,
        url,
        event_types,
        third_party: named(work, third_party.as_deref()).await?,
        third_party_name: third_party,
        purposes,
        scheme: scheme.to_owned(),
        sealed_secret: Vec::new(),
        previous_secret: None,
        previous_until: None,
        disabled: None,
        failing_since: None,
        delivered_at: None,
        created_at: app.now(),
        created_by: call.identity.actor_id(),
    };
    let found = faults(app, work, &row).await?;
    if !found.is_empty() {
        return Err(DomainError::Invalid(found));
    }
    if usize::try_from(stored::count(work).await?).is_ok_and(|count| count >= MOST) {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_webhooks"));
    }
    let (secret, sealed_secret) = generate(app, work, id, scheme_of(scheme)).await?;
    let row = WebhookRow { sealed_secret, ..row };
    stored::insert(work, &row).await?;
    app.record_change(work, call, entry(Action::WebhooksCreate, id)).await?;
    Ok((row, secret))
}

/// Changes a webhook; `allowed` is asked about the one in force, in the same transaction. One that is switched off is told nothing of what waits; switched on,
/// it is told what happens from then on.
///
/// Errors: 403 `step_up_required`; 422 as for [`create`].
pub async fn change(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    change: Change,
    allowed: impl FnOnce(&WebhookRow) -> Result<(), DomainError>,
) -> Result<WebhookRow, DomainError> {
    call.needs(Permission::WebhooksManage)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    allowed(&row)?;
    require_step_up(app, call, work).await?;
    let Change { name, url, event_types, purposes, enabled } = change;
    row.name = name.unwrap_or(row.name);
    row.url = url.unwrap_or(row.url);
    row.event_types = event_types.unwrap_or(row.event_types);
    row.purposes = purposes.unwrap_or(row.purposes);
    let found = faults(app, work, &row).await?;
    if !found.is_empty() {
        return Err(DomainError::Invalid(found));
    }
    match enabled {
        Some(true) => (row.disabled, row.failing_since) = (None, None),
        Some(false) if row.disabled.is_none() => {
            row.disabled = Some(Disabled::ByHand.as_str().to_owned());
            stored::drop_pending(work, id, app.now()).await?;
        }
        Some(false) | None => {}
    }
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::WebhooksUpdate, id)).await?;
    stored::find(work, id).await?.ok_or(DomainError::NotFound)
}

/// Takes a webhook away, and with it what it was still to be told and the log of what it was.
///
/// Errors: 403 `step_up_required`.
pub async fn remove(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    allowed: impl FnOnce(&WebhookRow) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::WebhooksManage)?;
    allowed(&stored::lock(work, id).await?.ok_or(DomainError::NotFound)?)?;
    require_step_up(app, call, work).await?;
    stored::delete(work, id).await?;
    app.record_change(work, call, entry(Action::WebhooksDelete, id)).await
}

/// Gives a webhook another secret, for the only time. The one until now signs beside it for `overlap` longer; one before that ends at once.
///
/// Errors: 403 `step_up_required`.
pub async fn rotate(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    overlap: Duration,
) -> Result<(WebhookRow, WebhookSecret), DomainError> {
    call.needs(Permission::WebhooksManage)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    require_step_up(app, call, work).await?;
    let (secret, sealed) = generate(app, work, id, scheme_of(&row.scheme)).await?;
    let before = std::mem::replace(&mut row.sealed_secret, sealed);
    row.previous_secret = Some(before);
    row.previous_until = Some(app.now() + overlap);
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::WebhooksRotate, id)).await?;
    let row = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    Ok((row, secret))
}

/// Tells one webhook, and no other, that somebody tries it out. Answers the delivery, to be followed.
///
/// Errors: 409 `webhook_disabled`.
pub async fn ping(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<DeliveryRow, DomainError> {
    call.needs(Permission::WebhooksManage)?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.disabled.is_some() {
        return Err(DomainError::refused(RefusedAs::Conflict, "webhook_disabled"));
    }
    let kind = EventType::WebhooksPinged;
    let event = publish_with_id(app, work, Event::of(kind).with("webhook_id", Fact::Id(id))).await?;
    let delivery = NewDelivery { id: app.new_id(), webhook: id, event, kind: kind.code() };
    stored::queue(work, &[delivery], app.now()).await?;
    stored::wake(work, &[id]).await?;
    app.record_change(work, call, entry(Action::WebhooksPing, id)).await?;
    stored::find_delivery(work, id, delivery.id).await?.ok_or_else(|| DomainError::internal("a ping was not queued"))
}

/// One webhook.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<WebhookRow, DomainError> {
    call.needs(Permission::WebhooksRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::WebhooksRead, id)).await?;
    Ok(row)
}

/// A page of webhooks in order of id.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<WebhookRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::WebhooksRead)?;
    let mut rows =
        app.reading(call.organization(), async |work| stored::list(work, after, one_more(limit)).await).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::WebhooksRead)).await?;
    Ok((rows, next))
}
